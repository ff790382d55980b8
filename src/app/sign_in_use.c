/* The rows of mail_uses. */
#include "app/sign_in_use.h"

#include "base/clock.h"
#include "base/log.h"
#include "failure/failure.h"

#define SAME_SECONDS 60 /* in which the same is not written again */

typedef struct Note {
	const Account *account;
	const Endpoint *endpoint;
	const char *protocol;
	char *way;
	const GError *problem; /* to be put on record; NULL: it went well */
	int64_t now;
	bool known; /* it stands there already */
	SignInUse use;
} Note;

/* All that decides how a connection is made, but for what is secret; yours. */
static char *describe_way(const Endpoint *endpoint)
{
	const Proxy *proxy = &endpoint->proxy;

	return g_strdup_printf("%s:%u tls %d ca %s proxy %d %s:%u", endpoint->host, endpoint->port,
		(int)endpoint->tls, endpoint->ca_file ? endpoint->ca_file : "", (int)proxy->kind,
		proxy->host ? proxy->host : "", proxy->host ? proxy->port : 0);
}

static Note note_for(const Account *account, MailProtocol protocol)
{
	const Endpoint *endpoint = account_endpoint(account, protocol);

	return (Note){
		.account = account,
		.endpoint = endpoint,
		.protocol = protocol == MAIL_PROTOCOL_IMAP ? "imap" : "smtp",
		.way = describe_way(endpoint),
		.now = clock_now(),
	};
}

void sign_in_use_clear(SignInUse *use)
{
	g_clear_error(&use->problem);
	*use = (SignInUse){0};
}

static void note_clear(Note *note)
{
	g_free(note->way);
	sign_in_use_clear(&note->use);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Note, note_clear)

/* ---- reading ---- */

static DbRows *select_use(DbTransaction *transaction, const Note *note, GError **error)
{
	return db_select(transaction, error,
		"SELECT coalesce(succeeded, 0), coalesce(failed, 0), failure, subject,"
		" CASE WHEN failing = 1 AND way = $3 AND generation = $4 THEN 1 ELSE 0 END"
		" FROM mail_uses WHERE user_id = $1 AND protocol = $2",
		db_int(note->account->user_id), db_text(note->protocol), db_text(note->way),
		db_int(note->endpoint->credential_generation));
}

static void read_row(DbRows *rows, SignInUse *use)
{
	const char *name = db_rows_text(rows, 2);
	Failure failure;

	use->succeeded = db_rows_int(rows, 0);
	use->failed = db_rows_int(rows, 1);
	use->failing = db_rows_int(rows, 4);
	if (name && failure_find(name, &failure))
		failure_set(&use->problem, failure, db_rows_text(rows, 3), "%s, on record", name);
}

static bool recall_in(DbTransaction *transaction, void *data, GError **error)
{
	Note *note = data;
	g_autoptr(DbRows) rows = select_use(transaction, note, error);
	GError *failed = NULL;

	if (!rows)
		return false;
	sign_in_use_clear(&note->use);
	if (db_rows_next(rows, &failed))
		read_row(rows, &note->use);
	return db_rows_end(failed, error);
}

bool sign_in_use_recall(Office *office, const Account *account, MailProtocol protocol,
	SignInUse *use, GError **error)
{
	g_auto(Note) note = note_for(account, protocol);

	if (!db_read(office_db(office), recall_in, &note, error))
		return false;
	*use = note.use;
	note.use = (SignInUse){0};
	return true;
}

/* ---- writing ---- */

/* Whether PROBLEM tells how the user's mail is. */
static bool counts(const GError *problem)
{
	switch (failure_of(problem)) {
	case FAILURE_LOGIN_REFUSED_BEFORE:
	case FAILURE_LOGIN_REFUSED_SHARED_BEFORE:
	case FAILURE_INTERNAL:
		return false;
	default:
		break;
	}
	switch (failure_code(problem)) {
	case FAILURE_CODE_CANCELLED:
	case FAILURE_CODE_INPUT:
	case FAILURE_CODE_CONFLICT:
	case FAILURE_CODE_STORE:
		return false;
	default:
		return true;
	}
}

static bool is_recent(const Note *note, int64_t time)
{
	return time <= note->now && note->now - time < SAME_SECONDS;
}

static const GError *last_problem(const Note *note)
{
	return note->use.failing ? note->use.problem : NULL;
}

/* Whether what is on record says the same; one that fails otherwise than now counts as one that
 * failed, too. */
static bool check_known(DbTransaction *transaction, Note *note, GError **error)
{
	int64_t failing;

	if (!db_get_int(transaction, &failing, 0, error,
		    "SELECT failing FROM mail_uses WHERE user_id = $1 AND protocol = $2",
		    db_int(note->account->user_id), db_text(note->protocol)))
		return false;
	if (note->problem)
		note->known = last_problem(note) &&
			      failure_of(last_problem(note)) == failure_of(note->problem) &&
			      g_strcmp0(failure_subject(last_problem(note)),
				      failure_subject(note->problem)) == 0 &&
			      is_recent(note, note->use.failed);
	else
		note->known = !failing && is_recent(note, note->use.succeeded);
	return true;
}

static bool compare_in(DbTransaction *transaction, void *data, GError **error)
{
	return recall_in(transaction, data, error) && check_known(transaction, data, error);
}

static bool note_success(DbTransaction *transaction, const Note *note, GError **error)
{
	return db_run(transaction, error,
		"INSERT INTO mail_uses (user_id, protocol, succeeded, failing)"
		" VALUES ($1, $2, $3, 0) ON CONFLICT (user_id, protocol)"
		" DO UPDATE SET succeeded = excluded.succeeded, failing = 0",
		db_int(note->account->user_id), db_text(note->protocol), db_int(note->now));
}

static bool note_failure(DbTransaction *transaction, const Note *note, GError **error)
{
	const char *named = failure_subject(note->problem);
	g_autofree char *subject = named ? g_utf8_make_valid(named, -1) : NULL;

	return db_run(transaction, error,
		"INSERT INTO mail_uses"
		" (user_id, protocol, failing, failed, failure, subject, way, generation)"
		" VALUES ($1, $2, 1, $3, $4, $5, $6, $7) ON CONFLICT (user_id, protocol)"
		" DO UPDATE SET failing = 1, failed = excluded.failed, failure = excluded.failure,"
		" subject = excluded.subject, way = excluded.way, generation = excluded.generation",
		db_int(note->account->user_id), db_text(note->protocol), db_int(note->now),
		db_text(failure_name(note->problem)), db_text(subject), db_text(note->way),
		db_int(note->endpoint->credential_generation));
}

/* Whoever was removed meanwhile leaves nothing. */
static bool note_in(DbTransaction *transaction, void *data, GError **error)
{
	const Note *note = data;
	int64_t there;

	if (!db_get_int(transaction, &there, 0, error, "SELECT count(*) FROM users WHERE id = $1",
		    db_int(note->account->user_id)))
		return false;
	if (!there)
		return true;
	return note->problem ? note_failure(transaction, note, error)
			     : note_success(transaction, note, error);
}

void sign_in_use_note(
	Office *office, const Account *account, MailProtocol protocol, const GError *problem)
{
	g_auto(Note) note = {0};
	g_autoptr(GError) failed = NULL;

	if (problem && !counts(problem))
		return;
	note = note_for(account, protocol);
	note.problem = problem;
	if (db_read(office_db(office), compare_in, &note, &failed) && !note.known)
		db_write(office_db(office), note_in, &note, &failed);
	if (failed)
		log_warning("how mail of %s went is not on record: %s", account->user_name,
			failed->message);
}
