-- What was deployed, or happened otherwise, when. `at` is Unix milliseconds; an empty service stands for all of them.
CREATE TABLE markers (
    id      INTEGER PRIMARY KEY,
    client  INTEGER NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    at      INTEGER NOT NULL,
    service TEXT NOT NULL,
    title   TEXT NOT NULL,
    url     TEXT,
    UNIQUE (client, at, service, title)
) STRICT;
