SELECT id, name, created_at
FROM clients
WHERE $2 OR id IN (SELECT client FROM members WHERE "user" = $1)
ORDER BY lower(name)
