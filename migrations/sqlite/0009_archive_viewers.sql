-- Who sees what in the archive, and what its pages look up.

-- Whose mails they are: by the user's id, since a name may be given to somebody else later. Of sources
-- the user of the folder, of uploads the one who uploaded. No reference: rows outlive the user, for
-- whom nobody ever looks again. The position is the mail's, as in mail_mailboxes.
CREATE TABLE mail_filers (
	mail_id INTEGER NOT NULL REFERENCES mails (id) ON DELETE CASCADE,
	user_id INTEGER NOT NULL,
	position INTEGER NOT NULL,
	PRIMARY KEY (mail_id, user_id)
) STRICT, WITHOUT ROWID;

INSERT INTO mail_filers (mail_id, user_id, position)
SELECT DISTINCT m.id, f.user_id, (m.date << 29) | m.id
FROM sources s JOIN folders f ON f.id = s.folder_id
JOIN copies c ON c.id = s.copy_id JOIN mails m ON m.id = c.mail_id;

-- What was uploaded before a user of that name was removed is not the successor's.
INSERT INTO mail_filers (mail_id, user_id, position)
SELECT DISTINCT m.id, u.id, (m.date << 29) | m.id
FROM uploads p JOIN users u ON u.name = p.imported_by
JOIN copies c ON c.id = p.copy_id JOIN mails m ON m.id = c.mail_id
WHERE NOT EXISTS (SELECT 1 FROM audit a WHERE a.action = 'user.remove' AND a.subject = u.name
	AND a.time >= p.imported_at)
ON CONFLICT (mail_id, user_id) DO NOTHING;

CREATE INDEX mail_filers_position ON mail_filers (user_id, position);

ALTER TABLE mails ADD COLUMN attachment_count INTEGER NOT NULL DEFAULT 0;

UPDATE mails SET attachment_count =
	(SELECT count(*) FROM attachments WHERE attachments.mail_id = mails.id)
WHERE id IN (SELECT mail_id FROM attachments);

-- Of the first copy, which a mail keeps as long as it is there.
ALTER TABLE mails ADD COLUMN size INTEGER NOT NULL DEFAULT 0;

UPDATE mails SET size = first.size
FROM (SELECT mail_id, size, min(id) FROM copies GROUP BY mail_id) first
WHERE first.mail_id = mails.id;

CREATE INDEX mails_attachments ON mails (((date << 29) | id)) WHERE attachment_count > 0;
CREATE INDEX mails_message_id ON mails (message_id) WHERE message_id IS NOT NULL;

-- A folder of a shared mailbox, whoever sees it.
CREATE INDEX folders_place ON folders (mailbox_id, name, uid_validity, server);

-- Which case numbers were given, so that they can be offered. scope: a mailbox's id, the negative id of
-- a user who filed (mail_filers), or 0: everywhere. A row may outlive its last mail in the scope, but
-- not the last one of all. used: when it was given last.
CREATE TABLE case_uses (
	scope INTEGER NOT NULL,
	case_number TEXT NOT NULL,
	used INTEGER NOT NULL,
	folded TEXT NOT NULL GENERATED ALWAYS AS
		(lower(replace(replace(replace(case_number, 'Ä', 'ä'), 'Ö', 'ö'), 'Ü', 'ü'))) STORED,
	PRIMARY KEY (scope, case_number)
) STRICT, WITHOUT ROWID;

INSERT INTO case_uses (scope, case_number, used)
SELECT 0, case_number, max(date) FROM mails WHERE case_number IS NOT NULL GROUP BY case_number
UNION ALL
SELECT b.mailbox_id, m.case_number, max(m.date)
FROM mails m JOIN mail_mailboxes b ON b.mail_id = m.id
WHERE m.case_number IS NOT NULL GROUP BY b.mailbox_id, m.case_number
UNION ALL
SELECT -f.user_id, m.case_number, max(m.date)
FROM mails m JOIN mail_filers f ON f.mail_id = m.id
WHERE m.case_number IS NOT NULL GROUP BY f.user_id, m.case_number;

CREATE INDEX case_uses_folded ON case_uses (scope, folded, used);
CREATE INDEX case_uses_used ON case_uses (scope, used, folded);
CREATE INDEX case_uses_case ON case_uses (case_number);
