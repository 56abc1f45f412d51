SELECT id, name, role, made_by, created_at, expires_at
FROM invitations
WHERE client = $1 AND expires_at > $2
ORDER BY id DESC
