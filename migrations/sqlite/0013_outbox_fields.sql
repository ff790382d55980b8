-- The header field that names a recipient: 0 To, 1 Cc, 2 Bcc. Nothing but this says who got a blind copy. Mails of
-- before have 0 throughout.
ALTER TABLE outbox_recipients ADD COLUMN field INTEGER NOT NULL DEFAULT 0 CHECK (field IN (0, 1, 2));
