INSERT INTO usage_rejected (client, day, field, n)
SELECT client, day, field, n
FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[])
    WITH ORDINALITY AS added (client, day, field, n, place)
ORDER BY place
ON CONFLICT (client, day, field) DO UPDATE SET n = usage_rejected.n + excluded.n
