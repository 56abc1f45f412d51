INSERT INTO series_names (client, scope, name) SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[])
