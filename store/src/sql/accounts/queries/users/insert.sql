INSERT INTO users (username, email, password_hash, super_admin, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
RETURNING id
