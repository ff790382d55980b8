-- What a user has for a further mailbox alone. Credentials of its own: username and password, which is
-- sealed. Without them: that the server refused the mailbox to the main user's sign-in, so that it is
-- not asked again at once. The generation is the settings' when the credentials in question were
-- stored last.
CREATE TABLE mailbox_logins (
	user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	mailbox TEXT NOT NULL, -- the address, folded
	username TEXT,
	password TEXT,
	generation INTEGER NOT NULL,
	server TEXT,           -- host:port that refused
	refused INTEGER,       -- since when, NULL: not refused
	PRIMARY KEY (user_id, mailbox)
) STRICT, WITHOUT ROWID;
