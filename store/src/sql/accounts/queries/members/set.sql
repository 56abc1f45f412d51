INSERT INTO members (client, "user", role) VALUES ($1, $2, $3)
ON CONFLICT (client, "user") DO UPDATE SET role = excluded.role
