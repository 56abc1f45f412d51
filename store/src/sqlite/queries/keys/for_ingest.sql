SELECT keys.id, keys.client, keys.environment, clients.raw_retention_days
FROM keys JOIN clients ON clients.id = keys.client
WHERE keys.digest = ? AND keys.revoked_at IS NULL
