UPDATE clients
SET rate = $2, burst = $3, day_quota = $4, month_quota = $5, capture_bodies = $6, raw_retention_days = $7
WHERE id = $1
RETURNING name
