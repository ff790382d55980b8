-- What the last connections to mail servers found, so that it can be told which TLS is in use without
-- asking anybody.
CREATE TABLE servers_seen (
	protocol TEXT NOT NULL CHECK (protocol IN ('imap', 'smtp')),
	host TEXT NOT NULL,
	port INTEGER NOT NULL,
	tls TEXT NOT NULL,         -- the setting's value
	version TEXT,              -- "TLSv1.3"; NULL: not encrypted
	certificate_end INTEGER,   -- the first end of a certificate in the chain; NULL: unknown
	seen INTEGER NOT NULL,     -- to the hour
	PRIMARY KEY (protocol, host, port, tls)
) STRICT, WITHOUT ROWID;
