INSERT INTO series_counts (client, scope, n)
SELECT client, scope, 0
FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS asked (client, scope, place)
ORDER BY place
ON CONFLICT DO NOTHING
