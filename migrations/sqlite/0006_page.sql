-- Who may use the page and the API. Of what a browser, a link or a program holds, only the SHA-256 is
-- here: it opens nothing.
CREATE TABLE sessions (
	token_hash BLOB NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
	user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	started INTEGER NOT NULL,
	used INTEGER NOT NULL -- the last request, to the minute
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_user ON sessions (user_id, started);

-- The one open link by which a user may choose a password.
CREATE TABLE invitations (
	user_id INTEGER NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
	token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
	expires INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	label TEXT NOT NULL,
	label_folded TEXT NOT NULL UNIQUE,
	key_hash BLOB NOT NULL UNIQUE CHECK (length(key_hash) = 32),
	user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	created INTEGER NOT NULL,
	expires INTEGER, -- NULL: never
	used INTEGER     -- the last request, to the minute; NULL: none yet
) STRICT;

CREATE INDEX api_keys_user ON api_keys (user_id);

-- Passwords tried within the last quarter of an hour, going on or wrong. name_hash is the SHA-256 of the
-- folded name (people type passwords there), NULL: it does not count for the name any more.
CREATE TABLE password_tries (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name_hash BLOB,
	address TEXT NOT NULL, -- IPv6: the network of 64 bits
	time INTEGER NOT NULL
) STRICT;

CREATE INDEX password_tries_name ON password_tries (name_hash, time);
CREATE INDEX password_tries_address ON password_tries (address, time);
CREATE INDEX password_tries_time ON password_tries (time);

-- For counting whom a change of global settings reaches.
CREATE INDEX user_settings_key ON user_settings (key, value);

-- The generation in which a scope was changed last, so that one administrator's form does not count as
-- outdated because of a change elsewhere. user_id 0: the global scope. Values that were taken away leave
-- no row of their own.
CREATE TABLE setting_scopes (
	user_id INTEGER NOT NULL PRIMARY KEY,
	generation INTEGER NOT NULL
) STRICT;

CREATE TRIGGER users_leave_no_setting_scope AFTER DELETE ON users
BEGIN
	DELETE FROM setting_scopes WHERE user_id = OLD.id;
END;
