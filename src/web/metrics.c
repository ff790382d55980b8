/* What is counted, and the page that says it. No names, no addresses. */
#include "web/metrics.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>
#include "archive/archive.h"
#include "base/clock.h"
#include "failure/failure.h"
#include "outbox/outbox.h"
#include "user/user_session.h"
#include "web/web_internal.h"

#define PREFIX "amtspost_"
#define CAUSES 20
#define TYPE "text/plain; version=0.0.4; charset=utf-8"

void metrics_count_answer(unsigned status, void *data)
{
	Web *web = data;

	atomic_fetch_add(&web->tally.answers[MIN(status / 100, 5)], 1);
}

void metrics_count_time(Web *web, int64_t microseconds)
{
	atomic_fetch_add(&web->tally.handled, 1);
	atomic_fetch_add(&web->tally.microseconds, (uint64_t)MAX(microseconds, 0));
}

/* ---- writing ---- */

static void describe(GString *text, const char *name, const char *type, const char *help)
{
	g_string_append_printf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_number(
	GString *text, const char *name, const char *type, const char *help, int64_t value)
{
	describe(text, name, type, help);
	g_string_append_printf(text, "%s %" PRId64 "\n", name, value);
}

static void add_seconds(
	GString *text, const char *name, const char *type, const char *help, double value)
{
	char number[G_ASCII_DTOSTR_BUF_SIZE];

	describe(text, name, type, help);
	g_string_append_printf(
		text, "%s %s\n", name, g_ascii_formatd(number, sizeof(number), "%.6f", value));
}

static void add_answers(GString *text, Web *web)
{
	const char *name = PREFIX "http_requests_total";
	describe(text, name, "counter", "Answered requests, by class of status.");
	for (unsigned digit = 2; digit <= 5; digit++) {
		uint64_t count = atomic_load(&web->tally.answers[digit]);

		g_string_append_printf(
			text, "%s{status=\"%uxx\"} %" PRIu64 "\n", name, digit, count);
	}
	name = PREFIX "http_request_duration_seconds";
	describe(text, name, "summary", "Time that answers took to be made.");
	g_string_append_printf(text, "%s_sum %.6f\n%s_count %" PRIu64 "\n", name,
		(double)atomic_load(&web->tally.microseconds) / G_USEC_PER_SEC, name,
		(uint64_t)atomic_load(&web->tally.handled));
}

/* ---- what is counted elsewhere ---- */

static bool add_people(GString *text, Web *web, GError **error)
{
	Db *db = office_db(web->office);
	UserCounts users;
	int64_t sessions;

	if (!user_count(db, &users, error) || !session_count(db, &sessions, error))
		return false;
	add_number(text, PREFIX "users", "gauge", "Users.", users.users);
	add_number(text, PREFIX "users_locked", "gauge", "Users who are locked.", users.locked);
	add_number(text, PREFIX "users_helpless", "gauge",
		"Users who cannot use mail, as of the last half minute.",
		atomic_load(&web->helpless));
	add_number(text, PREFIX "sessions", "gauge", "Sessions of the page.", sessions);
	return true;
}

static bool add_archive(GString *text, Web *web, GError **error)
{
	Archive *archive = office_archive(web->office, error);
	ArchiveSize size = {0};

	if (!archive || !archive_measure(archive, &size, error))
		return false;
	add_number(text, PREFIX "archive_mails", "gauge", "Mails in the archive.", size.mails);
	add_number(text, PREFIX "archive_copies", "gauge", "Copies of mails.", size.copies);
	add_number(text, PREFIX "archive_bytes", "gauge", "Bytes of all copies.", size.bytes);
	add_number(text, PREFIX "archive_unread", "gauge",
		"Mails that are filed but not searchable yet.", size.unread);
	add_number(text, PREFIX "archive_unreadable", "gauge",
		"Mails that could not be read as such.", size.unreadable);
	return true;
}

static void add_state(GString *text, const char *state, uint64_t count)
{
	g_string_append_printf(
		text, PREFIX "outbox_mails{state=\"%s\"} %" PRIu64 "\n", state, count);
}

static void add_causes(GString *text, const GPtrArray *causes)
{
	if (causes->len == 0)
		return;
	describe(text, PREFIX "outbox_mails_by_cause", "gauge",
		"Mails that wait, failed or are unknown by the failure that is why, the most "
		"frequent ones.");
	for (guint i = 0; i < causes->len; i++) {
		const OutboxCause *cause = g_ptr_array_index(causes, i);

		g_string_append_printf(text,
			PREFIX "outbox_mails_by_cause{state=\"%s\",condition=\"%s\"} %" PRId64 "\n",
			outbox_state_name(cause->state), cause->condition, cause->mails);
	}
}

static bool add_outbox(GString *text, Web *web, GError **error)
{
	Outbox *outbox = office_outbox(web->office, error);
	g_autoptr(GPtrArray) causes = NULL;
	OutboxCounts counts;

	if (!outbox || !outbox_count(outbox, 0, &counts, error) ||
		!(causes = outbox_causes(outbox, CAUSES, error)))
		return false;
	describe(text, PREFIX "outbox_mails", "gauge",
		"Mails in the outbox that are not over; of failed and unknown ones those that "
		"their "
		"users have not marked as done.");
	add_state(text, outbox_state_name(OUTBOX_QUEUED), counts.queued);
	add_state(text, outbox_state_name(OUTBOX_SENDING), counts.sending);
	add_state(text, outbox_state_name(OUTBOX_WAITING), counts.waiting);
	add_state(text, outbox_state_name(OUTBOX_FAILED), counts.failed);
	add_state(text, outbox_state_name(OUTBOX_UNKNOWN), counts.unknown);
	add_causes(text, causes);
	add_number(text, PREFIX "outbox_copies_pending", "gauge",
		"Sent mails that lack a copy in the archive or the Sent folder.",
		(int64_t)counts.copies);
	add_number(text, PREFIX "outbox_oldest_seconds", "gauge",
		"How long the oldest mail that is not sent yet has been in the outbox.",
		counts.oldest ? MAX(clock_now() - counts.oldest, 0) : 0);
	return true;
}

static void add_imports(GString *text, Web *web)
{
	ImportCounts counts = import_jobs_count(web->imports);

	add_number(text, PREFIX "imports_begun_total", "counter",
		"Imports that the page and the API began.", (int64_t)counts.begun);
	add_number(text, PREFIX "imports_failed_total", "counter",
		"Those of which not everything was imported; without cancelled ones.",
		(int64_t)counts.failed);
}

static int64_t resident_bytes(void)
{
	g_autofree char *text = NULL;
	const char *second;

	/* The second number is how many pages are resident (proc(5)). */
	if (!g_file_get_contents("/proc/self/statm", &text, NULL, NULL))
		return 0;
	second = strchr(text, ' ');
	return second ? g_ascii_strtoll(second, NULL, 10) * sysconf(_SC_PAGESIZE) : 0;
}

static double cpu_seconds(void)
{
	struct rusage usage = {0};

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / G_USEC_PER_SEC;
}

static void add_process(GString *text, const Web *web)
{
	int64_t running = (clock_monotonic() - web->started) / 1000;

	describe(text, PREFIX "build_info", "gauge", "The program's version.");
	g_string_append(text, PREFIX "build_info{version=\"" AMTSPOST_VERSION "\"} 1\n");
	add_number(text, "process_start_time_seconds", "gauge", "Start, seconds since 1970.",
		clock_now() - running);
	add_seconds(text, "process_cpu_seconds_total", "counter", "Processor time of the daemon.",
		cpu_seconds());
	add_number(text, "process_resident_memory_bytes", "gauge", "Resident memory.",
		resident_bytes());
}

/* ---- the page ---- */

/* Monitoring asks on this machine, or with the key of an administrator from another. */
static bool may_see(const Visit *visit)
{
	const char *peer = web_request_peer(visit->request);

	return (visit->user && visit->user->admin) || g_str_has_prefix(peer, "127.") ||
	       strcmp(peer, "::1") == 0;
}

static bool run_metrics(Visit *visit, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (!may_see(visit)) {
		failure_set(error, FAILURE_PAGE_FORBIDDEN, NULL, METRICS_PATH);
		return false;
	}
	add_process(text, visit->web);
	add_answers(text, visit->web);
	add_imports(text, visit->web);
	if (!add_people(text, visit->web, error) || !add_archive(text, visit->web, error) ||
		!add_outbox(text, visit->web, error))
		return false;
	web_response_header(visit->response, "Cache-Control", "no-store");
	web_response_text(visit->response, TYPE, text->str);
	return true;
}

const Route route_metrics[] = {
	{WEB_GET, METRICS_PATH, ROLE_ANYBODY, WEB_AS_JOB, 0, run_metrics},
	{0},
};
