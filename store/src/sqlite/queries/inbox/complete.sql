-- An UPDATE in the form of an INSERT: only so the join's order can be laid down. `UPDATE … FROM asked` with many rows
-- asked makes the planner read all of the inbox.
SELECT inbox.client, inbox.batch, inbox.message, inbox.created_at, 1
FROM asked CROSS JOIN inbox ON inbox.client = asked.client AND inbox.batch = asked.batch
WHERE inbox.message = asked.message AND inbox.done = 0
ON CONFLICT DO UPDATE SET done = 1
