-- Takes one place under a cap: changes a row only if there is one left.
INSERT INTO series_counts (client, scope, n) SELECT ?1, ?2, 1 WHERE ?3 > 0
ON CONFLICT DO UPDATE SET n = n + 1 WHERE n < ?3
