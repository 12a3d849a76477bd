-- What was told apart by sentences has codes of its own.

-- Of an email that failed, failure may also be restored: it came with a copy of the database that was restored, and may
-- have been sent since the copy was made.
UPDATE outbox SET failure = 'restored' WHERE state = 'failed' AND failure = '' AND last_error LIKE 'restored from a backup%';

-- Whether the address is the pseudonym of somebody who was erased.
ALTER TABLE undeliverable ADD COLUMN erased INTEGER NOT NULL DEFAULT 0;
UPDATE undeliverable SET erased = 1, reason = '' WHERE reason = 'erased';
