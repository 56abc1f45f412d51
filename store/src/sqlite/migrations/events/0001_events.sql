-- Raw events lie in the order of time, client by client: a page of the request log is read in one run, and what has
-- outlived its retention is deleted in one run. Client, batch and position are the identity; the first content stays.
CREATE TABLE events (
    client        INTEGER NOT NULL,
    at            INTEGER NOT NULL, -- Unix milliseconds
    batch         TEXT    NOT NULL,
    position      INTEGER NOT NULL,
    service       TEXT    NOT NULL,
    environment   TEXT    NOT NULL,
    method        TEXT    NOT NULL,
    endpoint      TEXT    NOT NULL,
    status        INTEGER NOT NULL,
    latency_ms    REAL    NOT NULL,
    request_size  INTEGER,          -- bytes
    response_size INTEGER,          -- bytes
    consumer      TEXT,
    trace_id      TEXT,
    event_id      TEXT,
    error         TEXT,
    details       TEXT,             -- a JSON object: ip, userAgent, headers, bodies, attributes
    PRIMARY KEY (client, at, batch, position)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX events_by_identity ON events (client, batch, position);
