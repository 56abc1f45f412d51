SELECT keys.id, keys.client, keys.environment, keys.expires_at, keys.origins, keys.services, keys.revoked_at,
    clients.raw_retention_days
FROM keys JOIN clients ON clients.id = keys.client
WHERE keys.digest = $1
