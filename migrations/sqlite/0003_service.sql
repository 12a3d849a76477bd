-- What the desk needs for years of service: several instances, a history that cannot be changed quietly,
-- copies, retention, alarms.

-- What only one instance does at a time, and, as "instance:NAME", that the instance lives. By the clock of
-- the database, so that the instances' own clocks do not matter.
CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    instance TEXT NOT NULL,
    -- Which life of that instance: the newer one wins.
    life INTEGER NOT NULL,
    until INTEGER NOT NULL
);

-- The chain: one link a commit, without gaps. Each holds a digest of what its commit wrote into histories
-- and outbox, and of the link before it. Links are only ever added.
CREATE TABLE link (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    -- decided | begun | erased | released | refused | retried | backed-up | restored | reloaded | started | expired
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    -- What it is about; the link whose contents were changed, for those that erase.
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    digest TEXT NOT NULL,
    chain TEXT NOT NULL
);
-- The link that covers a row; 0 for those from before the chain.
ALTER TABLE event ADD COLUMN link INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN link INTEGER NOT NULL DEFAULT 0;

-- The life of an instance that decides a mail now; '' for none.
ALTER TABLE inbox ADD COLUMN claimed_by TEXT NOT NULL DEFAULT '';
-- Whether the bytes are kept: 0 after their time, or their person, is gone.
ALTER TABLE inbox ADD COLUMN kept INTEGER NOT NULL DEFAULT 1;
ALTER TABLE outbox ADD COLUMN kept INTEGER NOT NULL DEFAULT 1;
CREATE INDEX inbox_sender ON inbox (sender, decided_at);
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE state = 'sent';
CREATE INDEX ticket_closed ON ticket (closed_at) WHERE closed_at > 0;

-- What the operator has been told is wrong, until it is right again.
CREATE TABLE alarm (
    name TEXT PRIMARY KEY,
    since INTEGER NOT NULL,
    told_at INTEGER NOT NULL,
    -- What it said, as JSON: language, words.
    text TEXT NOT NULL
);
