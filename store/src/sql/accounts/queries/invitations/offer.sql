SELECT clients.id, clients.name, clients.created_at, invitations.role, invitations.expires_at
FROM invitations JOIN clients ON clients.id = invitations.client
WHERE invitations.digest = $1 AND invitations.expires_at > $2
