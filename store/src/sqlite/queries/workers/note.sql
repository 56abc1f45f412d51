INSERT INTO workers (id, host, version, started_at, seen_at, hits, lag_ms, breaker) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (id) DO UPDATE SET
    seen_at = excluded.seen_at, hits = excluded.hits, lag_ms = excluded.lag_ms, breaker = excluded.breaker
