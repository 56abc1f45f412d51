-- The live session that a refresh token belongs or belonged to; `replaced_at` is NULL for the current token.
SELECT id, user, user_agent, created_at, last_used_at, expires_at, replaced_at
FROM refresh_tokens JOIN sessions ON sessions.id = refresh_tokens.session
WHERE digest = ?1 AND expires_at > ?2
