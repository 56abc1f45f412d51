INSERT INTO keys (client, name, prefix, digest, environment, created_at, expires_at, origins, services, rate, burst,
    day_quota, month_quota)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
RETURNING id, name, prefix, environment, created_at, last_used_at, expires_at, revoked_at, replaced_by, origins, services,
    rate, burst, day_quota, month_quota
