-- Sign-ins with Office 365: where a user's token file lies (the path is fixed at sign-in), and what
-- the authority said last. Nothing here tells anything secret.
CREATE TABLE tokens (
	user_id INTEGER NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
	path TEXT NOT NULL,          -- below the data folder: relative to it, so that it may be moved
	account TEXT NOT NULL,
	identity TEXT,               -- who signed in, NULL: not told
	authority TEXT NOT NULL,     -- where, and as which client
	tenant TEXT NOT NULL,
	client_id TEXT NOT NULL,
	signed_in INTEGER NOT NULL,
	refreshed INTEGER,           -- the last good refresh
	failure TEXT,                -- the last refresh's failure by its name, NULL: it was good
	subject TEXT,                -- what the failure's sentence names
	failed INTEGER,              -- since when
	pause_until INTEGER          -- the authority wants not to be asked before
) STRICT;

-- How the last sign-in of a user ended that came to nothing; the next good one removes it.
CREATE TABLE failed_logins (
	user_id INTEGER NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
	failure TEXT NOT NULL,
	subject TEXT,
	time INTEGER NOT NULL
) STRICT;

-- Tells two data folders apart that share a place for token files.
INSERT INTO meta (name, value) VALUES ('installation', lower(hex(randomblob(16))));
