INSERT INTO usage (client, day, accepted, bytes) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT DO UPDATE SET accepted = accepted + excluded.accepted, bytes = bytes + excluded.bytes
