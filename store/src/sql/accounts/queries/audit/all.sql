SELECT id, at, client, "user", name, address, action, target
FROM audit
WHERE id < $1
ORDER BY id DESC
LIMIT $2
