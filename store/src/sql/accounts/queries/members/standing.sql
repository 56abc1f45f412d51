SELECT users.username, users.disabled, members.role
FROM members JOIN users ON users.id = members."user"
WHERE members.client = $1 AND members."user" = $2
