/* A draft that answers a mail of the archive, or passes it on. */
#include "app/draft.h"

#include <string.h>
#include "app/document.h"
#include "app/draft_internal.h"
#include "app/servers.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"
#include "mime/mime_write.h"

#define QUOTE_LIMIT (DRAFT_TEXT_LIMIT / 2)

/* What is answered, and by whom. */
typedef struct Answer {
	Office *office;
	const User *user;
	const Cancel *cancel;
	DraftAnswer how;
	Viewing viewing;
	Account *account;
	ArchiveMail *mail;
	MailView *view;
} Answer;

static void answer_clear(Answer *answer)
{
	viewing_clear(&answer->viewing);
	account_free(answer->account);
	archive_mail_free(answer->mail);
	mail_view_free(answer->view);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

static bool answer_open(Answer *answer, int64_t mail_id, GError **error)
{
	Archive *archive = office_archive(answer->office, error);

	if (!archive || !viewing_open(answer->office, answer->user, &answer->viewing, error) ||
		!(answer->account = settings_resolve(
			  office_settings(answer->office), answer->user->name, error)))
		return false;
	answer->mail = archive_find(archive, viewing_viewer(&answer->viewing), mail_id, error);
	return answer->mail != NULL;
}

/* ---- to whom ---- */

/* What stands behind NAME in the header, over all its lines; yours, NULL: no such field. */
static char *header_field(const char *header, const char *name)
{
	g_auto(GStrv) lines = g_strsplit(header, "\n", -1);
	g_autoptr(GString) value = NULL;

	for (size_t i = 0; lines[i] && *lines[i]; i++) {
		bool goes_on = *lines[i] == ' ' || *lines[i] == '\t';

		if (value && !goes_on)
			break;
		if (value)
			g_string_append(value, lines[i]);
		else if (g_ascii_strncasecmp(lines[i], name, strlen(name)) == 0)
			value = g_string_new(lines[i] + strlen(name));
	}
	return value ? g_strchomp(g_string_free(g_steal_pointer(&value), FALSE)) : NULL;
}

/* The address without a name where that is encoded; yours. */
static char *plain_address(const char *address)
{
	const char *angle = strstr(address, "=?") ? strrchr(address, '<') : NULL;

	return angle ? g_strndup(angle + 1, strcspn(angle + 1, ">")) : g_strdup(address);
}

static bool is_address(const char *text)
{
	g_autoptr(MimeAddress) address = mime_address_parse(text, NULL);

	return address != NULL;
}

/* Where the sender wants answers; char *, yours, perhaps none. */
static GPtrArray *reply_addresses(const MailView *view)
{
	g_autofree char *field = header_field(view->header, "Reply-To:");
	g_auto(GStrv) parts = draft_split(field ? field : "");
	GPtrArray *addresses = g_ptr_array_new_with_free_func(g_free);

	for (size_t i = 0; parts[i]; i++) {
		char *address = plain_address(parts[i]);

		if (is_address(address))
			g_ptr_array_add(addresses, address);
		else
			g_free(address);
	}
	return addresses;
}

/* The address within "Name <address>"; yours. */
static char *bare_address(const char *text)
{
	g_autoptr(MimeAddress) address = mime_address_parse(text, NULL);

	return g_strdup(address ? address->address : text);
}

static bool is_own(const Answer *answer, const char *text)
{
	g_autofree char *bare = bare_address(text);

	return account_find_mailbox(answer->account, bare) != NULL;
}

static bool is_in(const GPtrArray *people, const char *text)
{
	g_autofree char *wanted = bare_address(text);

	for (guint i = 0; i < people->len; i++) {
		g_autofree char *bare = bare_address(people->pdata[i]);

		if (text_is_same(bare, wanted))
			return true;
	}
	return false;
}

/* "Muster, Max <m@…>" is one address. */
static void add_person(GPtrArray *people, const char *text)
{
	g_auto(GStrv) parts = draft_split(text);

	for (size_t i = 0; parts[i]; i++) {
		if (!is_in(people, parts[i]))
			g_ptr_array_add(people, g_strdup(parts[i]));
	}
}

static void add_people(GPtrArray *people, const GPtrArray *more)
{
	for (guint i = 0; i < more->len; i++)
		add_person(people, more->pdata[i]);
}

/* Who wrote it; of what one sent oneself, to whom. */
static GPtrArray *find_recipients(const Answer *answer)
{
	const MailContent *content = answer->view->content;
	g_autoptr(GPtrArray) wanted = reply_addresses(answer->view);
	GPtrArray *to = g_ptr_array_new_with_free_func(g_free);

	if (wanted->len > 0)
		add_people(to, wanted);
	else if (*content->from && is_own(answer, content->from) && content->to->len > 0)
		add_people(to, content->to);
	else
		add_person(to, content->from);
	return to;
}

/* All others but oneself. */
static GPtrArray *find_others(const Answer *answer, const GPtrArray *to)
{
	const MailContent *content = answer->view->content;
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
	GPtrArray *others = g_ptr_array_new_with_free_func(g_free);

	if (answer->how != DRAFT_ANSWER_ALL)
		return others;
	add_people(all, content->to);
	add_people(all, content->cc);
	for (guint i = 0; i < all->len; i++) {
		if (!is_in(to, all->pdata[i]) && !is_own(answer, all->pdata[i]))
			g_ptr_array_add(others, g_strdup(all->pdata[i]));
	}
	return others;
}

/* The mailbox that it came to, where it is one of the user's; borrowed, NULL: the main one. */
static const char *find_sender(const Answer *answer)
{
	for (guint i = 0; i < answer->mail->sources->len; i++) {
		const ArchiveSource *source = answer->mail->sources->pdata[i];
		const char *mailbox =
			source->mailbox ? account_find_mailbox(answer->account, source->mailbox)
					: NULL;

		if (mailbox)
			return mailbox;
	}
	return NULL;
}

/* ---- what it says ---- */

char *draft_start_text(Office *office, const User *user, GError **error)
{
	g_auto(SettingView) view = {0};

	if (!settings_view(office_settings(office), user->name,
		    settings_get_row(SETTING_SMTP_SIGNATURE), &view, error))
		return NULL;
	/* RFC 3676 section 4.3: the line that mail programs know a signature by. */
	return view.value && *view.value ? g_strdup_printf("\n\n-- \n%s\n", view.value)
					 : g_strdup("");
}

static char *write_answer(const Answer *answer, const char *start)
{
	const MailContent *content = answer->view->content;
	g_autofree char *when = clock_format_german(answer->mail->date);
	g_autofree char *head = g_strdup_printf(_("Am %1$s schrieb %2$s:"), when, content->from);
	g_autofree char *quote = mime_quote(content->text, QUOTE_LIMIT);

	return g_strdup_printf("%s\n\n%s\n%s", start, head, quote);
}

static char *write_forwarded(const Answer *answer, const char *start)
{
	const MailContent *content = answer->view->content;
	g_autofree char *when = clock_format_german(answer->mail->date);
	g_autofree char *to = draft_join(content->to);
	g_autofree char *start_of_text = g_strndup(content->text, QUOTE_LIMIT);
	g_autofree char *text = text_make_valid(start_of_text, strlen(start_of_text));

	return g_strdup_printf(_("%1$s\n\n-------- Weitergeleitete E-Mail --------\nVon: %2$s\n"
				 "Datum: %3$s\nAn: %4$s\nBetreff: %5$s\n\n%6$s"),
		start, content->from, when, to, content->subject, text);
}

static char *write_subject(const Answer *answer)
{
	const char *subject = answer->view->content->subject;

	if (answer->how != DRAFT_FORWARD)
		return mime_answer_subject(subject);
	return g_ascii_strncasecmp(subject, "WG:", 3) == 0 ? g_strdup(subject)
							   : g_strdup_printf("WG: %s", subject);
}

static char *write_text(const Answer *answer, GError **error)
{
	g_autofree char *start = draft_start_text(answer->office, answer->user, error);

	if (!start)
		return NULL;
	return answer->how == DRAFT_FORWARD ? write_forwarded(answer, start)
					    : write_answer(answer, start);
}

static bool make(const Answer *answer, int64_t *id, GError **error)
{
	bool forwards = answer->how == DRAFT_FORWARD;
	g_autofree char *text = write_text(answer, error);
	g_autofree char *subject = write_subject(answer);
	g_autoptr(GPtrArray) to = find_recipients(answer);
	g_autoptr(GPtrArray) others = find_others(answer, to);
	g_autofree char *to_text = draft_join(to);
	g_autofree char *cc_text = draft_join(others);
	const DraftFields fields = {
		.sender = find_sender(answer),
		.to = forwards ? NULL : to_text,
		.cc = cc_text,
		.subject = subject,
		.text = text,
		.case_number = answer->mail->case_number,
		.reply_to = forwards ? 0 : answer->mail->id,
	};
	int64_t revision;

	return text && drafts_create(office_db(answer->office), answer->user->id, NULL, &fields, id,
			       &revision, error);
}

/* ---- attachments ---- */

static bool write_attachment(unsigned number, int descriptor, void *data, GError **error)
{
	const Answer *answer = data;

	return document_write_attachment(answer->office, viewing_viewer(&answer->viewing),
		answer->mail->id, number, descriptor, answer->cancel, error);
}

static bool take_all(Answer *answer, int64_t id, GError **error)
{
	return draft_take_parts(answer->office, answer->user, id, answer->mail->attachments,
		write_attachment, answer, error);
}

bool draft_take_attachments(
	Office *office, const User *user, int64_t id, const Cancel *cancel, GError **error)
{
	g_autoptr(Draft) draft = drafts_get(office_db(office), user->id, id, error);
	g_auto(Answer) answer = {.office = office, .user = user, .cancel = cancel};

	return draft && answer_open(&answer, draft->reply_to, error) &&
	       take_all(&answer, id, error);
}

bool draft_answer(Office *office, const User *user, int64_t mail_id, DraftAnswer how, int64_t *id,
	const Cancel *cancel, GError **error)
{
	g_auto(Answer) answer = {.office = office, .user = user, .cancel = cancel, .how = how};

	if (!answer_open(&answer, mail_id, error))
		return false;
	answer.view =
		document_view(office, viewing_viewer(&answer.viewing), mail_id, cancel, error);
	if (!answer.view || !make(&answer, id, error))
		return false;
	return how != DRAFT_FORWARD || take_all(&answer, *id, error);
}

/* ---- how large ---- */

bool draft_limit(Office *office, const User *user, uint64_t *limit, bool *told, GError **error)
{
	g_autoptr(Account) account = settings_resolve(office_settings(office), user->name, error);
	uint64_t server = 0;

	if (!account || !servers_size_limit(office, &account->smtp, &server, error))
		return false;
	*told = server > 0;
	*limit = server > 0 ? MIN(server, DRAFT_BYTES_LIMIT) : DRAFT_BYTES_LIMIT;
	return true;
}
