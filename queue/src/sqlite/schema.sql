BEGIN;
CREATE TABLE messages (
    sequence    INTEGER PRIMARY KEY,
    id          BLOB NOT NULL,
    client      INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    body        BLOB NOT NULL
);
CREATE TABLE dead_letters (
    sequence    INTEGER PRIMARY KEY AUTOINCREMENT,
    id          BLOB NOT NULL,
    client      INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    cause       TEXT NOT NULL,
    attempts    INTEGER NOT NULL,
    first_seen  INTEGER NOT NULL,
    buried_at   INTEGER NOT NULL,
    body        BLOB NOT NULL
);
PRAGMA user_version = 1;
COMMIT;
