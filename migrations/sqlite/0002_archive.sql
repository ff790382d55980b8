-- The archive: which mails there are, where their bytes lie, and where they came from.

-- A write-once file "packs/NAME.pack". It never changes; a rewritten one gets another name.
CREATE TABLE packs (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE CHECK (length(name) = 32),
	size INTEGER NOT NULL
) STRICT;

-- One row in the list. content_key is the digest without trace headers, NULL for a mail without a
-- Message-ID, which never gets a second copy. state: 0 not read yet, 1 read, 2 unreadable. attempts
-- and failures count readings that began and readings that killed the parser. claimed_at: 0 free.
CREATE TABLE mails (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	content_key BLOB UNIQUE,
	date INTEGER NOT NULL,
	case_number TEXT,
	state INTEGER NOT NULL DEFAULT 0 CHECK (state IN (0, 1, 2)),
	attempts INTEGER NOT NULL DEFAULT 0,
	failures INTEGER NOT NULL DEFAULT 0,
	claimed_at INTEGER NOT NULL DEFAULT 0,
	claimed_by TEXT,
	subject TEXT NOT NULL DEFAULT '',
	sender TEXT NOT NULL DEFAULT '',
	recipients TEXT NOT NULL DEFAULT '', -- one a line
	message_id TEXT
) STRICT;

-- The position in the list, by date and id, as one number: SQLite cannot seek in (date, id) with
-- both, since id is the rowid.
CREATE INDEX mails_position ON mails (((date << 29) | id));
CREATE INDEX mails_case ON mails (case_number, ((date << 29) | id))
	WHERE case_number IS NOT NULL;
CREATE INDEX mails_unread ON mails (claimed_at, id) WHERE state = 0;

CREATE TABLE attachments (
	mail_id INTEGER NOT NULL REFERENCES mails (id) ON DELETE CASCADE,
	number INTEGER NOT NULL,
	name TEXT NOT NULL,
	type TEXT NOT NULL,
	size INTEGER NOT NULL,
	PRIMARY KEY (mail_id, number)
) STRICT, WITHOUT ROWID;

-- The bytes of a mail as one server gave them: SIZE bytes of the pack, from START.
CREATE TABLE copies (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	mail_id INTEGER NOT NULL REFERENCES mails (id),
	sha256 BLOB NOT NULL UNIQUE,
	size INTEGER NOT NULL,
	pack_id INTEGER NOT NULL REFERENCES packs (id),
	start INTEGER NOT NULL
) STRICT;

CREATE INDEX copies_mail ON copies (mail_id);
CREATE INDEX copies_pack ON copies (pack_id, start);

-- Bytes in a pack that no copy owns (any more); the reaper writes such a pack anew.
CREATE TABLE garbage (
	pack_id INTEGER NOT NULL REFERENCES packs (id) ON DELETE CASCADE,
	start INTEGER NOT NULL,
	size INTEGER NOT NULL,
	PRIMARY KEY (pack_id, start)
) STRICT, WITHOUT ROWID;

-- SHA-256 of deleted copies and content keys of deleted mails: they come back only by hand.
CREATE TABLE erased (
	digest BLOB NOT NULL PRIMARY KEY,
	erased_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE mailboxes (
	id INTEGER PRIMARY KEY,
	address TEXT NOT NULL,
	address_folded TEXT NOT NULL UNIQUE
) STRICT;

-- A folder as one user sees it. user_id is no reference: sources outlive the user, with the name.
-- cursor: every UID up to it is filed or in retries.
CREATE TABLE folders (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	user_id INTEGER NOT NULL,
	user_name TEXT NOT NULL,
	server TEXT NOT NULL,
	mailbox_id INTEGER NOT NULL REFERENCES mailboxes (id),
	name TEXT NOT NULL,
	uid_validity INTEGER NOT NULL,
	cursor INTEGER NOT NULL DEFAULT 0,
	UNIQUE (user_id, server, mailbox_id, name, uid_validity)
) STRICT;

-- What was fetched from where. copy_id NULL: deleted from the archive, but not to be fetched again.
CREATE TABLE sources (
	folder_id INTEGER NOT NULL REFERENCES folders (id),
	uid INTEGER NOT NULL,
	copy_id INTEGER REFERENCES copies (id) ON DELETE SET NULL,
	received INTEGER NOT NULL, -- INTERNALDATE, 0: unknown
	imported_at INTEGER NOT NULL,
	imported_by TEXT NOT NULL,
	PRIMARY KEY (folder_id, uid)
) STRICT, WITHOUT ROWID;

CREATE INDEX sources_copy ON sources (copy_id);

-- Sources without a mailbox.
CREATE TABLE uploads (
	copy_id INTEGER NOT NULL REFERENCES copies (id) ON DELETE CASCADE,
	imported_by TEXT NOT NULL,
	imported_at INTEGER NOT NULL,
	PRIMARY KEY (copy_id, imported_by)
) STRICT, WITHOUT ROWID;

-- Which mails lie in a mailbox, in the order of the list: sources alone could not answer that at once.
-- The position is the mail's.
CREATE TABLE mail_mailboxes (
	mail_id INTEGER NOT NULL REFERENCES mails (id) ON DELETE CASCADE,
	mailbox_id INTEGER NOT NULL REFERENCES mailboxes (id),
	position INTEGER NOT NULL,
	PRIMARY KEY (mail_id, mailbox_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX mail_mailboxes_position ON mail_mailboxes (mailbox_id, position);

-- UIDs that could not be fetched and are tried again.
CREATE TABLE retries (
	folder_id INTEGER NOT NULL REFERENCES folders (id),
	uid INTEGER NOT NULL,
	reason TEXT NOT NULL,
	attempts INTEGER NOT NULL DEFAULT 1,
	tried_at INTEGER NOT NULL,
	PRIMARY KEY (folder_id, uid)
) STRICT, WITHOUT ROWID;

-- What is still to be done on the server for mails on file. target '': none.
CREATE TABLE actions (
	folder_id INTEGER NOT NULL REFERENCES folders (id),
	action TEXT NOT NULL,
	target TEXT NOT NULL,
	uid INTEGER NOT NULL,
	PRIMARY KEY (folder_id, action, target, uid)
) STRICT, WITHOUT ROWID;

-- Deleted mails whose words are to leave search.db, which has its own transactions. keep_until: a
-- reader that claimed the mail before may still put its words there.
CREATE TABLE search_removals (
	mail_id INTEGER NOT NULL PRIMARY KEY,
	keep_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
