/* Fuzzes replies: the first byte says how the server's bytes are cut, the rest is what it says, at
 * first as replies one after the other, then to opening, two logins and NOOP. Every reply must keep
 * its limits, every failure be one of the catalogue that a server can cause, and its message fit
 * for a log and without a secret. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "smtp/smtp_internal.h"

#define PASSWORD "Tannenbaum"
#define TOKEN "TannenbaumTannenbaumTannenbaum"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool right)
{
	if (!right)
		abort();
}

static void check_text(const char *text)
{
	require(g_utf8_validate(text, -1, NULL) && !text_has_control(text));
}

/* Takes note of how an action ended: after a broken connection the session must be dead. */
static bool check(const SmtpSession *session, bool done, GError **error)
{
	require(done == (*error == NULL));
	if (done)
		return true;
	require(!failure_is(*error, FAILURE_INTERNAL));
	check_text((*error)->message);
	switch (failure_code(*error)) {
	case FAILURE_CODE_PROTOCOL:
	case FAILURE_CODE_RETRY:
		require(!session || !smtp_is_alive(session));
		break;
	default:
		break;
	}
	g_clear_error(error);
	return session && smtp_is_alive(session);
}

static Stream *open_stream(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) input = g_bytes_new(data + (size > 0), size - (size > 0));

	return stream_open_memory(input, size > 0 && data[0] ? data[0] : 100000);
}

static void check_reply(const SmtpReply *reply)
{
	g_autofree char *text = smtp_reply_text(reply);

	require(reply->code >= 200 && reply->code <= 599 && reply->code != SMTP_CLOSING);
	require(reply->enhanced == 0 || reply->enhanced >> 20 == reply->code / 100);
	require(reply->lines->len > 0 && reply->lines->len <= SMTP_REPLY_LINES);
	check_text(text);
}

static void drive_replies(const uint8_t *data, size_t size)
{
	g_autoptr(SmtpSession) session = g_new0(SmtpSession, 1);
	g_auto(SmtpReply) reply = {0};
	GError *error = NULL;

	session->stream = open_stream(data, size);
	session->alive = true;
	while (check(session, smtp_read(session, &reply, &error), &error)) {
		require(session->consumed <= size);
		check_reply(&reply);
	}
}

static bool drive_login(SmtpSession *session, bool with_token)
{
	const char *text = with_token ? TOKEN : PASSWORD;
	g_autoptr(Secret) secret = secret_new(text, strlen(text));
	SaslIdentity identity = {
		.username = "m\xc3\xbcller",
		.password = with_token ? NULL : secret,
		.token = with_token ? secret : NULL,
	};
	GError *error = NULL;

	return check(session, smtp_login(session, &identity, &error), &error);
}

static bool drive_noop(SmtpSession *session)
{
	GError *error = NULL;

	return check(session, smtp_noop(session, &error), &error);
}

/* What the client says are lines of visible letters, none of them with a secret in the clear. */
static void check_output(const SmtpSession *session)
{
	const GString *output = stream_memory_output(session->stream);

	require(!strstr(output->str, PASSWORD));
	for (size_t i = 0; i < output->len; i++)
		require(g_ascii_isprint(output->str[i]) || output->str[i] == '\r' ||
			output->str[i] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(SmtpSession) session = NULL;
	GError *error = NULL;

	drive_replies(data, size);
	session = smtp_open(open_stream(data, size), &error);
	if (!session) {
		check(NULL, false, &error);
		return 0;
	}
	if (drive_login(session, false) && drive_login(session, true))
		drive_noop(session);
	check_output(session);
	return 0;
}
