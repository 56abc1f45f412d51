INSERT INTO edges (name, public_key, restricted, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
RETURNING id
