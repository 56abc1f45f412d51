UPDATE keys SET last_used_at = max(coalesce(last_used_at, asked.at), asked.at)
FROM asked
WHERE keys.id = asked.id
