SELECT day, status, calls FROM refused_calls
WHERE client = $1 AND day >= $2 AND day < $3
ORDER BY day, status
