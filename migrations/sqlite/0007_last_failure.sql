-- How the last uses of a user's mail server ended, whatever became of the stored login meanwhile. The
-- failure stands here by its name and with what its sentence names; nothing here tells anything secret.
CREATE TABLE mail_uses (
	user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	protocol TEXT NOT NULL CHECK (protocol IN ('imap', 'smtp')),
	succeeded INTEGER,     -- the last that was good, to the minute; NULL: none was
	failing INTEGER NOT NULL CHECK (failing IN (0, 1)), -- the very last one failed
	failed INTEGER,        -- the last that failed, to the minute while it is the same failure
	failure TEXT,
	subject TEXT,
	way TEXT,              -- server, SSL/TLS value and proxy that it failed with
	generation INTEGER,    -- of the credentials that it failed with
	PRIMARY KEY (user_id, protocol)
) STRICT, WITHOUT ROWID;
