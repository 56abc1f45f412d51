-- Where a run of events ends that begins just before a key and goes back in time.
SELECT at, batch, position
FROM events
WHERE client = ?1 AND at >= ?2 AND (at, batch, position) < (?3, ?4, ?5)
ORDER BY at DESC, batch DESC, position DESC
LIMIT 1 OFFSET ?6
