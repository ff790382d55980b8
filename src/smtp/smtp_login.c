/* Logging in: AUTH (RFC 4954) with the strongest mechanism, then EHLO anew; and what servers mean
 * by their refusals. */
#include "smtp/smtp_internal.h"

#include <string.h>

/* In base64. A command line has 512 bytes (RFC 5321 section 4.5.3.1.4): what does not fit waits
 * until the server asks. */
#define INITIAL_RESPONSE_LIMIT 480

/* What a refusal means; the first row that fits counts. The texts are those of Exchange Online,
 * which has one code for several reasons. */
static const struct {
	unsigned code;	   /* 0: any */
	unsigned enhanced; /* 0: any */
	const char *text;  /* part of it; NULL: any */
	Failure failure;
} refusals[] = {
	{0, SMTP_STATUS(5, 7, 30), NULL, FAILURE_BASIC_AUTH_RETIRED},
	{0, SMTP_STATUS(5, 7, 139), "basic authentication is disabled", FAILURE_BASIC_AUTH_RETIRED},
	{0, SMTP_STATUS(5, 7, 139), "credentials were incorrect", FAILURE_LOGIN_REFUSED},
	{0, SMTP_STATUS(5, 7, 139), NULL, FAILURE_SMTP_AUTH_OFF}, {432, 0, NULL, FAILURE_THROTTLED},
	{454, 0, "too many", FAILURE_THROTTLED}, {504, 0, NULL, FAILURE_LOGIN_MECHANISM},
	{530, 0, NULL, FAILURE_LOGIN_MECHANISM}, /* STARTTLS first */
	{538, 0, NULL, FAILURE_LOGIN_MECHANISM}, {534, 0, NULL, FAILURE_LOGIN_REFUSED},
	{535, 0, NULL, FAILURE_LOGIN_REFUSED},
	{0, SMTP_STATUS(5, 7, 8), NULL, FAILURE_LOGIN_REFUSED},
	{0, SMTP_STATUS(5, 7, 13), NULL, FAILURE_LOGIN_REFUSED}, /* the account is disabled */
};

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
static const char *subject_of(const SmtpSession *session, Failure failure, const char *text)
{
	switch (failure) {
	case FAILURE_LOGIN_REFUSED:
	case FAILURE_SMTP_AUTH_OFF:
	case FAILURE_BASIC_AUTH_RETIRED:
		return session->identity->username;
	case FAILURE_COMMAND_REFUSED:
		return text;
	default:
		return stream_host(session->stream);
	}
}

/* What it means is in the reply as it came, also where it is withheld. */
static bool refuse_login(SmtpSession *session, const SmtpReply *reply, GError **error)
{
	g_autofree char *whole = smtp_reply_text(reply);
	g_autofree char *text = smtp_server_text(session, reply);
	const char *said =
		repeats_withhold(stream_secrets(session->stream), sasl_server_error(session->sasl));
	Failure failure = judge(reply, whole);

	return smtp_fail(session, error, failure, subject_of(session, failure, text),
		"AUTH: %u %s%s%s", reply->code, text, said ? "; before it: " : "",
		said ? said : "");
}

/* The mechanism does not trust the server, because of CHALLENGE: AUTH is called off, and the
 * session with it. */
static bool call_off(SmtpSession *session, const char *challenge, GError *problem, GError **error)
{
	if (smtp_repeats_secret(session, challenge, strlen(challenge))) {
		g_free(problem->message);
		problem->message = g_strdup("AUTH: " REPEATS_WITHHELD);
	}
	if (smtp_send(session, "*", NULL))
		stream_flush(session->stream, NULL);
	session->alive = false;
	return smtp_fail_with(session, problem, error);
}

static bool answer_challenge(SmtpSession *session, const SmtpReply *reply, GError **error)
{
	const char *challenge = g_ptr_array_index(reply->lines, 0);
	g_autoptr(Secret) line = NULL;
	GError *problem = NULL;

	if (reply->lines->len != 1)
		return smtp_fail(session, error, FAILURE_SERVER_GARBAGE,
			stream_host(session->stream), "AUTH: a challenge of several lines");
	line = sasl_answer(session->sasl, challenge, &problem);
	if (!line)
		return call_off(session, challenge, problem, error);
	sasl_hide_proof(session->sasl, stream_secrets(session->stream));
	return smtp_send(session, secret_text(line), error);
}

/* Tokens are too long for some servers' command lines, even those that would fit into ours. */
static bool send_auth(SmtpSession *session, SaslMechanism mechanism, GError **error)
{
	g_autoptr(Secret) first = NULL;
	char *line;
	bool sent;

	if (!session->identity->token)
		first = sasl_initial_response(session->sasl, INITIAL_RESPONSE_LIMIT);
	line = g_strjoin(
		" ", "AUTH", sasl_name(mechanism), first ? secret_text(first) : NULL, NULL);
	sent = smtp_send(session, line, error);
	secret_wipe(line, strlen(line));
	g_free(line);
	return sent;
}

static bool authenticate(SmtpSession *session, SaslMechanism mechanism, GError **error)
{
	g_auto(SmtpReply) reply = {0};

	session->sasl = sasl_new(mechanism, session->identity, NULL, error);
	if (!session->sasl || !send_auth(session, mechanism, error))
		return false;
	do {
		if (!smtp_read(session, &reply, error))
			return false;
		if (reply.code == SMTP_CHALLENGE && !answer_challenge(session, &reply, error))
			return false;
	} while (reply.code == SMTP_CHALLENGE);
	if (reply.code != SMTP_AUTHENTICATED)
		return refuse_login(session, &reply, error);
	return sasl_is_complete(session->sasl) ||
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
	bool done;

	sasl_hide_identity(identity, stream_secrets(session->stream));
	smtp_forget_memos(session);
	if (mechanism == SASL_NONE)
		return refuse_identity(session, identity, error);
	session->identity = identity;
	done = authenticate(session, mechanism, error) && smtp_hello(session, error);
	session->mechanism_used = done ? sasl_name(mechanism) : NULL;
	session->identity = NULL;
	g_clear_pointer(&session->sasl, sasl_free);
	return done;
}

const char *smtp_mechanism_used(const SmtpSession *session)
{
	return session->mechanism_used;
}
