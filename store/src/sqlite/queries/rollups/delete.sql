DELETE FROM rollups
WHERE series IN (SELECT id FROM series WHERE client = ?1) AND resolution = ?2 AND bucket >= ?3 AND bucket < ?4
