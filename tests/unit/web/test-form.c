/* Forms as browsers send them, and as they do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "failure/failure.h"
#include "web/form.h"

#define URLENCODED "application/x-www-form-urlencoded"
#define MULTIPART "multipart/form-data; boundary=XyZ"

static Form *parse(const char *type, const char *body)
{
	g_autoptr(GError) error = NULL;
	Form *form = form_parse(type, body, strlen(body), &error);

	assert_null(error);
	return form;
}

static void assert_refused(const char *type, const char *body, size_t size)
{
	g_autoptr(GError) error = NULL;

	assert_null(form_parse(type, body, size, &error));
	assert_true(failure_is(error, FAILURE_FORM_INVALID));
}

static void assert_refused_text(const char *type, const char *body)
{
	assert_refused(type, body, strlen(body));
}

static void test_urlencoded(void **state)
{
	g_autoptr(Form) form = parse(
		URLENCODED "; charset=utf-8", "a=1+2&b=%C3%BC%26&a=zwei&leer=&ohne&c=x%0D%0Ay&&");

	(void)state;
	assert_string_equal(form_get(form, "a"), "1 2");
	assert_string_equal(form_get_at(form, "a", 1), "zwei");
	assert_null(form_get_at(form, "a", 2));
	assert_string_equal(form_get(form, "b"), "ü&");
	assert_string_equal(form_get(form, "leer"), "");
	assert_string_equal(form_get(form, "ohne"), "");
	assert_string_equal(form_get(form, "c"), "x\ny");
	assert_null(form_get(form, "d"));
}

static void test_nothing(void **state)
{
	g_autoptr(Form) form = parse(NULL, "");

	(void)state;
	assert_null(form_get(form, "a"));
}

static void test_broken_urlencoded(void **state)
{
	g_autoptr(GString) many = g_string_new(NULL);

	(void)state;
	assert_refused_text(URLENCODED, "a=%");
	assert_refused_text(URLENCODED, "a=%4");
	assert_refused_text(URLENCODED, "a=%zz");
	assert_refused_text(URLENCODED, "a=%00");
	assert_refused_text(URLENCODED, "a=%ff");
	assert_refused(URLENCODED, "a=1\0b=2", 7);
	assert_refused_text("text/plain", "a=1");
	assert_refused_text(NULL, "a=1");
	for (int i = 0; i < 1001; i++)
		g_string_append(many, "a=1&");
	assert_refused_text(URLENCODED, many->str);
}

static void test_multipart(void **state)
{
	const char *body =
		"--XyZ\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\ngeheim\r\n"
		"--XyZ\r\nContent-Disposition: form-data; name=\"datei\"; "
		"filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\nname;x\r\n--Xy\r\n"
		"\r\n--XyZ--\r\n";
	g_autoptr(Form) form = parse(MULTIPART, body);
	size_t size = 0;

	(void)state;
	assert_string_equal(form_get(form, "csrf"), "geheim");
	assert_null(form_get(form, "datei"));
	assert_null(form_file(form, "csrf", &size));
	assert_memory_equal(form_file(form, "datei", &size), "name;x\r\n--Xy\r\n", 14);
	assert_int_equal(size, 14);
}

static void test_files(void **state)
{
	const char *body = "--XyZ\r\nContent-Disposition: form-data; name=\"d\"; filename=\"\"\r\n"
			   "Content-Type: application/octet-stream\r\n\r\n\r\n"
			   "--XyZ\r\nContent-Disposition: form-data; name=\"d\"; "
			   "filename=\"\xc3\xa4.eml\"\r\n\r\neins\r\n"
			   "--XyZ\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n"
			   "--XyZ\r\nContent-Disposition: form-data; name=\"e\"; "
			   "filename=\"\xff.eml\"\r\n\r\n\r\n"
			   "--XyZ--\r\n";
	g_autoptr(Form) form = parse(MULTIPART, body);
	FormFile file;

	(void)state;
	assert_true(form_file_at(form, "d", 0, &file));
	assert_string_equal(file.name, "\xc3\xa4.eml");
	assert_int_equal(file.size, 4);
	assert_memory_equal(file.data, "eins", 4);
	assert_false(form_file_at(form, "d", 1, &file));
	assert_false(form_file_at(form, "x", 0, &file));
	assert_true(form_file_at(form, NULL, 1, &file));
	assert_string_equal(file.name, "\xef\xbf\xbd.eml");
	assert_int_equal(file.size, 0);
}

static void test_broken_multipart(void **state)
{
	const char *good =
		"--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--XyZ--\r\n";

	(void)state;
	form_free(parse(MULTIPART, good));
	for (size_t size = 1; size < strlen(good) - 2; size++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Form) form = form_parse(MULTIPART, good, size, &error);

		assert_true(!form == !!error);
		if (form)
			fail_msg("taken at %zu bytes", size);
	}
	assert_refused_text(MULTIPART, "--XyZ\r\n\r\n1\r\n--XyZ--\r\n");
	assert_refused_text(MULTIPART, "x--XyZ\r\n");
	assert_refused_text("multipart/form-data; boundary=", good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urlencoded),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_broken_urlencoded),
		cmocka_unit_test(test_multipart),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_broken_multipart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
