INSERT INTO signing_keys (secret, created_at)
SELECT $1, $2 WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE retired_at IS NULL)
