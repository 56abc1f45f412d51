-- Quotas of a key; NULL is no limit.
ALTER TABLE keys
    ADD COLUMN day_quota   BIGINT,
    ADD COLUMN month_quota BIGINT;

-- What servers have noted of calls, in their memory first: a crash loses the last seconds. `day` is the start of the UTC
-- day, Unix seconds. Calls refused as a whole by HTTP status, and hits accepted with keys that have a quota.
CREATE TABLE refused_calls (
    client BIGINT NOT NULL,
    day    BIGINT NOT NULL,
    status BIGINT NOT NULL,
    calls  BIGINT NOT NULL,
    PRIMARY KEY (client, day, status)
) WITH (fillfactor = 50);

CREATE TABLE key_use (
    client   BIGINT NOT NULL,
    key      BIGINT NOT NULL,
    day      BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    PRIMARY KEY (client, key, day)
) WITH (fillfactor = 50);
