SELECT asked.place, counts.n
FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS asked (client, scope, place)
JOIN series_counts AS counts USING (client, scope)
ORDER BY asked.place
FOR NO KEY UPDATE OF counts
