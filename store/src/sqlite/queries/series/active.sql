-- The matching series that have a rollup row in one of the spans; spans that are not needed are empty ones.
WITH span (resolution, start, stop) AS (
    VALUES (?7, ?8, ?9), (?10, ?11, ?12), (?13, ?14, ?15), (?16, ?17, ?18), (?19, ?20, ?21)
)
SELECT id, environment, service, method, endpoint, consumer
FROM series
WHERE client = ?1 AND kind = ?2
  AND (?3 IS NULL OR environment = ?3)
  AND (?4 IS NULL OR service = ?4)
  AND (?5 IS NULL OR method = ?5)
  AND (?6 IS NULL OR endpoint = ?6)
  AND EXISTS (
      SELECT 1
      FROM span CROSS JOIN rollups
      WHERE rollups.series = series.id AND rollups.resolution = span.resolution
        AND rollups.bucket >= span.start AND rollups.bucket < span.stop
        AND rollups.status BETWEEN ?22 AND ?23
  )
ORDER BY service, endpoint, method, consumer, environment
