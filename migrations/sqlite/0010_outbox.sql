-- The outbox: mails that wait for being sent, what became of them, and what each recipient's server
-- said. Rows stay, content goes some time after the end.

-- state: 0 queued, 1 sending, 2 sent, 3 waiting, 4 failed, 5 unknown, 6 cancelled. The user is no
-- reference: rows outlive them, with the name, and 0 in place of the id.
-- content: 0: in outbox_pieces under the mail's own id; below 0: under that number, as it was put down
-- in outbox_stages before; NULL: erased.
-- idempotency_digest: of what the key was used for.
-- retried_at: when a person last had it tried again; 0: never.
-- claim: one more with each claim, so that nobody whose claim is over changes anything; worker: the
-- claim's, a file's name in the outbox's folder. handing: within this claim the mail may have reached
-- the server: 1; 2: if that file says so. handed_at: when that was last; 0: never.
-- sent_copy (in the Sent folder), archive_copy: 0 none, 1 pending, 2 done, 3 given up. copy_due: since
-- when one is to be made; NULL: none is, or not yet.
CREATE TABLE outbox_mails (
	id INTEGER PRIMARY KEY,
	user_id INTEGER NOT NULL,
	user_name TEXT NOT NULL,
	sender TEXT NOT NULL,
	subject TEXT NOT NULL,
	message_id TEXT NOT NULL,
	case_number TEXT,
	size INTEGER NOT NULL,
	has_8bit INTEGER NOT NULL CHECK (has_8bit IN (0, 1)),
	has_utf8 INTEGER NOT NULL CHECK (has_utf8 IN (0, 1)),
	idempotency_key TEXT,
	idempotency_digest TEXT,
	content INTEGER,
	created_at INTEGER NOT NULL,
	retried_at INTEGER NOT NULL DEFAULT 0,
	state INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 6),
	attempts INTEGER NOT NULL DEFAULT 0,
	next INTEGER NOT NULL DEFAULT 0,
	ended_at INTEGER NOT NULL DEFAULT 0,
	condition TEXT,
	reason TEXT,
	worker TEXT,
	claim INTEGER NOT NULL DEFAULT 0,
	handing INTEGER NOT NULL DEFAULT 0 CHECK (handing IN (0, 1, 2)),
	handed_at INTEGER NOT NULL DEFAULT 0,
	sent_copy INTEGER NOT NULL CHECK (sent_copy BETWEEN 0 AND 3),
	archive_copy INTEGER NOT NULL DEFAULT 1 CHECK (archive_copy BETWEEN 0 AND 3),
	copy_due INTEGER,
	copy_worker TEXT,
	copy_claim INTEGER NOT NULL DEFAULT 0,
	copy_reason TEXT,
	archive_reason TEXT,
	archive_id INTEGER NOT NULL DEFAULT 0
) STRICT;

-- All that is not over or lacks a copy. What changes stands behind the id, so that an entry stays where
-- it is.
CREATE INDEX outbox_open ON outbox_mails (user_id, id, state, next, copy_due, copy_worker,
	sender) WHERE state NOT IN (2, 6) OR copy_due IS NOT NULL;
CREATE INDEX outbox_user ON outbox_mails (user_id, id);
CREATE INDEX outbox_contents ON outbox_mails (content) WHERE content IS NOT NULL;
CREATE UNIQUE INDEX outbox_keys ON outbox_mails (user_id, idempotency_key)
	WHERE idempotency_key IS NOT NULL;

-- In the order of the envelope, from 0. state: as a mail's, never 1.
CREATE TABLE outbox_recipients (
	mail_id INTEGER NOT NULL REFERENCES outbox_mails (id) ON DELETE CASCADE,
	number INTEGER NOT NULL,
	address TEXT NOT NULL,
	state INTEGER NOT NULL DEFAULT 0 CHECK (state IN (0, 2, 3, 4, 5, 6)),
	reply TEXT,
	PRIMARY KEY (mail_id, number)
) STRICT, WITHOUT ROWID;

-- Bytes of a mail, 262,144 in each piece but the last. id: the content's number times 1,024, plus the
-- piece's from 0: one number, so that a row with much in it needs no index of its own.
CREATE TABLE outbox_pieces (
	id INTEGER PRIMARY KEY,
	bytes BLOB NOT NULL
) STRICT;

-- Content that is put down before its mail is queued, under the negative id; an id is never given
-- again. owner: a file's name in the outbox's folder, as long as whose it is lives.
CREATE TABLE outbox_stages (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	owner TEXT NOT NULL
) STRICT;

-- A number of each user's that grows with every change that a person sees.
CREATE TABLE outbox_versions (
	user_id INTEGER NOT NULL PRIMARY KEY,
	version INTEGER NOT NULL
) STRICT;

CREATE TRIGGER outbox_mails_count_new AFTER INSERT ON outbox_mails
BEGIN
	INSERT INTO outbox_versions (user_id, version) VALUES (NEW.user_id, 1)
	ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;

CREATE TRIGGER outbox_mails_count_changed AFTER UPDATE OF user_id, state, attempts, next, condition,
	sent_copy, archive_copy, copy_reason, archive_reason, archive_id ON outbox_mails
BEGIN
	UPDATE outbox_versions SET version = version + 1 WHERE user_id = OLD.user_id;
END;

-- Nobody is left to send in their name; what was sent is archived all the same.
CREATE TRIGGER users_leave_outbox AFTER DELETE ON users
BEGIN
	UPDATE outbox_recipients SET state = 6
	WHERE state IN (0, 3) AND mail_id IN
		(SELECT id FROM outbox_mails WHERE user_id = OLD.id AND state IN (0, 3));
	UPDATE outbox_mails SET state = 6, ended_at = unixepoch(), next = 0, condition = NULL, reason = NULL,
		copy_due = CASE WHEN archive_copy = 1 AND EXISTS (SELECT 1 FROM outbox_recipients
			WHERE mail_id = outbox_mails.id AND state = 2) THEN coalesce(copy_due, 0) ELSE copy_due END
	WHERE user_id = OLD.id AND state IN (0, 3);
	UPDATE outbox_mails SET user_id = 0, idempotency_key = NULL,
		sent_copy = iif(sent_copy = 1, 3, sent_copy),
		copy_due = iif(archive_copy = 1, copy_due, NULL)
	WHERE user_id = OLD.id;
END;
