-- The live session that a refresh token belongs to; replaced ones do not count.
SELECT id, "user", user_agent, created_at, last_used_at, expires_at
FROM refresh_tokens JOIN sessions ON sessions.id = refresh_tokens.session
WHERE digest = $1 AND replaced_at IS NULL AND expires_at > $2
