-- What rollups must equal.
SELECT batch, service, environment, method, endpoint, status, at, latency_ms, request_size, response_size, consumer
FROM events
WHERE client = ?1 AND at >= ?2 AND at < ?3
