-- What was deployed, or happened otherwise, when. `at` is Unix milliseconds; an empty service stands for all of them.
CREATE TABLE markers (
    id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client  BIGINT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    at      BIGINT NOT NULL,
    service TEXT COLLATE "C" NOT NULL,
    title   TEXT COLLATE "C" NOT NULL,
    url     TEXT,
    UNIQUE (client, at, service, title)
);
