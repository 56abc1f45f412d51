SELECT id, at, service, title, url FROM markers
WHERE client = $1 AND at >= $2 AND at < $3 AND ($4 = '' OR service = '' OR service = $4)
ORDER BY at DESC, id DESC
LIMIT $5
