/* A thread that looks for what is due, and a few that send, a user each at a time. */
#include "app/send.h"

#include <pthread.h>
#include "drafts/drafts.h"
#include "base/clock.h"
#include "base/job_pool.h"
#include "base/log.h"
#include "failure/failure.h"
#include "settings/settings.h"

/* A user's server that stalls holds one of them up. */
#define THREADS 8
#define WAITING ((size_t)10000)
#define LOOK_MILLISECONDS 1000		/* for what other processes queue */
#define RECOVER_SECONDS 30		/* from one look for dead workers to the next */
#define TIDY_SECONDS (60 * 60)		/* from one erasing of old content to the next */
#define KEEP_SECONDS (7 * 24 * 60 * 60) /* content of what was sent, in case of questions */

struct Sender {
	Office *office;
	Cancel *cancel;
	JobPool *pool;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_woken, is_ending;
	GHashTable *busy;	   /* int64_t *, users whose job waits or runs */
	int64_t recovered, tidied; /* seconds, the last time */
	int64_t generation;	   /* of the settings, at the last look; 0: none yet */
};

/* One user's turn. */
typedef struct Turn {
	Sender *sender;
	int64_t user_id;
} Turn;

static void end_turn(Turn *turn)
{
	pthread_mutex_lock(&turn->sender->lock);
	g_hash_table_remove(turn->sender->busy, &turn->user_id);
	pthread_mutex_unlock(&turn->sender->lock);
	g_free(turn);
}

static void run_turn(void *data)
{
	Turn *turn = data;
	const OutboxPick pick = {.user_id = turn->user_id};
	g_autoptr(GError) problem = NULL;

	if (!cancel_triggered(turn->sender->cancel) &&
		!send_work(turn->sender->office, &pick, true, turn->sender->cancel, &problem) &&
		!failure_is(problem, FAILURE_CANCELLED))
		log_warning("sending: %s", problem->message);
	end_turn(turn);
}

static void drop_turn(void *data)
{
	end_turn(data);
}

static void begin_turn(Sender *sender, int64_t user_id)
{
	g_autofree char *key = g_strdup_printf("%" G_GINT64_FORMAT, user_id);
	Turn *turn;
	bool is_new;

	pthread_mutex_lock(&sender->lock);
	is_new = !g_hash_table_contains(sender->busy, &user_id);
	if (is_new)
		g_hash_table_add(sender->busy, g_memdup2(&user_id, sizeof(user_id)));
	pthread_mutex_unlock(&sender->lock);
	if (!is_new)
		return;
	turn = g_new0(Turn, 1);
	turn->sender = sender;
	turn->user_id = user_id;
	if (!job_pool_add(sender->pool, key, run_turn, drop_turn, turn))
		end_turn(turn);
}

/* What could not go now goes the next time; mails are sent all the same. */
static void tidy(const Sender *sender, Outbox *outbox)
{
	g_autoptr(GError) mails = NULL;
	g_autoptr(GError) drafts = NULL;

	if (!outbox_tidy(outbox, KEEP_SECONDS, &mails))
		log_warning("content of old mails is not erased: %s", mails->message);
	if (!drafts_tidy(office_db(sender->office), &drafts))
		log_warning("old drafts are not erased: %s", drafts->message);
}

/* Whoever sets a server or a login right need not wait for the next try. */
static bool hasten(Sender *sender, Outbox *outbox, GError **error)
{
	int64_t generation = 0;

	if (!settings_generation(office_settings(sender->office), &generation, error))
		return false;
	if (generation == sender->generation)
		return true;
	if (!outbox_hasten(outbox, 0, error))
		return false;
	sender->generation = generation;
	return true;
}

static bool look(Sender *sender, Outbox *outbox, GError **error)
{
	int64_t now = clock_now();
	g_autoptr(GArray) users = NULL;

	if (now - sender->recovered >= RECOVER_SECONDS) {
		if (!outbox_recover(outbox, NULL, error))
			return false;
		sender->recovered = now;
	}
	if (now - sender->tidied >= TIDY_SECONDS) {
		tidy(sender, outbox);
		sender->tidied = now;
	}
	if (!hasten(sender, outbox, error))
		return false;
	users = outbox_due_users(outbox, error);
	for (guint i = 0; users && i < users->len; i++)
		begin_turn(sender, g_array_index(users, int64_t, i));
	return users != NULL;
}

/* Whether to go on. */
static bool wait_for_work(Sender *sender)
{
	int64_t until = clock_monotonic() + LOOK_MILLISECONDS;
	const struct timespec time = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
	bool goes_on;

	pthread_mutex_lock(&sender->lock);
	while (!sender->is_woken && !sender->is_ending &&
		pthread_cond_timedwait(&sender->changed, &sender->lock, &time) == 0)
		continue;
	sender->is_woken = false;
	goes_on = !sender->is_ending;
	pthread_mutex_unlock(&sender->lock);
	return goes_on;
}

static void *run(void *data)
{
	Sender *sender = data;
	bool well = true;

	do {
		g_autoptr(GError) problem = NULL;
		Outbox *outbox = office_outbox(sender->office, &problem);
		bool looked = outbox && look(sender, outbox, &problem);

		/* Once, not every second. */
		if (!looked && well)
			log_warning("the outbox cannot be worked off: %s", problem->message);
		well = looked;
	} while (wait_for_work(sender));
	return NULL;
}

Sender *sender_new(Office *office)
{
	Sender *sender = g_new0(Sender, 1);
	pthread_condattr_t attributes;

	sender->office = office;
	sender->cancel = cancel_new();
	sender->pool = job_pool_new(THREADS, 1, WAITING);
	sender->busy = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	pthread_mutex_init(&sender->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&sender->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_create(&sender->thread, NULL, run, sender);
	return sender;
}

void sender_wake(Sender *sender)
{
	pthread_mutex_lock(&sender->lock);
	sender->is_woken = true;
	pthread_cond_signal(&sender->changed);
	pthread_mutex_unlock(&sender->lock);
}

void sender_free(Sender *sender)
{
	if (!sender)
		return;
	pthread_mutex_lock(&sender->lock);
	sender->is_ending = true;
	pthread_cond_signal(&sender->changed);
	pthread_mutex_unlock(&sender->lock);
	pthread_join(sender->thread, NULL);
	cancel_trigger(sender->cancel);
	job_pool_free(sender->pool);
	g_hash_table_unref(sender->busy);
	cancel_free(sender->cancel);
	pthread_cond_destroy(&sender->changed);
	pthread_mutex_destroy(&sender->lock);
	g_free(sender);
}
