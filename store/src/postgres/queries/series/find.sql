SELECT asked.place, series.id
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
    WITH ORDINALITY AS asked (client, kind, environment, service, method, endpoint, consumer, place)
JOIN series USING (client, kind, environment, service, method, endpoint, consumer)
