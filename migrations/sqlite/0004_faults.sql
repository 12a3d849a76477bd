-- What servers refuse, what people were not told yet, and what only looks alike.

-- Emails that a server named and did not give out. Each is asked for again; one that was refused in several
-- sessions is set aside, and has a held row of the inbox in its place.
CREATE TABLE unfetched (
    mailbox TEXT NOT NULL,
    uid_validity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    size INTEGER NOT NULL DEFAULT 0,
    -- Sessions in which it was refused.
    refusals INTEGER NOT NULL DEFAULT 0,
    since INTEGER NOT NULL,
    -- When it is asked for again; the largest number there is: when a person says so.
    due_at INTEGER NOT NULL,
    -- What the server said last.
    reason TEXT NOT NULL DEFAULT '',
    -- The held row; 0 for none.
    inbox_id INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (mailbox, uid_validity, uid)
);
CREATE INDEX unfetched_due ON unfetched (mailbox, due_at);
CREATE INDEX unfetched_inbox ON unfetched (inbox_id) WHERE inbox_id > 0;

-- The first UID of a group whose fetching ended the session, and how often it did.
ALTER TABLE mailbox ADD COLUMN lost_uid INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
-- settled may be 2: marked as read, as the archive folder did not take it.
CREATE INDEX inbox_marked ON inbox (mailbox, uid) WHERE settled = 2;

-- Of an email that failed: why (address: it refuses emails for good; refused; given-up), and whether those were notified
-- who must know.
ALTER TABLE outbox ADD COLUMN failure TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN told INTEGER NOT NULL DEFAULT 1;
CREATE INDEX outbox_untold ON outbox (id) WHERE state = 'failed' AND told = 0;

-- Why an email is held, one word; '' where it is not. Held ones of before get theirs by their reason.
ALTER TABLE inbox ADD COLUMN cause TEXT NOT NULL DEFAULT '';
UPDATE inbox SET cause = 'flood' WHERE state = 'held' AND reason LIKE 'limits.mails_per_hour%';

-- What an agent near the cap is notified about in one email.
CREATE TABLE digest (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    person TEXT NOT NULL,
    ticket_id INTEGER NOT NULL REFERENCES ticket (id),
    at INTEGER NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX digest_at ON digest (at);

-- A body that several emails share: one message to many people. letter.bytes then holds the header alone.
CREATE TABLE letter_body (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    bytes BLOB NOT NULL
);
ALTER TABLE letter ADD COLUMN body_id INTEGER NOT NULL DEFAULT 0;
CREATE INDEX letter_body_id ON letter (body_id) WHERE body_id > 0;

-- Digest of the words of an email without names, numbers and addresses: many that say the same have the same.
ALTER TABLE inbox ADD COLUMN alike TEXT NOT NULL DEFAULT '';
CREATE INDEX inbox_alike ON inbox (alike, decided_at) WHERE alike <> '';

-- Keyed digests of what may change: '' for rows from before.
ALTER TABLE message ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE ticket ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE inbox ADD COLUMN digest TEXT NOT NULL DEFAULT '';
