-- Locks rows in the order asked, and reads them as they are once they are locked.
SELECT asked.place, r.count, r.latency_us, r.min_us, r.max_us, r.bytes_in, r.bytes_out, r.sketch
FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::int[])
    WITH ORDINALITY AS asked (series, resolution, bucket, status, place)
JOIN rollups AS r USING (series, resolution, bucket, status)
ORDER BY asked.place
FOR NO KEY UPDATE OF r
