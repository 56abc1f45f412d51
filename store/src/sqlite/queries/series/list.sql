SELECT id, environment, service, method, endpoint, consumer
FROM series
WHERE client = ?1 AND kind = ?2
  AND (?3 IS NULL OR environment = ?3)
  AND (?4 IS NULL OR service = ?4)
  AND (?5 IS NULL OR method = ?5)
  AND (?6 IS NULL OR endpoint = ?6)
ORDER BY service, endpoint, method, consumer, environment
