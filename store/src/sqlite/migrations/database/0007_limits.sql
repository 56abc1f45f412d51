-- What a client, and each of its keys, may send; NULL is no limit. Hits a second with the burst that may come at once,
-- hits per UTC day and month.
ALTER TABLE clients ADD COLUMN rate INTEGER;
ALTER TABLE clients ADD COLUMN burst INTEGER;
ALTER TABLE clients ADD COLUMN day_quota INTEGER;
ALTER TABLE clients ADD COLUMN month_quota INTEGER;
ALTER TABLE clients ADD COLUMN capture_bodies INTEGER NOT NULL DEFAULT 1; -- 0 or 1
ALTER TABLE keys ADD COLUMN rate INTEGER;
ALTER TABLE keys ADD COLUMN burst INTEGER;
