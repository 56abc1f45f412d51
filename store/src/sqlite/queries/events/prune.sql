-- The oldest come first, in the order in which they lie.
DELETE FROM events
WHERE (client, at, batch, position) IN (
    SELECT client, at, batch, position FROM events WHERE client = ?1 AND at < ?2 ORDER BY at, batch, position LIMIT ?3
)
