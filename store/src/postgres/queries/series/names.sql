SELECT asked.place
FROM unnest($1::bigint[], $2::text[], $3::text[]) WITH ORDINALITY AS asked (client, scope, name, place)
JOIN series_names USING (client, scope, name)
