/* Signing in for use: credentials looked up, refusals remembered, tokens renewed. */
#include "app/sign_in.h"

#include "app/servers.h"
#include "app/sign_in_record.h"
#include "app/sign_in_try.h"
#include "app/sign_in_use.h"
#include "app/token.h"
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

void sign_in_refuse(const Account *account, MailProtocol protocol, bool before, const char *detail,
	GError **error)
{
	const Endpoint *endpoint = account_endpoint(account, protocol);
	Failure own = before ? FAILURE_LOGIN_REFUSED_BEFORE : FAILURE_LOGIN_REFUSED;
	Failure shared =
		before ? FAILURE_LOGIN_REFUSED_SHARED_BEFORE : FAILURE_LOGIN_REFUSED_SHARED;

	failure_set(error, endpoint->credentials_are_global ? shared : own, endpoint->username,
		"%s", detail);
	if (error && *error && endpoint->credentials_are_global)
		failure_set_remedy(*error,
			settings_get_row(protocol == MAIL_PROTOCOL_IMAP ? SETTING_IMAP_PASSWORD
									: SETTING_SMTP_PASSWORD)
				->name);
}

bool sign_in_helps(const GError *problem)
{
	return failure_code(problem) == FAILURE_CODE_LOGIN &&
	       !failure_is(problem, FAILURE_LOGIN_REFUSED_SHARED) &&
	       !failure_is(problem, FAILURE_LOGIN_REFUSED_SHARED_BEFORE) &&
	       !failure_is(problem, FAILURE_LOGIN_NOT_CONNECTED);
}

/* ---- with a password ---- */

static bool check_refusal(
	Office *office, const Account *account, MailProtocol protocol, GError **error)
{
	SignInRecord record;

	if (!sign_in_recall(office, account, protocol, &record, error))
		return false;
	if (record.verdict == VERDICT_REFUSED)
		sign_in_refuse(account, protocol, true,
			"these credentials were refused before; not tried again", error);
	return record.verdict != VERDICT_REFUSED;
}

/* IMAP always wants to know whose mailbox it is. */
static bool check_login(
	const Account *account, const MailSession *session, bool anonymous, GError **error)
{
	if (!anonymous || session->smtp || mail_session_is_open(session))
		return true;
	failure_set(error, FAILURE_LOGIN_MISSING, account->user_name, "no credentials for %s",
		account->imap.host);
	return false;
}

/* Whether the credentials of ORDER were never asked for: that says nothing about them. */
static bool is_unproven(const SignInTry *order, const MailSession *session)
{
	return (order->password || order->token) && mail_session_is_open(session);
}

static bool with_password(Office *office, const SignInTry *order, bool again, const Cancel *cancel,
	MailSession *session, GError **error)
{
	const Account *account = order->account;
	g_autoptr(GError) problem = NULL;

	if (order->password && !again && !check_refusal(office, account, order->protocol, error))
		return false;
	if (sign_in_try(order, cancel, session, &problem) &&
		check_login(account, session, !order->password, &problem)) {
		if (!is_unproven(order, session))
			sign_in_remember(office, account, order->protocol, VERDICT_GOOD);
		return true;
	}
	if (failure_is(problem, FAILURE_LOGIN_REFUSED)) {
		sign_in_remember(office, account, order->protocol, VERDICT_REFUSED);
		sign_in_refuse(account, order->protocol, false, problem->message, error);
	} else {
		g_propagate_error(error, g_steal_pointer(&problem));
	}
	return false;
}

/* ---- with a token ---- */

/* Logs in with a token other than REFUSED (NULL: any); *USED, yours, is the one. */
static bool try_token(Office *office, SignInTry *order, const Secret *refused, Secret **used,
	const Cancel *cancel, MailSession *session, GError **error)
{
	if (!token_get(office, order->account, refused, cancel, used, error))
		return false;
	order->token = *used;
	return sign_in_try(order, cancel, session, error);
}

/* A token that should hold but is refused may have been revoked: another one, once. */
static bool with_token(Office *office, SignInTry *order, const Cancel *cancel, MailSession *session,
	GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(Secret) first = NULL;
	g_autoptr(Secret) second = NULL;
	bool good = try_token(office, order, NULL, &first, cancel, session, &problem);

	if (first && failure_is(problem, FAILURE_OAUTH_TOKEN_REFUSED)) {
		g_clear_error(&problem);
		mail_session_clear(session);
		good = try_token(office, order, first, &second, cancel, session, &problem);
	}
	if (good && !is_unproven(order, session))
		sign_in_remember(office, order->account, order->protocol, VERDICT_GOOD);
	else if (failure_is(problem, FAILURE_OAUTH_TOKEN_REFUSED))
		sign_in_remember(office, order->account, order->protocol, VERDICT_REFUSED);
	if (!good)
		g_propagate_error(error, g_steal_pointer(&problem));
	return good;
}

/* How the user's mail is doing shows in every use of it. */
static bool note_end(Office *office, const SignInTry *order, GError *problem, GError **error)
{
	sign_in_use_note(office, order->account, order->protocol, problem);
	if (problem)
		g_propagate_error(error, problem);
	return !problem;
}

bool sign_in_open(Office *office, const Account *account, MailProtocol protocol, bool again,
	const Cancel *cancel, MailSession *session, GError **error)
{
	GError *problem = NULL;
	const Endpoint *endpoint = account_endpoint(account, protocol);
	bool office365 = account->interface == INTERFACE_OFFICE365;
	SignInTry order = {
		.account = account,
		.protocol = protocol,
		.username = office365 ? account->address : endpoint->username,
		.password = office365 ? NULL : endpoint->password,
	};

	if (!settings_require(account, protocol, error))
		return false;
	if (office365)
		with_token(office, &order, cancel, session, &problem);
	else
		with_password(office, &order, again, cancel, session, &problem);
	servers_note(office, endpoint, session);
	return note_end(office, &order, problem, error);
}

ImapSession *sign_in_imap(
	Office *office, const Account *account, const Cancel *cancel, GError **error)
{
	g_auto(MailSession) session = {0};

	return sign_in_open(office, account, MAIL_PROTOCOL_IMAP, false, cancel, &session, error)
		       ? g_steal_pointer(&session.imap)
		       : NULL;
}

SmtpSession *sign_in_smtp(
	Office *office, const Account *account, const Cancel *cancel, GError **error)
{
	g_auto(MailSession) session = {0};

	return sign_in_open(office, account, MAIL_PROTOCOL_SMTP, false, cancel, &session, error)
		       ? g_steal_pointer(&session.smtp)
		       : NULL;
}
