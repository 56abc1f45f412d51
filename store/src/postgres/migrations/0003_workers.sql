-- The processes that count hits, each as it last told of itself. Times are Unix milliseconds.
CREATE TABLE workers (
    id         TEXT   COLLATE "C" PRIMARY KEY,
    host       TEXT   COLLATE "C" NOT NULL,
    version    TEXT   NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    hits       BIGINT NOT NULL,
    lag_ms     BIGINT,
    breaker    TEXT   NOT NULL
) WITH (fillfactor = 50);
