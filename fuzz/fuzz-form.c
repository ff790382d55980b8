/* Fuzzes forms: the first byte chooses the kind. What is taken is valid text within the limits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "failure/failure.h"
#include "web/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool right)
{
	if (!right)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {
		"application/x-www-form-urlencoded", "multipart/form-data; boundary=x"};
	g_autofree char *body = size > 0 ? g_malloc(size) : NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(Form) form = NULL;
	size_t file_size = 0;

	if (size == 0)
		return 0;
	/* Bodies have a NUL behind them. */
	memcpy(body, data + 1, size - 1);
	body[size - 1] = '\0';
	form = form_parse(types[data[0] % 2], body, size - 1, &error);
	require(!form == !!error);
	if (error)
		require(failure_is(error, FAILURE_FORM_INVALID));
	for (size_t i = 0; form && form_get_at(form, "a", i); i++)
		require(g_utf8_validate(form_get_at(form, "a", i), -1, NULL) && i < 1000);
	if (form && form_file(form, "a", &file_size))
		require(file_size <= size);
	return 0;
}
