SELECT keys.id, keys.client, keys.environment, keys.expires_at, keys.origins, keys.services, keys.rate, keys.burst,
    keys.day_quota AS key_day_quota, keys.month_quota AS key_month_quota,
    clients.rate AS client_rate, clients.burst AS client_burst, clients.day_quota, clients.month_quota,
    clients.capture_bodies, clients.raw_retention_days
FROM keys JOIN clients ON clients.id = keys.client
WHERE keys.digest = $1 AND keys.revoked_at IS NULL
