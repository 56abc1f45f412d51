INSERT INTO key_use (client, key, day, accepted) VALUES ($1, $2, $3, $4)
ON CONFLICT (client, key, day) DO UPDATE SET accepted = key_use.accepted + excluded.accepted
