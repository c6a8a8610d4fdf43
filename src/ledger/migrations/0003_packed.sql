-- Rows cost more than what is in them: what comes together is kept together.

-- None: `bytes` is one input. Otherwise so many, each after its length (four bytes, little-endian).
ALTER TABLE inputs ADD COLUMN packed INTEGER;

-- Taken over by the program when it next opens the ledger, which then drops this table.
DROP INDEX readings_by_tag;
ALTER TABLE readings RENAME TO readings_by_row;

-- Accepted readings, until the retention is over: some of a plant's in each row, in the order in
-- which they came. How `bytes` is to be read stands in `src/ledger/sqlite/packed.rs`.
CREATE TABLE readings (
    id    INTEGER PRIMARY KEY,
    plant TEXT NOT NULL,
    since INTEGER NOT NULL, -- the earliest `observed_at`, ms since 1970 UTC
    until INTEGER NOT NULL, -- the latest
    bytes BLOB NOT NULL
) STRICT;

CREATE INDEX readings_by_plant ON readings (plant, until, since);
