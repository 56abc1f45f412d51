SELECT id, name, restricted, created_at, revoked_at, last_seen_at, messages, hits, refused
FROM edges
ORDER BY id
