INSERT INTO series (client, kind, environment, service, method, endpoint, consumer) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
RETURNING id
