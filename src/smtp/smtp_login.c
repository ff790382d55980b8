/* Logging in: AUTH (RFC 4954) with the strongest mechanism, then EHLO anew; and what servers mean
 * by their refusals. */
#include "smtp/smtp_internal.h"

#include <string.h>

/* In base64. A command line has 512 bytes (RFC 5321 section 4.5.3.1.4): what does not fit waits
 * until the server asks. */
#define INITIAL_RESPONSE_LIMIT 480

/* The first letters of what we have said, so many that they are known again; fewer could be chance.
 */
#define ECHO_SIZE 16
#define ECHO_LEAST 8

/* What a refusal means; the first row that fits counts. The texts are those of Exchange Online,
 * which has one code for several reasons. */
static const struct {
	unsigned code;	   /* 0: any */
	unsigned enhanced; /* 0: any */
	const char *text;  /* part of it; NULL: any */
	Failure failure;
} refusals[] = {
	{0, SMTP_ENHANCED(5, 7, 30), NULL, FAILURE_BASIC_AUTH_RETIRED},
	{0, SMTP_ENHANCED(5, 7, 139), "basic authentication is disabled",
		FAILURE_BASIC_AUTH_RETIRED},
	{0, SMTP_ENHANCED(5, 7, 139), "credentials were incorrect", FAILURE_LOGIN_REFUSED},
	{0, SMTP_ENHANCED(5, 7, 139), NULL, FAILURE_SMTP_AUTH_OFF},
	{432, 0, NULL, FAILURE_THROTTLED}, {454, 0, "too many", FAILURE_THROTTLED},
	{504, 0, NULL, FAILURE_LOGIN_MECHANISM},
	{530, 0, NULL, FAILURE_LOGIN_MECHANISM}, /* STARTTLS first */
	{538, 0, NULL, FAILURE_LOGIN_MECHANISM}, {534, 0, NULL, FAILURE_LOGIN_REFUSED},
	{535, 0, NULL, FAILURE_LOGIN_REFUSED},
	{0, SMTP_ENHANCED(5, 7, 8), NULL, FAILURE_LOGIN_REFUSED},
	{0, SMTP_ENHANCED(5, 7, 13), NULL, FAILURE_LOGIN_REFUSED}, /* the account is disabled */
};

/* A running AUTH. */
typedef struct Login {
	SmtpSession *session;
	const SaslIdentity *identity;
	Sasl *sasl;
	Secret *said; /* our last message in base64, NULL: none yet */
	SmtpReply reply;
} Login;

static void login_clear(Login *login)
{
	sasl_free(login->sasl);
	secret_free(login->said);
	smtp_reply_clear(&login->reply);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Login, login_clear)

static Failure judge(const SmtpReply *reply, const char *text)
{
	for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
		if ((refusals[i].code == 0 || refusals[i].code == reply->code) &&
			(refusals[i].enhanced == 0 || refusals[i].enhanced == reply->enhanced) &&
			(!refusals[i].text || strcasestr(text, refusals[i].text)))
			return refusals[i].failure;
	}
	switch (reply->code / 100) {
	case 4:
		return FAILURE_SERVER_UNAVAILABLE;
	case 5:
		return FAILURE_COMMAND_REFUSED;
	default:
		return FAILURE_SERVER_GARBAGE;
	}
}

/* Whom or what FAILURE's sentence names. */
static const char *subject_of(const Login *login, Failure failure, const char *text)
{
	switch (failure) {
	case FAILURE_LOGIN_REFUSED:
	case FAILURE_SMTP_AUTH_OFF:
	case FAILURE_BASIC_AUTH_RETIRED:
		return login->identity->username;
	case FAILURE_COMMAND_REFUSED:
		return text;
	default:
		return stream_host(login->session->stream);
	}
}

static bool repeats(const char *text, const Secret *secret)
{
	g_autofree char *begin = secret ? g_strndup(secret_text(secret), ECHO_SIZE) : NULL;

	return begin && strlen(begin) >= ECHO_LEAST && strstr(text, begin);
}

/* TEXT of the server for a message; one that hands our own words back (some servers name a command
 * that they do not know) would bring the secret into a log. */
static const char *withhold_echo(const Login *login, const char *text)
{
	return repeats(text, login->said) || repeats(text, login->identity->token)
		       ? "(a text that repeats the login)"
		       : text;
}

static bool refuse_login(const Login *login, GError **error)
{
	g_autofree char *whole = smtp_reply_text(&login->reply);
	const char *text = withhold_echo(login, whole);
	const char *said = sasl_server_error(login->sasl);
	Failure failure = judge(&login->reply, whole);

	return smtp_fail(login->session, error, failure, subject_of(login, failure, text),
		"AUTH: %u %s%s%s", login->reply.code, text, said ? "; before it: " : "",
		said ? withhold_echo(login, said) : "");
}

/* The mechanism does not trust the server: AUTH is called off, and the session with it. */
static bool call_off(SmtpSession *session, GError *problem, GError **error)
{
	if (smtp_send(session, "*", NULL))
		stream_flush(session->stream, NULL);
	session->alive = false;
	return smtp_fail_with(session, problem, error);
}

static bool answer_challenge(Login *login, GError **error)
{
	const GPtrArray *lines = login->reply.lines;
	GError *problem = NULL;

	if (lines->len != 1)
		return smtp_fail(login->session, error, FAILURE_SERVER_GARBAGE,
			stream_host(login->session->stream), "AUTH: a challenge of several lines");
	secret_free(login->said);
	login->said = sasl_answer(login->sasl, g_ptr_array_index(lines, 0), &problem);
	if (!login->said)
		return call_off(login->session, problem, error);
	return smtp_send(login->session, secret_text(login->said), error);
}

/* Tokens are too long for some servers' command lines, even those that would fit into ours. */
static bool send_auth(Login *login, SaslMechanism mechanism, GError **error)
{
	char *line;
	bool sent;

	if (!login->identity->token)
		login->said = sasl_initial_response(login->sasl, INITIAL_RESPONSE_LIMIT);
	line = g_strjoin(" ", "AUTH", sasl_name(mechanism),
		login->said ? secret_text(login->said) : NULL, NULL);
	sent = smtp_send(login->session, line, error);
	secret_wipe(line, strlen(line));
	g_free(line);
	return sent;
}

static bool authenticate(
	SmtpSession *session, SaslMechanism mechanism, const SaslIdentity *identity, GError **error)
{
	g_auto(Login) login = {.session = session, .identity = identity};

	login.sasl = sasl_new(mechanism, identity, NULL, error);
	if (!login.sasl || !send_auth(&login, mechanism, error))
		return false;
	do {
		if (!smtp_read(session, &login.reply, error))
			return false;
		if (login.reply.code == SMTP_CHALLENGE && !answer_challenge(&login, error))
			return false;
	} while (login.reply.code == SMTP_CHALLENGE);
	if (login.reply.code != SMTP_AUTHENTICATED)
		return refuse_login(&login, error);
	return sasl_is_complete(login.sasl) ||
	       smtp_fail(session, error, FAILURE_SASL_INVALID, NULL,
		       "AUTH: success before the server has proven itself");
}

/* Why no mechanism that is offered fits IDENTITY. */
static bool refuse_identity(SmtpSession *session, const SaslIdentity *identity, GError **error)
{
	const char *host = stream_host(session->stream);

	if (!smtp_has(session, SMTP_CAP_AUTH))
		return smtp_fail(session, error, FAILURE_SMTP_AUTH_MISSING, host,
			"the server offers no AUTH");
	if (sasl_choose(~0u, identity) == SASL_NONE)
		return smtp_fail(session, error, FAILURE_LOGIN_UNUSABLE, identity->username,
			"no mechanism can carry this user name and %s",
			identity->token ? "token" : "password");
	return smtp_fail(session, error, FAILURE_LOGIN_MECHANISM, host,
		"the server offers no mechanism that fits");
}

bool smtp_login(SmtpSession *session, const SaslIdentity *identity, GError **error)
{
	SaslMechanism mechanism = sasl_choose(session->mechanisms, identity);

	if (mechanism == SASL_NONE)
		return refuse_identity(session, identity, error);
	return authenticate(session, mechanism, identity, error) && smtp_hello(session, error);
}
