-- A user who is removed takes along what waits, also what a worker has claimed and not begun to hand over: as
-- whoever cancels a mail.
DROP TRIGGER users_leave_outbox;

CREATE TRIGGER users_leave_outbox AFTER DELETE ON users
BEGIN
	UPDATE outbox_recipients SET state = 6
	WHERE state IN (0, 3) AND mail_id IN (SELECT id FROM outbox_mails
		WHERE user_id = OLD.id AND (state IN (0, 3) OR (state = 1 AND handing = 0)));
	UPDATE outbox_mails SET state = 6, ended_at = unixepoch(), next = 0, condition = NULL, reason = NULL,
		copy_due = CASE WHEN archive_copy = 1 AND EXISTS (SELECT 1 FROM outbox_recipients
			WHERE mail_id = outbox_mails.id AND state = 2) THEN coalesce(copy_due, 0) ELSE copy_due END
	WHERE user_id = OLD.id AND (state IN (0, 3) OR (state = 1 AND handing = 0));
	UPDATE outbox_mails SET user_id = 0, idempotency_key = NULL,
		sent_copy = iif(sent_copy = 1, 3, sent_copy),
		copy_due = iif(archive_copy = 1, copy_due, NULL)
	WHERE user_id = OLD.id;
END;
