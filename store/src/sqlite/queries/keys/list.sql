SELECT id, name, prefix, environment, created_at, last_used_at, revoked_at
FROM keys
WHERE client = ?
ORDER BY created_at DESC, id DESC
