SELECT day, accepted FROM key_use
WHERE client = $1 AND key = $2 AND day >= $3 AND day < $4
ORDER BY day
