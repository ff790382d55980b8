/* A draft out of a mail of the outbox that not everybody got. */
#include "app/draft_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>
#include "app/send_internal.h"
#include "base/file.h"
#include "failure/failure.h"
#include "mime/mime.h"

/* The mail that becomes one. */
typedef struct Again {
	Office *office;
	const User *user;
	const Cancel *cancel;
	OutboxMail *mail;
	Account *account;
	MimeWorker *worker;
	int file; /* its bytes */
	MailView *view;
} Again;

static void again_clear(Again *again)
{
	outbox_mail_free(again->mail);
	account_free(again->account);
	mime_worker_free(again->worker);
	descriptor_close(&again->file);
	mail_view_free(again->view);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Again, again_clear)

/* ---- reading it ---- */

static bool find_mail(Again *again, int64_t mail_id, GError **error)
{
	Outbox *outbox = office_outbox(again->office, error);

	again->mail = outbox ? outbox_get(outbox, mail_id, again->user->id, error) : NULL;
	if (!again->mail)
		return false;
	if (draft_may_come_of(again->mail))
		return true;
	return outbox_refuse(again->mail, error);
}

static bool write_piece(const void *bytes, size_t size, void *data, GError **error)
{
	const Again *again = data;

	if (file_write_all(again->file, bytes, size))
		return true;
	failure_set_errno(error, FAILURE_OUTPUT, office_folder(again->office), errno);
	return false;
}

static bool read_mail(Again *again, GError **error)
{
	const char *folder = office_folder(again->office);
	const MimeRange range = {.size = again->mail->size};

	again->file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (again->file < 0) {
		failure_set_errno(error, FAILURE_OUTPUT, folder, errno);
		return false;
	}
	again->worker = mime_worker_new();
	return send_content(office_outbox(again->office, NULL), again->mail, write_piece, again,
		       error) &&
	       mime_worker_view(
		       again->worker, again->file, range, &again->view, again->cancel, error);
}

/* ---- to whom ---- */

/* Those who have not got it, as the fields of a draft; char *, borrowed. */
typedef struct People {
	GHashTable *open;   /* addresses in the envelope, in small letters */
	GPtrArray *to, *cc; /* char * */
	GPtrArray *bcc;	    /* char *, borrowed */
} People;

static void people_clear(People *people)
{
	g_hash_table_unref(people->open);
	g_ptr_array_unref(people->to);
	g_ptr_array_unref(people->cc);
	g_ptr_array_unref(people->bcc);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(People, people_clear)

/* TEXT's address as an envelope has it; yours, NULL: it has none. */
static char *fold_address(const char *text)
{
	g_autoptr(MimeAddress) address = mime_address_parse(text, NULL);
	g_autofree char *wire = address ? mime_address_wire(address->address, NULL) : NULL;

	return wire ? g_ascii_strdown(wire, -1) : NULL;
}

/* Those of NAMED who have not got it, as a person types them; each stands in one field. */
static void add_open(People *people, GPtrArray *field, const GPtrArray *named)
{
	for (guint i = 0; i < named->len; i++) {
		g_autofree char *person = draft_person(named->pdata[i]);
		g_autofree char *address = fold_address(person);

		if (address && g_hash_table_remove(people->open, address))
			g_ptr_array_add(field, g_steal_pointer(&person));
	}
}

/* Who stands in no header got a blind copy, and shall be known to nobody now either. */
static People find_people(const Again *again)
{
	const GPtrArray *recipients = again->mail->recipients;
	People people = {
		.open = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.to = g_ptr_array_new_with_free_func(g_free),
		.cc = g_ptr_array_new_with_free_func(g_free),
		.bcc = g_ptr_array_new(),
	};

	for (guint i = 0; i < recipients->len; i++) {
		const OutboxRecipient *recipient = recipients->pdata[i];

		if (recipient->state != OUTBOX_SENT)
			g_hash_table_add(people.open, g_ascii_strdown(recipient->address, -1));
	}
	add_open(&people, people.to, again->view->content->to);
	add_open(&people, people.cc, again->view->content->cc);
	for (guint i = 0; i < recipients->len; i++) {
		const OutboxRecipient *recipient = recipients->pdata[i];
		g_autofree char *address = g_ascii_strdown(recipient->address, -1);

		if (g_hash_table_remove(people.open, address))
			g_ptr_array_add(people.bcc, recipient->address);
	}
	return people;
}

/* ---- the draft ---- */

static bool make(const Again *again, int64_t *id, GError **error)
{
	/* Asked for twice, it is one draft, until the mail has been tried again. */
	g_autofree char *key =
		g_strdup_printf("outbox-%" PRId64 "-%u", again->mail->id, again->mail->attempts);
	g_auto(People) people = find_people(again);
	g_autofree char *to = draft_join(people.to);
	g_autofree char *cc = draft_join(people.cc);
	g_autofree char *bcc = draft_join(people.bcc);
	const DraftFields fields = {
		.sender = account_find_mailbox(again->account, again->mail->sender),
		.to = to,
		.cc = cc,
		.bcc = bcc,
		.subject = again->mail->subject,
		.text = again->view->content->text,
		.case_number = again->mail->case_number,
	};
	int64_t revision;

	return drafts_create(
		office_db(again->office), again->user->id, key, &fields, id, &revision, error);
}

static bool write_attachment(unsigned number, int descriptor, void *data, GError **error)
{
	const Again *again = data;

	return mime_worker_extract(again->worker, again->file,
		(MimeRange){.size = again->mail->size}, number, descriptor, again->cancel, error);
}

bool draft_may_come_of(const OutboxMail *mail)
{
	return mail->state == OUTBOX_FAILED || mail->state == OUTBOX_UNKNOWN ||
	       mail->state == OUTBOX_CANCELLED;
}

bool draft_again(Office *office, const User *user, int64_t mail_id, int64_t *id,
	const Cancel *cancel, GError **error)
{
	g_auto(Again) again = {.office = office, .user = user, .cancel = cancel, .file = -1};

	if (!find_mail(&again, mail_id, error))
		return false;
	again.account = settings_resolve(office_settings(office), user->name, error);
	return again.account && read_mail(&again, error) && make(&again, id, error) &&
	       draft_take_parts(office, user, *id, again.view->content->attachments,
		       write_attachment, &again, error);
}
