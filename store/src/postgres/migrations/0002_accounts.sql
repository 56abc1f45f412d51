-- All times are Unix milliseconds. Names are compared without regard to ASCII case: texts are COLLATE "C", in which
-- `lower` changes nothing else.
CREATE TABLE users (
    id            BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    username      TEXT    COLLATE "C" NOT NULL,
    email         TEXT    COLLATE "C" NOT NULL,
    password_hash TEXT    NOT NULL,
    super_admin   BOOLEAN NOT NULL,
    disabled      BOOLEAN NOT NULL DEFAULT false,
    created_at    BIGINT  NOT NULL
);

CREATE UNIQUE INDEX users_by_lower_username ON users (lower(username));
CREATE UNIQUE INDEX users_by_lower_email ON users (lower(email));

CREATE TABLE sessions (
    id           TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    "user"       BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    user_agent   TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);

CREATE INDEX sessions_by_user ON sessions ("user");
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- Every refresh token that a session has had: the current one has not been replaced. The others are remembered as long
-- as the session, so that a copy of any of them is recognised.
CREATE TABLE refresh_tokens (
    digest      BYTEA NOT NULL PRIMARY KEY, -- SHA-256
    session     TEXT  COLLATE "C" NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    replaced_at BIGINT
);

CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session);

CREATE TABLE clients (
    id                 BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- never given twice: events may outlive a client
    name               TEXT   COLLATE "C" NOT NULL,
    raw_retention_days BIGINT NOT NULL DEFAULT 30,
    created_at         BIGINT NOT NULL
);

CREATE UNIQUE INDEX clients_by_lower_name ON clients (lower(name));

CREATE TABLE members (
    client BIGINT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    "user" BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role   TEXT   NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    PRIMARY KEY (client, "user")
);

CREATE INDEX members_by_user ON members ("user");

CREATE TABLE keys (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client       BIGINT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    name         TEXT   NOT NULL,
    prefix       TEXT   NOT NULL,
    digest       BYTEA  NOT NULL UNIQUE, -- SHA-256
    environment  TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at   BIGINT
);

CREATE INDEX keys_by_client ON keys (client);

CREATE TABLE instance_secrets (
    name   TEXT  COLLATE "C" NOT NULL PRIMARY KEY,
    secret BYTEA NOT NULL
);
