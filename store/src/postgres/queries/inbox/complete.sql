-- Marks batches done that are their message's and not yet done. An UPDATE alone would lock rows in the order of its
-- plan; these are locked in the order asked. Holds off a rebuild of their clients ($4) from here on.
WITH held AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(key) FROM unnest($4::bigint[]) AS key),
mine AS MATERIALIZED (
    SELECT inbox.client, inbox.batch
    FROM unnest($1::bigint[], $2::text[], $3::bytea[]) WITH ORDINALITY AS asked (client, batch, message, place)
    JOIN inbox USING (client, batch)
    WHERE (SELECT count(*) FROM held) >= 0 AND inbox.message = asked.message AND NOT inbox.done
    ORDER BY asked.place
    FOR NO KEY UPDATE OF inbox
)
UPDATE inbox SET done = true FROM mine WHERE inbox.client = mine.client AND inbox.batch = mine.batch
