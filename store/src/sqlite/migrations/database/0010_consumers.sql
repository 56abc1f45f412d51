-- Rollups per consumer: one more kind of series. SQLite changes no CHECK and no UNIQUE of a table, so `series` is made anew
-- under its own name, with the numbers that rollups know; their references are checked when all is done. Names are admitted in the
-- scope 'consumers of <service>'.
PRAGMA defer_foreign_keys = ON;

CREATE TABLE series_before AS SELECT * FROM series;

DROP TABLE series;

CREATE TABLE series (
    id          INTEGER PRIMARY KEY,
    client      INTEGER NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('client', 'service', 'endpoint', 'consumer')),
    environment TEXT    NOT NULL,
    service     TEXT    NOT NULL,
    method      TEXT    NOT NULL,
    endpoint    TEXT    NOT NULL,
    consumer    TEXT    NOT NULL,
    UNIQUE (client, kind, environment, service, method, endpoint, consumer)
) STRICT;

INSERT INTO series (id, client, kind, environment, service, method, endpoint, consumer)
SELECT id, client, kind, environment, service, method, endpoint, '' FROM series_before;

DROP TABLE series_before;
