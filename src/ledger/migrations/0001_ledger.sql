-- Records for ever, one hash chain per plant; what the monitor needs to go on; readings for a time.

-- Names of the instruments that readings are of.
CREATE TABLE tags (
    id    INTEGER PRIMARY KEY,
    plant TEXT NOT NULL,
    tag   TEXT NOT NULL,
    UNIQUE (plant, tag)
) STRICT;

-- The records. `plant` is empty for what belongs to no plant of ours.
CREATE TABLE entries (
    row      INTEGER PRIMARY KEY,
    plant    TEXT NOT NULL,
    n        INTEGER NOT NULL,
    record   TEXT NOT NULL, -- JSON, byte for byte what the hash was taken over
    previous TEXT NOT NULL,
    hash     TEXT NOT NULL,
    kept_at  INTEGER NOT NULL, -- ms since 1970 UTC, the monitor's clock
    UNIQUE (plant, n)
) STRICT;

CREATE TRIGGER entries_are_never_changed BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER entries_are_never_deleted BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

-- What the monitor was given, in order, since its last checkpoint.
CREATE TABLE inputs (
    n     INTEGER PRIMARY KEY AUTOINCREMENT,
    bytes BLOB NOT NULL
) STRICT;

-- The monitor's state after input `after_input`.
CREATE TABLE checkpoint (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    after_input INTEGER NOT NULL,
    bytes       BLOB NOT NULL,
    taken_at    INTEGER NOT NULL
) STRICT;

-- Accepted readings, until the retention is over.
CREATE TABLE readings (
    tag         INTEGER NOT NULL REFERENCES tags (id),
    observed_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    value       REAL, -- none when there was none
    flag        INTEGER NOT NULL
) STRICT;

CREATE INDEX readings_by_tag ON readings (tag, observed_at);
