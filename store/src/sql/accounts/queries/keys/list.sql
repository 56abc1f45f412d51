SELECT id, name, prefix, environment, created_at, last_used_at, expires_at, revoked_at, replaced_by, origins, services, rate,
    burst, day_quota, month_quota
FROM keys
WHERE client = $1
ORDER BY created_at DESC, id DESC
