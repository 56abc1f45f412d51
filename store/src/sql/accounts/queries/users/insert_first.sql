INSERT INTO users (username, email, password_hash, super_admin, created_at)
SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (SELECT 1 FROM users)
RETURNING id
