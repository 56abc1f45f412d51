INSERT INTO usage (client, day, accepted, bytes)
SELECT client, day, accepted, bytes
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
    WITH ORDINALITY AS added (client, day, accepted, bytes, place)
ORDER BY place
ON CONFLICT (client, day) DO UPDATE
SET accepted = usage.accepted + excluded.accepted, bytes = usage.bytes + excluded.bytes
