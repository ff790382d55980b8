-- People, their settings, and the log of who changed what.

-- One row a fact about this installation: 'generation' (an integer, one more with every change of
-- settings), 'key-check' (a value sealed with the key ring; a wrong ring does not open it).
CREATE TABLE meta (
	name TEXT NOT NULL PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta (name, value) VALUES ('generation', '1');

-- An id is never given again: a sealed secret's identity is made with it.
CREATE TABLE users (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL,
	name_folded TEXT NOT NULL UNIQUE,
	display_name TEXT,
	admin INTEGER NOT NULL DEFAULT 0 CHECK (admin IN (0, 1)),
	archive INTEGER NOT NULL DEFAULT 0 CHECK (archive IN (0, 1)),
	locked INTEGER NOT NULL DEFAULT 0 CHECK (locked IN (0, 1)),
	password_hash TEXT
) STRICT;

-- The global scope. A secret's value is sealed. The generation is that of the last change; a user
-- name's change also counts as one of its password.
CREATE TABLE global_settings (
	key TEXT NOT NULL PRIMARY KEY,
	value TEXT NOT NULL,
	generation INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- No row: never changed. An empty value is a value (no hidden folders at all).
CREATE TABLE user_settings (
	user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	key TEXT NOT NULL,
	value TEXT NOT NULL,
	generation INTEGER NOT NULL,
	PRIMARY KEY (user_id, key)
) STRICT, WITHOUT ROWID;

-- Names, not references: rows outlive the people they tell of.
CREATE TABLE audit (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	time INTEGER NOT NULL,
	actor TEXT NOT NULL,
	action TEXT NOT NULL,
	subject TEXT,
	detail TEXT
) STRICT;

CREATE INDEX audit_time ON audit (time);

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN
	SELECT RAISE(ABORT, 'audit rows do not change');
END;

CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN
	SELECT RAISE(ABORT, 'audit rows are not deleted');
END;

-- REPLACE deletes without asking the trigger above.
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN
	SELECT RAISE(ABORT, 'audit rows are not replaced');
END;
