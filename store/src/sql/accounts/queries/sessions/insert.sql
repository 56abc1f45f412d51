INSERT INTO sessions (id, "user", user_agent, created_at, last_used_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
