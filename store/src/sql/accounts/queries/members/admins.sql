SELECT count(*)
FROM members JOIN users ON users.id = members."user"
WHERE members.client = $1 AND members.role = 'admin' AND NOT users.disabled
