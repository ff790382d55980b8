/* A draft that answers a mail of the archive, or passes it on. */
#include "app/draft.h"

#include <string.h>
#include "app/document.h"
#include "app/draft_internal.h"
#include "app/draft_people.h"
#include "app/servers.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"
#include "mime/mime_write.h"

#define QUOTE_LIMIT (DRAFT_TEXT_LIMIT / 2)
#define SHOWN_LIMIT ((size_t)4 * 1024) /* bytes of a line about the mail */

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

/* ---- what it says ---- */

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

/* TEXT, as far as that is not too long for a line about a mail; yours. */
static char *shorten(const char *text)
{
	g_autofree char *start = g_strndup(text, SHOWN_LIMIT);
	g_autofree char *valid = text_make_valid(start, strlen(start));

	return strlen(text) <= SHOWN_LIMIT ? g_strdup(text) : g_strconcat(valid, " […]", NULL);
}

/* PEOPLE separated by commas, as far as that is not too long; yours. */
static char *join(const GPtrArray *people)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < people->len && text->len <= SHOWN_LIMIT; i++)
		g_string_append_printf(
			text, "%s%s", i > 0 ? ", " : "", (const char *)people->pdata[i]);
	return shorten(text->str);
}

static char *write_answer(const Answer *answer, const char *start)
{
	const MailContent *content = answer->view->content;
	g_autofree char *when = clock_format_german(answer->mail->date);
	g_autofree char *from = join(answer->view->senders);
	g_autofree char *head = g_strdup_printf(_("Am %1$s schrieb %2$s:"), when, from);
	g_autofree char *quote = mime_quote(content->text, QUOTE_LIMIT);

	return g_strdup_printf("%s\n\n%s\n%s", start, head, quote);
}

static char *write_forwarded(const Answer *answer, const char *start)
{
	const MailContent *content = answer->view->content;
	g_autofree char *when = clock_format_german(answer->mail->date);
	g_autofree char *from = join(answer->view->senders);
	g_autofree char *to = join(content->to);
	g_autofree char *start_of_text = g_strndup(content->text, QUOTE_LIMIT);
	g_autofree char *text = text_make_valid(start_of_text, strlen(start_of_text));

	return g_strdup_printf(_("%1$s\n\n-------- Weitergeleitete E-Mail --------\nVon: %2$s\n"
				 "Datum: %3$s\nAn: %4$s\nBetreff: %5$s\n\n%6$s"),
		start, from, when, to, content->subject, text);
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

static bool make(const Answer *answer, int64_t *id, bool *cut, GError **error)
{
	bool forwards = answer->how == DRAFT_FORWARD;
	g_autofree char *text = write_text(answer, error);
	g_autofree char *subject = write_subject(answer);
	g_auto(DraftPeople) people = {0};
	DraftFields fields = {
		.sender = find_sender(answer),
		.subject = subject,
		.text = text,
		.case_number = answer->mail->case_number,
		.reply_to = forwards ? 0 : answer->mail->id,
	};
	int64_t revision;

	if (!text || (!forwards && !draft_people_find(answer->view, answer->account,
					   answer->how == DRAFT_ANSWER_ALL, &people, answer->cancel,
					   error)))
		return false;
	fields.to = people.to;
	fields.cc = people.cc;
	*cut = people.cut;
	return drafts_create(
		office_db(answer->office), answer->user->id, NULL, &fields, id, &revision, error);
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
	bool *cut, const Cancel *cancel, GError **error)
{
	g_auto(Answer) answer = {.office = office, .user = user, .cancel = cancel, .how = how};

	if (!answer_open(&answer, mail_id, error))
		return false;
	answer.view =
		document_view(office, viewing_viewer(&answer.viewing), mail_id, cancel, error);
	if (!answer.view || !make(&answer, id, cut, error))
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
