SELECT asked.place, inbox.message, inbox.done
FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS asked (client, batch, place)
JOIN inbox USING (client, batch)
