UPDATE keys SET name = name WHERE client = $1 AND id = $2
RETURNING id, name, prefix, environment, created_at, last_used_at, expires_at, revoked_at, replaced_by, origins, services, rate,
    burst, day_quota, month_quota
