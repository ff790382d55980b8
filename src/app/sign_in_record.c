/* The rows of sign_ins. A pair of the global scope has one row for everybody who uses it: were each
 * person to find out by trying, a shared account would be locked. */
#include "app/sign_in_record.h"

#include "audit/audit.h"
#include "base/clock.h"
#include "base/log.h"

typedef struct Lookup {
	const Account *account;
	char *server;
	SignInRecord record;
	SignInVerdict verdict; /* to be put on record */
} Lookup;

static Lookup lookup_for(const Account *account)
{
	return (Lookup){
		.account = account,
		.server = g_strdup_printf("%s:%u", account->imap.host, account->imap.port),
	};
}

static void lookup_clear(Lookup *lookup)
{
	g_free(lookup->server);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Lookup, lookup_clear)

static int64_t owner_of(const Account *account)
{
	return account->imap.credentials_are_global ? 0 : account->user_id;
}

/* "" where a server asked for none. */
static const char *username_of(const Account *account)
{
	return account->imap.username ? account->imap.username : "";
}

static bool recall_in(DbTransaction *transaction, void *data, GError **error)
{
	Lookup *lookup = data;
	const Account *account = lookup->account;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT refused, time FROM sign_ins WHERE owner = $1 AND protocol = 'imap'"
		" AND username = $2 AND server = $3 AND generation = $4",
		db_int(owner_of(account)), db_text(username_of(account)), db_text(lookup->server),
		db_int(account->imap.credential_generation));
	GError *failed = NULL;

	if (!rows)
		return false;
	lookup->record = (SignInRecord){0};
	if (db_rows_next(rows, &failed))
		lookup->record = (SignInRecord){
			.verdict = db_rows_int(rows, 0) ? VERDICT_REFUSED : VERDICT_GOOD,
			.since = db_rows_int(rows, 1),
		};
	if (failed)
		g_propagate_error(error, failed);
	return !failed;
}

bool sign_in_recall(Office *office, const Account *account, SignInRecord *record, GError **error)
{
	g_auto(Lookup) lookup = lookup_for(account);

	if (!db_read(office_db(office), recall_in, &lookup, error))
		return false;
	*record = lookup.record;
	return true;
}

/* Also what was said to the owner's former user names; *REFUSED: one of them was refused. The
 * global pair takes its user name from the accounts where it has none, so there each counts. */
static bool forget(
	DbTransaction *transaction, const Account *account, int64_t *refused, GError **error)
{
	int64_t owner = owner_of(account);
	DbValue username = db_text(username_of(account));

	return db_get_int(transaction, refused, 0, error,
		       "SELECT count(*) FROM sign_ins WHERE owner = $1 AND protocol = 'imap'"
		       " AND refused = 1 AND (owner <> 0 OR username = $2)",
		       db_int(owner), username) &&
	       db_run(transaction, error,
		       "DELETE FROM sign_ins WHERE owner = $1 AND protocol = 'imap'"
		       " AND (owner <> 0 OR username = $2)",
		       db_int(owner), username);
}

static bool note_audit(
	DbTransaction *transaction, const Lookup *lookup, bool refused_before, GError **error)
{
	const Account *account = lookup->account;
	bool refused = lookup->verdict == VERDICT_REFUSED;
	g_autofree char *detail =
		g_strdup_printf("imap: %s, %s", username_of(account), lookup->server);

	if (!refused && !refused_before)
		return true;
	return audit_add(transaction, account->user_name,
		refused ? "sign-in.refused" : "sign-in.ok", account->user_name, detail, error);
}

static bool remember_in(DbTransaction *transaction, void *data, GError **error)
{
	const Lookup *lookup = data;
	const Account *account = lookup->account;
	int64_t refused_before;

	return forget(transaction, account, &refused_before, error) &&
	       db_run(transaction, error,
		       "INSERT INTO sign_ins"
		       " (owner, protocol, username, server, generation, refused, time)"
		       " VALUES ($1, 'imap', $2, $3, $4, $5, $6)",
		       db_int(owner_of(account)), db_text(username_of(account)),
		       db_text(lookup->server), db_int(account->imap.credential_generation),
		       db_int(lookup->verdict == VERDICT_REFUSED), db_int(clock_now())) &&
	       note_audit(transaction, lookup, refused_before > 0, error);
}

void sign_in_remember(Office *office, const Account *account, SignInVerdict verdict)
{
	g_auto(Lookup) lookup = lookup_for(account);
	g_autoptr(GError) problem = NULL;

	lookup.verdict = verdict;
	if (db_read(office_db(office), recall_in, &lookup, &problem) &&
		lookup.record.verdict != verdict)
		db_write(office_db(office), remember_in, &lookup, &problem);
	if (problem)
		log_warning("the sign-in of %s is not on record: %s", account->user_name,
			problem->message);
}
