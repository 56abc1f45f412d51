INSERT INTO refused_calls (client, day, status, calls) VALUES ($1, $2, $3, $4)
ON CONFLICT (client, day, status) DO UPDATE SET calls = refused_calls.calls + excluded.calls
