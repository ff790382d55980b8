/* The rows of tokens. */
#include "app/token_record.h"

#include <string.h>
#include "audit/audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "failure/failure.h"

#define DETAIL_LIMIT 500 /* bytes of a message in an audit row */

void token_record_clear(TokenRecord *record)
{
	g_free(record->path);
	g_free(record->account);
	g_free(record->identity);
	g_free(record->authority);
	g_free(record->tenant);
	g_free(record->client_id);
	g_free(record->failure);
	g_free(record->subject);
	g_free(record->installation);
	*record = (TokenRecord){0};
}

typedef struct Order {
	Office *office;
	int64_t user_id;
	const char *user;
	TokenRecord *record;
	const GError *problem;
	int64_t pause;
	const char *actor;
	GError *last; /* of token_record_last_login */
} Order;

/* PATH below the data folder as it is stored, and back; both yours. */
static char *shorten_path(const Office *office, const char *path)
{
	g_autofree char *folder = g_strconcat(office_folder(office), "/", NULL);

	return g_strdup(g_str_has_prefix(path, folder) ? path + strlen(folder) : path);
}

static char *whole_path(const Office *office, const char *stored)
{
	return g_path_is_absolute(stored) ? g_strdup(stored)
					  : g_build_filename(office_folder(office), stored, NULL);
}

/* Fills the row's columns into RECORD, whose own are empty. */
static void read_row(const Office *office, DbRows *rows, TokenRecord *record)
{
	record->present = true;
	record->path = whole_path(office, db_rows_text(rows, 0));
	record->account = g_strdup(db_rows_text(rows, 1));
	record->identity = g_strdup(db_rows_text(rows, 2));
	record->authority = g_strdup(db_rows_text(rows, 3));
	record->tenant = g_strdup(db_rows_text(rows, 4));
	record->client_id = g_strdup(db_rows_text(rows, 5));
	record->signed_in = db_rows_int(rows, 6);
	record->refreshed = db_rows_int(rows, 7);
	record->failure = g_strdup(db_rows_text(rows, 8));
	record->subject = g_strdup(db_rows_text(rows, 9));
	record->failed = db_rows_int(rows, 10);
	record->pause_until = db_rows_int(rows, 11);
}

static void read_installation(const Office *office, DbRows *rows, TokenRecord *record)
{
	(void)office;
	record->installation = g_strdup(db_rows_text(rows, 0));
}

/* The first row's columns by TAKE; no row is fine. */
static bool read_first(const Order *order, DbRows *rows,
	void (*take)(const Office *office, DbRows *rows, TokenRecord *record), GError **error)
{
	GError *failed = NULL;

	if (!rows)
		return false;
	if (db_rows_next(rows, &failed))
		take(order->office, rows, order->record);
	return db_rows_end(failed, error);
}

static bool load_in(DbTransaction *transaction, void *data, GError **error)
{
	Order *order = data;
	g_autoptr(DbRows) row = db_select(transaction, error,
		"SELECT path, account, identity, authority, tenant, client_id, signed_in,"
		" refreshed, failure, subject, failed, pause_until FROM tokens WHERE user_id = $1",
		db_int(order->user_id));
	g_autoptr(DbRows) installation = NULL;

	token_record_clear(order->record);
	if (!read_first(order, row, read_row, error))
		return false;
	installation =
		db_select(transaction, error, "SELECT value FROM meta WHERE name = 'installation'");
	return read_first(order, installation, read_installation, error);
}

bool token_record_load(Office *office, int64_t user_id, TokenRecord *record, GError **error)
{
	Order order = {.office = office, .user_id = user_id, .record = record};

	return db_read(office_db(office), load_in, &order, error);
}

static bool sign_in_in(DbTransaction *transaction, void *data, GError **error)
{
	const Order *order = data;
	const TokenRecord *record = order->record;
	g_autofree char *path = shorten_path(order->office, record->path);

	return db_run(transaction, error,
		       "INSERT INTO tokens (user_id, path, account, identity, authority, tenant,"
		       " client_id, signed_in) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
		       " ON CONFLICT (user_id) DO UPDATE SET"
		       " path = excluded.path, account = excluded.account,"
		       " identity = excluded.identity, authority = excluded.authority,"
		       " tenant = excluded.tenant, client_id = excluded.client_id,"
		       " signed_in = excluded.signed_in, refreshed = NULL, failure = NULL,"
		       " subject = NULL, failed = NULL, pause_until = NULL",
		       db_int(order->user_id), db_text(path), db_text(record->account),
		       db_text(record->identity), db_text(record->authority),
		       db_text(record->tenant), db_text(record->client_id), db_int(clock_now())) &&
	       db_run(transaction, error, "DELETE FROM failed_logins WHERE user_id = $1",
		       db_int(order->user_id)) &&
	       audit_add(transaction, order->actor, "login.office365", order->user,
		       record->identity ? record->identity : record->account, error);
}

bool token_record_sign_in(Office *office, int64_t user_id, const char *user,
	const TokenRecord *record, const char *actor, GError **error)
{
	Order order = {
		.office = office,
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

/* What the authority said, with its correlation ids, for whoever searches its logs. */
static bool audit_refusal(
	DbTransaction *transaction, const Order *order, const char *actor, GError **error)
{
	g_autofree char *detail = g_strdup_printf("office365: %s: %.*s",
		failure_name(order->problem), DETAIL_LIMIT, order->problem->message);
	g_autofree char *valid = text_make_valid(detail, strlen(detail));

	return audit_add(transaction, actor, "sign-in.refused", order->user, valid, error);
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
	       audit_refusal(transaction, order, order->user, error);
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

static bool failed_login_in(DbTransaction *transaction, void *data, GError **error)
{
	const Order *order = data;

	return db_run(transaction, error,
		       "INSERT INTO failed_logins (user_id, failure, subject, time)"
		       " VALUES ($1, $2, $3, $4) ON CONFLICT (user_id) DO UPDATE SET"
		       " failure = excluded.failure, subject = excluded.subject,"
		       " time = excluded.time",
		       db_int(order->user_id), db_text(failure_name(order->problem)),
		       db_text(failure_subject(order->problem)), db_int(clock_now())) &&
	       audit_refusal(transaction, order, order->actor, error);
}

void token_record_failed_login(
	Office *office, int64_t user_id, const char *user, const GError *problem, const char *actor)
{
	Order order = {
		.user_id = user_id,
		.user = user,
		.problem = problem,
		.actor = actor,
	};
	g_autoptr(GError) failed = NULL;

	if (!db_write(office_db(office), failed_login_in, &order, &failed))
		log_warning("the failed login of %s is not on record: %s", user, failed->message);
}

static bool last_login_in(DbTransaction *transaction, void *data, GError **error)
{
	Order *order = data;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT failure, subject FROM failed_logins WHERE user_id = $1",
		db_int(order->user_id));
	GError *failed = NULL;
	Failure failure;

	g_clear_error(&order->last);
	if (rows && db_rows_next(rows, &failed) && failure_find(db_rows_text(rows, 0), &failure))
		failure_set(
			&order->last, failure, db_rows_text(rows, 1), "the last sign-in failed");
	return db_rows_end(failed, error) && rows;
}

bool token_record_last_login(Office *office, int64_t user_id, GError **problem, GError **error)
{
	Order order = {.user_id = user_id};

	if (!db_read(office_db(office), last_login_in, &order, error))
		return false;
	if (order.last)
		g_propagate_error(problem, order.last);
	return true;
}

static bool remove_in(DbTransaction *transaction, void *data, GError **error)
{
	const Order *order = data;
	int64_t changed;

	return db_run(transaction, error, "DELETE FROM failed_logins WHERE user_id = $1",
		       db_int(order->user_id)) &&
	       db_run_counted(transaction, &changed, error, "DELETE FROM tokens WHERE user_id = $1",
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
