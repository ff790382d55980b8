-- Credentials that a server refused: they are not tried again until they or the server change.
-- credential: the settings' generation of the credentials and the server, nothing secret.
CREATE TABLE refused_logins (
	user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	protocol TEXT NOT NULL CHECK (protocol IN ('imap', 'smtp')),
	credential TEXT NOT NULL,
	time INTEGER NOT NULL,
	PRIMARY KEY (user_id, protocol)
) STRICT, WITHOUT ROWID;
