/* Standard sign-in with a password. Office 365 has its own issue: it refuses clearly here. */
#include "app/sign_in.h"

#include "base/clock.h"
#include "failure/failure.h"
#include "user/user.h"

typedef struct Refusal {
	const Account *account;
	const char *credential; /* which credentials on which server, without anything secret */
	bool refused;
} Refusal;

static bool check_user_in(DbTransaction *transaction, void *data, GError **error)
{
	g_autoptr(User) user = user_find(transaction, data, error);

	if (user && user->locked)
		failure_set(
			error, FAILURE_USER_LOCKED, user->name, "user %s is locked", user->name);
	return user && !user->locked;
}

Account *sign_in_account(Office *office, const char *user, GError **error)
{
	if (!db_read(office_db(office), check_user_in, (void *)user, error))
		return NULL;
	return settings_resolve(office_settings(office), user, error);
}

/* Changes with every new value of user name, password or server, also a repeated one. */
static char *credential_of(const Endpoint *endpoint)
{
	return g_strdup_printf("%" G_GINT64_FORMAT " %s:%u", endpoint->credential_generation,
		endpoint->host, endpoint->port);
}

static bool read_refusal_in(DbTransaction *transaction, void *data, GError **error)
{
	Refusal *refusal = data;
	int64_t count;

	if (!db_get_int(transaction, &count, 0, error,
		    "SELECT count(*) FROM refused_logins "
		    "WHERE user_id = $1 AND protocol = 'imap' AND credential = $2",
		    db_int(refusal->account->user_id), db_text(refusal->credential)))
		return false;
	refusal->refused = count > 0;
	return true;
}

static bool write_refusal_in(DbTransaction *transaction, void *data, GError **error)
{
	Refusal *refusal = data;

	return db_run(transaction, error,
		"INSERT INTO refused_logins (user_id, protocol, credential, time) "
		"VALUES ($1, 'imap', $2, $3) ON CONFLICT (user_id, protocol) "
		"DO UPDATE SET credential = $2, time = $3",
		db_int(refusal->account->user_id), db_text(refusal->credential),
		db_int(clock_now()));
}

static bool check_refusal(Office *office, Refusal *refusal, GError **error)
{
	if (!db_read(office_db(office), read_refusal_in, refusal, error))
		return false;
	if (refusal->refused)
		failure_set(error, FAILURE_LOGIN_REFUSED, refusal->account->imap.username,
			"these credentials were refused before; not tried again");
	return !refusal->refused;
}

/* Remembers a refusal; one that cannot be remembered is told by the refusal itself. */
static void note_refusal(Office *office, Refusal *refusal, const GError *reason)
{
	g_autoptr(GError) ignored = NULL;

	if (failure_is(reason, FAILURE_LOGIN_REFUSED))
		db_write(office_db(office), write_refusal_in, refusal, &ignored);
}

static bool log_in(ImapSession *session, const Account *account, GError **error)
{
	SaslIdentity identity = {
		.username = account->imap.username,
		.password = account->imap.password,
	};

	if (imap_is_preauthenticated(session))
		return true;
	if (identity.password)
		return imap_login(session, &identity, error);
	failure_set(error, FAILURE_LOGIN_MISSING, account->user_name, "no credentials for %s",
		account->imap.host);
	return false;
}

ImapSession *sign_in_imap(
	Office *office, const Account *account, const Cancel *cancel, GError **error)
{
	g_autoptr(ImapSession) session = NULL;
	g_autofree char *credential = NULL;
	Refusal refusal = {.account = account};
	Stream *stream;
	GError *problem = NULL;

	if (!settings_require(account, MAIL_PROTOCOL_IMAP, error))
		return NULL;
	if (account->interface == INTERFACE_OFFICE365) {
		failure_set(
			error, FAILURE_OFFICE365_NOT_YET, NULL, "office365: no OAuth sign-in yet");
		return NULL;
	}
	refusal.credential = credential = credential_of(&account->imap);
	if (account->imap.password && !check_refusal(office, &refusal, error))
		return NULL;
	stream = stream_open(&account->imap, cancel, error);
	session = stream ? imap_open(stream, error) : NULL;
	if (!session)
		return NULL;
	if (log_in(session, account, &problem))
		return g_steal_pointer(&session);
	note_refusal(office, &refusal, problem);
	g_propagate_error(error, problem);
	return NULL;
}
