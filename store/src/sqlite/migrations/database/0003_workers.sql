-- The processes that count hits, each as it last told of itself. Times are Unix milliseconds.
CREATE TABLE workers (
    id         TEXT    NOT NULL PRIMARY KEY,
    host       TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    hits       INTEGER NOT NULL,
    lag_ms     INTEGER,
    breaker    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
