-- Quotas of a key; NULL is no limit.
ALTER TABLE keys ADD COLUMN day_quota INTEGER;
ALTER TABLE keys ADD COLUMN month_quota INTEGER;

-- What servers have noted of calls, in their memory first: a crash loses the last seconds. `day` is the start of the UTC
-- day, Unix seconds. Calls refused as a whole by HTTP status, and hits accepted with keys that have a quota.
CREATE TABLE refused_calls (
    client INTEGER NOT NULL,
    day    INTEGER NOT NULL,
    status INTEGER NOT NULL,
    calls  INTEGER NOT NULL,
    PRIMARY KEY (client, day, status)
) STRICT, WITHOUT ROWID;

CREATE TABLE key_use (
    client   INTEGER NOT NULL,
    key      INTEGER NOT NULL,
    day      INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    PRIMARY KEY (client, key, day)
) STRICT, WITHOUT ROWID;
