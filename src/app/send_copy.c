/* Copies of what was sent: in the archive, where everybody with the sender's mailbox sees it, and
 * in the mailbox's Sent folder. Both may come twice after a crash and are one all the same: the
 * archive knows the source, the folder is asked for the Message-ID. */
#include "app/send_internal.h"

#include <string.h>
#include "app/filing.h"
#include "app/mail_pool.h"
#include "app/sent_folder.h"
#include "app/sign_in.h"
#include "base/clock.h"
#include "base/log.h"
#include "failure/failure.h"

/* Where sent mails come from, in the archive's words: no server is called that. */
#define ARCHIVE_SERVER "outbox"
#define ARCHIVE_FOLDER "Postausgang"
#define ARCHIVE_VALIDITY 1
/* The archive's copy is tried again until it is there. */
#define ARCHIVE_PAUSE 60
/* The Sent folder's is for a day. */
#define COPY_PAUSE (10 * 60)
#define COPY_GIVE_UP (24 * 60 * 60)

/* ---- into the archive ---- */

/* Mails of one sender with one case number: one commit. */
typedef struct Group {
	Outbox *outbox;
	GPtrArray *mails; /* OutboxMail *, borrowed */
} Group;

static bool write_piece(const void *bytes, size_t size, void *batch, GError **error)
{
	return archive_batch_write(batch, bytes, size, error);
}

static bool write_mail(ArchiveBatch *batch, Outbox *outbox, const OutboxMail *mail, GError **error)
{
	if (!archive_batch_begin(batch, mail->size, error))
		return false;
	if (!send_content(outbox, mail, write_piece, batch, error)) {
		archive_batch_discard(batch);
		return false;
	}
	return archive_batch_finish(batch, (uint32_t)mail->id, mail->ended_at, error);
}

static bool write_group(ArchiveBatch *batch, const void *data, GError **error)
{
	const Group *group = data;

	for (guint i = 0; i < group->mails->len; i++) {
		if (!write_mail(batch, group->outbox, group->mails->pdata[i], error))
			return false;
	}
	return true;
}

static bool open_folder(
	Office *office, const OutboxMail *mail, ArchiveFolder *folder, GError **error)
{
	Archive *archive = office_archive(office, error);

	*folder = (ArchiveFolder){
		.user_id = mail->user_id,
		.user = mail->user,
		.server = ARCHIVE_SERVER,
		.mailbox = mail->sender,
		.name = ARCHIVE_FOLDER,
		.uid_validity = ARCHIVE_VALIDITY,
	};
	return archive && archive_folder_open(archive, folder, error);
}

static bool note_filed(OutboxWorker *worker, const Group *group, const GArray *ids, GError **error)
{
	for (guint i = 0; i < group->mails->len; i++) {
		if (!outbox_note_copy(worker, group->mails->pdata[i], true, OUTBOX_COPY_DONE,
			    g_array_index(ids, int64_t, i), NULL, 0, error))
			return false;
	}
	return true;
}

static bool note_unfiled(
	OutboxWorker *worker, const Group *group, const GError *problem, GError **error)
{
	g_autofree char *reason = failure_sentence(problem);

	for (guint i = 0; i < group->mails->len; i++) {
		const OutboxMail *mail = group->mails->pdata[i];

		log_warning("mail %" G_GINT64_FORMAT ": no copy in the archive: %s", mail->id,
			problem->message);
		if (!outbox_note_copy(worker, mail, true, OUTBOX_COPY_PENDING, 0, reason,
			    clock_now() + ARCHIVE_PAUSE, error))
			return false;
	}
	return true;
}

static bool file_group(Office *office, OutboxWorker *worker, const Group *group,
	const Cancel *cancel, GError **error)
{
	const OutboxMail *first = group->mails->pdata[0];
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	ArchiveTally tally = {.ids = ids};
	ArchiveFolder folder;
	ArchiveOrder order = {
		.folder = &folder,
		.imported_by = first->user,
		.by_hand = true,
		.case_number = first->case_number,
	};

	g_autoptr(GError) problem = NULL;

	if (open_folder(office, first, &folder, &problem) &&
		filing_run(office, &order, write_group, group, &tally, cancel, &problem))
		return note_filed(worker, group, ids, error);
	if (!failure_is(problem, FAILURE_CANCELLED))
		return note_unfiled(worker, group, problem, error);
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

static bool belong_together(const OutboxMail *one, const OutboxMail *other)
{
	return one->user_id == other->user_id && strcmp(one->sender, other->sender) == 0 &&
	       g_strcmp0(one->case_number, other->case_number) == 0;
}

static bool file_copies(Office *office, OutboxWorker *worker, GPtrArray *mails,
	const Cancel *cancel, GError **error)
{
	g_autoptr(GPtrArray) together = g_ptr_array_new();
	Group group = {.outbox = office_outbox(office, error), .mails = together};

	for (guint i = 0; i <= mails->len; i++) {
		OutboxMail *mail = i < mails->len ? mails->pdata[i] : NULL;

		if (mail && mail->archive_copy != OUTBOX_COPY_PENDING)
			continue;
		if (together->len > 0 && (!mail || !belong_together(together->pdata[0], mail))) {
			if (!file_group(office, worker, &group, cancel, error))
				return false;
			g_ptr_array_set_size(together, 0);
		}
		if (mail)
			g_ptr_array_add(together, mail);
	}
	return true;
}

/* ---- into the Sent folder ---- */

static bool keep_piece(const void *bytes, size_t size, void *kept, GError **error)
{
	(void)error;
	g_byte_array_append(kept, bytes, (guint)size);
	return true;
}

static bool append_copy(Office *office, Mailbox *mailbox, const OutboxMail *mail, GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_sized_new((guint)mail->size);

	return send_content(office_outbox(office, NULL), mail, keep_piece, bytes, error) &&
	       sent_folder_add(
		       mailbox, mail->message_id, bytes->data, bytes->len, mail->ended_at, error);
}

/* What cannot be done now is tried again for a day; the mail itself is sent whatever becomes of
 * this. */
static bool note_sent_copy(
	OutboxWorker *worker, const OutboxMail *mail, const GError *problem, GError **error)
{
	int64_t now = clock_now();
	bool again = problem && now - mail->ended_at < COPY_GIVE_UP;
	g_autofree char *reason = problem ? failure_sentence(problem) : NULL;
	OutboxCopy copy = !problem ? OUTBOX_COPY_DONE
			  : again  ? OUTBOX_COPY_PENDING
				   : OUTBOX_COPY_FAILED;

	if (problem)
		log_info("mail %" G_GINT64_FORMAT ": no copy in the Sent folder: %s", mail->id,
			problem->message);
	return outbox_note_copy(
		worker, mail, false, copy, 0, reason, again ? now + COPY_PAUSE : 0, error);
}

/* What was called off has not been tried: the claim goes back as it was. */
static bool note_sent_copy_end(
	OutboxWorker *worker, const OutboxMail *mail, const GError *problem, GError **error)
{
	if (!problem || !failure_is(problem, FAILURE_CANCELLED))
		return note_sent_copy(worker, mail, problem, error);
	*error = g_error_copy(problem);
	return false;
}

static Mailbox *open_sender(Office *office, const OutboxMail *mail, Account **account,
	const Cancel *cancel, GError **error)
{
	*account = sign_in_account(office, mail->user, error);
	return *account ? mail_pool_take(office, *account, mail->sender, cancel, error) : NULL;
}

static bool add_sent_copies(Office *office, OutboxWorker *worker, GPtrArray *mails,
	const Cancel *cancel, GError **error)
{
	g_autoptr(Account) account = NULL;
	g_autoptr(GError) problem = NULL;
	g_autoptr(Mailbox) mailbox = NULL;
	const char *sender = NULL;

	for (guint i = 0; i < mails->len; i++) {
		const OutboxMail *mail = mails->pdata[i];
		g_autoptr(GError) refused = NULL;

		if (mail->sent_copy != OUTBOX_COPY_PENDING)
			continue;
		if (!sender || strcmp(sender, mail->sender) != 0) {
			sender = mail->sender;
			g_clear_error(&problem);
			g_clear_pointer(&mailbox, mailbox_close);
			g_clear_pointer(&account, account_free);
			mailbox = open_sender(office, mail, &account, cancel, &problem);
		}
		if (mailbox && !append_copy(office, mailbox, mail, &refused) &&
			!imap_is_alive(mailbox_session(mailbox)))
			sender = NULL; /* the next one opens it anew */
		if (!note_sent_copy_end(worker, mail, problem ? problem : refused, error))
			return false;
	}
	if (mailbox)
		mail_pool_give(office, account, g_steal_pointer(&mailbox));
	return true;
}

bool send_copies(Office *office, OutboxWorker *worker, GPtrArray *mails, const Cancel *cancel,
	GError **error)
{
	return file_copies(office, worker, mails, cancel, error) &&
	       add_sent_copies(office, worker, mails, cancel, error);
}
