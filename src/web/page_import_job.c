/* One import as it runs and what it came to, and the list of those of the last day. */
#include "web/page_import_job.h"

#include <inttypes.h>
#include <string.h>
#include "app/retries.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/events.h"
#include "web/web_internal.h"

/* Milliseconds. */
#define STREAM_STEP 250
#define SPEAK_TIME 8000
/* Seconds, without scripts. */
#define REFRESH 2

static bool parse_id(const char *text, uint64_t *id)
{
	return g_ascii_string_to_unsigned(text, 10, 1, INT64_MAX, id, NULL);
}

/* The import of the address, yours; NULL: FAILURE_IMPORT_UNKNOWN, also where it is another's. */
static ImportJob *find_job(const Visit *visit, GError **error)
{
	uint64_t id;
	ImportJob *job = parse_id(visit->part, &id)
				 ? import_jobs_look(visit->web->imports, visit->user->id, id)
				 : NULL;

	if (!job)
		failure_set(error, FAILURE_IMPORT_UNKNOWN, NULL, "%s: no import", visit->part);
	return job;
}

static bool redirect_to(Visit *visit, uint64_t id)
{
	g_autofree char *path = g_strdup_printf(IMPORT_JOB_PATH "%" PRIu64, id);

	return visit_redirect(visit, path, NULL);
}

/* ---- the page ---- */

static const char *page_title(const ImportJob *job)
{
	if (job->state == IMPORT_JOB_WAITING)
		return _("Import wartet");
	if (job->state == IMPORT_JOB_RUNNING)
		return _("Import läuft");
	if (failure_is(job->problem, FAILURE_CANCELLED))
		return _("Import abgebrochen");
	return job->problem && !failure_is(job->problem, FAILURE_SOME_FAILED)
		       ? _("Import vorzeitig beendet")
		       : _("Import abgeschlossen");
}

static void write_link(Html *h, const char *path, const char *label)
{
	html(h, "<p><a class=\"kern-link\" href=\"");
	html_attr(h, path);
	html(h, "\">");
	html_text(h, label);
	html(h, "</a></p>\n");
}

static void write_running(Html *h, const Visit *visit, const ImportJob *job)
{
	g_autofree char *events =
		g_strdup_printf(IMPORT_JOB_PATH "%" PRIu64 "/ereignisse", job->id);
	g_autofree char *cancel = g_strdup_printf(IMPORT_JOB_PATH "%" PRIu64 "/abbrechen", job->id);

	html(h, "<section class=\"running\" aria-label=\"");
	html_attr(h, _("Stand des Imports"));
	html(h, "\"><div id=\"stand\" data-events=\"");
	html_attr(h, events);
	html(h, "\" data-lost=\"");
	html_attr(h, _("Die Verbindung zu Amtspost ist unterbrochen. Der Import läuft dort weiter; "
		       "laden Sie die Seite neu, um seinen Stand zu sehen."));
	html(h, "\">");
	import_job_write_state(h, job);
	html(h, "</div><p id=\"ansage\" class=\"kern-sr-only\" role=\"status\" "
		"aria-live=\"polite\"></p>\n<div class=\"buttons\">");
	if (!job->is_cancelled)
		form_button(h, visit, cancel, _("Abbrechen"), "secondary");
	html(h, "</div></section>\n");
	import_job_write_asked(h, visit, job);
	html(h, "<p class=\"note\">");
	html_text(h, job->is_cancelled
			     ? _("Was schon abgelegt ist, bleibt im Archiv.")
			     : _("Sie können diese Seite verlassen, der Import läuft weiter. Was "
				 "abgelegt ist, bleibt im Archiv, auch wenn Sie abbrechen."));
	html(h, "</p>\n");
}

static bool show_job(Visit *visit, const ImportJob *job)
{
	const char *trail[] = {_("E-Mail"), _("E-Mail importieren"), NULL};
	bool ended = job->state == IMPORT_JOB_ENDED;
	const Page page = {
		.title = page_title(job),
		.trail = trail,
		.here = IMPORT_PATH,
		.wide = ended && job->result.errors->len > 0,
		.refresh = ended ? 0 : REFRESH,
	};
	Html *h = page_begin(visit, &page);

	if (ended) {
		import_job_write_result(h, visit, job);
		import_job_write_asked(h, visit, job);
	} else {
		write_running(h, visit, job);
	}
	write_link(h, IMPORT_JOBS_PATH, _("Meine Importe"));
	return page_end(visit, h, 200);
}

/* It says what became of an import that nobody knows any more. */
static bool show_unknown(Visit *visit, const GError *problem)
{
	const char *trail[] = {_("E-Mail"), _("E-Mail importieren"), NULL};
	const Page page = {
		.title = _("Import nicht bekannt"),
		.trail = trail,
		.here = IMPORT_PATH,
	};
	Html *h = page_begin(visit, &page);

	page_alert_failure(h, problem);
	write_link(h, "/archiv", _("Zum Archiv"));
	write_link(h, IMPORT_PATH, _("E-Mails importieren"));
	write_link(h, IMPORT_JOBS_PATH, _("Meine Importe"));
	return page_end(visit, h, 404);
}

static bool run_job(Visit *visit, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(ImportJob) job = find_job(visit, &problem);

	(void)error;
	if (!job)
		return show_unknown(visit, problem);
	if (job->state == IMPORT_JOB_ENDED)
		import_jobs_see(visit->web->imports, visit->user->id, job->id);
	return show_job(visit, job);
}

/* ---- live ---- */

/* One stream of events to a page. */
typedef struct Stream {
	Visit *visit;
	int64_t spoken;	   /* when something was said last */
	ImportPhase phase; /* that was said last */
	uint64_t tenth;	   /* of the mails, the same */
	bool is_open;
} Stream;

static void send(Stream *stream, const char *name, const char *text)
{
	stream->is_open = events_send(stream->visit, name, text, 0);
}

/* Whether there is something worth saying aloud: another phase, or a tenth more, not too often. */
static bool is_worth_saying(Stream *stream, const ImportJob *job)
{
	const ImportProgress *progress = &job->progress;
	uint64_t tenth = progress->total ? progress->done * 10 / progress->total : 0;
	int64_t now = clock_monotonic();

	if (stream->spoken && (now - stream->spoken < SPEAK_TIME ||
				      (progress->phase == stream->phase && tenth == stream->tenth)))
		return false;
	stream->spoken = now;
	stream->phase = progress->phase;
	stream->tenth = tenth;
	return true;
}

static void send_state(Stream *stream, const ImportJob *job)
{
	Html *h = html_new();
	g_autofree char *state = NULL;
	g_autofree char *count = import_job_count(job);
	g_autofree char *doing = import_job_doing(job);
	g_autofree char *said = g_strdup_printf("%s %s", doing, count ? count : "");

	import_job_write_state(h, job);
	state = html_take(h);
	html_free(h);
	send(stream, "stand", state);
	if (stream->is_open && is_worth_saying(stream, job))
		send(stream, "ansage", said);
}

/* Sends what JOB (nullable: it is forgotten) says; false: that was the last. */
static bool follow_job(Stream *stream, const ImportJob *job, uint64_t *seen)
{
	if (!job || job->state == IMPORT_JOB_ENDED) {
		g_autofree char *outcome = job ? import_job_outcome(job) : g_strdup("");

		send(stream, "ende", outcome);
		return false;
	}
	if (job->version == *seen)
		stream->is_open = events_pulse(stream->visit);
	else
		send_state(stream, job);
	*seen = job->version;
	return stream->is_open;
}

static void stream_job(Stream *stream, uint64_t id)
{
	Visit *visit = stream->visit;
	const Cancel *cancel = web_request_cancel(visit->request);
	int64_t end = clock_monotonic() + EVENTS_TIME;
	uint64_t seen = 0;
	bool goes_on = true;

	while (goes_on && clock_monotonic() < end && !cancel_wait(cancel, seen ? STREAM_STEP : 0)) {
		g_autoptr(ImportJob) job = import_jobs_wait(
			visit->web->imports, visit->user->id, id, seen, EVENTS_PULSE, cancel);

		goes_on = follow_job(stream, job, &seen);
	}
}

/* Where all places are taken, a look is all, and the browser comes back by itself. */
static bool run_events(Visit *visit, GError **error)
{
	g_autoptr(ImportJob) job = find_job(visit, error);
	Stream stream = {.visit = visit, .is_open = true};
	bool has_place;
	uint64_t seen = 0;

	if (!job)
		return false;
	has_place = waits_take(visit->web->waits, visit->user->id);
	stream.is_open = events_begin(visit, has_place);
	if (has_place) {
		stream_job(&stream, job->id);
		waits_give(visit->web->waits, visit->user->id);
	} else {
		follow_job(&stream, job, &seen);
	}
	return true;
}

/* ---- deeds ---- */

static bool run_cancel(Visit *visit, GError **error)
{
	g_autoptr(ImportJob) job = find_job(visit, error);

	if (!job)
		return false;
	import_jobs_cancel(visit->web->imports, visit->user->id, job->id);
	/* Most end at once: then the result is the next page. */
	for (int i = 0; i < 4; i++) {
		g_autoptr(ImportJob) now =
			import_jobs_look(visit->web->imports, visit->user->id, job->id);

		if (!now || now->state == IMPORT_JOB_ENDED ||
			cancel_wait(web_request_cancel(visit->request), STREAM_STEP))
			break;
	}
	return redirect_to(visit, job->id);
}

/* The id of what tries JOB again; asked for twice while it runs, it is the same. 0: *ERROR. */
static uint64_t begin_again(Visit *visit, const ImportJob *job, GError **error)
{
	g_auto(ImportAgain) again = {0};
	g_autofree char *key = g_strdup_printf("erneut-%" PRIu64, job->id);

	import_job_again(job, visit->actor, &again);
	again.request.repeats = true;
	return import_jobs_begin(visit->web->imports, visit->user->id, &again.request, key, error);
}

static bool run_again(Visit *visit, GError **error)
{
	g_autoptr(ImportJob) job = find_job(visit, error);
	uint64_t id;

	if (!job)
		return false;
	if (job->state != IMPORT_JOB_ENDED)
		return redirect_to(visit, job->id);
	id = begin_again(visit, job, error);
	return id != 0 && redirect_to(visit, id);
}

char *import_job_go_on(Visit *visit, const char *next)
{
	g_autoptr(ImportJob) job = NULL;
	guint64 id;

	if (!g_str_has_prefix(next, IMPORT_JOB_PATH) ||
		!g_ascii_string_to_unsigned(
			next + strlen(IMPORT_JOB_PATH), 10, 1, G_MAXUINT64, &id, NULL))
		return NULL;
	job = import_jobs_look(visit->web->imports, visit->user->id, id);
	if (!job || job->state != IMPORT_JOB_ENDED || !import_job_wants_sign_in(job))
		return NULL;
	id = begin_again(visit, job, NULL);
	return id != 0 ? g_strdup_printf(IMPORT_JOB_PATH "%" G_GUINT64_FORMAT, id) : NULL;
}

/* ---- the list ---- */

static void write_row(Html *h, const ImportJob *job, const char *const *labels)
{
	g_autofree char *begun = clock_format_german(job->begun);
	g_autofree char *subject = import_job_subject(job);
	g_autofree char *outcome = import_job_outcome(job);

	table_row(h);
	table_heading_cell(h, labels[0]);
	html(h, "<a class=\"kern-link\" href=\"" IMPORT_JOB_PATH);
	html_number(h, (int64_t)job->id);
	html(h, "\">");
	html_text(h, begun);
	html(h, "</a>");
	table_cell(h, labels[1]);
	html_text(h, subject);
	table_cell(h, labels[2]);
	html_text(h, job->case_number ? job->case_number : "–");
	table_cell(h, labels[3]);
	page_badge(h, import_job_tone(job), outcome);
}

static bool run_list(Visit *visit, GError **error)
{
	const char *trail[] = {_("E-Mail"), _("E-Mail importieren"), NULL};
	const char *labels[] = {
		_("Begonnen"), _("Was"), _("Aktenzeichen"), _("Stand oder Ergebnis"), NULL};
	const Page page = {
		.title = _("Meine Importe"), .trail = trail, .here = IMPORT_PATH, .wide = true};
	g_autoptr(GPtrArray) jobs = import_jobs_list(visit->web->imports, visit->user->id);
	Html *h = page_begin(visit, &page);

	(void)error;
	html(h, "<p>");
	html_text(h, _("Ihre letzten Importe, höchstens einen Tag alt, der neueste zuerst. Wird "
		       "Amtspost neu gestartet, beginnt die Liste von vorn. Was abgelegt wurde, "
		       "steht im Archiv."));
	html(h, "</p>\n");
	if (jobs->len == 0)
		page_alert(h, TONE_INFO, _("Noch kein Import"), NULL);
	else
		table_begin(h, _("Meine Importe"), labels);
	for (guint i = 0; i < jobs->len; i++)
		write_row(h, jobs->pdata[i], labels);
	if (jobs->len > 0)
		table_end(h);
	write_link(h, IMPORT_PATH, _("E-Mails importieren"));
	return page_end(visit, h, 200);
}

/* Tries what could not be retrieved from one folder again: the start page's button. */
static bool run_noted(Visit *visit, GError **error)
{
	const char *mailbox = visit_field(visit, "postfach");
	const char *folder = visit_field(visit, "ordner");
	const char *key = visit_field(visit, "schluessel");
	uint32_t uid_validity;
	g_autofree char *uids = retries_uids(
		visit->office, visit->user->name, mailbox, folder, &uid_validity, error);
	const char *mailboxes[] = {mailbox, NULL};
	const char *folders[] = {folder, NULL};
	const ImportRequest request = {
		.user = visit->user->name,
		.mailboxes = mailboxes,
		.folders = folders,
		.uids = uids,
		.unpicked = true,
		.uid_validity = uid_validity,
		.actor = visit->actor,
	};
	uint64_t id;

	if (!uids)
		return false;
	if (!*uids)
		return visit_redirect(visit, "/", "nichts-offen");
	id = import_jobs_begin(visit->web->imports, visit->user->id, &request,
		*key && strlen(key) <= IMPORT_KEY_LIMIT ? key : NULL, error);
	return id != 0 && redirect_to(visit, id);
}

const Route route_import_job[] = {
	{WEB_GET, "/importieren/vorgang/*", ROLE_PERSON, WEB_AT_ONCE, 0, run_job},
	{WEB_GET, "/importieren/vorgang/*/ereignisse", ROLE_PERSON, WEB_AS_WAIT, 0, run_events},
	{WEB_POST, "/importieren/vorgang/*/abbrechen", ROLE_PERSON, WEB_AS_JOB, 0, run_cancel},
	{WEB_POST, "/importieren/vorgang/*/erneut", ROLE_PERSON, WEB_AS_JOB, 0, run_again},
	{WEB_GET, "/importieren/vorgaenge", ROLE_PERSON, WEB_AT_ONCE, 0, run_list},
	{WEB_POST, "/importieren/vorgaenge", ROLE_PERSON, WEB_AS_JOB, 0, run_noted},
	{0},
};
