/* Logging in: AUTHENTICATE with the strongest mechanism, else LOGIN; then what can only be asked
 * afterwards: the capabilities anew, ID, ENABLE. */
#include "imap/imap_internal.h"

#include <string.h>

/* In base64. A longer first message, as access tokens make it, waits until the server asks: not
 * every server reads lines of more than 4,000 bytes. */
#define INITIAL_RESPONSE_LIMIT 3900

static bool refuse_login(ImapSession *session, const ImapReply *reply, const char *verb,
	const SaslIdentity *identity, GError **error)
{
	if (reply->code == IMAP_CODE_PRIVACYREQUIRED)
		return imap_refuse(session, reply, verb, FAILURE_LOGIN_MECHANISM,
			stream_host(session->stream), error);
	if (reply->code == IMAP_CODE_AUTHORIZATIONFAILED && identity->authorize_as)
		return imap_refuse(session, reply, verb, FAILURE_MAILBOX_DENIED,
			identity->authorize_as, error);
	return imap_refuse(session, reply, verb, FAILURE_LOGIN_REFUSED, identity->username, error);
}

/* As refuse_login, with what the server had to say to a token before its NO. */
static bool refuse_exchange(
	ImapSession *session, const ImapReply *reply, const SaslIdentity *identity, GError **error)
{
	const char *said =
		repeats_withhold(stream_secrets(session->stream), sasl_server_error(session->sasl));
	g_autofree char *verb = NULL;

	verb = g_strconcat("AUTHENTICATE", said ? ", to which the server said " : NULL, said, NULL);
	return refuse_login(session, reply, verb, identity, error);
}

/* The mechanism does not trust the server, because of the challenge in session->text: AUTHENTICATE
 * is called off, and the session with it. */
static bool call_off(ImapSession *session, GError *problem, GError **error)
{
	if (imap_repeats_secret(session, session->text->str, session->text->len)) {
		g_free(problem->message);
		problem->message = g_strdup("AUTHENTICATE: " REPEATS_WITHHELD);
	}
	if (imap_write(session, "*\r\n", 3, NULL))
		imap_flush(session, NULL);
	session->alive = false;
	return imap_fail_with(session, problem, error);
}

/* Answers the challenge in session->text. */
static bool answer_challenge(ImapSession *session, GError **error)
{
	GError *problem = NULL;
	g_autoptr(Secret) line = sasl_answer(session->sasl, session->text->str, &problem);

	if (!line)
		return call_off(session, problem, error);
	sasl_hide_proof(session->sasl, stream_secrets(session->stream));
	return imap_write(session, secret_text(line), secret_size(line), error) &&
	       imap_write(session, "\r\n", 2, error);
}

/* Challenges and responses up to the tagged answer. */
static bool exchange(ImapSession *session, ImapReply *reply, GError **error)
{
	session->expects_more = true;
	do {
		if (!imap_read(session, NULL, reply, error))
			return false;
		if (reply->kind == IMAP_MORE && !answer_challenge(session, error))
			return false;
	} while (reply->kind != IMAP_TAGGED);
	session->expects_more = false;
	return true;
}

static bool authenticate(
	ImapSession *session, SaslMechanism mechanism, const SaslIdentity *identity, GError **error)
{
	g_autoptr(ImapCommand) command = imap_command_new("AUTHENTICATE");
	g_autoptr(Secret) first = NULL;
	ImapReply reply;

	session->sasl = sasl_new(mechanism, identity, NULL, error);
	if (!session->sasl)
		return false;
	imap_command_words(command, sasl_name(mechanism));
	if (imap_has(session, IMAP_CAP_SASL_IR))
		first = sasl_initial_response(session->sasl, INITIAL_RESPONSE_LIMIT);
	if (first)
		imap_command_words(command, secret_text(first));
	if (imap_send(session, command, error) == 0 || !exchange(session, &reply, error))
		return false;
	if (reply.condition != IMAP_OK)
		return refuse_exchange(session, &reply, identity, error);
	return sasl_is_complete(session->sasl) ||
	       imap_fail(session, error, FAILURE_SASL_INVALID, NULL,
		       "AUTHENTICATE: success before the server has proven itself");
}

static bool login_plainly(ImapSession *session, const SaslIdentity *identity, GError **error)
{
	g_autoptr(ImapCommand) command = imap_command_new("LOGIN");
	const Secret *password = identity->password;
	ImapReply reply;

	if (!imap_command_can_carry(identity->username, strlen(identity->username)) ||
		!imap_command_can_carry(secret_text(password), secret_size(password)))
		return imap_fail(session, error, FAILURE_LOGIN_UNUSABLE, identity->username,
			"LOGIN: line breaks or NUL in user name or password");
	imap_command_string(command, session, identity->username, strlen(identity->username));
	imap_command_string(command, session, secret_text(password), secret_size(password));
	if (!imap_run(session, command, NULL, &reply, error))
		return false;
	return reply.condition == IMAP_OK ||
	       refuse_login(session, &reply, "LOGIN", identity, error);
}

/* No mechanism that is offered fits IDENTITY: LOGIN takes what is left of passwords. */
static bool login_otherwise(ImapSession *session, const SaslIdentity *identity, GError **error)
{
	bool disabled = imap_has(session, IMAP_CAP_LOGINDISABLED);

	if (identity->token && sasl_choose(~0u, identity) == SASL_NONE)
		return imap_fail(session, error, FAILURE_LOGIN_UNUSABLE, identity->username,
			"no mechanism can carry this user name or token");
	if (disabled || identity->authorize_as || identity->token)
		return imap_fail(session, error, FAILURE_LOGIN_MECHANISM,
			stream_host(session->stream), "the server offers no mechanism that fits%s",
			disabled ? ", and LOGINDISABLED" : "");
	return login_plainly(session, identity, error);
}

static bool prove_identity(ImapSession *session, const SaslIdentity *identity, GError **error)
{
	SaslMechanism mechanism = sasl_choose(session->mechanisms, identity);
	bool plain = mechanism == SASL_NONE;
	bool done = plain ? login_otherwise(session, identity, error)
			  : authenticate(session, mechanism, identity, error);

	if (done)
		session->mechanism_used = plain ? "LOGIN" : sasl_name(mechanism);
	return done;
}

/* "* ENABLED UTF8=ACCEPT" */
static bool take_enabled(ImapSession *session, uint32_t number, void *context)
{
	(void)number;
	(void)context;
	while (imap_lexer_accept(&session->lexer, ' ')) {
		imap_lexer_atom(&session->lexer, session->token);
		if (g_ascii_strcasecmp(session->token->str, "UTF8=ACCEPT") == 0)
			session->utf8 = true;
	}
	return true;
}

/* ID and ENABLE, where offered, in one round trip. A server that refuses them works without. */
static bool introduce(ImapSession *session, GError **error)
{
	static const ImapSink sinks[] = {{"ENABLED", take_enabled, NULL}, {0}};
	g_autoptr(ImapCommand) id =
		imap_command_new("ID (\"name\" \"Amtspost\" \"version\" \"" AMTSPOST_VERSION "\")");
	g_autoptr(ImapCommand) enable = imap_command_new("ENABLE UTF8=ACCEPT");
	ImapReply reply;

	if (imap_has(session, IMAP_CAP_ID) && imap_send(session, id, error) == 0)
		return false;
	if (imap_has(session, IMAP_CAP_ENABLE) && imap_has(session, IMAP_CAP_UTF8_ACCEPT) &&
		imap_send(session, enable, error) == 0)
		return false;
	while (session->pending->len > 0) {
		if (!imap_read(session, sinks, &reply, error))
			return false;
	}
	return true;
}

static bool log_in(ImapSession *session, const SaslIdentity *identity, GError **error)
{
	g_autoptr(ImapCommand) command = imap_command_new("CAPABILITY");

	session->capabilities_told = false;
	if (!session->preauthenticated && !prove_identity(session, identity, error))
		return false;
	if (!session->capabilities_told && !imap_run_or_refuse(session, command, NULL, error))
		return false;
	return introduce(session, error);
}

bool imap_login(ImapSession *session, const SaslIdentity *identity, GError **error)
{
	bool done;

	sasl_hide_identity(identity, stream_secrets(session->stream));
	done = log_in(session, identity, error);
	g_clear_pointer(&session->sasl, sasl_free);
	return done;
}

const char *imap_mechanism_used(const ImapSession *session)
{
	return session->mechanism_used;
}
