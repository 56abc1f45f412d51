DELETE FROM rollups AS r
USING series, unnest($2::int[], $3::bigint[], $4::bigint[]) AS span (resolution, start, stop)
WHERE series.client = $1 AND r.series = series.id
  AND r.resolution = span.resolution AND r.bucket >= span.start AND r.bucket < span.stop
