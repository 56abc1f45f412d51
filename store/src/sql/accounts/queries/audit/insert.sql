INSERT INTO audit (at, client, "user", name, address, action, target) VALUES ($1, $2, $3, $4, $5, $6, $7)
