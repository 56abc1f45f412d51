SELECT public_key, previous_key, previous_until, restricted FROM edges WHERE id = $1 AND revoked_at IS NULL
