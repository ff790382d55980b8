/* Cards of the start page about mails, and GET /start/neu: what is new on the server, which takes
 * its time and so comes later than the page. */
#include "web/page_start_mail.h"

#include <inttypes.h>
#include <string.h>
#include "app/new_mails.h"
#include "app/retries.h"
#include "base/clock.h"
#include "app/words.h"
#include "app/words_send.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/page_import_job.h"
#include "web/page_outbox.h"
#include "web/page_personal.h"
#include "web/web_internal.h"

#define NEW_MAILS "/start/neu"
#define FRAGMENT "teil" /* the parameter of the script: only what the page lacks */
/* Cards of each kind. */
#define SHOWN 5

static void open_card(Html *h, const char *heading)
{
	html(h, "<section><h2 class=\"kern-heading-small\">");
	html_text(h, heading);
	html(h, "</h2>");
}

static void write_paragraph(Html *h, const char *text)
{
	html(h, "<p>");
	html_text(h, text);
	html(h, "</p>");
}

static void write_link(Html *h, const char *path, const char *label)
{
	html(h, "<p><a class=\"kern-link\" href=\"");
	html_attr(h, path);
	html(h, "\">");
	html_text(h, label);
	html(h, "</a></p>");
}

/* ---- imports ---- */

/* What goes on, and what failed and has not been looked at. */
static bool is_shown(const ImportJob *job)
{
	return job->state != IMPORT_JOB_ENDED ||
	       (job->problem && !job->is_seen && !failure_is(job->problem, FAILURE_CANCELLED));
}

static const char *import_heading(const ImportJob *job)
{
	if (job->state != IMPORT_JOB_ENDED)
		return _("Ein Import läuft");
	return failure_is(job->problem, FAILURE_SOME_FAILED)
		       ? _("Ein Import ist nicht ganz gelungen")
		       : _("Ein Import endete vorzeitig");
}

static void write_import(Html *h, const ImportJob *job)
{
	bool runs = job->state != IMPORT_JOB_ENDED;
	g_autofree char *path = g_strdup_printf(IMPORT_JOB_PATH "%" PRIu64, job->id);
	g_autofree char *subject = import_job_subject(job);
	g_autofree char *told = runs ? import_job_doing(job) : failure_sentence(job->problem);

	open_card(h, import_heading(job));
	write_paragraph(h, subject);
	write_paragraph(h, told);
	write_link(h, path, runs ? _("Zum Stand des Imports") : _("Zum Ergebnis"));
	html(h, "</section>\n");
}

static unsigned write_imports(Html *h, const Visit *visit)
{
	g_autoptr(GPtrArray) jobs = import_jobs_list(visit->web->imports, visit->user->id);
	unsigned count = 0;

	for (guint i = 0; i < jobs->len && count < SHOWN; i++) {
		const ImportJob *job = jobs->pdata[i];

		if (!is_shown(job))
			continue;
		write_import(h, job);
		count++;
	}
	return count;
}

/* ---- what could not be retrieved ---- */

static void write_retry(Html *h, const Visit *visit, const RetryGroup *group)
{
	g_autofree char *place =
		g_strdup_printf("%s (%s)", words_folder(group->folder), group->mailbox);
	g_autofree char *tried = clock_format_german(group->tried_at);
	g_autofree char *key = g_uuid_string_random();
	g_autofree char *count =
		g_strdup_printf(ngettext("%u E-Mail, zuletzt versucht am %s.",
					"%u E-Mails, zuletzt versucht am %s.", group->count),
			group->count, tried);

	html(h, "<li><p><strong>");
	html_text(h, place);
	html(h, "</strong><br>");
	html_text(h, count);
	html(h, "<br>");
	html_text(h, group->reason);
	html(h, "</p>");
	form_begin(h, visit, IMPORT_JOBS_PATH);
	html(h, "<input type=\"hidden\" name=\"postfach\" value=\"");
	html_attr(h, group->mailbox);
	html(h, "\"><input type=\"hidden\" name=\"ordner\" value=\"");
	html_attr(h, group->folder);
	/* Sent twice, it is one import. */
	html(h, "\"><input type=\"hidden\" name=\"schluessel\" value=\"");
	html_attr(h, key);
	html(h, "\">");
	/* KERN makes a button with a hidden text one for an icon alone. */
	html(h, "<button type=\"submit\" class=\"kern-btn kern-btn--secondary\" aria-label=\"");
	html_attr(h, _("Erneut versuchen"));
	html(h, ": ");
	html_attr(h, place);
	html(h, "\"><span class=\"kern-label\">");
	html_text(h, _("Erneut versuchen"));
	html(h, "</span></button>");
	form_end(h);
	html(h, "</li>");
}

/* Where settings or archive cannot be read, the pages about them tell it. */
static unsigned write_retries(Html *h, const Visit *visit)
{
	g_autoptr(GError) ignored = NULL;
	g_autoptr(GPtrArray) groups = retries_list(visit->office, visit->user, &ignored);

	if (!groups || groups->len == 0)
		return 0;
	open_card(h, _("E-Mails, die sich nicht abrufen ließen"));
	html(h, "<ul class=\"plain\">");
	for (guint i = 0; i < MIN(groups->len, SHOWN); i++)
		write_retry(h, visit, groups->pdata[i]);
	html(h, "</ul>");
	if (groups->len > SHOWN)
		write_paragraph(h, _("In weiteren Ordnern gibt es noch mehr davon."));
	html(h, "<p class=\"note\">");
	html_text(h, _("Jeder Import des ganzen Ordners versucht sie ebenfalls noch einmal."));
	html(h, "</p></section>\n");
	return 1;
}

/* ---- the outbox ---- */

/* What waits, failed or is in doubt; what is just being sent needs nobody. */
static unsigned write_outbox(Html *h, const Visit *visit)
{
	g_autoptr(GError) ignored = NULL;
	Outbox *outbox = office_outbox(visit->office, &ignored);
	g_autofree char *told = NULL;
	OutboxCounts counts;

	if (!outbox || !outbox_count(outbox, visit->user->id, &counts, &ignored))
		return 0;
	counts.queued = counts.sending = 0;
	told = words_outbox_counts(&counts);
	if (!told)
		return 0;
	open_card(h, _("Postausgang"));
	write_paragraph(h, told);
	write_link(h, OUTBOX_PATH "?" OUTBOX_SHOW "=" OUTBOX_OPEN, _("Zum Postausgang"));
	html(h, "</section>\n");
	return 1;
}

void page_start_mail_cards(Html *h, const Visit *visit, unsigned *count)
{
	*count += write_outbox(h, visit);
	*count += write_imports(h, visit);
	*count += write_retries(h, visit);
}

/* ---- what is new ---- */

static void write_look_form(Html *h, const char *label)
{
	html(h, "<form method=\"get\" action=\"" NEW_MAILS "\">");
	form_submit(h, label, "secondary", NULL, NULL);
	html(h, "</form>");
}

/* The button works without scripts; amtspost.js puts the answer into its place. */
bool page_start_new_mails(Html *h, const Person *person)
{
	if (strcmp(person->interface, "disabled") == 0 || person_needs_help(person))
		return false;
	html(h, "<section class=\"news\"><h2 class=\"kern-heading-medium\">");
	html_text(h, _("Neue E-Mails"));
	html(h, "</h2><div data-load=\"" NEW_MAILS "?" FRAGMENT "=1\" data-loading=\"");
	html_attr(h, _("Der Mailserver wird gefragt …"));
	html(h, "\">");
	write_look_form(h, _("Nach neuen E-Mails sehen"));
	html(h, "</div></section>\n");
	return true;
}

static void write_folder(Html *h, const NewMailsFolder *folder)
{
	g_autofree char *count = g_strdup_printf(
		ngettext("%" PRIu64 " neue E-Mail", "%" PRIu64 " neue E-Mails", folder->count),
		folder->count);

	html(h, "<li><strong>");
	html_text(h, words_folder(folder->folder));
	html(h, "</strong>: ");
	html_text(h, count);
	html(h, " <a class=\"kern-link\" href=\"" IMPORT_PATH "?postfach=");
	html_url(h, folder->mailbox);
	html(h, "&amp;ordner=");
	html_url(h, folder->folder);
	html(h, "\">");
	html_text(h, _("Importieren"));
	html(h, "<span class=\"kern-sr-only\">: ");
	html_text(h, words_folder(folder->folder));
	html(h, " (");
	html_text(h, folder->mailbox);
	html(h, ")</span></a></li>");
}

static void write_problems(Html *h, const NewMails *mails)
{
	for (guint i = 0; i < mails->problems->len; i++) {
		html(h, "<p>");
		page_badge(h, TONE_WARNING, _("Hinweis"));
		html(h, " ");
		html_text(h, mails->problems->pdata[i]);
		html(h, "</p>");
	}
	if (mails->wants_sign_in)
		write_link(h, PERSONAL_PATH "?weiter=/", _("Zur Anmeldung"));
	if (mails->is_cut)
		write_paragraph(h, _("Der Mailserver antwortet langsam; nach weiteren Postfächern "
				     "wurde nicht mehr gesehen."));
}

/* LEVEL: of the mailboxes' headings, one below what stands above. */
static void write_new_mails(Html *h, const NewMails *mails, int level)
{
	const char *mailbox = NULL;

	for (guint i = 0; i < mails->folders->len; i++) {
		const NewMailsFolder *folder = mails->folders->pdata[i];

		if (g_strcmp0(mailbox, folder->mailbox) != 0) {
			if (mailbox)
				html(h, "</ul>");
			mailbox = folder->mailbox;
			html(h, "<h");
			html_number(h, level);
			html(h, " class=\"kern-heading-small\">");
			html_text(h, mailbox);
			html(h, "</h");
			html_number(h, level);
			html(h, "><ul>");
		}
		write_folder(h, folder);
	}
	if (mailbox)
		html(h, "</ul>");
	else if (mails->problems->len == 0 && !mails->is_cut)
		write_paragraph(h, _("Keine neuen E-Mails in den Ordnern, die gezeigt werden."));
	write_problems(h, mails);
}

/* Without MAILS another page of the same person is looking, or many others are. */
static void write_answer(Html *h, const NewMails *mails, int level)
{
	if (mails) {
		write_new_mails(h, mails, level);
		return;
	}
	write_paragraph(h, _("Es wird gerade schon nach neuen E-Mails gesehen. Bitte sehen Sie in "
			     "einer halben Minute noch einmal nach."));
}

static bool answer_fragment(Visit *visit, const NewMails *mails)
{
	Html *h = html_new();

	write_answer(h, mails, 3);
	if (!mails)
		write_look_form(h, _("Nach neuen E-Mails sehen"));
	web_response_header(visit->response, "Cache-Control", "no-store");
	web_response_body(visit->response, "text/html; charset=utf-8", html_steal(h));
	html_free(h);
	return true;
}

static bool answer_page(Visit *visit, const NewMails *mails)
{
	const Page page = {.title = _("Neue E-Mails"), .here = "/"};
	Html *h = page_begin(visit, &page);

	write_answer(h, mails, 2);
	write_look_form(h, _("Noch einmal nachsehen"));
	write_link(h, "/", _("Zur Startseite"));
	return page_end(visit, h, 200);
}

static bool run_new_mails(Visit *visit, GError **error)
{
	g_auto(NewMails) mails = {0};
	bool is_free = waits_take(visit->web->looks, visit->user->id);
	bool looked = true;

	if (is_free) {
		looked = new_mails_look(visit->office, visit->user->name,
			web_request_cancel(visit->request), &mails, error);
		waits_give(visit->web->looks, visit->user->id);
	}
	if (!looked)
		return false;
	return (web_request_query(visit->request, FRAGMENT) ? answer_fragment : answer_page)(
		visit, is_free ? &mails : NULL);
}

const Route route_start_mail[] = {
	{WEB_GET, "/start/neu", ROLE_PERSON, WEB_AS_WAIT, 0, run_new_mails},
	{0},
};
