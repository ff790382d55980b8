/* Keeping sign-ins with Office 365 alive that nobody uses: a refresh token ends after 90 days
 * without a refresh. */
#include "app/login.h"

#include "app/sign_in.h"
#include "app/token.h"
#include "base/clock.h"
#include "base/log.h"
#include "failure/failure.h"

#define IDLE_SECONDS (INT64_C(30) * 24 * 60 * 60)
#define IDLE_AT_ONCE 5

typedef struct Idle {
	int64_t after;
	int64_t before; /* whose last refresh is older */
	int64_t ids[IDLE_AT_ONCE];
	char *names[IDLE_AT_ONCE];
	size_t count;
} Idle;

static void idle_clear(Idle *idle)
{
	for (size_t i = 0; i < idle->count; i++)
		g_free(idle->names[i]);
	idle->count = 0;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Idle, idle_clear)

static bool list_in(DbTransaction *transaction, void *data, GError **error)
{
	Idle *idle = data;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT users.id, users.name FROM tokens JOIN users ON users.id = tokens.user_id"
		" WHERE users.id > $1 AND users.locked = 0"
		" AND coalesce(tokens.refreshed, tokens.signed_in) < $2"
		" ORDER BY users.id LIMIT $3",
		db_int(idle->after), db_int(idle->before), db_int(IDLE_AT_ONCE));

	idle_clear(idle);
	while (rows && idle->count < IDLE_AT_ONCE && db_rows_next(rows, &failed)) {
		idle->ids[idle->count] = db_rows_int(rows, 0);
		idle->names[idle->count++] = g_strdup(db_rows_text(rows, 1));
	}
	return db_rows_end(failed, error) && rows;
}

/* Whether the next may be tried at once: the authority can be reached. */
static bool refresh(Office *office, const char *user, const Cancel *cancel)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(Secret) token = NULL;
	g_autoptr(Account) account = sign_in_account(office, user, &problem);

	if (account && account->interface == INTERFACE_OFFICE365)
		token_get(office, account, NULL, cancel, &token, &problem);
	if (!problem)
		return true;
	log_warning("the idle sign-in of %s is not refreshed: %s", user, problem->message);
	return failure_code(problem) != FAILURE_CODE_RETRY &&
	       failure_code(problem) != FAILURE_CODE_CANCELLED;
}

bool login_refresh_idle(Office *office, int64_t *after, const Cancel *cancel)
{
	g_autoptr(GError) problem = NULL;
	g_auto(Idle) idle = {.after = *after, .before = clock_now() - IDLE_SECONDS};

	if (!db_read(office_db(office), list_in, &idle, &problem)) {
		log_warning("idle sign-ins: %s", problem->message);
		return false;
	}
	for (size_t i = 0; i < idle.count; i++) {
		*after = idle.ids[i];
		if (!refresh(office, idle.names[i], cancel))
			return !cancel_triggered(cancel);
	}
	return idle.count == IDLE_AT_ONCE;
}
