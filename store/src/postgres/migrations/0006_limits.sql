-- What a client, and each of its keys, may send; NULL is no limit. Hits a second with the burst that may come at once,
-- hits per UTC day and month.
ALTER TABLE clients
    ADD COLUMN rate           BIGINT,
    ADD COLUMN burst          BIGINT,
    ADD COLUMN day_quota      BIGINT,
    ADD COLUMN month_quota    BIGINT,
    ADD COLUMN capture_bodies BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE keys
    ADD COLUMN rate  BIGINT,
    ADD COLUMN burst BIGINT;
