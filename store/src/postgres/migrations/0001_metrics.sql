-- Texts are compared by their bytes (COLLATE "C"): the same on every machine, whatever its locales, and faster.

-- Which message owns a batch, and whether its numbers are in the rollups. Outlives every way a batch may come again.
-- Each row is changed once, in place where its page has room left.
CREATE TABLE inbox (
    client     BIGINT  NOT NULL,
    created_at BIGINT  NOT NULL, -- Unix seconds
    done       BOOLEAN NOT NULL DEFAULT false,
    batch      TEXT    COLLATE "C" NOT NULL,
    message    BYTEA   NOT NULL, -- 16 bytes
    PRIMARY KEY (client, batch)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);

CREATE INDEX inbox_by_age ON inbox (created_at);

-- What rollups are about. Names that a kind does not have are ''. Rows never change, and are never deleted. The longest
-- key fits into an index row: a route is at most 2,048 bytes long, and what grew in normalising compresses.
CREATE TABLE series (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client      BIGINT NOT NULL,
    kind        TEXT   COLLATE "C" NOT NULL CHECK (kind IN ('client', 'service', 'endpoint')),
    environment TEXT   COLLATE "C" NOT NULL,
    service     TEXT   COLLATE "C" NOT NULL,
    method      TEXT   COLLATE "C" NOT NULL,
    endpoint    TEXT   COLLATE "C" NOT NULL,
    UNIQUE (client, kind, environment, service, method, endpoint)
);

-- The names that were admitted under the caps, and how many there are per scope: 'environments', 'services',
-- 'endpoints of <service>'. The number only grows, and who raises it holds its row: so the caps are exact.
CREATE TABLE series_names (
    client BIGINT NOT NULL,
    scope  TEXT   COLLATE "C" NOT NULL,
    name   TEXT   COLLATE "C" NOT NULL,
    PRIMARY KEY (client, scope, name)
);

CREATE TABLE series_counts (
    client BIGINT NOT NULL,
    scope  TEXT   COLLATE "C" NOT NULL,
    n      BIGINT NOT NULL,
    PRIMARY KEY (client, scope)
) WITH (fillfactor = 50);

-- `series` has no foreign key on purpose: every completion would lock the rows of its series, which never go away.
-- Rows of the running minute, hour and day are changed over and over: pages keep room for that, so that no index is
-- touched, and vacuum comes often. A sketch does not compress; it stays in its row up to a page's size.
CREATE TABLE rollups (
    series     BIGINT  NOT NULL,
    bucket     BIGINT  NOT NULL, -- its start, Unix seconds
    resolution INTEGER NOT NULL, -- width of the bucket in seconds: 60, 3600, 86400
    status     INTEGER NOT NULL,
    count      BIGINT  NOT NULL,
    latency_us BIGINT  NOT NULL,
    min_us     BIGINT  NOT NULL,
    max_us     BIGINT  NOT NULL,
    bytes_in   BIGINT  NOT NULL,
    bytes_out  BIGINT  NOT NULL,
    sketch     BYTEA   NOT NULL,
    PRIMARY KEY (series, resolution, bucket, status)
) WITH (
    fillfactor = 75, toast_tuple_target = 8000,
    autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.1,
    autovacuum_analyze_scale_factor = 0.05
);
ALTER TABLE rollups ALTER COLUMN sketch SET STORAGE EXTERNAL;

-- For pruning only. Written so that nothing else can use it: without statistics the planner would take it for a way to
-- single rows, and read all rows of the same minute for each.
CREATE INDEX rollups_by_age ON rollups ((resolution + 0), bucket);

CREATE TABLE usage (
    client   BIGINT NOT NULL,
    day      BIGINT NOT NULL, -- start of the UTC day, Unix seconds
    accepted BIGINT NOT NULL,
    bytes    BIGINT NOT NULL,
    PRIMARY KEY (client, day)
) WITH (fillfactor = 50);

CREATE TABLE usage_rejected (
    client BIGINT NOT NULL,
    day    BIGINT NOT NULL,
    field  TEXT   COLLATE "C" NOT NULL,
    n      BIGINT NOT NULL,
    PRIMARY KEY (client, day, field)
) WITH (fillfactor = 50);
