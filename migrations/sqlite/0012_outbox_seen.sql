-- What a person has marked as done: a mail that failed, or of which nobody knows whether it was sent. It stays
-- in the list and is counted no more; tried again it is a mail like any other.
ALTER TABLE outbox_mails ADD COLUMN seen INTEGER NOT NULL DEFAULT 0 CHECK (seen IN (0, 1));

CREATE INDEX outbox_unseen ON outbox_mails (user_id, state, seen) WHERE state IN (4, 5) AND seen = 0;

CREATE TRIGGER outbox_mails_count_seen AFTER UPDATE OF seen ON outbox_mails WHEN OLD.seen <> NEW.seen
BEGIN
	UPDATE outbox_versions SET version = version + 1 WHERE user_id = NEW.user_id;
END;
