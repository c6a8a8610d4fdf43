-- What people ask of the monitor through the ledger, and its replies: a request is done and replied
-- to in one transaction, so that nothing is done twice and nothing is forgotten.
CREATE TABLE requests (
    n        INTEGER PRIMARY KEY AUTOINCREMENT,
    key      TEXT NOT NULL UNIQUE,
    ask      TEXT NOT NULL, -- JSON
    asked_at INTEGER NOT NULL, -- ms since 1970 UTC, the wall clock of whoever asks
    reply    TEXT -- JSON; none while it waits
) STRICT;

CREATE INDEX requests_that_wait ON requests (n) WHERE reply IS NULL;
