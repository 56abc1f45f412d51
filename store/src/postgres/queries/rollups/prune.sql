-- Rows that a completion is about to change are left for the next time: whoever prunes waits for nobody.
DELETE FROM rollups WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM rollups
    WHERE resolution + 0 = $1 AND bucket <= $2 -- as the index by age is written
    ORDER BY bucket LIMIT $3
    FOR UPDATE SKIP LOCKED
))
