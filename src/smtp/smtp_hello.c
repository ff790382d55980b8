/* Introducing each other: the greeting, EHLO (RFC 5321 section 4.1.1.1), and what the server says
 * it offers. */
#include "smtp/smtp_internal.h"

#include <string.h>
#include <unistd.h>
#include "base/text.h"

/* Replies before the answer to the first EHLO: greetings, and what was meant for libcurl. */
#define OPENING_REPLIES 10
/* RFC 1035, section 2.3.4. */
#define DOMAIN_LIMIT 255

static const struct {
	const char *name;
	SmtpCapability capability;
} capabilities[] = {
	{"PIPELINING", SMTP_CAP_PIPELINING},
	{"SIZE", SMTP_CAP_SIZE},
	{"8BITMIME", SMTP_CAP_8BITMIME},
	{"SMTPUTF8", SMTP_CAP_SMTPUTF8},
	{"ENHANCEDSTATUSCODES", SMTP_CAP_ENHANCEDSTATUSCODES},
	{"CHUNKING", SMTP_CAP_CHUNKING},
	{"DSN", SMTP_CAP_DSN},
	{"AUTH", SMTP_CAP_AUTH},
};

/* "SIZE 35882577"; nonsense and 0 are "not told". */
static void take_size(SmtpSession *session, const char *argument)
{
	guint64 size;

	if (argument && g_ascii_string_to_unsigned(argument, 10, 1, INT64_MAX, &size, NULL))
		session->size_limit = size;
}

/* One line of EHLO's answer: a keyword and its arguments. "AUTH=LOGIN", an old mistake of some
 * servers that others repeat, is no keyword of ours. */
static void take_keyword(SmtpSession *session, const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	const char *name = words[0] ? words[0] : "";

	for (size_t i = 0; i < G_N_ELEMENTS(capabilities); i++) {
		if (g_ascii_strcasecmp(name, capabilities[i].name) == 0)
			session->capabilities |= capabilities[i].capability;
	}
	if (g_ascii_strcasecmp(name, "SIZE") == 0)
		take_size(session, words[1]);
	if (g_ascii_strcasecmp(name, "AUTH") != 0)
		return;
	for (char **word = words + 1; *word; word++)
		session->mechanisms |= sasl_from_name(*word);
}

static void keep_words(SmtpSession *session, const char *line)
{
	const char *shown = repeats_withhold(stream_secrets(session->stream), line);
	g_autofree char *valid = text_make_valid(shown, strlen(shown));
	g_autofree char *safe = text_for_terminal(valid);

	if (session->offer->len + strlen(safe) < SMTP_TEXT_LIMIT)
		g_string_append_printf(
			session->offer, "%s%s", session->offer->len > 0 ? ", " : "", safe);
}

/* The first line names the server, the others what it offers. */
static void take_offer(SmtpSession *session, const SmtpReply *reply)
{
	g_string_truncate(session->offer, 0);
	session->capabilities = 0;
	session->mechanisms = SASL_NONE;
	session->size_limit = 0;
	for (guint i = 1; i < reply->lines->len; i++) {
		take_keyword(session, g_ptr_array_index(reply->lines, i));
		keep_words(session, g_ptr_array_index(reply->lines, i));
	}
}

static bool is_domain(const char *name)
{
	g_auto(GStrv) labels = g_strsplit(name, ".", -1);
	guint count = g_strv_length(labels);

	if (count < 2 || strlen(name) > DOMAIN_LIMIT || !g_str_is_ascii(name))
		return false;
	for (guint i = 0; i < count; i++) {
		if (!text_is_label(labels[i], 0))
			return false;
	}
	/* An address in its place would have to be a literal. */
	return !g_ascii_isdigit(labels[count - 1][0]);
}

char *smtp_client_name(const char *host)
{
	return g_strdup(is_domain(host) ? host : "[127.0.0.1]");
}

/* Asking for a fully qualified name would mean asking a name server, and waiting for it. */
static char *make_hello(void)
{
	char host[DOMAIN_LIMIT + 1] = "";
	g_autofree char *name = NULL;

	if (gethostname(host, sizeof host - 1) != 0)
		host[0] = '\0';
	name = smtp_client_name(host);
	return g_strconcat("EHLO ", name, NULL);
}

static bool take_hello(SmtpSession *session, const SmtpReply *reply, GError **error)
{
	switch (reply->code) {
	case SMTP_DONE:
		take_offer(session, reply);
		return true;
	case 500:
	case 502:
	case 504:
		return smtp_refuse(session, reply, "the server knows no EHLO",
			FAILURE_SERVER_GARBAGE, stream_host(session->stream), error);
	default:
		return smtp_refuse_command(session, reply, "EHLO", error);
	}
}

bool smtp_hello(SmtpSession *session, GError **error)
{
	g_autofree char *hello = make_hello();
	g_auto(SmtpReply) reply = {0};

	return smtp_run(session, hello, &reply, error) && take_hello(session, &reply, error);
}

/* A stream that was connected by libcurl has had its greeting, and more. */
static bool read_greeting(SmtpSession *session, GError **error)
{
	g_auto(SmtpReply) reply = {0};

	if (*stream_greeting(session->stream))
		return true;
	if (!smtp_read(session, &reply, error))
		return false;
	return reply.code == SMTP_READY ||
	       smtp_refuse(session, &reply, "greeting", FAILURE_SERVER_BYE,
		       stream_host(session->stream), error);
}

/* The last of the replies that are there is the answer: replies have no tags, and what comes before
 * it may be doubled, or have been meant for libcurl. */
static bool read_first_answer(SmtpSession *session, SmtpReply *reply, GError **error)
{
	for (unsigned i = 0; i < OPENING_REPLIES; i++) {
		if (!smtp_read(session, reply, error))
			return false;
		if (reply->code != SMTP_READY && smtp_unread(session) == 0)
			return true;
	}
	return smtp_fail(session, error, FAILURE_SERVER_GARBAGE, stream_host(session->stream),
		"more replies than questions");
}

bool smtp_begin(SmtpSession *session, GError **error)
{
	g_autofree char *hello = make_hello();
	g_auto(SmtpReply) reply = {0};

	return read_greeting(session, error) && smtp_send_first(session, hello, error) &&
	       read_first_answer(session, &reply, error) && take_hello(session, &reply, error);
}
