SELECT rate AS client_rate, burst AS client_burst, day_quota, month_quota, capture_bodies, raw_retention_days
FROM clients
WHERE id = $1
