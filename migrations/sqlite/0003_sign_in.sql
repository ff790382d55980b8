-- What a server said last to credentials. Refused ones are not tried again until they or the server
-- change. owner 0: the pair of the global scope, which all share. generation: the settings' when the
-- credentials were stored last; nothing here tells anything secret.
CREATE TABLE sign_ins (
	owner INTEGER NOT NULL,
	protocol TEXT NOT NULL CHECK (protocol IN ('imap', 'smtp')),
	username TEXT NOT NULL,
	server TEXT NOT NULL, -- host:port
	generation INTEGER NOT NULL,
	refused INTEGER NOT NULL CHECK (refused IN (0, 1)),
	time INTEGER NOT NULL,
	PRIMARY KEY (owner, protocol, username)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER users_leave_no_sign_ins AFTER DELETE ON users
BEGIN
	DELETE FROM sign_ins WHERE owner = OLD.id;
END;
