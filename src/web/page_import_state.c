/* Imports in words: what one was asked for, what it does, how it stands. */
#include <inttypes.h>

#include "app/words.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/page_import_job.h"

/* From so many seconds on a time of day says more. */
#define LONG_WAIT 90

static char *describe_wait(const ImportJob *job)
{
	int64_t left = MAX(job->wait_until - clock_now(), 1);
	g_autofree char *hour = clock_format_hour(job->wait_until);

	return left < LONG_WAIT
		       ? g_strdup_printf(ngettext("Der Mailserver ist gerade nicht bereit oder "
						  "bittet um eine Pause. Der nächste Versuch ist "
						  "in %d Sekunde.",
						 "Der Mailserver ist gerade nicht bereit oder "
						 "bittet um eine Pause. Der nächste Versuch ist in "
						 "%d Sekunden.",
						 (unsigned long)left),
				 (int)left)
		       : g_strdup_printf(_("Der Mailserver bittet um eine Pause. Der nächste "
					   "Versuch ist um %s."),
				 hour);
}

static char *describe_phase(const ImportJob *job)
{
	const ImportProgress *progress = &job->progress;

	switch (progress->phase) {
	case IMPORT_CONNECTING:
		return progress->mailbox
			       ? g_strdup_printf(_("Verbindung zum Postfach %s wird aufgebaut …"),
					 progress->mailbox)
			       : g_strdup(_("Verbindung zum Mailserver wird aufgebaut …"));
	case IMPORT_WAITING:
		return describe_wait(job);
	case IMPORT_LISTING:
		return g_strdup(
			_("Alle E-Mails sind abgelegt; sie werden für Liste und Suche gelesen …"));
	case IMPORT_FETCHING:
		break;
	}
	return g_strdup_printf(_("E-Mails werden abgelegt: Ordner %1$s, Postfach %2$s"),
		progress->folder ? words_folder(progress->folder) : "…",
		progress->mailbox ? progress->mailbox : "…");
}

char *import_job_doing(const ImportJob *job)
{
	if (job->state == IMPORT_JOB_ENDED)
		return import_job_outcome(job);
	if (job->is_cancelled)
		return g_strdup(_("Der Import wird abgebrochen …"));
	if (job->state == IMPORT_JOB_WAITING)
		return g_strdup(_("Der Import beginnt, sobald ein anderer beendet ist …"));
	return describe_phase(job);
}

char *import_job_count(const ImportJob *job)
{
	const ImportProgress *progress = &job->progress;
	g_autofree char *size = words_size(progress->bytes);

	return progress->total > 0 ? g_strdup_printf(_("%" PRIu64 " von %" PRIu64 " E-Mails, %s"),
					     progress->done, progress->total, size)
				   : NULL;
}

static char *describe_place(const ImportJob *job)
{
	if (!job->mailbox && !job->folder)
		return g_strdup(_("alle Postfächer"));
	if (!job->mailbox)
		return g_strdup_printf(_("%s in allen Postfächern"), words_folder(job->folder));
	if (!job->folder)
		return g_strdup_printf(_("alle Ordner von %s"), job->mailbox);
	return g_strdup_printf("%s (%s)", words_folder(job->folder), job->mailbox);
}

static char *describe_choice(const ImportJob *job)
{
	g_autofree char *day = job->since ? clock_format_day(job->since) : NULL;

	if (job->picked > 0 && job->unpicked)
		return g_strdup_printf(
			ngettext("%zu E-Mail, die sich nicht abrufen ließ",
				"%zu E-Mails, die sich nicht abrufen ließen", job->picked),
			job->picked);
	if (job->picked > 0)
		return g_strdup_printf(
			ngettext("%zu ausgewählte E-Mail", "%zu ausgewählte E-Mails", job->picked),
			job->picked);
	return day ? g_strdup_printf(_("alle seit dem %s"), day)
		   : g_strdup(_("alles Neue seit dem letzten Mal"));
}

char *import_job_subject(const ImportJob *job)
{
	g_autofree char *place = describe_place(job);
	g_autofree char *choice = describe_choice(job);

	return g_strdup_printf("%s, %s", place, choice);
}

PageTone import_job_tone(const ImportJob *job)
{
	if (job->state != IMPORT_JOB_ENDED || failure_is(job->problem, FAILURE_CANCELLED))
		return TONE_INFO;
	if (!job->problem)
		return TONE_SUCCESS;
	return failure_is(job->problem, FAILURE_SOME_FAILED) ? TONE_WARNING : TONE_DANGER;
}

static char *describe_numbers(const ImportResult *result)
{
	g_autofree char *failed =
		result->failed > 0 ? g_strdup_printf(_(", %" PRIu64 " gescheitert"), result->failed)
				   : NULL;

	return g_strdup_printf(_("%" PRIu64 " neu, %" PRIu64 " schon bekannt%s"), result->imported,
		result->known, failed ? failed : "");
}

char *import_job_outcome(const ImportJob *job)
{
	g_autofree char *numbers = NULL;
	g_autofree char *count = NULL;

	if (job->state == IMPORT_JOB_WAITING)
		return g_strdup(_("wartet"));
	count = import_job_count(job);
	if (job->state == IMPORT_JOB_RUNNING)
		return count ? g_strdup_printf(_("läuft: %s"), count) : g_strdup(_("läuft"));
	numbers = describe_numbers(&job->result);
	if (failure_is(job->problem, FAILURE_CANCELLED))
		return g_strdup_printf(_("abgebrochen: %s"), numbers);
	return job->problem && !failure_is(job->problem, FAILURE_SOME_FAILED)
		       ? g_strdup_printf(_("vorzeitig beendet: %s"), numbers)
		       : g_steal_pointer(&numbers);
}

/* ---- on the page ---- */

void import_job_write_state(Html *h, const ImportJob *job)
{
	const ImportProgress *progress = &job->progress;
	g_autofree char *doing = import_job_doing(job);
	g_autofree char *count = import_job_count(job);

	html(h, "<p class=\"doing\">");
	html_text(h, doing);
	html(h, "</p><progress aria-label=\"");
	html_attr(h, _("Fortschritt des Imports"));
	html(h, "\"");
	if (count) {
		html(h, " max=\"");
		html_number(h, (int64_t)progress->total);
		html(h, "\" value=\"");
		html_number(h, (int64_t)MIN(progress->done, progress->total));
		html(h, "\"");
	}
	html(h, "></progress><p class=\"note\">");
	html_text(h, count ? count : _("Wie viele E-Mails es sind, steht noch nicht fest."));
	if (count && (!job->folder || progress->several))
		html_printf(h, " %s", _("(Gezählt wird Ordner für Ordner.)"));
	html(h, "</p>");
}

static void write_case(Html *h, const char *case_number)
{
	description_open(h, _("Aktenzeichen"));
	html(h, "<a class=\"kern-link\" href=\"/archiv?aktenzeichen=");
	html_url(h, case_number);
	html(h, "\">");
	html_text(h, case_number);
	html(h, "</a>");
	description_close(h);
}

void import_job_write_asked(Html *h, const Visit *visit, const ImportJob *job)
{
	g_autofree char *place = describe_place(job);
	g_autofree char *choice = describe_choice(job);
	g_autofree char *begun = clock_format_german(job->begun);
	g_autofree char *ended = job->ended ? clock_format_german(job->ended) : NULL;

	description_begin(h);
	if (g_strcmp0(job->user, visit->user->name) != 0)
		description_text(h, _("Für"), job->user);
	description_text(h, _("Woher"), place);
	description_text(h, _("Was"), choice);
	if (job->case_number)
		write_case(h, job->case_number);
	description_text(h, _("Begonnen"), begun);
	if (ended)
		description_text(h, _("Beendet"), ended);
	description_end(h);
}
