/* An exchange as line protocols carry it: challenges and responses in base64, and the client's
 * first message with the command or, if it is long, after the server has asked for it. */
#include "sasl/sasl_internal.h"

#include <string.h>
#include "failure/failure.h"

guchar *sasl_decode_base64(const char *text, size_t *size)
{
	g_autofree guchar *data = g_base64_decode(text, size);
	g_autofree char *again = g_base64_encode(data, *size);

	return strcmp(again, text) == 0 ? g_steal_pointer(&data) : NULL;
}

static Secret *encode(const Secret *message)
{
	char *text = g_base64_encode((const guchar *)secret_text(message), secret_size(message));
	Secret *encoded = secret_new(text, strlen(text));

	secret_wipe(text, strlen(text));
	g_free(text);
	return encoded;
}

static bool is_first_due(const Sasl *sasl)
{
	return sasl->driver->client_first && sasl->steps == 0;
}

Secret *sasl_initial_response(Sasl *sasl, size_t limit)
{
	g_autoptr(Secret) message = is_first_due(sasl) ? sasl_step(sasl, NULL, 0, NULL) : NULL;
	g_autoptr(Secret) encoded = message ? encode(message) : NULL;

	if (encoded && secret_size(encoded) > limit) {
		g_clear_pointer(&encoded, secret_free);
		sasl->first = g_steal_pointer(&message);
	}
	return g_steal_pointer(&encoded);
}

static Secret *step_encoded(Sasl *sasl, const char *challenge, GError **error)
{
	size_t size = 0;
	g_autofree guchar *data = sasl_decode_base64(challenge, &size);

	if (data)
		return sasl_step(sasl, data, size, error);
	failure_set(error, FAILURE_SASL_INVALID, NULL, "%s: a challenge is no base64",
		sasl->driver->name);
	return NULL;
}

Secret *sasl_answer(Sasl *sasl, const char *challenge, GError **error)
{
	g_autoptr(Secret) message = g_steal_pointer(&sasl->first);

	if (!message && is_first_due(sasl))
		message = sasl_step(sasl, NULL, 0, error);
	else if (!message)
		message = step_encoded(sasl, challenge, error);
	return message ? encode(message) : NULL;
}
