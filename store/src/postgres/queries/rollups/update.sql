-- Writes rows that this transaction has locked.
UPDATE rollups AS r SET
    count = new.count,
    latency_us = new.latency_us,
    min_us = new.min_us,
    max_us = new.max_us,
    bytes_in = new.bytes_in,
    bytes_out = new.bytes_out,
    sketch = new.sketch
FROM unnest(
    $1::bigint[], $2::int[], $3::bigint[], $4::int[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
    $9::bigint[], $10::bigint[], $11::bytea[]
) AS new (series, resolution, bucket, status, count, latency_us, min_us, max_us, bytes_in, bytes_out, sketch)
WHERE r.series = new.series AND r.resolution = new.resolution AND r.bucket = new.bucket AND r.status = new.status
