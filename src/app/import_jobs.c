/* A table of imports behind one lock, and a pool that runs them. An entry is changed under the lock
 * and copied for whoever looks; what it came to never changes any more and is shared. */
#include "app/import_jobs.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include "app/import_keys.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/job_pool.h"
#include "base/log.h"
#include "failure/failure.h"
#include "imap/imap.h"

#define THREADS 8
#define RUNNING_A_USER 2
#define WAITING ((size_t)200)
/* Ended imports of a user are kept: so many, with a key as many as there are keys, as long as all
 * of the user's newer ones are below so many bytes; and of all users'. */
#define KEPT_A_USER 20
#define KEPT_BYTES_A_USER ((size_t)2 * 1000 * 1000)
#define KEPT_BYTES ((size_t)50 * 1000 * 1000)
#define KEPT_SECONDS (24 * 60 * 60)
/* How many UIDs of a pick are counted. */
#define PICKED_LIMIT 1000000
#define WAIT_STEP 250 /* milliseconds until a cancel is noticed */

typedef struct Entry {
	ImportJobs *jobs;
	int64_t user_id;
	ImportJob job;
	Cancel *cancel; /* NULL: it has ended */
	size_t size;	/* once it has ended: of what is kept, in bytes */
	bool has_key;
	bool is_queued; /* the pool has it: it must not be freed */
	bool is_held;	/* it is cancelled when nobody holds it any more */
	unsigned holds;
	char *actor;
} Entry;

struct ImportJobs {
	Office *office;
	JobPool *pool;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	GPtrArray *entries; /* Entry *, the oldest first; under LOCK */
	ImportKeys *keys;   /* under LOCK */
	uint64_t last_id;
	ImportCounts counts; /* under LOCK */
	bool is_ending;
};

/* ---- life ---- */

static void clear_job(ImportJob *job)
{
	g_free(job->user);
	g_free(job->mailbox);
	g_free(job->folder);
	g_free(job->uids);
	g_free(job->case_number);
	g_free((char *)job->progress.mailbox);
	g_free((char *)job->progress.folder);
	import_result_clear(&job->result);
	g_clear_error(&job->problem);
}

void import_job_free(ImportJob *job)
{
	if (!job)
		return;
	clear_job(job);
	g_free(job);
}

static void entry_free(Entry *entry)
{
	clear_job(&entry->job);
	cancel_free(entry->cancel);
	g_free(entry->actor);
	g_free(entry);
}

ImportJobs *import_jobs_new(Office *office)
{
	ImportJobs *jobs = g_new0(ImportJobs, 1);
	pthread_condattr_t attributes;

	jobs->office = office;
	/* Whoever still watches one of before a restart does not come upon another's. */
	jobs->last_id = (uint64_t)clock_now() * 1000;
	jobs->entries = g_ptr_array_new_with_free_func((GDestroyNotify)entry_free);
	jobs->keys = import_keys_new();
	pthread_mutex_init(&jobs->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&jobs->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	jobs->pool = job_pool_new(THREADS, RUNNING_A_USER, WAITING);
	return jobs;
}

void import_jobs_free(ImportJobs *jobs)
{
	if (!jobs)
		return;
	pthread_mutex_lock(&jobs->lock);
	jobs->is_ending = true;
	for (guint i = 0; i < jobs->entries->len; i++) {
		const Entry *entry = jobs->entries->pdata[i];

		if (entry->cancel)
			cancel_trigger(entry->cancel);
	}
	pthread_cond_broadcast(&jobs->changed);
	pthread_mutex_unlock(&jobs->lock);
	job_pool_free(jobs->pool);
	g_ptr_array_unref(jobs->entries);
	import_keys_free(jobs->keys);
	pthread_cond_destroy(&jobs->changed);
	pthread_mutex_destroy(&jobs->lock);
	g_free(jobs);
}

/* ---- running ---- */

/* Under the lock. */
static void note_change(Entry *entry)
{
	entry->job.version++;
	pthread_cond_broadcast(&entry->jobs->changed);
}

static void keep_text(const char **place, const char *text)
{
	if (g_strcmp0(*place, text) == 0)
		return;
	g_free((char *)*place);
	*place = g_strdup(text);
}

static void report(const ImportProgress *progress, void *data)
{
	Entry *entry = data;
	ImportProgress *kept = &entry->job.progress;
	const char *mailbox, *folder;

	pthread_mutex_lock(&entry->jobs->lock);
	keep_text(&kept->mailbox, progress->mailbox);
	keep_text(&kept->folder, progress->folder);
	mailbox = kept->mailbox;
	folder = kept->folder;
	*kept = *progress;
	kept->mailbox = mailbox;
	kept->folder = folder;
	if (kept->phase == IMPORT_WAITING)
		entry->job.wait_until = clock_now() + kept->wait;
	note_change(entry);
	pthread_mutex_unlock(&entry->jobs->lock);
}

/* Under the lock. Takes PROBLEM. Whoever asks again for what was cancelled gets it done. */
static void note_end(Entry *entry, GError *problem)
{
	if (failure_is(problem, FAILURE_CANCELLED))
		import_keys_forget(entry->jobs->keys, entry->job.id);
	entry->job.problem = problem;
	entry->job.state = IMPORT_JOB_ENDED;
	entry->job.ended = clock_now();
	entry->job.is_cancelled = cancel_triggered(entry->cancel);
	g_clear_pointer(&entry->cancel, cancel_free); /* it has a descriptor */
	entry->size = sizeof(*entry) + (entry->job.uids ? strlen(entry->job.uids) : 0) +
		      import_result_measure(&entry->job.result);
	note_change(entry);
}

/* Failures that a person may have to look after. Under the lock. */
static void log_end(const Entry *entry, const GError *problem)
{
	if (failure_is(problem, FAILURE_CANCELLED) && entry->jobs->is_ending)
		log_warning("import %" G_GUINT64_FORMAT " of %s: interrupted, the daemon ends",
			entry->job.id, entry->job.user);
	else if (problem && !failure_is(problem, FAILURE_CANCELLED))
		log_warning("import %" G_GUINT64_FORMAT " of %s: %s: %s", entry->job.id,
			entry->job.user, failure_name(problem), problem->message);
}

static void end(Entry *entry, ImportResult *result, GError *problem)
{
	ImportJobs *jobs = entry->jobs;

	pthread_mutex_lock(&jobs->lock);
	log_end(entry, problem);
	jobs->counts.failed += problem && !failure_is(problem, FAILURE_CANCELLED);
	import_result_clear(&entry->job.result);
	entry->job.result = *result;
	note_end(entry, problem);
	pthread_mutex_unlock(&jobs->lock);
}

/* False: it was cancelled while it waited, and is not to be touched any more. */
static bool take_turn(Entry *entry)
{
	ImportJobs *jobs = entry->jobs;
	bool runs;

	pthread_mutex_lock(&jobs->lock);
	entry->is_queued = false;
	runs = entry->job.state == IMPORT_JOB_WAITING;
	if (runs) {
		entry->job.state = IMPORT_JOB_RUNNING;
		note_change(entry);
	}
	pthread_mutex_unlock(&jobs->lock);
	return runs;
}

static void run(void *data)
{
	Entry *entry = data;
	const ImportJob *job = &entry->job;
	const char *mailboxes[] = {job->mailbox, NULL};
	const char *folders[] = {job->folder, NULL};
	const ImportRequest request = {
		.user = job->user,
		.user_id = entry->user_id,
		.mailboxes = job->mailbox ? mailboxes : NULL,
		.folders = job->folder ? folders : NULL,
		.uids = job->uids,
		.unpicked = job->unpicked,
		.since = job->since,
		.uid_validity = job->uid_validity,
		.case_number = job->case_number,
		.actor = entry->actor,
	};
	ImportResult result;
	GError *problem = NULL;

	if (!take_turn(entry))
		return;
	import_result_init(&result);
	import_run(entry->jobs->office, &request, report, entry, entry->cancel, &result, &problem);
	end(entry, &result, problem);
}

/* Its turn never came. */
static void drop(void *data)
{
	Entry *entry = data;
	ImportResult result;
	GError *problem = NULL;

	if (!take_turn(entry))
		return;
	import_result_init(&result);
	failure_set(&problem, FAILURE_CANCELLED, NULL, "the daemon ends");
	end(entry, &result, problem);
}

/* ---- beginning ---- */

static void add_part(Sha256 *hash, const char *text)
{
	sha256_update(hash, text ? text : "", text ? strlen(text) : 0);
	sha256_update(hash, text ? "+" : "-", 2);
}

static void digest_request(const ImportRequest *request, uint8_t digest[static SHA256_SIZE])
{
	Sha256 *hash = sha256_new();
	g_autofree char *since = g_strdup_printf("%" G_GINT64_FORMAT " %u %d", request->since,
		request->uid_validity, request->unpicked);

	add_part(hash, request->user);
	add_part(hash, request->mailboxes ? request->mailboxes[0] : NULL);
	add_part(hash, request->folders ? request->folders[0] : NULL);
	add_part(hash, request->uids);
	add_part(hash, since);
	add_part(hash, request->case_number);
	sha256_finish(hash, digest);
	sha256_free(hash);
}

/* Whether an entry is to be forgotten, the OWN-th of its user, with BYTES of the user's and ALL of
 * all users' in newer ones. */
static bool is_surplus(const Entry *entry, guint own, size_t bytes, size_t all)
{
	if (own < KEPT_A_USER)
		return false;
	return !entry->has_key || own >= IMPORT_KEYS_LIMIT || bytes > KEPT_BYTES_A_USER ||
	       all > KEPT_BYTES;
}

/* Forgets what is too old, and the oldest of USER_ID beyond the limits; with the key, so that its
 * next request does not get an import that is not there. Under the lock. */
static void tidy(ImportJobs *jobs, int64_t user_id)
{
	int64_t now = clock_now();
	size_t bytes = 0, all = 0;
	guint own = 0;

	for (guint i = jobs->entries->len; i > 0; i--) {
		const Entry *entry = jobs->entries->pdata[i - 1];
		bool is_own = entry->user_id == user_id;

		own += is_own;
		bytes += is_own ? entry->size : 0;
		all += entry->size;
		if (entry->job.state == IMPORT_JOB_ENDED && !entry->is_queued &&
			(entry->job.ended < now - KEPT_SECONDS ||
				(is_own && is_surplus(entry, own, bytes, all)))) {
			import_keys_forget(jobs->keys, entry->job.id);
			g_ptr_array_remove_index(jobs->entries, i - 1);
		}
	}
}

static size_t count_picked(const char *uids)
{
	g_autoptr(GError) ignored = NULL;
	g_autoptr(GArray) picked = uids ? imap_uid_set_parse(uids, PICKED_LIMIT, &ignored) : NULL;

	return picked ? picked->len : 0;
}

static Entry *entry_new(ImportJobs *jobs, int64_t user_id, const ImportRequest *request)
{
	Entry *entry = g_new0(Entry, 1);

	entry->jobs = jobs;
	entry->user_id = user_id;
	entry->cancel = cancel_new();
	entry->actor = g_strdup(request->actor);
	entry->job = (ImportJob){
		.id = ++jobs->last_id,
		.version = 1,
		.begun = clock_now(),
		.user = g_strdup(request->user),
		.mailbox = request->mailboxes ? g_strdup(request->mailboxes[0]) : NULL,
		.folder = request->folders ? g_strdup(request->folders[0]) : NULL,
		.uids = g_strdup(request->uids),
		.unpicked = request->unpicked,
		.picked = count_picked(request->uids),
		.since = request->since,
		.uid_validity = request->uid_validity,
		.case_number = g_strdup(request->case_number),
	};
	import_result_init(&entry->job.result);
	return entry;
}

/* Under the lock. 0: refused. */
static uint64_t begin(ImportJobs *jobs, Entry *entry, GError **error)
{
	g_autofree char *key = g_strdup_printf("%" G_GINT64_FORMAT, entry->user_id);

	g_ptr_array_add(jobs->entries, entry);
	entry->is_queued = true;
	if (!jobs->is_ending && job_pool_add(jobs->pool, key, run, drop, entry))
		return entry->job.id;
	g_ptr_array_remove(jobs->entries, entry);
	failure_set(error, FAILURE_IMPORTS_MANY, NULL, "%zu imports wait", WAITING);
	return 0;
}

static Entry *find(const ImportJobs *jobs, int64_t user_id, uint64_t id)
{
	for (guint i = jobs->entries->len; i > 0; i--) {
		Entry *entry = jobs->entries->pdata[i - 1];

		if (entry->user_id == user_id && entry->job.id == id)
			return entry;
	}
	return NULL;
}

/* Another hold on ENTRY, or one that is not held any more. Under the lock. */
static void hold(Entry *entry, bool held)
{
	if (held)
		entry->holds++;
	else
		entry->is_held = false;
}

/* Under the lock. 0: refused. */
static uint64_t begin_or_join(ImportJobs *jobs, int64_t user_id, const ImportRequest *request,
	const char *key, bool held, GError **error)
{
	uint8_t digest[SHA256_SIZE];
	const ImportKey *former = import_keys_find(jobs->keys, user_id, key);
	Entry *entry;
	uint64_t id;

	digest_request(request, digest);
	if (former && memcmp(former->digest, digest, sizeof(digest)) != 0) {
		failure_set(error, FAILURE_IDEMPOTENCY_KEY, key, "another request had it");
		return 0;
	}
	entry = former ? find(jobs, user_id, former->id) : NULL;
	if (entry && !(request->repeats && entry->job.state == IMPORT_JOB_ENDED)) {
		hold(entry, held);
		return former->id;
	}
	entry = entry_new(jobs, user_id, request);
	entry->has_key = key != NULL;
	entry->is_held = held;
	entry->holds = held;
	id = begin(jobs, entry, error);
	jobs->counts.begun += id != 0;
	if (id != 0)
		import_keys_add(jobs->keys, user_id, key, digest, id);
	return id;
}

static uint64_t begin_locked(ImportJobs *jobs, int64_t user_id, const ImportRequest *request,
	const char *key, bool held, GError **error)
{
	uint64_t id;

	pthread_mutex_lock(&jobs->lock);
	tidy(jobs, user_id);
	id = begin_or_join(jobs, user_id, request, key, held, error);
	pthread_mutex_unlock(&jobs->lock);
	return id;
}

uint64_t import_jobs_begin(ImportJobs *jobs, int64_t user_id, const ImportRequest *request,
	const char *key, GError **error)
{
	return begin_locked(jobs, user_id, request, key, false, error);
}

uint64_t import_jobs_hold(ImportJobs *jobs, int64_t user_id, const ImportRequest *request,
	const char *key, GError **error)
{
	return begin_locked(jobs, user_id, request, key, true, error);
}

/* ---- looking ---- */

/* Under the lock. Lists of the result are shared once they are whole. */
static ImportJob *copy(const Entry *entry)
{
	ImportJob *job = g_memdup2(&entry->job, sizeof(entry->job));

	job->is_cancelled = entry->cancel ? cancel_triggered(entry->cancel) : job->is_cancelled;
	job->user = g_strdup(job->user);
	job->mailbox = g_strdup(job->mailbox);
	job->folder = g_strdup(job->folder);
	job->uids = g_strdup(job->uids);
	job->case_number = g_strdup(job->case_number);
	job->progress.mailbox = g_strdup(job->progress.mailbox);
	job->progress.folder = g_strdup(job->progress.folder);
	g_ptr_array_ref(job->result.errors);
	g_ptr_array_ref(job->result.case_conflicts);
	job->problem = job->problem ? g_error_copy(job->problem) : NULL;
	return job;
}

ImportJob *import_jobs_look(ImportJobs *jobs, int64_t user_id, uint64_t id)
{
	const Entry *entry;
	ImportJob *job;

	pthread_mutex_lock(&jobs->lock);
	entry = find(jobs, user_id, id);
	job = entry ? copy(entry) : NULL;
	pthread_mutex_unlock(&jobs->lock);
	return job;
}

/* A moment MILLISECONDS from now. */
static struct timespec moment(int64_t milliseconds)
{
	int64_t at = clock_monotonic() + milliseconds;

	return (struct timespec){.tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000};
}

ImportJob *import_jobs_wait(ImportJobs *jobs, int64_t user_id, uint64_t id, uint64_t seen,
	int milliseconds, const Cancel *cancel)
{
	int64_t end = clock_monotonic() + milliseconds;
	const Entry *entry;
	ImportJob *job;

	pthread_mutex_lock(&jobs->lock);
	while ((entry = find(jobs, user_id, id)) && entry->job.version <= seen &&
		!jobs->is_ending && !cancel_triggered(cancel)) {
		int64_t left = end - clock_monotonic();
		struct timespec until = moment(MIN(left, WAIT_STEP));

		if (left <= 0)
			break;
		pthread_cond_timedwait(&jobs->changed, &jobs->lock, &until);
	}
	job = entry ? copy(entry) : NULL;
	pthread_mutex_unlock(&jobs->lock);
	return job;
}

GPtrArray *import_jobs_list(ImportJobs *jobs, int64_t user_id)
{
	GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)import_job_free);
	guint own = 0;

	pthread_mutex_lock(&jobs->lock);
	for (guint i = jobs->entries->len; i > 0; i--) {
		const Entry *entry = jobs->entries->pdata[i - 1];

		if (entry->user_id != user_id)
			continue;
		if (own++ < KEPT_A_USER || entry->job.state != IMPORT_JOB_ENDED)
			g_ptr_array_add(list, copy(entry));
	}
	pthread_mutex_unlock(&jobs->lock);
	return list;
}

void import_jobs_see(ImportJobs *jobs, int64_t user_id, uint64_t id)
{
	Entry *entry;

	pthread_mutex_lock(&jobs->lock);
	entry = find(jobs, user_id, id);
	if (entry && entry->job.state == IMPORT_JOB_ENDED)
		entry->job.is_seen = true;
	pthread_mutex_unlock(&jobs->lock);
}

/* Under the lock. */
static void cancel_entry(Entry *entry)
{
	GError *problem = NULL;

	if (entry->job.state == IMPORT_JOB_ENDED)
		return;
	cancel_trigger(entry->cancel);
	if (entry->job.state == IMPORT_JOB_RUNNING) {
		import_keys_forget(entry->jobs->keys, entry->job.id);
		note_change(entry);
		return;
	}
	failure_set(&problem, FAILURE_CANCELLED, NULL, "cancelled before its turn");
	note_end(entry, problem);
}

bool import_jobs_cancel(ImportJobs *jobs, int64_t user_id, uint64_t id)
{
	Entry *entry;

	pthread_mutex_lock(&jobs->lock);
	entry = find(jobs, user_id, id);
	if (entry)
		cancel_entry(entry);
	pthread_mutex_unlock(&jobs->lock);
	return entry != NULL;
}

void import_jobs_let_go(ImportJobs *jobs, int64_t user_id, uint64_t id)
{
	Entry *entry;

	pthread_mutex_lock(&jobs->lock);
	entry = find(jobs, user_id, id);
	if (entry && --entry->holds == 0 && entry->is_held)
		cancel_entry(entry);
	pthread_mutex_unlock(&jobs->lock);
}

ImportCounts import_jobs_count(ImportJobs *jobs)
{
	ImportCounts counts;

	pthread_mutex_lock(&jobs->lock);
	counts = jobs->counts;
	pthread_mutex_unlock(&jobs->lock);
	return counts;
}
