-- Events between two keys that match, newest first. A filter that is NULL lets everything pass.
SELECT at, batch, position, service, environment, method, endpoint, status, latency_ms, consumer, trace_id, event_id, error
FROM events
WHERE client = ?1 AND at >= ?2 AND (at, batch, position) < (?3, ?4, ?5) AND (at, batch, position) >= (?6, ?7, ?8)
  AND (?9 IS NULL OR service = ?9)
  AND (?10 IS NULL OR environment = ?10)
  AND (?11 IS NULL OR method = ?11)
  AND (?12 IS NULL OR endpoint = ?12)
  AND (?13 IS NULL OR status BETWEEN ?13 AND ?14)
  AND (?15 IS NULL OR trace_id = ?15)
  AND (?16 IS NULL
       OR instr(lower(endpoint), ?16)
       OR instr(lower(error), ?16)
       OR instr(lower(trace_id), ?16)
       OR instr(lower(event_id), ?16)
       OR instr(lower(consumer), ?16))
  AND (?17 IS NULL OR consumer = ?17)
  AND (?18 IS NULL OR latency_ms >= ?18)
ORDER BY at DESC, batch DESC, position DESC
LIMIT ?19
