SELECT asked.place, r.count, r.latency_us, r.min_us, r.max_us, r.bytes_in, r.bytes_out, r.sketch
FROM asked CROSS JOIN rollups AS r
ON r.series = asked.series AND r.resolution = asked.resolution AND r.bucket = asked.bucket AND r.status = asked.status
