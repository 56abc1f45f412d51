-- What matching series have in all, by status, in up to five spans; spans that are not needed are empty ones.
WITH span (resolution, start, stop) AS (
    VALUES (?7, ?8, ?9), (?10, ?11, ?12), (?13, ?14, ?15), (?16, ?17, ?18), (?19, ?20, ?21)
)
SELECT r.series, r.status, sum(r.count), sum(r.latency_us)
FROM series CROSS JOIN span CROSS JOIN rollups AS r
WHERE series.client = ?1 AND series.kind = ?2
  AND (?3 IS NULL OR series.environment = ?3)
  AND (?4 IS NULL OR series.service = ?4)
  AND (?5 IS NULL OR series.method = ?5)
  AND (?6 IS NULL OR series.endpoint = ?6)
  AND r.series = series.id AND r.resolution = span.resolution AND r.bucket >= span.start AND r.bucket < span.stop
  AND r.status BETWEEN ?22 AND ?23
GROUP BY r.series, r.status
