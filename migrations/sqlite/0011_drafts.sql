-- Mails that somebody is writing. They are the user's alone and go with the user.

-- The fields are as typed. sender NULL: the main mailbox. reply_to: the archived mail that is answered;
-- 0: none. revision: one more with each change of the fields; files: one more with each file that came
-- or went. draft_key: of the page that made it, so that a page sent twice makes one draft.
CREATE TABLE drafts (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	draft_key TEXT,
	sender TEXT,
	recipients TEXT NOT NULL,
	copies TEXT NOT NULL,
	hidden_copies TEXT NOT NULL,
	subject TEXT NOT NULL,
	content TEXT NOT NULL,
	case_number TEXT NOT NULL,
	reply_to INTEGER NOT NULL,
	revision INTEGER NOT NULL DEFAULT 1,
	files INTEGER NOT NULL DEFAULT 0,
	changed_at INTEGER NOT NULL
) STRICT;

CREATE INDEX drafts_user ON drafts (user_id, changed_at);
CREATE INDEX drafts_age ON drafts (changed_at);
CREATE UNIQUE INDEX drafts_keys ON drafts (user_id, draft_key) WHERE draft_key IS NOT NULL;

-- received: how many bytes have come; the file is whole once they are size. type NULL: by the name's
-- ending.
CREATE TABLE draft_files (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	draft_id INTEGER NOT NULL REFERENCES drafts (id) ON DELETE CASCADE,
	name TEXT NOT NULL,
	type TEXT,
	size INTEGER NOT NULL,
	received INTEGER NOT NULL DEFAULT 0,
	touched_at INTEGER NOT NULL
) STRICT;

CREATE INDEX draft_files_draft ON draft_files (draft_id);

-- Bytes of a file, 262,144 in each piece but the last. id: the file's times 1,024, plus the piece's
-- number from 0.
CREATE TABLE draft_pieces (
	id INTEGER PRIMARY KEY,
	bytes BLOB NOT NULL
) STRICT;

CREATE TRIGGER draft_files_leave_no_pieces AFTER DELETE ON draft_files
BEGIN
	DELETE FROM draft_pieces WHERE id >= OLD.id * 1024 AND id < (OLD.id + 1) * 1024;
END;

-- What became of drafts that were sent: whoever sends one again is led to its mail in the outbox.
-- digest: of the fields, so that another version is no repetition.
CREATE TABLE drafts_sent (
	draft_id INTEGER NOT NULL PRIMARY KEY,
	user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	draft_key TEXT,
	digest BLOB NOT NULL,
	mail_id INTEGER NOT NULL,
	sent_at INTEGER NOT NULL
) STRICT;

CREATE INDEX drafts_sent_keys ON drafts_sent (user_id, draft_key) WHERE draft_key IS NOT NULL;
CREATE INDEX drafts_sent_age ON drafts_sent (sent_at);

-- The largest mail that the server said it takes (RFC 1870); 0: it did not say.
ALTER TABLE servers_seen ADD COLUMN size_limit INTEGER NOT NULL DEFAULT 0;
