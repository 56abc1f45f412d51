-- Rollups per consumer: one more kind of series. Processes of an earlier version go on beside it: they make no such series.
-- Names are admitted in the scope 'consumers of <service>'.
ALTER TABLE series ADD COLUMN consumer TEXT COLLATE "C" NOT NULL DEFAULT '';

ALTER TABLE series
    DROP CONSTRAINT series_kind_check,
    ADD CHECK (kind IN ('client', 'service', 'endpoint', 'consumer'));

ALTER TABLE series
    DROP CONSTRAINT series_client_kind_environment_service_method_endpoint_key,
    ADD CONSTRAINT series_by_name UNIQUE (client, kind, environment, service, method, endpoint, consumer);
