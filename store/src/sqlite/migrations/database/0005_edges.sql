-- Edges that may ask about keys and forward hits. Of the key an edge signs with, only the public half is here. The one
-- before the last rotation is good until `previous_until`. Times are Unix milliseconds.
CREATE TABLE edges (
    id             INTEGER PRIMARY KEY AUTOINCREMENT, -- a number is never given twice: tokens name it
    name           TEXT    NOT NULL,
    public_key     BLOB    NOT NULL,
    previous_key   BLOB,
    previous_until INTEGER,
    restricted     INTEGER NOT NULL, -- to the clients in edge_clients
    created_at     INTEGER NOT NULL,
    revoked_at     INTEGER,
    last_seen_at   INTEGER,
    messages       INTEGER NOT NULL DEFAULT 0,
    hits           INTEGER NOT NULL DEFAULT 0,
    refused        INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX edges_by_lower_name ON edges (lower(name));

CREATE TABLE edge_clients (
    edge   INTEGER NOT NULL REFERENCES edges (id) ON DELETE CASCADE,
    client INTEGER NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    PRIMARY KEY (edge, client)
) STRICT, WITHOUT ROWID;
