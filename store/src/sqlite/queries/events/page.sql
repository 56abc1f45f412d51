-- Events between two keys that match, newest first. A filter that is NULL lets everything pass. The time of the lower key is
-- asked for on its own too: SQLite finds where to stop by a column, not by a row, and would else go back to the first event.
SELECT at, batch, position, service, environment, method, endpoint, status, latency_ms, consumer, trace_id, event_id, error
FROM events
WHERE client = ?1 AND at >= ?5 AND (at, batch, position) < (?2, ?3, ?4) AND (at, batch, position) >= (?5, ?6, ?7)
  AND (?8 IS NULL OR service = ?8)
  AND (?9 IS NULL OR environment = ?9)
  AND (?10 IS NULL OR method = ?10)
  AND (?11 IS NULL OR endpoint = ?11)
  AND (?12 IS NULL OR status BETWEEN ?12 AND ?13)
  AND (?14 IS NULL OR trace_id = ?14)
  AND (?15 IS NULL
       OR endpoint LIKE ?15 ESCAPE '\'
       OR error LIKE ?15 ESCAPE '\'
       OR trace_id LIKE ?15 ESCAPE '\'
       OR event_id LIKE ?15 ESCAPE '\'
       OR consumer LIKE ?15 ESCAPE '\')
  AND (?16 IS NULL OR consumer = ?16)
  AND (?17 IS NULL OR latency_ms >= ?17)
ORDER BY at DESC, batch DESC, position DESC
LIMIT ?18
