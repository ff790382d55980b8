/* A small SMTP server at the other end of a socket pair that does what rules say at any command,
 * and notes what it was told and which mails it took. */
#pragma once

#include "smtp_fixture.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

typedef enum ServerThen {
	SERVER_GOES_ON,
	SERVER_CUTS,   /* closes */
	SERVER_STALLS, /* neither reads nor says anything any more */
	SERVER_IS_SLOW /* says it only SERVER_DELAY later */
} ServerThen;

#define SERVER_DELAY 1500 /* milliseconds */

/* What happens at a command. */
typedef struct ServerRule {
	const char *at;	 /* how the line begins; "." is a content's end, "+" its first bytes */
	unsigned nth;	 /* of those lines, from 1; 0: each */
	const char *say; /* in place of the usual reply; NULL: nothing */
	ServerThen then;
} ServerRule;

typedef struct ServerMail {
	char *sender;
	GString *recipients; /* those accepted, "a@x b@y " */
	GString *content;    /* as it came, without the final dot */
	bool taken;	     /* it was answered with 2yz */
} ServerMail;

#define SERVER_RULES 4

typedef struct Server {
	const char *offer;
	const ServerRule *rules;
	unsigned seen[SERVER_RULES]; /* lines that each rule looked at */
	bool byte_by_byte;
	int descriptor;
	pthread_t thread;
	GString *input;
	GString *log;	  /* all commands, a line each */
	bool ran_ahead;	  /* something followed a command, and that is not offered */
	GPtrArray *mails; /* ServerMail *, all that got as far as their content */
	char *sender;	  /* of the open envelope; NULL: none */
	GString *recipients;
} Server;

static inline void server_mail_free(gpointer pointer)
{
	ServerMail *mail = pointer;

	g_free(mail->sender);
	g_string_free(mail->recipients, TRUE);
	g_string_free(mail->content, TRUE);
	g_free(mail);
}

static inline bool server_say(Server *server, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		size_t piece = server->byte_by_byte ? 1 : left;
		ssize_t sent = send(server->descriptor, text, piece, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		text += sent;
		left -= (size_t)sent;
	}
	return true;
}

static inline bool server_hear(Server *server)
{
	char buffer[65536];
	ssize_t count = recv(server->descriptor, buffer, sizeof buffer, 0);

	if (count <= 0)
		return false;
	g_string_append_len(server->input, buffer, count);
	return true;
}

/* Up to END, which goes as well; NULL: the client went away. */
static inline GString *server_hear_until(Server *server, const char *end)
{
	size_t length = strlen(end), looked = 0;

	for (;;) {
		GString *input = server->input;
		char *at = memmem(input->str + looked, input->len - looked, end, length);
		GString *heard;

		if (at) {
			heard = g_string_new_len(input->str, at - input->str);
			g_string_erase(input, 0, at - input->str + (gssize)length);
			return heard;
		}
		looked = input->len > length ? input->len - length : 0;
		if (!server_hear(server))
			return NULL;
	}
}

static inline void server_wait_for_end(Server *server)
{
	struct pollfd place = {.fd = server->descriptor};

	while (poll(&place, 1, 10000) > 0 && !(place.revents & POLLHUP))
		;
}

/* The rule for LINE; NULL: as usual. */
static inline const ServerRule *server_find(Server *server, const char *line)
{
	const ServerRule *found = NULL;

	for (size_t i = 0; server->rules && server->rules[i].at; i++) {
		const ServerRule *rule = &server->rules[i];

		if (!g_str_has_prefix(line, rule->at))
			continue;
		server->seen[i]++;
		if (!found && (rule->nth == 0 || rule->nth == server->seen[i]))
			found = rule;
	}
	return found;
}

/* What is usually said; NULL: that what RULE says. Answers whether to go on; *SAID is the reply. */
static inline bool server_answer(
	Server *server, const char *line, const char *usual, const char **said)
{
	const ServerRule *rule = server_find(server, line);

	*said = rule ? rule->say : usual;
	if (rule && rule->then == SERVER_IS_SLOW)
		poll(NULL, 0, SERVER_DELAY);
	if (*said && !server_say(server, *said))
		return false;
	if (rule && rule->then == SERVER_STALLS)
		server_wait_for_end(server);
	return !rule || (rule->then != SERVER_CUTS && rule->then != SERVER_STALLS);
}

static inline bool server_is_positive(const char *said)
{
	return said && *said == '2';
}

static inline void server_forget(Server *server)
{
	g_clear_pointer(&server->sender, g_free);
	g_string_truncate(server->recipients, 0);
}

static inline bool server_take_content(Server *server)
{
	ServerMail *mail = g_new0(ServerMail, 1);
	GString *content;
	const char *said;

	mail->sender = g_strdup(server->sender);
	mail->recipients = g_string_new(server->recipients->str);
	mail->content = g_string_new(NULL);
	g_ptr_array_add(server->mails, mail);
	server_forget(server);
	if (server_find(server, "+") &&
		(!server_hear(server) || !server_answer(server, "+", "", &said)))
		return false;
	/* The CRLF before it may be that behind DATA. */
	g_string_prepend(server->input, "\r\n");
	content = server_hear_until(server, "\r\n.\r\n");
	if (!content)
		return false;
	if (content->len > 0)
		g_string_append_len(mail->content, content->str + 2, (gssize)content->len - 2);
	if (content->len > 0)
		g_string_append(mail->content, "\r\n");
	g_string_free(content, TRUE);
	server->ran_ahead |= !strstr(server->offer, "PIPELINING") && server->input->len > 0;
	if (!server_answer(server, ".", "250 2.0.0 queued\r\n", &said)) {
		mail->taken = server_is_positive(said) && strchr(said, '\n');
		return false;
	}
	mail->taken = server_is_positive(said);
	return true;
}

static inline bool server_take_mail(Server *server, const char *line)
{
	const char *said;
	bool nested = server->sender != NULL;

	if (!server_answer(
		    server, line, nested ? "503 5.5.1 nested MAIL\r\n" : "250 2.1.0 Ok\r\n", &said))
		return false;
	if (server_is_positive(said))
		server->sender = g_strndup(line + 11, strcspn(line + 11, ">"));
	return true;
}

static inline bool server_take_recipient(Server *server, const char *line)
{
	const char *said, *usual = server->sender ? "250 2.1.5 Ok\r\n" : "503 5.5.1 MAIL?\r\n";

	if (!server_answer(server, line, usual, &said))
		return false;
	if (server_is_positive(said)) {
		g_string_append_len(server->recipients, line + 9, (gssize)strcspn(line + 9, ">"));
		g_string_append_c(server->recipients, ' ');
	}
	return true;
}

static inline bool server_take_data(Server *server)
{
	bool valid = server->recipients->len > 0;
	const char *said;

	if (!server_answer(server, "DATA",
		    valid ? "354 go on\r\n" : "554 5.5.1 no valid recipients\r\n", &said))
		return false;
	return !said || *said != '3' || server_take_content(server);
}

static inline bool server_take(Server *server, const char *line)
{
	g_autofree char *hello = NULL;
	const char *said;

	g_string_append_printf(server->log, "%s\n", line);
	if (g_str_has_prefix(line, "MAIL FROM:<"))
		return server_take_mail(server, line);
	if (g_str_has_prefix(line, "RCPT TO:<"))
		return server_take_recipient(server, line);
	if (strcmp(line, "DATA") == 0)
		return server_take_data(server);
	if (strcmp(line, "RSET") == 0)
		server_forget(server);
	if (g_str_has_prefix(line, "EHLO"))
		hello = g_strconcat("250-mail.example\r\n", server->offer, NULL);
	return server_answer(server, line, hello ? hello : "250 2.0.0 Ok\r\n", &said);
}

static inline void *server_run(void *context)
{
	Server *server = context;
	GString *line;
	bool goes_on = server_say(server, "220 mail.example\r\n");

	while (goes_on && (line = server_hear_until(server, "\r\n"))) {
		server->ran_ahead |= !strstr(server->offer, "PIPELINING") && server->input->len > 0;
		goes_on = server_take(server, line->str);
		g_string_free(line, TRUE);
	}
	close(server->descriptor);
	return NULL;
}

#define SERVER_OFFER "250-PIPELINING\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
#define SERVER_OFFER_LITTLE "250-SIZE 1000000\r\n250 8BITMIME\r\n"

/* Starts SERVER, whose offer, rules (ended by one without at) and byte_by_byte are set, and opens a
 * session with it. */
static inline SmtpSession *server_open(Server *server)
{
	g_autoptr(GError) error = NULL;
	SmtpSession *session;
	int pair[2];
	int type = server->byte_by_byte ? SOCK_SEQPACKET : SOCK_STREAM;

	assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair), 0);
	server->descriptor = pair[1];
	server->input = g_string_new(NULL);
	server->log = g_string_new(NULL);
	server->recipients = g_string_new(NULL);
	server->mails = g_ptr_array_new_with_free_func(server_mail_free);
	assert_int_equal(pthread_create(&server->thread, NULL, server_run, server), 0);
	session = smtp_open(stream_open_socket(pair[0], 1, NULL), &error);
	assert_null(error);
	assert_non_null(session);
	return session;
}

/* Ends SESSION and waits for SERVER; what it noted stays. */
static inline void server_join(Server *server, SmtpSession *session)
{
	smtp_close(session);
	pthread_join(server->thread, NULL);
}

static inline void server_clear(Server *server)
{
	g_string_free(server->input, TRUE);
	g_string_free(server->log, TRUE);
	g_string_free(server->recipients, TRUE);
	g_ptr_array_unref(server->mails);
	g_free(server->sender);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Server, server_clear)
