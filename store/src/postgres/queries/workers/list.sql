SELECT id, host, version, started_at, seen_at, hits, lag_ms, breaker
FROM workers
WHERE seen_at >= $1
ORDER BY host, started_at, id
