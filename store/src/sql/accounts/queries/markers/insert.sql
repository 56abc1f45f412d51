INSERT INTO markers (client, at, service, title, url) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (client, at, service, title) DO UPDATE SET url = excluded.url
RETURNING id
