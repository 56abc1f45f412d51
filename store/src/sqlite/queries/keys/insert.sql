INSERT INTO keys (client, name, prefix, digest, environment, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
RETURNING id, name, prefix, environment, created_at, last_used_at, revoked_at
