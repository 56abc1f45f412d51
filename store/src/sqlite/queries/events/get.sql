SELECT at, batch, position, service, environment, method, endpoint, status, latency_ms, consumer, trace_id, event_id, error,
       request_size, response_size, details
FROM events
WHERE client = ?1 AND batch = ?2 AND position = ?3
