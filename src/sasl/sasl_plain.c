/* The two mechanisms that hand over the password: PLAIN (RFC 4616) and LOGIN (never standardised).
 */
#include "sasl/sasl_internal.h"

#include <string.h>

Secret *sasl_plain_step(Sasl *sasl, const char *challenge, size_t size, GError **error)
{
	const char *authorize_as = sasl->authorize_as ? sasl->authorize_as : "";
	GString *message = g_string_sized_new(
		strlen(authorize_as) + strlen(sasl->username) + secret_size(sasl->secret) + 3);

	(void)challenge; /* what the server says in its empty challenge does not matter */
	(void)size;
	(void)error;
	g_string_append(message, authorize_as);
	g_string_append_c(message, '\0');
	g_string_append(message, sasl->username);
	g_string_append_c(message, '\0');
	g_string_append_len(message, secret_text(sasl->secret), (gssize)secret_size(sasl->secret));
	sasl->complete = true;
	return sasl_secret_take(message);
}

/* The texts of the two challenges differ between servers and are not looked at. */
Secret *sasl_login_step(Sasl *sasl, const char *challenge, size_t size, GError **error)
{
	(void)challenge;
	(void)size;
	(void)error;
	if (sasl->steps == 0)
		return secret_new(sasl->username, strlen(sasl->username));
	sasl->complete = true;
	return secret_copy(sasl->secret);
}
