-- Inserts the rows that are not there yet, in the order asked, and names them.
INSERT INTO rollups (series, resolution, bucket, status, count, latency_us, min_us, max_us, bytes_in, bytes_out, sketch)
SELECT series, resolution, bucket, status, count, latency_us, min_us, max_us, bytes_in, bytes_out, sketch
FROM unnest(
    $1::bigint[], $2::int[], $3::bigint[], $4::int[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
    $9::bigint[], $10::bigint[], $11::bytea[]
) WITH ORDINALITY AS new (
    series, resolution, bucket, status, count, latency_us, min_us, max_us, bytes_in, bytes_out, sketch, place
)
WHERE NOT EXISTS (
    SELECT 1 FROM rollups AS r
    WHERE r.series = new.series AND r.resolution = new.resolution AND r.bucket = new.bucket AND r.status = new.status
)
ORDER BY place
ON CONFLICT DO NOTHING
RETURNING series, resolution, bucket, status
