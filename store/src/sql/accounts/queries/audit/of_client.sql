SELECT id, at, client, "user", name, address, action, target
FROM audit
WHERE client = $3 AND id < $1
ORDER BY id DESC
LIMIT $2
