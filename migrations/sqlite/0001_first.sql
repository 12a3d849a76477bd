-- The first schema. Times are milliseconds since 1970 UTC, 0 where there is none; texts are '' where
-- there is none; booleans are 0 or 1. The PostgreSQL twin has the same names and meaning.

-- Small facts of the desk itself: its secret key, which queues take sub-addresses.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- How far each IMAP folder has been read.
CREATE TABLE mailbox (
    name TEXT PRIMARY KEY,
    uid_validity INTEGER NOT NULL DEFAULT 0,
    last_uid INTEGER NOT NULL DEFAULT 0,
    -- Mails up to this UID that somebody had read before the first start are left alone.
    baseline INTEGER NOT NULL DEFAULT 0,
    -- When the mailbox was first looked into.
    first_at INTEGER NOT NULL DEFAULT 0,
    -- Of the mails up to the baseline, read ones from this time on are taken too; 0: none.
    since INTEGER NOT NULL DEFAULT 0,
    polled_at INTEGER NOT NULL DEFAULT 0
);

-- Mails as received. One row a mail and mailbox, for ever: it holds the verdict.
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mailbox TEXT NOT NULL,
    uid_validity INTEGER NOT NULL DEFAULT 0,
    uid INTEGER NOT NULL DEFAULT 0,
    -- SHA-256 of the bytes as received, hexadecimal: the same content is the same mail.
    content_hash TEXT NOT NULL,
    size INTEGER NOT NULL DEFAULT 0,
    received_at INTEGER NOT NULL,
    -- new | done | held
    state TEXT NOT NULL DEFAULT 'new',
    attempts INTEGER NOT NULL DEFAULT 0,
    -- Whether the server's copy has been archived or marked.
    settled INTEGER NOT NULL DEFAULT 0,
    -- opened | joined | command | held | refused | ignored
    verdict TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    ticket_id INTEGER NOT NULL DEFAULT 0,
    -- Whether a person let it in although its sender may not open tickets.
    released INTEGER NOT NULL DEFAULT 0,
    -- The ticket a person says it belongs to; 0 for none.
    joins INTEGER NOT NULL DEFAULT 0,
    decided_at INTEGER NOT NULL DEFAULT 0,
    message_id TEXT NOT NULL DEFAULT '',
    sender TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL DEFAULT '',
    -- Digest of what it says: an order that comes again has the same.
    content TEXT NOT NULL DEFAULT '',
    UNIQUE (mailbox, content_hash)
);
CREATE INDEX inbox_waiting ON inbox (id) WHERE state = 'new';
CREATE INDEX inbox_held ON inbox (id) WHERE state = 'held';
CREATE INDEX inbox_unsettled ON inbox (mailbox, uid) WHERE settled = 0;
CREATE INDEX inbox_message_id ON inbox (message_id);
CREATE INDEX inbox_ticket ON inbox (ticket_id);

-- The bytes, apart from the row that changes.
CREATE TABLE inbox_raw (
    inbox_id INTEGER PRIMARY KEY REFERENCES inbox (id),
    bytes BLOB NOT NULL
);

-- The last number given out, by prefix.
CREATE TABLE counter (
    prefix TEXT PRIMARY KEY,
    last INTEGER NOT NULL
);

CREATE TABLE ticket (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    number TEXT NOT NULL UNIQUE,
    queue TEXT NOT NULL,
    title TEXT NOT NULL,
    status TEXT NOT NULL,
    priority TEXT NOT NULL,
    level INTEGER NOT NULL DEFAULT 1,
    type TEXT NOT NULL DEFAULT '',
    category TEXT NOT NULL DEFAULT '',
    service TEXT NOT NULL DEFAULT '',
    requester TEXT NOT NULL,
    requester_name TEXT NOT NULL DEFAULT '',
    language TEXT NOT NULL DEFAULT '',
    assignee TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    first_responded_at INTEGER NOT NULL DEFAULT 0,
    resolved_at INTEGER NOT NULL DEFAULT 0,
    closed_at INTEGER NOT NULL DEFAULT 0,
    -- Message-ID of the mail that opened it, and of the newest from the requester's side.
    root_message_id TEXT NOT NULL DEFAULT '',
    last_public_id TEXT NOT NULL DEFAULT '',
    -- JSON object of what the request says, by the codes of its fields.
    fields TEXT NOT NULL DEFAULT '{}',
    -- requester | vendor | date, while its status is pending
    pending_on TEXT NOT NULL DEFAULT '',
    -- JSON array of free words.
    tags TEXT NOT NULL DEFAULT '[]',
    vendor TEXT NOT NULL DEFAULT '',
    -- JSON array of all vendors it was ever shown to.
    vendors TEXT NOT NULL DEFAULT '[]',
    vendor_reference TEXT NOT NULL DEFAULT '',
    -- The ticket it is part of, and the one it was merged into; 0 for none.
    parent_id INTEGER NOT NULL DEFAULT 0,
    merged_into INTEGER NOT NULL DEFAULT 0,
    -- JSON array of the numbers of tickets that have to do with it.
    related TEXT NOT NULL DEFAULT '[]',
    solution TEXT NOT NULL DEFAULT '',
    -- The requester's satisfaction, 1 to 5.
    rating INTEGER NOT NULL DEFAULT 0,
    -- JSON object of the newest public answer: by, at, text.
    last_answer TEXT NOT NULL DEFAULT '{}',
    -- Message-ID of the letter that was the first answer.
    first_response_id TEXT NOT NULL DEFAULT '',
    -- How often it was written.
    revision INTEGER NOT NULL DEFAULT 0,
    -- JSON of what the last order changed, while it can be taken back.
    undo TEXT NOT NULL DEFAULT '',
    -- JSON of what is promised and what became of it; the two times of it that lists look for.
    sla TEXT NOT NULL DEFAULT '{}',
    respond_due INTEGER NOT NULL DEFAULT 0,
    resolve_due INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX ticket_queue_status ON ticket (queue, status);
CREATE INDEX ticket_parent ON ticket (parent_id) WHERE parent_id > 0;
CREATE INDEX ticket_vendor ON ticket (vendor) WHERE vendor <> '';
CREATE INDEX ticket_requester ON ticket (requester);

-- What is to happen to a ticket when. kind: wake | remind | silence | confirm and those
-- of service levels (DeadlineKind)
CREATE TABLE deadline (
    ticket_id INTEGER NOT NULL REFERENCES ticket (id),
    kind TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (ticket_id, kind)
);
CREATE INDEX deadline_due ON deadline (due_at);

-- Problems and what solved them: what solved tickets leave behind, and articles.
CREATE TABLE article (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id INTEGER NOT NULL UNIQUE REFERENCES ticket (id),
    queue TEXT NOT NULL,
    title TEXT NOT NULL,
    problem TEXT NOT NULL,
    solution TEXT NOT NULL,
    -- Words, parted by spaces.
    tags TEXT NOT NULL DEFAULT '',
    -- Whether requesters may read it: an article, not only a solved ticket.
    public INTEGER NOT NULL DEFAULT 0,
    author TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- All of it in lower case without accents, for the search.
    words TEXT NOT NULL
);

-- People on the requester's side. role: requester | cc
CREATE TABLE participant (
    ticket_id INTEGER NOT NULL REFERENCES ticket (id),
    address TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    role TEXT NOT NULL,
    PRIMARY KEY (ticket_id, address)
);

CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id INTEGER NOT NULL REFERENCES ticket (id),
    inbox_id INTEGER NOT NULL REFERENCES inbox (id),
    -- in: from the requester's side; out: from the desk
    direction TEXT NOT NULL,
    -- public | internal | vendor
    visibility TEXT NOT NULL,
    automatic INTEGER NOT NULL DEFAULT 0,
    sender TEXT NOT NULL,
    sender_name TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    message_id TEXT NOT NULL DEFAULT '',
    text TEXT NOT NULL,
    -- What its author wrote then, quotes and commands taken off.
    new_text TEXT NOT NULL,
    -- JSON array of {name, type, size, sha256, part, role}
    attachments TEXT NOT NULL DEFAULT '[]',
    -- Digest of what it says: a copy that came by another way has the same.
    content TEXT NOT NULL DEFAULT ''
);
CREATE INDEX message_ticket ON message (ticket_id);
CREATE INDEX message_message_id ON message (message_id);

-- A ticket's history.
CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id INTEGER NOT NULL REFERENCES ticket (id),
    created_at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX event_ticket ON event (ticket_id);

-- How a ticket stood, from when on: what reports are computed from. Never changed afterwards.
CREATE TABLE course (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id INTEGER NOT NULL REFERENCES ticket (id),
    at INTEGER NOT NULL,
    -- JSON of what reports count.
    state TEXT NOT NULL
);
CREATE INDEX course_ticket ON course (ticket_id, id);

-- What fell due while nobody was there to be told in time: told in one letter a person.
CREATE TABLE overdue (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    person TEXT NOT NULL,
    ticket_id INTEGER NOT NULL REFERENCES ticket (id),
    due_at INTEGER NOT NULL,
    text TEXT NOT NULL
);

-- When each report is to be written next.
CREATE TABLE bell (
    name TEXT PRIMARY KEY,
    due_at INTEGER NOT NULL
);

-- Letters. once_key makes a second one of the same impossible.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    once_key TEXT NOT NULL UNIQUE,
    ticket_id INTEGER NOT NULL DEFAULT 0,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    envelope_from TEXT NOT NULL,
    message_id TEXT NOT NULL,
    -- Bytes of the letter.
    size INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    -- queued | sending | sent | failed
    state TEXT NOT NULL DEFAULT 'queued',
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER NOT NULL,
    lease_until INTEGER NOT NULL DEFAULT 0,
    lease_by TEXT NOT NULL DEFAULT '',
    sent_at INTEGER NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    -- Whether an answer to it proves who writes: not once its token was shown to others.
    proves INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE state = 'queued';
CREATE INDEX outbox_leased ON outbox (lease_until) WHERE state = 'sending';
CREATE INDEX outbox_failed ON outbox (id) WHERE state = 'failed';
CREATE INDEX outbox_recipient ON outbox (recipient, created_at);
CREATE INDEX outbox_ticket ON outbox (ticket_id);
CREATE INDEX outbox_message_id ON outbox (message_id);

-- Addresses that refused a letter for good: nothing is written to them until the time is over.
CREATE TABLE undeliverable (
    address TEXT PRIMARY KEY,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    ticket_id INTEGER NOT NULL DEFAULT 0
);

-- Pictures inside mails, by sender and digest: one that comes again is the logo of a signature.
CREATE TABLE seen_image (
    seen_key TEXT PRIMARY KEY
);

-- The bytes of a letter, fixed when it was decided.
CREATE TABLE letter (
    outbox_id INTEGER PRIMARY KEY REFERENCES outbox (id),
    bytes BLOB NOT NULL
);
