-- What narrows a key down. Origins and services are one a line; '' is no restriction. Times are Unix milliseconds.
ALTER TABLE keys
    ADD COLUMN expires_at  BIGINT,
    ADD COLUMN replaced_by BIGINT REFERENCES keys (id),
    ADD COLUMN origins     TEXT NOT NULL DEFAULT '',
    ADD COLUMN services    TEXT NOT NULL DEFAULT '';

-- One-time links. Of each only the token's SHA-256 is here; using one deletes its row.
CREATE TABLE invitations (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest     BYTEA  NOT NULL UNIQUE,
    client     BIGINT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    role       TEXT   NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    name       TEXT   NOT NULL, -- whom it is meant for
    made_by    TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX invitations_by_client ON invitations (client);
CREATE INDEX invitations_by_end ON invitations (expires_at);

CREATE TABLE resets (
    digest     BYTEA  NOT NULL PRIMARY KEY,
    "user"     BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);

CREATE INDEX resets_by_user ON resets ("user");
CREATE INDEX resets_by_end ON resets (expires_at);

-- Who did what, when, from where. Names stand here as they were then, and nothing refers to anything: the log outlives
-- what it tells of.
CREATE TABLE audit (
    id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      BIGINT NOT NULL,
    client  BIGINT,
    "user"  BIGINT,
    name    TEXT   NOT NULL,
    address TEXT,
    action  TEXT   NOT NULL,
    target  TEXT   NOT NULL
);

CREATE INDEX audit_by_client ON audit (client, id);
CREATE INDEX audit_by_age ON audit (at);

-- Keys that sessions are signed with: the one that is not retired signs, the others are still believed for a while.
CREATE TABLE signing_keys (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    secret     BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);

-- Their predecessor, which could not be rotated.
DELETE FROM instance_secrets WHERE name = 'access-token';
