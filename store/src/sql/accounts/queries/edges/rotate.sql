UPDATE edges SET previous_key = public_key, previous_until = $3, public_key = $2
WHERE id = $1 AND revoked_at IS NULL
