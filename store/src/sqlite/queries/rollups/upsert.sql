-- The values are already merged with the row, which was read under the lock that this transaction holds.
ON CONFLICT DO UPDATE SET
    count = excluded.count,
    latency_us = excluded.latency_us,
    min_us = excluded.min_us,
    max_us = excluded.max_us,
    bytes_in = excluded.bytes_in,
    bytes_out = excluded.bytes_out,
    sketch = excluded.sketch
