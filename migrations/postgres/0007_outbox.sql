-- What is sent first, and that emails to one person about one ticket keep their order.

-- 0: major incidents and the highest priorities; 1: what a person wrote; 2: acknowledgements and other replies; 3: the rest.
ALTER TABLE outbox ADD COLUMN urgency BIGINT NOT NULL DEFAULT 3;
CREATE INDEX outbox_urgency ON outbox (urgency, due_at, id) WHERE state = 'queued';
CREATE INDEX outbox_unfinished ON outbox (ticket_id, recipient, id) WHERE state IN ('queued', 'sending');

-- Lists and periodic work find their rows by index, however old the store is.
DROP INDEX ticket_queue_status;
CREATE INDEX ticket_queue ON ticket (queue, id);
CREATE INDEX ticket_status ON ticket (status, id);
CREATE INDEX participant_address ON participant (address);
-- What a report and new service levels bear on.
CREATE INDEX ticket_unclosed ON ticket (id) WHERE closed_at = 0;
CREATE INDEX state_history_at ON state_history (at);
-- When the newest email of a mailbox was received; 0 where none was.
ALTER TABLE mailbox ADD COLUMN last_email_at BIGINT NOT NULL DEFAULT 0;
UPDATE mailbox SET last_email_at = COALESCE((SELECT MAX(received_at) FROM inbox WHERE inbox.mailbox = mailbox.name), 0);
-- When the server says that it received an email (INTERNALDATE); 0 where it does not.
ALTER TABLE inbox ADD COLUMN delivered_at BIGINT NOT NULL DEFAULT 0;
-- When a report said that a notification did not arrive; 0: none did.
ALTER TABLE outbox ADD COLUMN returned_at BIGINT NOT NULL DEFAULT 0;
-- What is to be done after an incident, by whom and until when, as JSON.
ALTER TABLE ticket ADD COLUMN actions TEXT NOT NULL DEFAULT '[]';
-- Whether it shows an agent what the requester wrote or was sent: a plain reply to it goes to the requester.
ALTER TABLE outbox ADD COLUMN reaches_requester BIGINT NOT NULL DEFAULT 0;
