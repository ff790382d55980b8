/* Connecting and logging in with what the order says, and nothing else. */
#include "app/sign_in_try.h"

#include "failure/failure.h"

/* To a token "refused" means something else than to a password: nobody mistyped it. */
static bool log_in(
	const SignInTry *order, const SaslIdentity *identity, MailSession *session, GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (mail_session_login(session, identity, &problem))
		return true;
	if (order->token && failure_is(problem, FAILURE_LOGIN_REFUSED))
		failure_set(error, FAILURE_OAUTH_TOKEN_REFUSED, order->username, "%s",
			problem->message);
	else
		g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

/* The server may repeat what it was told at an earlier login before it is told anything. */
static bool connect(
	const SignInTry *order, const Cancel *cancel, MailSession *session, GError **error)
{
	Endpoint endpoint = *account_endpoint(order->account, order->protocol);

	endpoint.username = (char *)order->username;
	endpoint.password = (Secret *)(order->token ? order->token : order->password);
	return mail_session_open(&endpoint, cancel, session, error);
}

bool sign_in_try(const SignInTry *order, const Cancel *cancel, MailSession *session, GError **error)
{
	const Endpoint *endpoint = account_endpoint(order->account, order->protocol);
	SaslIdentity identity = {
		.username = order->username,
		.authorize_as = order->authorize_as,
		.password = order->token ? NULL : order->password,
		.token = order->token,
		.host = endpoint->host,
		.port = endpoint->port,
	};

	if (!session->imap && !session->smtp && !connect(order, cancel, session, error))
		return false;
	if (mail_session_is_open(session) || (!identity.password && !identity.token))
		return true;
	return log_in(order, &identity, session, error);
}
