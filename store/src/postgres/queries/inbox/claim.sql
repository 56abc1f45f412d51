-- Claims batches in the order asked; the first owner stays. Holds off a rebuild of their clients ($5) while it does.
WITH held AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(key) FROM unnest($5::bigint[]) AS key)
INSERT INTO inbox (client, batch, message, created_at)
SELECT client, batch, message, $4
FROM unnest($1::bigint[], $2::text[], $3::bytea[]) WITH ORDINALITY AS asked (client, batch, message, place)
WHERE (SELECT count(*) FROM held) >= 0
ORDER BY place
ON CONFLICT DO NOTHING
