-- What narrows a key down. Origins and services are one a line; '' is no restriction. Times are Unix milliseconds.
ALTER TABLE keys ADD COLUMN expires_at INTEGER;
ALTER TABLE keys ADD COLUMN replaced_by INTEGER REFERENCES keys (id);
ALTER TABLE keys ADD COLUMN origins TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN services TEXT NOT NULL DEFAULT '';

-- One-time links. Of each only the token's SHA-256 is here; using one deletes its row.
CREATE TABLE invitations (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    digest     BLOB    NOT NULL UNIQUE,
    client     INTEGER NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    role       TEXT    NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    name       TEXT    NOT NULL, -- whom it is meant for
    made_by    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX invitations_by_client ON invitations (client);
CREATE INDEX invitations_by_end ON invitations (expires_at);

CREATE TABLE resets (
    digest     BLOB    NOT NULL PRIMARY KEY,
    "user"     INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX resets_by_user ON resets ("user");
CREATE INDEX resets_by_end ON resets (expires_at);

-- Who did what, when, from where. Names stand here as they were then, and nothing refers to anything: the log outlives
-- what it tells of.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    client  INTEGER,
    "user"  INTEGER,
    name    TEXT    NOT NULL,
    address TEXT,
    action  TEXT    NOT NULL,
    target  TEXT    NOT NULL
) STRICT;

CREATE INDEX audit_by_client ON audit (client, id);
CREATE INDEX audit_by_age ON audit (at);

-- Keys that sessions are signed with: the one that is not retired signs, the others are still believed for a while.
CREATE TABLE signing_keys (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    secret     BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER
) STRICT;

-- Their predecessor, which could not be rotated.
DELETE FROM instance_secrets WHERE name = 'access-token';
