-- What matching series have in all, by status, in the spans.
SELECT r.series, r.status, sum(r.count)::bigint, sum(r.latency_us)::bigint
FROM unnest($7::int[], $8::bigint[], $9::bigint[]) AS span (resolution, start, stop)
CROSS JOIN series
JOIN rollups AS r
ON r.series = series.id AND r.resolution = span.resolution AND r.bucket >= span.start AND r.bucket < span.stop
WHERE series.client = $1 AND series.kind = $2
  AND ($3::text IS NULL OR series.environment = $3)
  AND ($4::text IS NULL OR series.service = $4)
  AND ($5::text IS NULL OR series.method = $5)
  AND ($6::text IS NULL OR series.endpoint = $6)
  AND r.status BETWEEN $10 AND $11
GROUP BY r.series, r.status
