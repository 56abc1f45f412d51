SELECT id, username, email, super_admin, disabled, created_at,
    (SELECT count(*) FROM members WHERE members."user" = users.id) AS clients
FROM users
ORDER BY lower(username)
LIMIT $1
