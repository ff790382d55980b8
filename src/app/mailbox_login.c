/* The rows of mailbox_logins that hold credentials. */
#include "app/mailbox_internal.h"
#include "app/mailbox_login.h"

#include <inttypes.h>
#include "audit/audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "failure/failure.h"
#include "settings/settings.h"

void mailbox_login_clear(MailboxLogin *login)
{
	g_free(login->username);
	secret_free(login->password);
	g_free(login->stored);
	*login = (MailboxLogin){0};
}

/* A row as it is stored. */
typedef struct Row {
	char *username;
	char *sealed;
	char *server;
	int64_t refused;
} Row;

static void row_clear(Row *row)
{
	g_free(row->username);
	g_free(row->sealed);
	g_free(row->server);
	*row = (Row){0};
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Row, row_clear)

typedef struct Order {
	const Account *account;
	char *mailbox; /* folded */
	char *server;
	Row row;
	const char *username;
	char *sealed;
	const char *tried; /* the sealed password of what was refused, or not */
	bool refused;
	const char *actor;
	int64_t changed;
} Order;

static Order order_for(const Account *account, const char *address)
{
	return (Order){
		.account = account,
		.mailbox = address ? text_fold_address(address) : NULL,
		.server = g_strdup_printf("%s:%u", account->imap.host, account->imap.port),
	};
}

static void order_clear(Order *order)
{
	g_free(order->mailbox);
	g_free(order->server);
	g_free(order->sealed);
	row_clear(&order->row);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Order, order_clear)

/* Yours: what the sealed password is bound to. */
static char *identity_of(const Order *order)
{
	return g_strdup_printf(
		"%" PRId64 "/mailbox.password/%s", order->account->user_id, order->mailbox);
}

static bool load_in(DbTransaction *transaction, void *data, GError **error)
{
	Order *order = data;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT username, password, server, refused FROM mailbox_logins"
		" WHERE user_id = $1 AND mailbox = $2 AND password IS NOT NULL",
		db_int(order->account->user_id), db_text(order->mailbox));
	GError *failed = NULL;

	row_clear(&order->row);
	if (rows && db_rows_next(rows, &failed))
		order->row = (Row){
			.username = g_strdup(db_rows_text(rows, 0)),
			.sealed = g_strdup(db_rows_text(rows, 1)),
			.server = g_strdup(db_rows_text(rows, 2)),
			.refused = db_rows_int(rows, 3),
		};
	return db_rows_end(failed, error) && rows;
}

/* Whether the refusal in the row still counts. */
static bool is_refused(const Order *order)
{
	const Row *row = &order->row;

	return row->refused != 0 && g_strcmp0(row->server, order->server) == 0;
}

static bool open_password(Office *office, const Order *order, const char *address,
	MailboxLogin *login, GError **error)
{
	const Keyring *keyring = office_keyring(office);
	g_autofree char *identity = identity_of(order);
	GError *problem = NULL;

	login->password =
		keyring ? keyring_open_sealed(keyring, identity, order->row.sealed) : NULL;
	if (login->password)
		return true;
	failure_set(&problem, FAILURE_MAILBOX_SECRET, address, "the password of %s does not open",
		address);
	mailbox_advise_login(problem, order->account, address, login->username);
	g_propagate_error(error, problem);
	return false;
}

bool mailbox_login_load(Office *office, const Account *account, const char *address,
	MailboxLogin *login, GError **error)
{
	g_auto(Order) order = order_for(account, address);

	if (!db_read(office_db(office), load_in, &order, error))
		return false;
	*login = (MailboxLogin){
		.username = g_strdup(order.row.username),
		.stored = g_strdup(order.row.sealed),
		.refused = is_refused(&order),
	};
	login->since = login->refused ? order.row.refused : 0;
	return !order.row.sealed || open_password(office, &order, address, login, error);
}

/* A new generation, so that no process goes on with a session that was opened before. */
static bool store_in(DbTransaction *transaction, void *data, GError **error)
{
	const Order *order = data;
	int64_t generation;

	return settings_start_generation(transaction, &generation, error) &&
	       db_run(transaction, error,
		       "INSERT INTO mailbox_logins (user_id, mailbox, username, password,"
		       " generation) VALUES ($1, $2, $3, $4, 0)"
		       " ON CONFLICT (user_id, mailbox) DO UPDATE SET"
		       " username = excluded.username, password = excluded.password,"
		       " generation = 0, server = NULL, refused = NULL",
		       db_int(order->account->user_id), db_text(order->mailbox),
		       db_text(order->username), db_text(order->sealed)) &&
	       audit_add(transaction, order->actor, "login.mailbox", order->account->user_name,
		       order->mailbox, error);
}

bool mailbox_login_store(Office *office, const Account *account, const char *address,
	const char *username, const Secret *password, const char *actor, GError **error)
{
	g_auto(Order) order = order_for(account, address);
	g_autofree char *identity = identity_of(&order);

	if (!office_keyring(office)) {
		failure_set(error, FAILURE_KEYRING_MISSING, NULL, "no key ring to seal with");
		return false;
	}
	order.username = username;
	order.actor = actor;
	order.sealed = keyring_seal(office_keyring(office), identity, password);
	return db_write(office_db(office), store_in, &order, error);
}

static bool note_removal(DbTransaction *transaction, const Order *order, GError **error)
{
	int64_t generation;

	return settings_start_generation(transaction, &generation, error) &&
	       audit_add(transaction, order->actor, "login.remove", order->account->user_name,
		       order->mailbox ? order->mailbox : "*", error);
}

static bool remove_in(DbTransaction *transaction, void *data, GError **error)
{
	Order *order = data;

	return db_run_counted(transaction, &order->changed, error,
		       "DELETE FROM mailbox_logins WHERE user_id = $1"
		       " AND mailbox = coalesce($2, mailbox) AND password IS NOT NULL",
		       db_int(order->account->user_id), db_text(order->mailbox)) &&
	       (order->changed == 0 || note_removal(transaction, order, error));
}

bool mailbox_login_remove(Office *office, const Account *account, const char *address,
	const char *actor, bool *removed, GError **error)
{
	g_auto(Order) order = order_for(account, address);

	order.actor = actor;
	if (!db_write(office_db(office), remove_in, &order, error))
		return false;
	*removed = order.changed > 0;
	return true;
}

static bool note_in(DbTransaction *transaction, void *data, GError **error)
{
	const Order *order = data;
	int64_t changed;

	return db_run_counted(transaction, &changed, error,
		       "UPDATE mailbox_logins SET server = $1, refused = $2 WHERE user_id = $3"
		       " AND mailbox = $4 AND password = $5",
		       order->refused ? db_text(order->server) : db_null(),
		       order->refused ? db_int(clock_now()) : db_null(),
		       db_int(order->account->user_id), db_text(order->mailbox),
		       db_text(order->tried)) &&
	       (!order->refused || changed == 0 ||
		       audit_add(transaction, order->account->user_name, "sign-in.refused",
			       order->account->user_name, order->mailbox, error));
}

void mailbox_login_note(Office *office, const Account *account, const char *address,
	const MailboxLogin *login, bool refused)
{
	g_auto(Order) order = order_for(account, address);
	g_autoptr(GError) problem = NULL;

	order.tried = login->stored;
	order.refused = refused;
	if (db_read(office_db(office), load_in, &order, &problem) &&
		(refused ? !is_refused(&order) : order.row.refused != 0))
		db_write(office_db(office), note_in, &order, &problem);
	if (problem)
		log_warning("what the server said of %s is not on record: %s", address,
			problem->message);
}
