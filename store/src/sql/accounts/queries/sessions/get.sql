SELECT id, "user", user_agent, created_at, last_used_at, expires_at
FROM sessions
WHERE id = $1 AND expires_at > $2
