/* Logging in: AUTHENTICATE with the strongest mechanism, else LOGIN; then what can only be asked
 * afterwards: the capabilities anew, ID, ENABLE. */
#include "imap/imap_internal.h"

#include <string.h>

static bool refuse_login(ImapSession *session, const ImapReply *reply, const char *verb,
	const SaslIdentity *identity, GError **error)
{
	if (reply->code == IMAP_CODE_PRIVACYREQUIRED)
		return imap_refuse(session, reply, verb, FAILURE_LOGIN_MECHANISM,
			stream_host(session->stream), error);
	return imap_refuse(session, reply, verb, FAILURE_LOGIN_REFUSED, identity->username, error);
}

static void wipe_and_free(char *text)
{
	if (text)
		secret_wipe(text, strlen(text));
	g_free(text);
}

/* Sends RESPONSE in base64 as a line of its own. */
static bool send_response(ImapSession *session, const Secret *response, GError **error)
{
	char *line = g_base64_encode((const guchar *)secret_text(response), secret_size(response));
	bool sent = imap_write(session, line, strlen(line), error) &&
		    imap_write(session, "\r\n", 2, error);

	wipe_and_free(line);
	return sent;
}

/* The mechanism does not trust the server: AUTHENTICATE is called off, and the session with it. */
static bool call_off(ImapSession *session, GError *problem, GError **error)
{
	if (imap_write(session, "*\r\n", 3, NULL))
		imap_flush(session, NULL);
	session->alive = false;
	return imap_fail_with(session, problem, error);
}

/* Answers the challenge in session->text; BEGIN: it only asks for the client's first message. */
static bool answer_challenge(ImapSession *session, Sasl *sasl, bool begin, GError **error)
{
	gsize size = 0;
	g_autofree guchar *challenge = g_base64_decode(session->text->str, &size);
	g_autofree char *again = g_base64_encode(challenge, size);
	g_autoptr(Secret) response = NULL;
	GError *problem = NULL;

	if (!begin && strcmp(again, session->text->str) != 0)
		return imap_fail(session, error, FAILURE_SERVER_GARBAGE,
			stream_host(session->stream), "AUTHENTICATE: a challenge is no base64");
	response = sasl_step(sasl, begin ? NULL : challenge, begin ? 0 : size, &problem);
	if (!response)
		return call_off(session, problem, error);
	return send_response(session, response, error);
}

/* Challenges and responses up to the tagged answer. */
static bool exchange(ImapSession *session, Sasl *sasl, bool begun, ImapReply *reply, GError **error)
{
	session->expects_more = true;
	do {
		if (!imap_read(session, NULL, reply, error))
			return false;
		if (reply->kind != IMAP_MORE)
			continue;
		if (!answer_challenge(session, sasl, !begun, error))
			return false;
		begun = true;
	} while (reply->kind != IMAP_TAGGED);
	session->expects_more = false;
	return true;
}

static void add_initial_response(ImapCommand *command, const Secret *response)
{
	char *text = g_base64_encode((const guchar *)secret_text(response), secret_size(response));

	imap_command_words(command, *text ? text : "=");
	wipe_and_free(text);
}

static bool authenticate(
	ImapSession *session, SaslMechanism mechanism, const SaslIdentity *identity, GError **error)
{
	g_autoptr(Sasl) sasl = sasl_new(mechanism, identity, NULL, error);
	g_autoptr(ImapCommand) command = imap_command_new("AUTHENTICATE");
	g_autoptr(Secret) first = NULL;
	bool begun;
	ImapReply reply;

	if (!sasl)
		return false;
	imap_command_words(command, sasl_name(mechanism));
	begun = !sasl_is_client_first(sasl);
	if (!begun && imap_has(session, IMAP_CAP_SASL_IR)) {
		first = sasl_step(sasl, NULL, 0, error);
		if (!first)
			return false;
		add_initial_response(command, first);
		begun = true;
	}
	if (imap_send(session, command, error) == 0 ||
		!exchange(session, sasl, begun, &reply, error))
		return false;
	if (reply.condition != IMAP_OK)
		return refuse_login(session, &reply, "AUTHENTICATE", identity, error);
	return sasl_is_complete(sasl) ||
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

static bool prove_identity(ImapSession *session, const SaslIdentity *identity, GError **error)
{
	SaslMechanism mechanism = sasl_choose(session->mechanisms, identity);

	if (mechanism != SASL_NONE)
		return authenticate(session, mechanism, identity, error);
	if (imap_has(session, IMAP_CAP_LOGINDISABLED) || identity->authorize_as)
		return imap_fail(session, error, FAILURE_LOGIN_MECHANISM,
			stream_host(session->stream), "the server offers no mechanism that fits%s",
			imap_has(session, IMAP_CAP_LOGINDISABLED) ? ", and LOGINDISABLED" : "");
	return login_plainly(session, identity, error);
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

bool imap_login(ImapSession *session, const SaslIdentity *identity, GError **error)
{
	g_autoptr(ImapCommand) command = imap_command_new("CAPABILITY");

	session->capabilities_told = false;
	if (!session->preauthenticated && !prove_identity(session, identity, error))
		return false;
	if (!session->capabilities_told && !imap_run_or_refuse(session, command, NULL, error))
		return false;
	return introduce(session, error);
}
