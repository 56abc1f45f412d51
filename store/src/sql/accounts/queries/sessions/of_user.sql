SELECT id, "user", user_agent, created_at, last_used_at, expires_at
FROM sessions
WHERE "user" = $1 AND expires_at > $2
ORDER BY last_used_at DESC, id
