/* Standard sign-in with a password. Office 365 has its own issue: it refuses clearly here. */
#include "app/sign_in.h"

#include "app/sign_in_record.h"
#include "failure/failure.h"
#include "user/user.h"

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

bool sign_in_check(const Account *account, GError **error)
{
	if (!settings_require(account, MAIL_PROTOCOL_IMAP, error))
		return false;
	if (account->interface != INTERFACE_OFFICE365)
		return true;
	failure_set(error, FAILURE_OFFICE365_NOT_YET, NULL, "office365: no OAuth sign-in yet");
	return false;
}

void sign_in_refuse(const Account *account, bool before, const char *detail, GError **error)
{
	Failure own = before ? FAILURE_LOGIN_REFUSED_BEFORE : FAILURE_LOGIN_REFUSED;
	Failure shared =
		before ? FAILURE_LOGIN_REFUSED_SHARED_BEFORE : FAILURE_LOGIN_REFUSED_SHARED;

	failure_set(error, account->imap.credentials_are_global ? shared : own,
		account->imap.username, "%s", detail);
}

static bool check_refusal(Office *office, const Account *account, GError **error)
{
	SignInRecord record;

	if (!sign_in_recall(office, account, &record, error))
		return false;
	if (record.verdict == VERDICT_REFUSED)
		sign_in_refuse(account, true,
			"these credentials were refused before; not tried again", error);
	return record.verdict != VERDICT_REFUSED;
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
	g_autoptr(GError) problem = NULL;
	Stream *stream;

	if (!sign_in_check(account, error))
		return NULL;
	if (account->imap.password && !check_refusal(office, account, error))
		return NULL;
	stream = stream_open(&account->imap, cancel, error);
	session = stream ? imap_open(stream, error) : NULL;
	if (!session)
		return NULL;
	if (log_in(session, account, &problem)) {
		sign_in_remember(office, account, VERDICT_GOOD);
		return g_steal_pointer(&session);
	}
	if (failure_is(problem, FAILURE_LOGIN_REFUSED)) {
		sign_in_remember(office, account, VERDICT_REFUSED);
		sign_in_refuse(account, false, problem->message, error);
	} else {
		g_propagate_error(error, g_steal_pointer(&problem));
	}
	return NULL;
}
