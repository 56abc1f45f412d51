-- What rollups must equal. A latency is rounded to microseconds as `telemetry::hit::latency_us` does: half away from
-- zero; adding 0.5 and cutting differs from that for one number only, the largest below 0.5.
SELECT (at - (at % 60000 + 60000) % 60000) / 1000 AS minute,
       service, environment, method, endpoint, status,
       count(*) AS n,
       sum(CASE WHEN latency_ms * 1000.0 < 0.5 THEN 0 ELSE CAST(latency_ms * 1000.0 + 0.5 AS INTEGER) END) AS latency_us,
       sum(coalesce(request_size, 0)) AS bytes_in,
       sum(coalesce(response_size, 0)) AS bytes_out
FROM events
WHERE client = ?1 AND at >= ?2 AND at < ?3
GROUP BY 1, service, environment, method, endpoint, status
