/* What an import came to: numbers, what failed and why, what to do next. */
#include <inttypes.h>
#include <stdlib.h>

#include "app/words.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/page_import_job.h"
#include "web/page_personal.h"

/* Failures and case numbers that are listed; the others are counted. */
#define SHOWN 200

static uint64_t failed_mails(const ImportResult *result)
{
	return result->failed - result->failed_mailboxes - result->failed_folders -
	       result->unmarked;
}

/* ---- how it ended ---- */

/* Whether all that failed would fail again, as a mail that is not in its folder any more. */
static bool is_all_vain(const ImportResult *result)
{
	for (guint i = 0; i < result->errors->len; i++) {
		if (!((const ImportError *)result->errors->pdata[i])->vain)
			return false;
	}
	return result->errors->len > 0;
}

/* Whether trying again as it was may come to more. */
static bool may_help(const ImportJob *job)
{
	static const Failure vain[] = {FAILURE_FOLDER_UNKNOWN, FAILURE_FOLDER_BARE,
		FAILURE_FOLDER_RENEWED, FAILURE_MAILBOX_UNKNOWN, FAILURE_USAGE,
		FAILURE_UID_SET_INVALID};

	for (size_t i = 0; i < G_N_ELEMENTS(vain); i++) {
		if (failure_is(job->problem, vain[i]))
			return false;
	}
	return !failure_is(job->problem, FAILURE_SOME_FAILED) || !is_all_vain(&job->result);
}

static bool is_pick(const ImportJob *job)
{
	return job->picked > 0 && !job->unpicked;
}

/* What the case number given came to where nothing was new; yours. NULL: none was given. */
static char *describe_known(const ImportJob *job)
{
	if (!job->case_number)
		return NULL;
	return g_strdup_printf(
		job->result.known == 0
			? _("Das Aktenzeichen %s wurde nicht vergeben. Auf der Seite einer E-Mail "
			    "im Archiv lässt es sich nachtragen.")
		: job->result.case_conflicts->len > 0
			? _("Das Aktenzeichen %s steht jetzt bei denen, die noch keines "
			    "hatten; die anderen sind unten genannt.")
		: is_pick(job) ? _("Das Aktenzeichen %s steht jetzt auch bei ihnen.")
			       : _("Das Aktenzeichen %s steht jetzt auch bei denen davon, die im "
				   "Archiv sind."),
		job->case_number);
}

/* That nothing was new of what nobody picked; yours. Filed once, a mail may have been
 * deleted from the archive since. */
static char *describe_nothing_new(const ImportJob *job)
{
	bool known = job->result.known > 0;
	g_autofree char *day = job->since ? clock_format_day(job->since) : NULL;

	if (job->picked > 0)
		return g_strdup(ngettext("Nichts Neues: Diese E-Mail wurde schon einmal abgelegt.",
			"Nichts Neues: Diese E-Mails wurden schon einmal abgelegt.", job->picked));
	if (day)
		return g_strdup_printf(
			known ? _("Nichts Neues: Die E-Mails seit dem %s wurden alle schon einmal "
				  "abgelegt.")
			      : _("Nichts Neues: Seit dem %s liegt dort keine E-Mail vor."),
			day);
	return g_strdup(known ? _("Nichts Neues: Was seit dem letzten Mal dazugekommen ist, wurde "
				  "schon einmal abgelegt.")
			      : _("Nichts Neues: Seit dem letzten Mal ist keine E-Mail "
				  "dazugekommen."));
}

static void tell_nothing_new(Html *h, const ImportJob *job)
{
	const ImportResult *result = &job->result;
	bool hidden = result->hidden > 0 || result->hidden_mailboxes > 0;
	g_autofree char *known = describe_known(job);
	g_autofree char *nothing = describe_nothing_new(job);

	page_alert(h, TONE_INFO,
		result->folders == 0 && hidden
			? _("Nichts zu importieren: Alle Ordner sind ausgeblendet.")
		: is_pick(job)
			? ngettext("Nichts Neues: Die ausgewählte E-Mail ist schon im Archiv.",
				  "Nichts Neues: Die ausgewählten E-Mails sind schon im Archiv.",
				  job->picked)
			: nothing,
		known);
}

static void tell_done(Html *h, const ImportJob *job)
{
	const ImportResult *result = &job->result;
	g_autofree char *heading = NULL;

	if (result->imported == 0) {
		tell_nothing_new(h, job);
		return;
	}
	heading = g_strdup_printf(
		ngettext("%" PRIu64 " E-Mail ist neu im Archiv.",
			"%" PRIu64 " E-Mails sind neu im Archiv.", result->imported),
		result->imported);
	page_alert(h, TONE_SUCCESS, heading, NULL);
}

/* What was filed before the end; yours. */
static char *describe_kept(const ImportJob *job)
{
	uint64_t imported = job->result.imported;
	g_autofree char *kept = NULL;

	if (imported == 0)
		return g_strdup(_("Bis dahin war noch nichts Neues abgelegt."));
	kept = g_strdup_printf(
		ngettext("Die %" PRIu64 " E-Mail, die bis dahin abgelegt war, bleibt im Archiv.",
			"Die %" PRIu64 " E-Mails, die bis dahin abgelegt waren, bleiben im Archiv.",
			imported),
		imported);
	return may_help(job)
		       ? g_strconcat(kept, " ", _("„Erneut versuchen“ macht dort weiter."), NULL)
		       : g_steal_pointer(&kept);
}

/* What failed: one thing and why, or how many mails; yours. NULL: folders or mailboxes, too. */
static char *describe_failed(const ImportResult *result)
{
	const ImportError *only = result->errors->len == 1 ? result->errors->pdata[0] : NULL;

	if (failed_mails(result) != result->failed)
		return only && result->failed == 1 ? g_strdup(only->reason) : NULL;
	return only ? g_strdup_printf(_("1 E-Mail wurde nicht importiert: %s"), only->reason)
		    : g_strdup_printf(ngettext("%" PRIu64 " E-Mail wurde nicht importiert.",
					      "%" PRIu64 " E-Mails wurden nicht importiert.",
					      result->failed),
			      result->failed);
}

static void tell_problem(Html *h, const ImportJob *job)
{
	g_autofree char *sentence = failure_sentence(job->problem);
	g_autofree char *advice = failure_advice_on_page(job->problem);
	g_autofree char *kept = describe_kept(job);

	if (failure_is(job->problem, FAILURE_SOME_FAILED)) {
		g_autofree char *heading = describe_failed(&job->result);

		page_alert(h, TONE_WARNING, heading ? heading : sentence, advice);
	} else if (failure_is(job->problem, FAILURE_CANCELLED)) {
		page_alert(h, TONE_INFO, _("Der Import wurde abgebrochen."), kept);
	} else {
		page_alert_failure(h, job->problem);
		html(h, "<p>");
		html_text(h, kept);
		html(h, "</p>\n");
	}
}

/* ---- numbers ---- */

static void write_number(Html *h, const char *label, uint64_t number)
{
	g_autofree char *text = g_strdup_printf("%" PRIu64, number);

	if (number > 0)
		description_text(h, label, text);
}

static void write_numbers(Html *h, const ImportJob *job)
{
	const ImportResult *result = &job->result;
	g_autofree char *size = words_size(result->bytes);
	g_autofree char *filed =
		g_strdup_printf(ngettext("%1$" PRIu64 " E-Mail (%2$s)",
					"%1$" PRIu64 " E-Mails (%2$s)", result->imported),
			result->imported, size);
	g_autofree char *time = words_seconds(result->ms_listed);

	description_begin(h);
	description_text(h, _("Neu im Archiv"), result->imported > 0 ? filed : _("nichts"));
	write_number(h, _("Schon bekannt"), result->known);
	write_number(h, _("Nicht importiert"), failed_mails(result));
	write_number(h, _("Nicht gelesene Ordner"), result->failed_folders);
	write_number(h, _("Nicht geöffnete Postfächer"), result->failed_mailboxes);
	write_number(h,
		_("Ordner, in denen danach nicht alles gekennzeichnet oder verschoben wurde"),
		result->unmarked);
	write_number(h, _("Auf dem Server danach gekennzeichnet oder verschoben"), result->acted);
	write_number(h, _("Ausgelassene Ordner, weil ausgeblendet"), result->hidden);
	write_number(h, _("Ausgelassene Postfächer, weil ausgeblendet"), result->hidden_mailboxes);
	if (result->ms_listed > 0)
		description_text(h, _("Dauer"), time);
	description_end(h);
}

/* ---- what failed ---- */

static void write_advice(Html *h, const Visit *visit, const ImportError *miss)
{
	const FailureCall call = {.user = visit->user->name};
	g_autofree char *filled = NULL;
	g_autofree char *advice = NULL;

	if (!miss->advice) {
		html_text(h, "–");
		return;
	}
	filled = failure_fill_advice(miss->advice, &call, miss->mailbox);
	advice = failure_strip_calls(filled);
	html_text(h, advice);
}

static void write_miss(
	Html *h, const Visit *visit, const ImportError *miss, const char *const *labels)
{
	table_row(h);
	table_heading_cell(h, labels[0]);
	html_text(h, miss->folder ? miss->folder : _("das ganze Postfach"));
	table_cell(h, labels[1]);
	if (miss->uid)
		html_number(h, miss->uid);
	else
		html_text(h, "–");
	table_cell(h, labels[2]);
	html_text(h, miss->reason);
	table_cell(h, labels[3]);
	write_advice(h, visit, miss);
}

static void write_more(Html *h, uint64_t count)
{
	if (count <= SHOWN)
		return;
	html(h, "<p>");
	html_printf(h, _("… und %" PRIu64 " weitere."), count - SHOWN);
	html(h, "</p>\n");
}

static void write_misses(Html *h, const Visit *visit, const ImportResult *result)
{
	const char *labels[] = {_("Ordner"), _("UID"), _("Grund"), _("Rat"), NULL};

	const char *mailbox = NULL;

	if (result->errors->len == 0)
		return;
	html(h, "<h2 class=\"kern-heading-medium\">");
	html_text(h, _("Was nicht importiert wurde"));
	html(h, "</h2>\n");
	table_begin(h, _("Was nicht importiert wurde"), labels);
	for (guint i = 0; i < MIN(result->errors->len, SHOWN); i++) {
		const ImportError *miss = result->errors->pdata[i];

		if (g_strcmp0(miss->mailbox, mailbox) != 0) {
			mailbox = miss->mailbox;
			table_group(h, mailbox, G_N_ELEMENTS(labels) - 1);
		}
		write_miss(h, visit, miss, labels);
	}
	table_end(h);
	write_more(h, MAX(result->failed, result->errors->len));
}

/* "17: 2026/4711" */
static void write_conflict(Html *h, const char *conflict)
{
	const char *colon = strchr(conflict, ':');

	html(h, "<li>");
	if (colon) {
		html(h, "<a class=\"kern-link\" href=\"/archiv/");
		html_number(h, strtoll(conflict, NULL, 10));
		html(h, "\">");
		html_printf(h, _("E-Mail %.*s"), (int)(colon - conflict), conflict);
		html(h, "</a>");
		html_text(h, colon);
	} else {
		html_text(h, conflict);
	}
	html(h, "</li>");
}

static void write_conflicts(Html *h, const GPtrArray *conflicts)
{
	if (conflicts->len == 0)
		return;
	html(h, "<h2 class=\"kern-heading-medium\">");
	html_text(h, _("Das Aktenzeichen blieb, wie es war"));
	html(h, "</h2><p>");
	html_text(h, _("Diese E-Mails hatten schon ein anderes. Ändern lässt es sich auf der Seite "
		       "der E-Mail."));
	html(h, "</p><ul>");
	for (guint i = 0; i < MIN(conflicts->len, SHOWN); i++)
		write_conflict(h, conflicts->pdata[i]);
	html(h, "</ul>\n");
	write_more(h, conflicts->len);
}

/* ---- what to do next ---- */

static void open_link(Html *h, const char *class)
{
	html(h, "<a class=\"kern-btn kern-btn--");
	html_attr(h, class);
	html(h, "\" href=\"");
}

static void close_link(Html *h, const char *label)
{
	html(h, "\"><span class=\"kern-label\">");
	html_text(h, label);
	html(h, "</span></a>\n");
}

static void write_parameter(Html *h, const char *name, const char *value, bool *first)
{
	if (!value)
		return;
	html_literal(h, *first ? "?" : "&amp;");
	html_text(h, name);
	html(h, "=");
	html_url(h, value);
	*first = false;
}

/* The sign-in leads back here, where the import can be tried again. */
static void write_sign_in(Html *h, const ImportJob *job)
{
	html(h, "<p>");
	html_text(h, _("Nach der Anmeldung geht der Import mit derselben Auswahl weiter."));
	html(h, "</p>\n<div class=\"buttons\">");
	open_link(h, "primary");
	html(h, PERSONAL_PATH "?weiter=" IMPORT_JOB_PATH);
	html_number(h, (int64_t)job->id);
	close_link(h, _("Anmelden"));
	html(h, "</div>\n");
}

static void write_again(Html *h, const Visit *visit, const ImportJob *job, const char *class)
{
	g_autofree char *path = g_strdup_printf(IMPORT_JOB_PATH "%" PRIu64 "/erneut", job->id);

	form_button(h, visit, path, _("Erneut versuchen"), class);
}

static void write_ways_on(Html *h, const Visit *visit, const ImportJob *job, bool wants_sign_in)
{
	bool again = job->problem && may_help(job);
	bool first = true;

	html(h, "<div class=\"buttons\">");
	if (again)
		write_again(h, visit, job, wants_sign_in ? "secondary" : "primary");
	open_link(h, again ? "secondary" : "primary");
	html(h, "/archiv");
	write_parameter(h, "aktenzeichen", job->case_number, &first);
	close_link(h, _("Zum Archiv"));
	first = true;
	open_link(h, "secondary");
	html(h, IMPORT_PATH);
	write_parameter(h, "postfach", job->mailbox, &first);
	write_parameter(h, "ordner", job->folder, &first);
	close_link(h, _("Weitere E-Mails importieren"));
	html(h, "</div>\n");
}

void import_job_write_result(Html *h, const Visit *visit, const ImportJob *job)
{
	bool wants_sign_in =
		import_job_wants_sign_in(job) && g_strcmp0(job->user, visit->user->name) == 0;

	html(h, "<div id=\"ergebnis\" tabindex=\"-1\">\n");
	if (job->problem)
		tell_problem(h, job);
	else
		tell_done(h, job);
	html(h, "</div>\n");
	if (wants_sign_in)
		write_sign_in(h, job);
	write_ways_on(h, visit, job, wants_sign_in);
	write_numbers(h, job);
	write_misses(h, visit, &job->result);
	write_conflicts(h, job->result.case_conflicts);
}
