INSERT INTO series (client, kind, environment, service, method, endpoint) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
RETURNING id
