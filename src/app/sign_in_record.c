/* The rows of sign_ins. A pair of the global scope has one row for everybody who uses it: were each
 * person to find out by trying, a shared account would be locked. */
#include "app/sign_in_record.h"

#include "audit/audit.h"
#include "base/clock.h"
#include "base/log.h"

typedef struct Lookup {
	const Account *account;
	const Endpoint *endpoint;
	const char *protocol;
	char *server;
	SignInRecord record;
	SignInVerdict verdict; /* to be put on record */
} Lookup;

static Lookup lookup_for(const Account *account, MailProtocol protocol)
{
	const Endpoint *endpoint = account_endpoint(account, protocol);

	return (Lookup){
		.account = account,
		.endpoint = endpoint,
		.protocol = protocol == MAIL_PROTOCOL_IMAP ? "imap" : "smtp",
		.server = g_strdup_printf("%s:%u", endpoint->host, endpoint->port),
	};
}

static void lookup_clear(Lookup *lookup)
{
	g_free(lookup->server);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Lookup, lookup_clear)

static int64_t owner_of(const Lookup *lookup)
{
	return lookup->endpoint->credentials_are_global ? 0 : lookup->account->user_id;
}

/* With Office 365 the account; "" where a server asked for none. */
static const char *username_of(const Lookup *lookup)
{
	const char *username = lookup->account->interface == INTERFACE_OFFICE365
				       ? lookup->account->address
				       : lookup->endpoint->username;

	return username ? username : "";
}

static bool recall_in(DbTransaction *transaction, void *data, GError **error)
{
	Lookup *lookup = data;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT refused, time FROM sign_ins WHERE owner = $1 AND protocol = $2"
		" AND username = $3 AND server = $4 AND generation = $5",
		db_int(owner_of(lookup)), db_text(lookup->protocol), db_text(username_of(lookup)),
		db_text(lookup->server), db_int(lookup->endpoint->credential_generation));
	GError *failed = NULL;

	if (!rows)
		return false;
	lookup->record = (SignInRecord){0};
	if (db_rows_next(rows, &failed))
		lookup->record = (SignInRecord){
			.verdict = db_rows_int(rows, 0) ? VERDICT_REFUSED : VERDICT_GOOD,
			.since = db_rows_int(rows, 1),
		};
	return db_rows_end(failed, error);
}

bool sign_in_recall(Office *office, const Account *account, MailProtocol protocol,
	SignInRecord *record, GError **error)
{
	g_auto(Lookup) lookup = lookup_for(account, protocol);

	if (!db_read(office_db(office), recall_in, &lookup, error))
		return false;
	*record = lookup.record;
	return true;
}

/* Also what was said to the owner's former user names; *REFUSED: one of them was refused. The
 * global pair takes its user name from the accounts where it has none, so there each counts. */
static bool forget(
	DbTransaction *transaction, const Lookup *lookup, int64_t *refused, GError **error)
{
	DbValue owner = db_int(owner_of(lookup));
	DbValue protocol = db_text(lookup->protocol);
	DbValue username = db_text(username_of(lookup));

	return db_get_int(transaction, refused, 0, error,
		       "SELECT count(*) FROM sign_ins WHERE owner = $1 AND protocol = $2"
		       " AND refused = 1 AND (owner <> 0 OR username = $3)",
		       owner, protocol, username) &&
	       db_run(transaction, error,
		       "DELETE FROM sign_ins WHERE owner = $1 AND protocol = $2"
		       " AND (owner <> 0 OR username = $3)",
		       owner, protocol, username);
}

static bool note_audit(
	DbTransaction *transaction, const Lookup *lookup, bool refused_before, GError **error)
{
	const Account *account = lookup->account;
	bool refused = lookup->verdict == VERDICT_REFUSED;
	g_autofree char *detail = g_strdup_printf(
		"%s: %s, %s", lookup->protocol, username_of(lookup), lookup->server);

	if (!refused && !refused_before)
		return true;
	return audit_add(transaction, account->user_name,
		refused ? "sign-in.refused" : "sign-in.ok", account->user_name, detail, error);
}

static bool remember_in(DbTransaction *transaction, void *data, GError **error)
{
	const Lookup *lookup = data;
	int64_t refused_before;

	return forget(transaction, lookup, &refused_before, error) &&
	       db_run(transaction, error,
		       "INSERT INTO sign_ins"
		       " (owner, protocol, username, server, generation, refused, time)"
		       " VALUES ($1, $2, $3, $4, $5, $6, $7)",
		       db_int(owner_of(lookup)), db_text(lookup->protocol),
		       db_text(username_of(lookup)), db_text(lookup->server),
		       db_int(lookup->endpoint->credential_generation),
		       db_int(lookup->verdict == VERDICT_REFUSED), db_int(clock_now())) &&
	       note_audit(transaction, lookup, refused_before > 0, error);
}

void sign_in_remember(
	Office *office, const Account *account, MailProtocol protocol, SignInVerdict verdict)
{
	g_auto(Lookup) lookup = lookup_for(account, protocol);
	g_autoptr(GError) problem = NULL;

	lookup.verdict = verdict;
	if (db_read(office_db(office), recall_in, &lookup, &problem) &&
		lookup.record.verdict != verdict)
		db_write(office_db(office), remember_in, &lookup, &problem);
	if (problem)
		log_warning("the sign-in of %s is not on record: %s", account->user_name,
			problem->message);
}
