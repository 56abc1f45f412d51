-- The live session that a refresh token belongs or belonged to. Nothing changes; but until the transaction ends, whoever
-- else presents one of its tokens or ends it has to wait for its row.
UPDATE sessions SET last_used_at = last_used_at
WHERE id = (SELECT session FROM refresh_tokens WHERE digest = $1) AND expires_at > $2
RETURNING id, "user", user_agent, created_at, last_used_at, expires_at
