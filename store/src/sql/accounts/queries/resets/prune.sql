DELETE FROM resets
WHERE digest IN (SELECT digest FROM resets WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)
