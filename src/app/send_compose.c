/* From what a person typed, or a program handed over, to a mail in the outbox. All is checked
 * before anything is written; the mail is queued whole or not at all. */
#include "app/send.h"

#include <string.h>
#include "app/document.h"
#include "app/draft_people.h"
#include "app/send_internal.h"
#include "app/sign_in.h"
#include "base/clock.h"
#include "base/text.h"
#include "failure/failure.h"
#include "user/user.h"

/* One mail on its way into the outbox. */
typedef struct Composition {
	const SendMail *mail;
	Account *account;
	const char *sender; /* borrowed from the account */
	MimeAddress *from;
	GPtrArray *to, *cc, *bcc; /* MimeAddress * */
	GPtrArray *envelope;	  /* char *, each once */
	GByteArray *fields;	  /* the MailField of each */
	MailView *answered;	  /* NULL: nothing is answered */
	GPtrArray *references;	  /* char *, borrowed from the answered mail */
	char *answered_case;
	char *subject;
	char *text;
	char *message_id;
} Composition;

static void composition_clear(Composition *composition)
{
	account_free(composition->account);
	mime_address_free(composition->from);
	g_clear_pointer(&composition->to, g_ptr_array_unref);
	g_clear_pointer(&composition->cc, g_ptr_array_unref);
	g_clear_pointer(&composition->bcc, g_ptr_array_unref);
	g_clear_pointer(&composition->envelope, g_ptr_array_unref);
	g_clear_pointer(&composition->fields, g_byte_array_unref);
	g_clear_pointer(&composition->answered, mail_view_free);
	g_clear_pointer(&composition->references, g_ptr_array_unref);
	g_free(composition->answered_case);
	g_free(composition->subject);
	g_free(composition->text);
	g_free(composition->message_id);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Composition, composition_clear)

/* ---- who ---- */

const char *send_find_sender(const Account *account, const char *from, GError **error)
{
	const char *sender = account_find_mailbox(account, from);

	if (!sender)
		failure_set(error, FAILURE_SENDER_FOREIGN, from, "%s is none of the user's", from);
	return sender;
}

/* An envelope has each address once, whatever its case. */
static bool add_to_envelope(
	Composition *composition, MailField field, const char *address, GError **error)
{
	GPtrArray *envelope = composition->envelope;
	uint8_t byte = (uint8_t)field;
	g_autofree char *wire = mime_address_wire(address, error);

	if (!wire)
		return false;
	for (guint i = 0; i < envelope->len; i++) {
		if (g_ascii_strcasecmp(envelope->pdata[i], wire) == 0)
			return true;
	}
	g_ptr_array_add(envelope, g_steal_pointer(&wire));
	g_byte_array_append(composition->fields, &byte, 1);
	return true;
}

static size_t count_texts(const char *const *texts)
{
	return texts ? g_strv_length((char **)texts) : 0;
}

/* Before anything is read: ten thousand of them are no envelope. */
static bool check_count(size_t count, GError **error)
{
	g_autofree char *limit = g_strdup_printf("%d", OUTBOX_RECIPIENT_LIMIT);

	if (count == 0)
		failure_set(error, FAILURE_RECIPIENT_MISSING, NULL, "no recipient");
	else if (count > OUTBOX_RECIPIENT_LIMIT)
		failure_set(error, FAILURE_RECIPIENTS_MANY, limit, "%zu recipients", count);
	return count > 0 && count <= OUTBOX_RECIPIENT_LIMIT;
}

/* MimeAddress *, yours. */
static GPtrArray *parse_people(
	Composition *composition, MailField field, const char *const *texts, GError **error)
{
	g_autoptr(GPtrArray) people =
		g_ptr_array_new_with_free_func((GDestroyNotify)mime_address_free);

	for (size_t i = 0; i < count_texts(texts); i++) {
		MimeAddress *person = mime_address_parse(texts[i], error);

		if (!person)
			return NULL;
		g_ptr_array_add(people, person);
		if (!add_to_envelope(composition, field, person->address, error))
			return NULL;
	}
	return g_steal_pointer(&people);
}

/* A user's DISPLAY_NAME, yours; NULL: there is none but the name to sign in with. */
typedef struct NameLookup {
	const char *user;
	char *display_name;
} NameLookup;

static bool look_name_up(DbTransaction *transaction, void *data, GError **error)
{
	NameLookup *lookup = data;
	g_autoptr(User) user = user_find(transaction, lookup->user, error);

	g_clear_pointer(&lookup->display_name, g_free);
	if (user && user->display_name && !text_is_same(user->display_name, user->name))
		lookup->display_name = g_steal_pointer(&user->display_name);
	return user != NULL;
}

/* From: the user's name stands with the main mailbox; others are several people's. A name that
 * cannot be written is left out. */
static MimeAddress *write_from(Office *office, const Composition *composition, GError **error)
{
	const Account *account = composition->account;
	NameLookup lookup = {.user = account->user_name};
	g_autofree char *angle = g_strdup_printf("<%s>", composition->sender);
	g_autofree char *display_name = NULL, *text = NULL;
	MimeAddress *from = NULL;
	bool known = composition->sender != account->address ||
		     db_read(office_db(office), look_name_up, &lookup, error);

	display_name = lookup.display_name;
	if (!known)
		return NULL;
	text = display_name ? draft_quote_person(display_name, angle) : NULL;
	from = text ? mime_address_parse(text, NULL) : NULL;
	return from ? from : mime_address_parse(composition->sender, error);
}

static bool read_people(Office *office, Composition *composition, GError **error)
{
	const SendMail *mail = composition->mail;

	if (!check_count(
		    count_texts(mail->to) + count_texts(mail->cc) + count_texts(mail->bcc), error))
		return false;
	composition->sender = send_find_sender(composition->account, mail->from, error);
	if (!composition->sender)
		return false;
	composition->from = write_from(office, composition, error);
	composition->envelope = g_ptr_array_new_with_free_func(g_free);
	composition->fields = g_byte_array_new();
	return composition->from &&
	       (composition->to = parse_people(composition, MAIL_TO, mail->to, error)) &&
	       (composition->cc = parse_people(composition, MAIL_CC, mail->cc, error)) &&
	       (composition->bcc = parse_people(composition, MAIL_BCC, mail->bcc, error));
}

/* ---- what is answered ---- */

/* RFC 5322 section 3.6.4: the answered mail's references, and it itself. */
static GPtrArray *make_references(const MailView *answered)
{
	GPtrArray *references = g_ptr_array_new();

	for (guint i = 0; i < answered->references->len; i++) {
		if (g_strcmp0(answered->references->pdata[i], answered->content->message_id) != 0)
			g_ptr_array_add(references, answered->references->pdata[i]);
	}
	if (answered->content->message_id)
		g_ptr_array_add(references, answered->content->message_id);
	return references;
}

static bool read_answered(Office *office, const ArchiveViewer *viewer, Composition *composition,
	const Cancel *cancel, GError **error)
{
	int64_t id = composition->mail->reply_to;
	Archive *archive = id ? office_archive(office, error) : NULL;
	g_autoptr(ArchiveMail) mail = archive ? archive_find(archive, viewer, id, error) : NULL;

	if (!id)
		return true;
	if (!mail)
		return false;
	composition->answered_case = g_strdup(mail->case_number);
	composition->answered = document_view(office, viewer, id, cancel, error);
	if (!composition->answered)
		return false;
	composition->references = make_references(composition->answered);
	return true;
}

/* ---- what it says ---- */

/* RFC 3676 section 4.3: the line that mail programs know a signature by. */
static char *sign(const char *text, const char *signature)
{
	const char *end = g_str_has_suffix(text, "\n") || !*text ? "" : "\n";

	return signature && *signature ? g_strconcat(text, end, "\n-- \n", signature, "\n", NULL)
				       : g_strdup(text);
}

static bool read_signature(Office *office, const char *user, SettingView *view, GError **error)
{
	return settings_view(office_settings(office), user,
		settings_get_row(SETTING_SMTP_SIGNATURE), view, error);
}

static bool write_words(Office *office, const char *user, Composition *composition, GError **error)
{
	const SendMail *mail = composition->mail;
	const char *text = mail->text ? mail->text : "";
	g_auto(SettingView) view = {0};

	if (!mail->is_signed && !read_signature(office, user, &view, error))
		return false;
	composition->text = mail->is_signed ? g_strdup(text) : sign(text, view.value);
	if (mail->subject)
		composition->subject = g_strdup(mail->subject);
	else if (composition->answered)
		composition->subject = mime_answer_subject(composition->answered->content->subject);
	else
		composition->subject = g_strdup("");
	composition->message_id = mime_message_id_new(composition->sender);
	return true;
}

/* ---- into the outbox ---- */

static bool write_to_outbox(const void *bytes, size_t size, void *data, GError **error)
{
	return outbox_writer_write(data, bytes, size, error);
}

static bool write_content(
	const Composition *composition, OutboxWriter *writer, MimeWritten *written, GError **error)
{
	const SendMail *mail = composition->mail;
	const MailView *answered = composition->answered;
	const MimeMessage message = {
		.from = composition->from,
		.to = composition->to,
		.cc = composition->cc,
		.subject = composition->subject,
		.text = composition->text,
		.message_id = composition->message_id,
		.date = clock_now(),
		.in_reply_to = answered ? answered->content->message_id : NULL,
		.references = composition->references,
		.files = mail->files,
		.file_count = mail->file_count,
	};

	return mime_write(&message, write_to_outbox, writer, written, error);
}

bool send_wants_copy(const Account *account)
{
	return account->interface != INTERFACE_OFFICE365 && account->imap.host;
}

static bool queue(Office *office, const Composition *composition, int64_t *id, GError **error)
{
	Outbox *outbox = office_outbox(office, error);
	g_autoptr(OutboxWriter) writer = outbox ? outbox_writer_new(outbox) : NULL;
	const Account *account = composition->account;
	const char *case_number = composition->mail->case_number ? composition->mail->case_number
								 : composition->answered_case;
	MimeWritten written;
	OutboxOrder order;

	if (!writer || !write_content(composition, writer, &written, error))
		return false;
	order = (OutboxOrder){
		.user_id = account->user_id,
		.user = account->user_name,
		.sender = composition->sender,
		.recipients = (const char *const *)composition->envelope->pdata,
		.fields = composition->fields->data,
		.recipient_count = composition->envelope->len,
		.subject = composition->subject,
		.message_id = composition->message_id,
		.case_number = case_number && !*case_number ? NULL : case_number,
		.has_8bit = written.has_8bit,
		.has_utf8 = written.has_utf8,
		.wants_sent_copy = send_wants_copy(account),
		.key = composition->mail->key,
		.digest = composition->mail->digest,
		.actor = composition->mail->actor,
	};
	return outbox_queue(outbox, &writer, &order, 1, id, error);
}

Account *send_account(Office *office, const char *user, const char *case_number, GError **error)
{
	g_autoptr(Account) account = sign_in_account(office, user, error);

	if (!account || (case_number && *case_number && !archive_check_case(case_number, error)) ||
		!settings_require(account, MAIL_PROTOCOL_SMTP, error))
		return NULL;
	return g_steal_pointer(&account);
}

bool send_queue(Office *office, const char *user, const ArchiveViewer *viewer, const SendMail *mail,
	int64_t *id, const Cancel *cancel, GError **error)
{
	g_auto(Composition) composition = {.mail = mail};

	composition.account = send_account(office, user, mail->case_number, error);
	return composition.account && read_people(office, &composition, error) &&
	       read_answered(office, viewer, &composition, cancel, error) &&
	       write_words(office, user, &composition, error) &&
	       queue(office, &composition, id, error);
}
