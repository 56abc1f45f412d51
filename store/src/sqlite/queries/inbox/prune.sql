DELETE FROM inbox
WHERE (client, batch) IN (SELECT client, batch FROM inbox WHERE created_at < ?1 ORDER BY created_at LIMIT ?2)
