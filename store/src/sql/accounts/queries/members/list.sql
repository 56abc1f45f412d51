SELECT users.id, users.username, users.email, users.super_admin, users.disabled, members.role
FROM members JOIN users ON users.id = members."user"
WHERE members.client = $1
ORDER BY lower(users.username)
