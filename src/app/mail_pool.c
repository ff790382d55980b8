/* A list behind one lock: there are few entries, and each is used alone. */
#include "app/mail_pool.h"

#include <pthread.h>
#include <string.h>
#include "app/mailbox_internal.h"
#include "app/token.h"
#include "base/clock.h"
#include "settings/settings.h"

#define KEPT ((guint)200)
#define KEPT_A_USER 3
#define KEPT_MILLISECONDS 120000
/* Seconds in which one that has waited must answer. */
#define ANSWER_TIME 3

typedef struct Waiting {
	int64_t user_id;
	int64_t since; /* monotonic milliseconds */
	Mailbox *mailbox;
} Waiting;

struct MailPool {
	pthread_mutex_t lock;
	GPtrArray *waiting; /* Waiting *, the longest waiting first; under LOCK */
};

static void waiting_free(void *data)
{
	Waiting *waiting = data;

	mailbox_close(waiting->mailbox);
	g_free(waiting);
}

static GPtrArray *new_list(void)
{
	return g_ptr_array_new_with_free_func(waiting_free);
}

MailPool *mail_pool_new(void)
{
	MailPool *pool = g_new0(MailPool, 1);

	pthread_mutex_init(&pool->lock, NULL);
	pool->waiting = new_list();
	return pool;
}

void mail_pool_free(MailPool *pool)
{
	if (!pool)
		return;
	g_ptr_array_unref(pool->waiting);
	pthread_mutex_destroy(&pool->lock);
	g_free(pool);
}

void mail_pool_sweep(MailPool *pool)
{
	int64_t moment = clock_monotonic() - KEPT_MILLISECONDS;
	g_autoptr(GPtrArray) ended = new_list(); /* closed without the lock */

	pthread_mutex_lock(&pool->lock);
	for (guint i = pool->waiting->len; i > 0; i--) {
		const Waiting *waiting = pool->waiting->pdata[i - 1];

		if (waiting->since <= moment)
			g_ptr_array_add(ended, g_ptr_array_steal_index(pool->waiting, i - 1));
	}
	pthread_mutex_unlock(&pool->lock);
}

/* ---- taking ---- */

static bool is_for(const Waiting *waiting, const Account *account, const char *address)
{
	return waiting->user_id == account->user_id &&
	       strcmp(waiting->mailbox->address, address) == 0;
}

/* Yours, the one that was used last; NULL: none. */
static Mailbox *find(
	MailPool *pool, const Account *account, const char *address, int64_t generation)
{
	Mailbox *mailbox = NULL;

	pthread_mutex_lock(&pool->lock);
	for (guint i = pool->waiting->len; i > 0 && !mailbox; i--) {
		Waiting *waiting = pool->waiting->pdata[i - 1];

		if (!is_for(waiting, account, address) ||
			waiting->mailbox->generation != generation)
			continue;
		mailbox = waiting->mailbox;
		g_free(g_ptr_array_steal_index(pool->waiting, i - 1));
	}
	pthread_mutex_unlock(&pool->lock);
	return mailbox;
}

/* Closes what waits: one did not answer, and the others are as old or older. */
static void drop(MailPool *pool, const Account *account, const char *address)
{
	g_autoptr(GPtrArray) ended = new_list();

	pthread_mutex_lock(&pool->lock);
	for (guint i = pool->waiting->len; i > 0; i--) {
		if (is_for(pool->waiting->pdata[i - 1], account, address))
			g_ptr_array_add(ended, g_ptr_array_steal_index(pool->waiting, i - 1));
	}
	pthread_mutex_unlock(&pool->lock);
}

/* Whether MAILBOX, which has waited, is of use; it soon tells. */
static bool answers(Mailbox *mailbox, const Cancel *cancel)
{
	bool answered;

	imap_set_cancel(mailbox->session, cancel);
	imap_set_deadline(mailbox->session, clock_monotonic() + ANSWER_TIME * 1000);
	answered = imap_noop(mailbox->session, NULL);
	imap_set_deadline(mailbox->session, 0);
	return answered;
}

/* Whether ACCOUNT could sign in now: what waits must not outlive a sign-in that was removed. */
static bool is_signed_in(
	Office *office, const Account *account, const Cancel *cancel, GError **error)
{
	g_autoptr(Secret) token = NULL;

	return account->interface != INTERFACE_OFFICE365 ||
	       token_get(office, account, NULL, cancel, &token, error);
}

Mailbox *mail_pool_take(Office *office, const Account *account, const char *address,
	const Cancel *cancel, GError **error)
{
	MailPool *pool = office_pool(office);
	g_autoptr(Mailbox) kept = NULL;
	g_autoptr(Account) now = NULL;
	Mailbox *opened;
	int64_t generation;

	if (!settings_generation(office_settings(office), &generation, error))
		return NULL;
	kept = pool ? find(pool, account, address, generation) : NULL;
	if (kept) {
		if (!is_signed_in(office, account, cancel, error))
			return NULL;
		if (answers(kept, cancel))
			return g_steal_pointer(&kept);
		drop(pool, account, address);
	}
	/* Never older than the generation that it is kept under. */
	now = settings_resolve(office_settings(office), account->user_name, error);
	opened = now ? mailbox_open(office, now, address, NULL, cancel, error) : NULL;
	if (opened)
		opened->generation = generation;
	return opened;
}

/* ---- giving back ---- */

/* Makes room for one more of USER_ID. Under the lock. */
static void make_room(MailPool *pool, int64_t user_id, GPtrArray *ended)
{
	guint own = 0;

	for (guint i = pool->waiting->len; i > 0; i--) {
		const Waiting *waiting = pool->waiting->pdata[i - 1];

		if (waiting->user_id == user_id && ++own >= KEPT_A_USER)
			g_ptr_array_add(ended, g_ptr_array_steal_index(pool->waiting, i - 1));
	}
	if (pool->waiting->len >= KEPT)
		g_ptr_array_add(ended, g_ptr_array_steal_index(pool->waiting, 0));
}

/* Whether MAILBOX may be kept: a change since it was opened may be about what opened it. */
static bool is_worth_keeping(Office *office, const Mailbox *mailbox)
{
	int64_t generation;

	return imap_is_alive(mailbox->session) &&
	       settings_generation(office_settings(office), &generation, NULL) &&
	       mailbox->generation == generation;
}

void mail_pool_give(Office *office, const Account *account, Mailbox *mailbox)
{
	MailPool *pool = office_pool(office);
	g_autoptr(GPtrArray) ended = new_list();
	Waiting *waiting;

	if (!mailbox)
		return;
	imap_set_cancel(mailbox->session, NULL);
	waiting = g_new0(Waiting, 1);
	*waiting = (Waiting){
		.user_id = account->user_id,
		.since = clock_monotonic(),
		.mailbox = mailbox,
	};
	if (!pool || !is_worth_keeping(office, mailbox)) {
		g_ptr_array_add(ended, waiting);
		return;
	}
	/* What it found out about folders is of that moment. */
	g_clear_pointer(&mailbox->folders, g_ptr_array_unref);
	pthread_mutex_lock(&pool->lock);
	make_room(pool, account->user_id, ended);
	g_ptr_array_add(pool->waiting, waiting);
	pthread_mutex_unlock(&pool->lock);
}
