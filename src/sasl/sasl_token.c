/* The two mechanisms that hand over an access token: XOAUTH2 (Google's and Microsoft's) and
 * OAUTHBEARER (RFC 7628). A challenge after the token is the server's refusal, in JSON; the answer
 * to it only makes the server end the exchange. */
#include "sasl/sasl_internal.h"

#include <string.h>
#include "base/text.h"

/* Ends each pair of key and value, and the message (RFC 7628 section 3.1). */
#define END "\x01"

/* What is kept of the server's refusal, in bytes: {"status":…} and a scope, no page of HTML. */
#define SERVER_ERROR_LIMIT 400

/* A message of which nothing is left behind: HEAD, the token and the end of the message, in memory
 * that need not grow. */
static Secret *make_message(const char *head, const Secret *token)
{
	static const char key[] = "auth=Bearer ", end[] = END END;
	size_t size = secret_size(token);
	GString *message = g_string_sized_new(strlen(head) + sizeof key + size + sizeof end);

	g_string_append(message, head);
	g_string_append(message, key);
	g_string_append_len(message, secret_text(token), (gssize)size);
	g_string_append(message, end);
	return sasl_secret_take(message);
}

static Secret *make_xoauth2(const Sasl *sasl)
{
	g_autofree char *head = g_strconcat("user=", sasl->username, END, NULL);

	return make_message(head, sasl->secret);
}

static Secret *make_oauthbearer(const Sasl *sasl)
{
	g_autoptr(GString) head = g_string_new(NULL);

	sasl_append_gs2_header(head, sasl->username);
	g_string_append(head, END);
	if (sasl->host)
		g_string_append_printf(head, "host=%s" END, sasl->host);
	if (sasl->port != 0)
		g_string_append_printf(head, "port=%u" END, sasl->port);
	return make_message(head->str, sasl->secret);
}

/* Keeps the beginning of TEXT, as much as whole characters allow. */
static void keep_server_error(Sasl *sasl, const char *text, size_t size)
{
	g_autofree char *valid = text_make_valid(text, size);
	char *safe = text_for_terminal(valid);

	if (strlen(safe) > SERVER_ERROR_LIMIT)
		*g_utf8_find_prev_char(safe, safe + SERVER_ERROR_LIMIT + 1) = '\0';
	sasl->server_error = safe;
}

/* ANSWER is what makes the server end an exchange that it has refused. */
static Secret *answer_refusal(Sasl *sasl, const char *challenge, size_t size, const char *answer)
{
	if (size > 0)
		keep_server_error(sasl, challenge, size);
	return secret_new(answer, strlen(answer));
}

static Secret *finish_first(Sasl *sasl, Secret *message)
{
	g_clear_pointer(&sasl->secret, secret_free);
	sasl->complete = true;
	return message;
}

Secret *sasl_xoauth2_step(Sasl *sasl, const char *challenge, size_t size, GError **error)
{
	(void)error;
	if (sasl->steps > 0)
		return answer_refusal(sasl, challenge, size, "");
	return finish_first(sasl, make_xoauth2(sasl));
}

/* RFC 7628 section 3.2.3: a single 0x01 acknowledges the refusal. */
Secret *sasl_oauthbearer_step(Sasl *sasl, const char *challenge, size_t size, GError **error)
{
	(void)error;
	if (sasl->steps > 0)
		return answer_refusal(sasl, challenge, size, END);
	return finish_first(sasl, make_oauthbearer(sasl));
}
