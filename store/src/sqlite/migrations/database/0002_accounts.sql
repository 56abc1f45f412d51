-- All times are Unix milliseconds. Names are compared without regard to ASCII case.
CREATE TABLE users (
    id            INTEGER PRIMARY KEY,
    username      TEXT    NOT NULL COLLATE NOCASE UNIQUE,
    email         TEXT    NOT NULL COLLATE NOCASE UNIQUE,
    password_hash TEXT    NOT NULL,
    super_admin   INTEGER NOT NULL,
    disabled      INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id           TEXT    NOT NULL PRIMARY KEY,
    user         INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    user_agent   TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_user ON sessions (user);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- Every refresh token that a session has had: the current one has not been replaced. The others are remembered as long
-- as the session, so that a copy of any of them is recognised.
CREATE TABLE refresh_tokens (
    digest      BLOB NOT NULL PRIMARY KEY, -- SHA-256
    session     TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    replaced_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session);

CREATE TABLE clients (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT, -- a number is never given twice: events may outlive a client
    name               TEXT    NOT NULL COLLATE NOCASE UNIQUE,
    raw_retention_days INTEGER NOT NULL DEFAULT 30,
    created_at         INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
    client     INTEGER NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role       TEXT    NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    PRIMARY KEY (client, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_by_user ON members (user);

CREATE TABLE keys (
    id           INTEGER PRIMARY KEY,
    client       INTEGER NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    name         TEXT    NOT NULL,
    prefix       TEXT    NOT NULL,
    digest       BLOB    NOT NULL UNIQUE, -- SHA-256
    environment  TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT;

CREATE INDEX keys_by_client ON keys (client);

CREATE TABLE instance_secrets (
    name   TEXT NOT NULL PRIMARY KEY,
    secret BLOB NOT NULL
) STRICT, WITHOUT ROWID;
