DELETE FROM rollups
WHERE (series, resolution, bucket, status) IN (
    SELECT series, resolution, bucket, status FROM rollups
    WHERE resolution = ?1 AND bucket <= ?2
    ORDER BY bucket LIMIT ?3
)
