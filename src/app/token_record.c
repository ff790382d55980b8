/* The rows of tokens. */
#include "app/token_record.h"

#include "audit/audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "failure/failure.h"

void token_record_clear(TokenRecord *record)
{
	g_free(record->path);
	g_free(record->account);
	g_free(record->identity);
	g_free(record->failure);
	g_free(record->subject);
	g_free(record->installation);
	*record = (TokenRecord){0};
}

typedef struct Order {
	int64_t user_id;
	const char *user;
	TokenRecord *record;
	const GError *problem;
	int64_t pause;
	const char *actor;
} Order;

/* Fills the row's columns into RECORD, whose own are empty. */
static void read_row(DbRows *rows, TokenRecord *record)
{
	record->present = true;
	record->path = g_strdup(db_rows_text(rows, 0));
	record->account = g_strdup(db_rows_text(rows, 1));
	record->identity = g_strdup(db_rows_text(rows, 2));
	record->signed_in = db_rows_int(rows, 3);
	record->refreshed = db_rows_int(rows, 4);
	record->failure = g_strdup(db_rows_text(rows, 5));
	record->subject = g_strdup(db_rows_text(rows, 6));
	record->failed = db_rows_int(rows, 7);
	record->pause_until = db_rows_int(rows, 8);
}

/* The first row's columns by TAKE; no row is fine. */
static bool read_first(DbRows *rows, void (*take)(DbRows *rows, TokenRecord *record),
	TokenRecord *record, GError **error)
{
	GError *failed = NULL;

	if (!rows)
		return false;
	if (db_rows_next(rows, &failed))
		take(rows, record);
	if (failed)
		g_propagate_error(error, failed);
	return !failed;
}

static void read_installation(DbRows *rows, TokenRecord *record)
{
	record->installation = g_strdup(db_rows_text(rows, 0));
}

static bool load_in(DbTransaction *transaction, void *data, GError **error)
{
	Order *order = data;
	g_autoptr(DbRows) row = db_select(transaction, error,
		"SELECT path, account, identity, signed_in, refreshed, failure, subject, failed,"
		" pause_until FROM tokens WHERE user_id = $1",
		db_int(order->user_id));
	g_autoptr(DbRows) installation = NULL;

	token_record_clear(order->record);
	if (!read_first(row, read_row, order->record, error))
		return false;
	installation =
		db_select(transaction, error, "SELECT value FROM meta WHERE name = 'installation'");
	return read_first(installation, read_installation, order->record, error);
}

bool token_record_load(Office *office, int64_t user_id, TokenRecord *record, GError **error)
{
	Order order = {.user_id = user_id, .record = record};

	return db_read(office_db(office), load_in, &order, error);
}

static bool sign_in_in(DbTransaction *transaction, void *data, GError **error)
{
	const Order *order = data;
	const TokenRecord *record = order->record;

	return db_run(transaction, error,
		       "INSERT INTO tokens (user_id, path, account, identity, signed_in)"
		       " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id) DO UPDATE SET"
		       " path = excluded.path, account = excluded.account,"
		       " identity = excluded.identity, signed_in = excluded.signed_in,"
		       " refreshed = NULL, failure = NULL, subject = NULL, failed = NULL,"
		       " pause_until = NULL",
		       db_int(order->user_id), db_text(record->path), db_text(record->account),
		       db_text(record->identity), db_int(clock_now())) &&
	       audit_add(transaction, order->actor, "login.office365", order->user,
		       record->identity ? record->identity : record->account, error);
}

bool token_record_sign_in(Office *office, int64_t user_id, const char *user,
	const TokenRecord *record, const char *actor, GError **error)
{
	Order order = {
		.user_id = user_id,
		.user = user,
		.record = (TokenRecord *)record,
		.actor = actor,
	};

	return db_write(office_db(office), sign_in_in, &order, error);
}

static bool note_good(DbTransaction *transaction, const Order *order, GError **error)
{
	return db_run(transaction, error,
		"UPDATE tokens SET refreshed = $1, failure = NULL, subject = NULL, failed = NULL,"
		" pause_until = NULL WHERE user_id = $2",
		db_int(clock_now()), db_int(order->user_id));
}

static bool note_bad(DbTransaction *transaction, const Order *order, GError **error)
{
	const char *name = failure_name(order->problem);
	int64_t changed;

	if (!db_run_counted(transaction, &changed, error,
		    "UPDATE tokens SET failure = $1, subject = $2, failed = $3"
		    " WHERE user_id = $4 AND failure IS DISTINCT FROM $1",
		    db_text(name), db_text(failure_subject(order->problem)), db_int(clock_now()),
		    db_int(order->user_id)) ||
		!db_run(transaction, error, "UPDATE tokens SET pause_until = $1 WHERE user_id = $2",
			order->pause > 0 ? db_int(clock_now() + order->pause) : db_null(),
			db_int(order->user_id)))
		return false;
	return changed == 0 || failure_code(order->problem) == FAILURE_CODE_RETRY ||
	       audit_add(transaction, order->user, "sign-in.refused", order->user, name, error);
}

static bool note_in(DbTransaction *transaction, void *data, GError **error)
{
	const Order *order = data;

	return order->problem ? note_bad(transaction, order, error)
			      : note_good(transaction, order, error);
}

void token_record_note(
	Office *office, int64_t user_id, const char *user, const GError *problem, int64_t pause)
{
	Order order = {.user_id = user_id, .user = user, .problem = problem, .pause = pause};
	g_autoptr(GError) failed = NULL;

	if (!db_write(office_db(office), note_in, &order, &failed))
		log_warning("the refresh of %s is not on record: %s", user, failed->message);
}

static bool remove_in(DbTransaction *transaction, void *data, GError **error)
{
	const Order *order = data;
	int64_t changed;

	return db_run_counted(transaction, &changed, error, "DELETE FROM tokens WHERE user_id = $1",
		       db_int(order->user_id)) &&
	       (changed == 0 || audit_add(transaction, order->actor, "login.remove", order->user,
					NULL, error));
}

bool token_record_remove(
	Office *office, int64_t user_id, const char *user, const char *actor, GError **error)
{
	Order order = {.user_id = user_id, .user = user, .actor = actor};

	return db_write(office_db(office), remove_in, &order, error);
}
