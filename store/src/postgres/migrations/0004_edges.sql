-- Edges that may ask about keys and forward hits. Of the key an edge signs with, only the public half is here. The one
-- before the last rotation is good until `previous_until`. Times are Unix milliseconds.
CREATE TABLE edges (
    id             BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- never given twice: tokens name it
    name           TEXT    COLLATE "C" NOT NULL,
    public_key     BYTEA   NOT NULL,
    previous_key   BYTEA,
    previous_until BIGINT,
    restricted     BOOLEAN NOT NULL, -- to the clients in edge_clients
    created_at     BIGINT  NOT NULL,
    revoked_at     BIGINT,
    last_seen_at   BIGINT,
    messages       BIGINT  NOT NULL DEFAULT 0,
    hits           BIGINT  NOT NULL DEFAULT 0,
    refused        BIGINT  NOT NULL DEFAULT 0
);

CREATE UNIQUE INDEX edges_by_lower_name ON edges (lower(name));

CREATE TABLE edge_clients (
    edge   BIGINT NOT NULL REFERENCES edges (id) ON DELETE CASCADE,
    client BIGINT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    PRIMARY KEY (edge, client)
);
