SELECT members.role
FROM clients LEFT JOIN members ON members.client = clients.id AND members."user" = $2
WHERE clients.id = $1
