SELECT id FROM series
WHERE client = ?1 AND kind = ?2 AND environment = ?3 AND service = ?4 AND method = ?5 AND endpoint = ?6
  AND consumer = ?7
