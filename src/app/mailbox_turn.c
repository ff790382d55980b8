/* The rows of mailbox_logins without a password: what authorizations came to. In them "refused" is
 * the time of a refusal, NULL where the mailbox opened, and the negative time of being held back
 * where it waits for its turn. */
#include "app/mailbox_turn.h"

#include <inttypes.h>
#include "audit/audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

/* Rights are given meanwhile: so long a refusal counts. Seconds. */
#define REFUSAL_LIFE (60 * 60)
/* So long others let one go first that was held back, though it may not be wanted any more. */
#define WAITING_LIFE (24 * 60 * 60)

/* Mailboxes that opened before are asked for whatever others were refused. If so many are refused
 * within REFUSAL_LIFE, the right is gone for all: the rest waits as well. */
#define LOSS_LIMIT 3

typedef struct Asking {
	const Account *account;
	char *mailbox; /* folded */
	char *server;
	int64_t generation; /* that a refusal holds for */
	int64_t now;
	/* its own row */
	bool opened;	 /* once, with the same credentials */
	int64_t refused; /* since when; 0: not; also longer ago than REFUSAL_LIFE */
	int64_t waits;	 /* the same */
	/* the other mailboxes' */
	int64_t others_refused;
	int64_t others_waiting;
	int64_t others_earlier; /* refused before its own row was */
} Asking;

static Asking asking_for(const Account *account, const char *address)
{
	return (Asking){
		.account = account,
		.mailbox = text_fold_address(address),
		.server = g_strdup_printf("%s:%u", account->imap.host, account->imap.port),
		.generation =
			MAX(account->imap.credential_generation, account->mailboxes_generation),
		.now = clock_now(),
	};
}

static void asking_clear(Asking *asking)
{
	g_free(asking->mailbox);
	g_free(asking->server);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Asking, asking_clear)

static bool is_recent(const Asking *asking, int64_t time)
{
	return time > asking->now - REFUSAL_LIFE && time <= asking->now;
}

static bool load_own(DbTransaction *transaction, Asking *asking, GError **error)
{
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT generation, coalesce(refused, 0) FROM mailbox_logins WHERE user_id = $1"
		" AND mailbox = $2 AND password IS NULL AND server = $3",
		db_int(asking->account->user_id), db_text(asking->mailbox),
		db_text(asking->server));
	GError *failed = NULL;
	int64_t time;

	asking->opened = false;
	asking->refused = asking->waits = 0;
	if (rows && db_rows_next(rows, &failed)) {
		time = db_rows_int(rows, 1);
		asking->opened = time == 0 && db_rows_int(rows, 0) >=
						      asking->account->imap.credential_generation;
		if (db_rows_int(rows, 0) == asking->generation) {
			asking->refused = MAX(time, 0);
			asking->waits = MAX(-time, 0);
		}
	}
	return db_rows_end(failed, error) && rows;
}

/* *COUNT: of the others with REFUSED between FROM and TO. The pair of the Systemsteuerung is one
 * account for all who use it. */
static bool count_others(DbTransaction *transaction, const Asking *asking, int64_t from, int64_t to,
	int64_t *count, GError **error)
{
	const Endpoint *endpoint = &asking->account->imap;

	return db_get_int(transaction, count, 0, error,
		"SELECT count(*) FROM mailbox_logins WHERE password IS NULL AND server = $3"
		" AND refused BETWEEN $5 AND $6"
		" AND ((user_id = $1 AND mailbox <> $2 AND generation = $4)"
		"  OR ($7 AND user_id <> $1 AND generation >= $8 AND user_id NOT IN"
		"   (SELECT user_id FROM user_settings WHERE key = 'imap.password')))",
		db_int(asking->account->user_id), db_text(asking->mailbox), db_text(asking->server),
		db_int(asking->generation), db_int(from), db_int(to),
		db_int(endpoint->credentials_are_global), db_int(endpoint->credential_generation));
}

static bool load_in(DbTransaction *transaction, void *data, GError **error)
{
	Asking *asking = data;
	int64_t refusal = asking->now - REFUSAL_LIFE + 1;
	int64_t waiting = asking->now - WAITING_LIFE + 1;

	return load_own(transaction, asking, error) &&
	       count_others(
		       transaction, asking, refusal, asking->now, &asking->others_refused, error) &&
	       count_others(transaction, asking, -asking->now, -waiting, &asking->others_waiting,
		       error) &&
	       count_others(transaction, asking, refusal, asking->refused - 1,
		       &asking->others_earlier, error);
}

/* One that was refused already lets those go first that were not asked for because of it, or longer
 * ago. */
static MailboxTurn decide(const Asking *asking, bool again)
{
	bool behind = asking->refused &&
		      (asking->others_waiting > 0 || (again && asking->others_earlier > 0));
	MailboxTurn turn = {.since = asking->refused, .until = asking->refused + REFUSAL_LIFE};

	if (asking->opened || (again && !behind))
		turn.state = TURN_ASK;
	else if (!again && is_recent(asking, asking->refused))
		turn.state = TURN_REFUSED;
	else
		turn.state = behind || asking->others_refused > 0 ? TURN_WAIT : TURN_ASK;
	return turn;
}

/* Credentials of its own, and what later ones came to, stay as they are. */
static bool put(DbTransaction *transaction, const Asking *asking, DbValue refused, int64_t *changed,
	GError **error)
{
	return db_run_counted(transaction, changed, error,
		"INSERT INTO mailbox_logins (user_id, mailbox, generation, server, refused)"
		" VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id, mailbox) DO UPDATE SET"
		" generation = excluded.generation, server = excluded.server,"
		" refused = excluded.refused WHERE mailbox_logins.password IS NULL"
		" AND mailbox_logins.generation <= excluded.generation",
		db_int(asking->account->user_id), db_text(asking->mailbox),
		db_int(asking->generation), db_text(asking->server), refused);
}

static bool wait_in(DbTransaction *transaction, void *data, GError **error)
{
	const Asking *asking = data;
	int64_t changed;

	return put(transaction, asking, db_int(-asking->now), &changed, error);
}

bool mailbox_turn_take(Office *office, const Account *account, const char *address, bool again,
	MailboxTurn *turn, GError **error)
{
	g_auto(Asking) asking = asking_for(account, address);

	if (!db_read(office_db(office), load_in, &asking, error))
		return false;
	*turn = decide(&asking, again);
	if (turn->state != TURN_WAIT || asking.others_refused == 0 ||
		is_recent(&asking, asking.refused) || is_recent(&asking, asking.waits))
		return true;
	return db_write(office_db(office), wait_in, &asking, error);
}

bool mailbox_turn_recall(Office *office, const Account *account, const char *address,
	MailboxTurn *turn, GError **error)
{
	g_auto(Asking) asking = asking_for(account, address);

	if (!db_read(office_db(office), load_in, &asking, error))
		return false;
	*turn = decide(&asking, false);
	return true;
}

static bool hold_back_all(DbTransaction *transaction, const Asking *asking, GError **error)
{
	return db_run(transaction, error,
		"UPDATE mailbox_logins SET refused = $1, generation = $2 WHERE user_id = $3"
		" AND password IS NULL AND server = $4 AND refused IS NULL",
		db_int(-asking->now), db_int(asking->generation), db_int(asking->account->user_id),
		db_text(asking->server));
}

static bool note_refusal_in(DbTransaction *transaction, void *data, GError **error)
{
	Asking *asking = data;
	int64_t changed;

	if (!load_in(transaction, asking, error) ||
		!put(transaction, asking, db_int(asking->now), &changed, error))
		return false;
	if (changed == 0 || is_recent(asking, asking->refused))
		return true;
	if (asking->opened && asking->others_refused + 1 >= LOSS_LIMIT &&
		!hold_back_all(transaction, asking, error))
		return false;
	return audit_add(transaction, asking->account->user_name, "sign-in.refused",
		asking->account->user_name, asking->mailbox, error);
}

static bool note_success_in(DbTransaction *transaction, void *data, GError **error)
{
	int64_t changed;

	return put(transaction, data, db_null(), &changed, error);
}

void mailbox_turn_note(Office *office, const Account *account, const char *address, bool refused)
{
	g_auto(Asking) asking = asking_for(account, address);
	g_autoptr(GError) problem = NULL;

	if (db_read(office_db(office), load_in, &asking, &problem) && (refused || !asking.opened))
		db_write(office_db(office), refused ? note_refusal_in : note_success_in, &asking,
			&problem);
	if (problem)
		log_warning("what the server said of %s is not on record: %s", address,
			problem->message);
}
