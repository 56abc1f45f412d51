-- Which message owns a batch, and whether its numbers are in the rollups. Outlives every way a batch may come again.
CREATE TABLE inbox (
    client     INTEGER NOT NULL,
    batch      TEXT    NOT NULL,
    message    BLOB    NOT NULL, -- 16 bytes
    created_at INTEGER NOT NULL, -- Unix seconds
    done       INTEGER NOT NULL, -- 0 or 1
    PRIMARY KEY (client, batch)
) STRICT, WITHOUT ROWID;

CREATE INDEX inbox_by_age ON inbox (created_at);

-- What rollups are about. Names that a kind does not have are ''. Rows never change.
CREATE TABLE series (
    id          INTEGER PRIMARY KEY,
    client      INTEGER NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('client', 'service', 'endpoint')),
    environment TEXT    NOT NULL,
    service     TEXT    NOT NULL,
    method      TEXT    NOT NULL,
    endpoint    TEXT    NOT NULL,
    UNIQUE (client, kind, environment, service, method, endpoint)
) STRICT;

-- The names that were admitted under the caps, and how many there are per scope: 'environments', 'services',
-- 'endpoints of <service>'. The number only grows, and who raises it holds its row: so the caps are exact.
CREATE TABLE series_names (
    client INTEGER NOT NULL,
    scope  TEXT    NOT NULL,
    name   TEXT    NOT NULL,
    PRIMARY KEY (client, scope, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE series_counts (
    client INTEGER NOT NULL,
    scope  TEXT    NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (client, scope)
) STRICT, WITHOUT ROWID;

CREATE TABLE rollups (
    series     INTEGER NOT NULL REFERENCES series (id),
    resolution INTEGER NOT NULL, -- width of the bucket in seconds: 60, 3600, 86400
    bucket     INTEGER NOT NULL, -- its start, Unix seconds
    status     INTEGER NOT NULL,
    count      INTEGER NOT NULL,
    latency_us INTEGER NOT NULL,
    min_us     INTEGER NOT NULL,
    max_us     INTEGER NOT NULL,
    bytes_in   INTEGER NOT NULL,
    bytes_out  INTEGER NOT NULL,
    sketch     BLOB    NOT NULL,
    PRIMARY KEY (series, resolution, bucket, status)
) STRICT, WITHOUT ROWID;

CREATE INDEX rollups_by_age ON rollups (resolution, bucket);

CREATE TABLE usage (
    client   INTEGER NOT NULL,
    day      INTEGER NOT NULL, -- start of the UTC day, Unix seconds
    accepted INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    PRIMARY KEY (client, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_rejected (
    client INTEGER NOT NULL,
    day    INTEGER NOT NULL,
    field  TEXT    NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (client, day, field)
) STRICT, WITHOUT ROWID;
