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

/* Moves to ENDED, to be closed without the lock, what waits for USER_ID (0: whoever) since before
 * MOMENT. Under the lock. */
static void take_out(MailPool *pool, int64_t user_id, int64_t moment, GPtrArray *ended)
{
	for (guint i = pool->waiting->len; i > 0; i--) {
		const Waiting *waiting = pool->waiting->pdata[i - 1];

		if ((user_id == 0 || waiting->user_id == user_id) && waiting->since <= moment)
			g_ptr_array_add(ended, g_ptr_array_steal_index(pool->waiting, i - 1));
	}
}

static void end_some(MailPool *pool, int64_t user_id, int64_t moment)
{
	g_autoptr(GPtrArray) ended = new_list();

	pthread_mutex_lock(&pool->lock);
	take_out(pool, user_id, moment, ended);
	pthread_mutex_unlock(&pool->lock);
}

void mail_pool_sweep(MailPool *pool)
{
	end_some(pool, 0, clock_monotonic() - KEPT_MILLISECONDS);
}

void mail_pool_forget(MailPool *pool, int64_t user_id)
{
	if (pool)
		end_some(pool, user_id, G_MAXINT64);
}

/* ---- taking ---- */

static bool fits(
	const Waiting *waiting, const Account *account, const char *address, int64_t generation)
{
	return waiting->user_id == account->user_id && waiting->mailbox->generation == generation &&
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

		if (!fits(waiting, account, address, generation))
			continue;
		mailbox = waiting->mailbox;
		g_free(g_ptr_array_steal_index(pool->waiting, i - 1));
	}
	pthread_mutex_unlock(&pool->lock);
	return mailbox;
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
	g_autoptr(Account) now = NULL;
	Mailbox *opened;
	int64_t generation;

	if (!settings_generation(office_settings(office), &generation, error))
		return NULL;
	while (pool) {
		g_autoptr(Mailbox) mailbox = find(pool, account, address, generation);

		if (!mailbox)
			break;
		if (!is_signed_in(office, account, cancel, error))
			return NULL;
		imap_set_cancel(mailbox->session, cancel);
		if (imap_noop(mailbox->session, NULL))
			return g_steal_pointer(&mailbox);
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
	if (!pool || !imap_is_alive(mailbox->session)) {
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
