-- One row per day and field; a day without rejects has one row without a field.
SELECT usage.day, usage.accepted, usage.bytes, rejected.field, rejected.n
FROM usage LEFT JOIN usage_rejected AS rejected USING (client, day)
WHERE usage.client = $1 AND usage.day >= $2 AND usage.day < $3
ORDER BY usage.day
