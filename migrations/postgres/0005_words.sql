-- Tables under the names the program uses: bytes of outgoing emails, what reports are computed from, wake-ups, entries of the chain.
ALTER TABLE letter RENAME TO outbox_raw;
ALTER TABLE letter_body RENAME TO outbox_body;
ALTER TABLE course RENAME TO state_history;
ALTER TABLE bell RENAME TO wake_up;
ALTER TABLE link RENAME TO chain_entry;
ALTER TABLE event RENAME COLUMN link TO chain_entry;
ALTER TABLE outbox RENAME COLUMN link TO chain_entry;
