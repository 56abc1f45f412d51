DELETE FROM markers WHERE client = $1 AND id NOT IN (
    SELECT id FROM markers WHERE client = $1 ORDER BY at DESC, id DESC LIMIT $2
)
