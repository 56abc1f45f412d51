UPDATE series_counts AS counts SET n = raised.n
FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS raised (client, scope, n)
WHERE counts.client = raised.client AND counts.scope = raised.scope
