/* Measures the archive's pages over a data folder that tests/bench/scale has filled: each with one
 * thread and with ten at once, medians and the slowest of a hundred, in milliseconds. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "archive/archive.h"
#include "base/clock.h"

#define THREADS 10
#define ROUNDS 200
#define PAGE 50
#define FIRST_DATE 1500000000
#define DATES 200000000

typedef struct Task {
	const char *name;
	const ArchiveViewer *viewer;
	ArchiveFilter filter;
	const char *prefix; /* completes a case number instead */
	bool filed;	    /* asks for UIDs instead */
	const char *people; /* completes an address instead */
	bool newest;	    /* always the first page; else from anywhere */
} Task;

static const char *const one[] = {"m1@example.org", NULL};
static const char *const three[] = {
	"m1@example.org", "m10001@example.org", "M10002@example.org", NULL};
static const ArchiveViewer few = {1, "u1", one};
static const ArchiveViewer many = {1, "u1", three};

#define SHARED "m10001@example.org"
#define FOREIGN "m4711@example.org"

static const Task tasks[] = {
	{"list, 100 mails in sight", &few},
	{"list, 100,100 in sight", &many},
	{"list, Archiv", NULL},
	{"list, newest, 100,100 in sight", &many, .newest = true},
	{"list of a mailbox, 100,100 in sight", &many, {.mailbox = SHARED}},
	{"list of a foreign mailbox, 100,100 in sight", &many, {.mailbox = FOREIGN}},
	{"list with attachments, 100 in sight", &few, {.with_attachments = true}},
	{"list with attachments, 100,100 in sight", &many, {.with_attachments = true}},
	{"list with attachments, Archiv", NULL, {.with_attachments = true}},
	{"list of a case, 100,100 in sight", &many, {.case_number = "2016-004711/Ö"}},
	{"list of case, mailbox, attachments, Archiv", NULL,
		{.case_number = "2016-004711/Ö", .mailbox = SHARED, .with_attachments = true}},
	{"search common, 100 in sight", &few, {.words = "sehr"}},
	{"search common, 100,100 in sight", &many, {.words = "sehr"}},
	{"search common, Archiv", NULL, {.words = "sehr"}},
	{"search 30 %, 100 in sight", &few, {.words = "rechnung"}},
	{"search 30 %, 100,100 in sight", &many, {.words = "rechnung"}},
	{"search 30 %, attachments, 100,100 in sight", &many,
		{.words = "rechnung", .with_attachments = true}},
	{"search rare, 100 in sight", &few, {.words = "selten"}, .newest = true},
	{"search rare, 100,100 in sight", &many, {.words = "selten"}, .newest = true},
	{"search rare, Archiv", NULL, {.words = "selten"}, .newest = true},
	{"search none, 100,100 in sight", &many, {.words = "nirgends"}, .newest = true},
	{"search two common that never meet, Archiv", NULL, {.words = "gerade ungerade "},
		.newest = true},
	{"search two common that never meet, 100 in sight", &few, {.words = "gerade ungerade "},
		.newest = true},
	{"search common out of sight, 100,100 in sight", &many, {.words = "ungerade "},
		.newest = true},
	{"search beginning of 1,111 words, 100 in sight", &few, {.words = "wort12"}},
	{"search beginning of 1,111 words, 100,100 in sight", &many, {.words = "wort12"}},
	{"search beginning of 50,000 words, 100 in sight", &few, {.words = "wort"}},
	{"search beginning of 50,000 words, Archiv", NULL, {.words = "wort"}},
	{"cases \"\", Archiv", NULL, .prefix = ""},
	{"cases \"20\", Archiv", NULL, .prefix = "20"},
	{"cases \"2016-0047\", Archiv", NULL, .prefix = "2016-0047"},
	{"cases \"20\", 100 in sight", &few, .prefix = "20"},
	{"cases \"2016-0047\", 100 in sight", &few, .prefix = "2016-0047"},
	{"cases \"2016-0047\", 100,100 in sight", &many, .prefix = "2016-0047"},
	{"filed, 50 UIDs of a shared folder", NULL, .filed = true},
	{"people \"abs\", 100,100 in sight", &many, .people = "abs"},
	{"people \"\", 100,100 in sight", &many, .people = ""},
	{"people of old mails, Archiv", NULL, .people = "absender500"},
	{"people \"sehr\" (words only), 100 in sight", &few, .people = "sehr"},
	{"people \"sehr\" (words only), 100,100 in sight", &many, .people = "sehr"},
	{"people \"sehr\" (words only), Archiv", NULL, .people = "sehr"},
	{"people \"nirgends\", 100,100 in sight", &many, .people = "nirgends"},
};

typedef struct Runner {
	Archive *archive;
	const Task *task;
	unsigned seed;
	int rounds;
	double times[ROUNDS];
	guint results;
} Runner;

static guint run_filed(Runner *runner, GRand *chance, GError **error)
{
	ArchiveFolder folder = {.server = "mail.example.org",
		.mailbox = "m10001@example.org",
		.name = "INBOX",
		.uid_validity = 1};
	uint32_t first = (uint32_t)g_rand_int_range(chance, 1, 990000);
	uint32_t uids[PAGE];

	for (uint32_t i = 0; i < PAGE; i++)
		uids[i] = first + i;
	g_autoptr(GArray) filed = archive_filed(runner->archive, &folder, uids, PAGE, error);
	return filed ? filed->len : 0;
}

static guint run_once(Runner *runner, GRand *chance, GError **error)
{
	const Task *task = runner->task;
	ArchiveFilter filter = task->filter;

	if (task->filed)
		return run_filed(runner, chance, error);
	if (task->prefix) {
		g_autoptr(GPtrArray) cases =
			archive_cases(runner->archive, task->viewer, task->prefix, 10, error);
		return cases ? cases->len : 0;
	}
	if (task->people) {
		g_autoptr(GPtrArray) people = archive_people(runner->archive, task->viewer,
			task->people, *task->people ? 10 : 100, error);
		return people ? people->len : 0;
	}
	filter.viewer = task->viewer;
	filter.limit = PAGE;
	if (!task->newest) {
		filter.before_date = FIRST_DATE + g_rand_int_range(chance, 0, DATES);
		filter.before_id = 1;
	}
	g_autoptr(ArchivePage) page = archive_page(runner->archive, &filter, error);
	return page ? page->rows->len : 0;
}

static void *run_thread(void *data)
{
	Runner *runner = data;
	g_autoptr(GRand) chance = g_rand_new_with_seed(runner->seed);
	GError *error = NULL;

	for (int i = 0; i < runner->rounds; i++) {
		int64_t began = g_get_monotonic_time();

		runner->results += run_once(runner, chance, &error);
		runner->times[i] = (double)(g_get_monotonic_time() - began) / 1000;
		if (error)
			g_error("%s: %s", runner->task->name, error->message);
	}
	return NULL;
}

static int compare_times(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return left < right ? -1 : left > right;
}

static void print_times(GArray *times)
{
	g_array_sort(times, compare_times);
	printf(" %8.2f %8.2f", g_array_index(times, double, times->len / 2),
		g_array_index(times, double, times->len * 99 / 100));
}

static void measure(Archive *archive, const Task *task, int threads)
{
	g_autofree Runner *runners = g_new0(Runner, (gsize)threads);
	GThread *running[THREADS];
	g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));
	guint results = 0;

	for (int i = 0; i < threads; i++) {
		runners[i] = (Runner){archive, task, (unsigned)i, ROUNDS / threads};
		running[i] = g_thread_new("page", run_thread, &runners[i]);
	}
	for (int i = 0; i < threads; i++) {
		g_thread_join(running[i]);
		g_array_append_vals(times, runners[i].times, (guint)runners[i].rounds);
		results += runners[i].results;
	}
	if (threads == 1)
		printf("%-52s %5.1f", task->name, (double)results / ROUNDS);
	print_times(times);
	fflush(stdout);
}

int main(int count, char **arguments)
{
	g_autofree char *url = g_strdup_printf("sqlite:%s/amtspost.db", arguments[count - 1]);
	g_autofree char *folder = g_build_filename(arguments[count - 1], "archive", NULL);
	GError *error = NULL;
	Db *db = db_open_main(url, &error);
	Archive *archive = db ? archive_open(db, folder, &error) : NULL;

	if (!archive)
		g_error("%s", error->message);
	if (g_str_equal(arguments[1], "measure")) {
		printf("%-52s %5s %8s %8s %8s %8s\n", "", "rows", "p50", "p99", "10: p50", "p99");
		for (size_t i = 0; i < G_N_ELEMENTS(tasks); i++) {
			measure(archive, &tasks[i], 1);
			measure(archive, &tasks[i], THREADS);
			printf("\n");
		}
	}
	archive_close(archive);
	db_close(db);
	return 0;
}
