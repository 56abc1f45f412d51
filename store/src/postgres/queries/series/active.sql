-- The matching series that have a rollup row in one of the spans.
SELECT id, environment, service, method, endpoint, consumer
FROM series
WHERE client = $1 AND kind = $2
  AND ($3::text IS NULL OR environment = $3)
  AND ($4::text IS NULL OR service = $4)
  AND ($5::text IS NULL OR method = $5)
  AND ($6::text IS NULL OR endpoint = $6)
  AND EXISTS (
      SELECT 1
      FROM unnest($7::int[], $8::bigint[], $9::bigint[]) AS span (resolution, start, stop)
      JOIN rollups AS r
      ON r.series = series.id AND r.resolution = span.resolution AND r.bucket >= span.start AND r.bucket < span.stop
      WHERE r.status BETWEEN $10 AND $11
  )
ORDER BY id
