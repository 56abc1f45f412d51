UPDATE edges
SET messages = messages + $3, hits = hits + $4, refused = refused + $5,
    last_seen_at = CASE WHEN last_seen_at > $2 THEN last_seen_at ELSE $2 END
WHERE id = $1
