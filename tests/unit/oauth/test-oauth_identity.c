/* Who an id token speaks of: claims and their order, and tokens that are none. */
#include "fixture.h"

/* A JWT with PAYLOAD; yours. */
static char *make_token(const char *payload)
{
	g_autofree char *middle = oauth_base64url(payload, strlen(payload));

	return g_strconcat("eyJhbGciOiJub25lIn0.", middle, ".c2lnbmF0dXJl", NULL);
}

static void check_payload(const char *payload, const char *expected)
{
	g_autofree char *token = make_token(payload);
	g_autofree char *identity = oauth_identity(token);

	if (g_strcmp0(identity, expected) != 0)
		fail_msg("%s gives %s", payload, identity ? identity : "nothing");
}

static void test_claims(void **state)
{
	(void)state;
	check_payload("{\"preferred_username\":\"a@amt.example\"}", "a@amt.example");
	check_payload("{\"upn\":\"a@amt.example\"}", "a@amt.example");
	check_payload("{\"email\":\"a@amt.example\"}", "a@amt.example");
	check_payload("{\"preferred_username\":\"m\xc3\xbcller@amt.example\"}",
		"m\xc3\xbcller@amt.example");
	check_payload("{\"preferred_username\":\"+49 30 1234\"}", "+49 30 1234");
	check_payload("{\"name\":\"a\",\"unique_name\":\"a\",\"sub\":\"a\",\"oid\":\"a\"}", NULL);
	check_payload("{}", NULL);
}

static void test_order_of_claims(void **state)
{
	(void)state;
	check_payload("{\"email\":\"e\",\"upn\":\"u\",\"preferred_username\":\"p\"}", "p");
	check_payload("{\"email\":\"e\",\"upn\":\"u\"}", "u");
	/* one that says nothing leaves the word to the next */
	check_payload("{\"email\":\"e\",\"upn\":\"u\",\"preferred_username\":\"\"}", "u");
	check_payload("{\"email\":\"e\",\"upn\":null,\"preferred_username\":17}", "e");
	check_payload(
		"{\"email\":\"e\",\"upn\":\"a\\nb\",\"preferred_username\":\"\\u0007\"}", "e");
	check_payload("{\"email\":[\"e\"],\"upn\":{},\"preferred_username\":true}", NULL);
}

static void test_control_characters(void **state)
{
	static const char *const values[] = {
		"a\\nb", "a\\u0000b", "\\u001b[31m", "a\\u007f", "a\\u0085", "\\r\\n", "a\\tb"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
		g_autofree char *payload = g_strdup_printf("{\"upn\":\"%s\"}", values[i]);

		check_payload(payload, NULL);
	}
}

static void test_length(void **state)
{
	(void)state;
	for (size_t length = 319; length <= 322; length++) {
		g_autofree char *name = g_strnfill(length, 'x');
		g_autofree char *payload = g_strdup_printf("{\"email\":\"%s\"}", name);

		check_payload(payload, length <= 320 ? name : NULL);
	}
}

static void test_no_json(void **state)
{
	static const char *const payloads[] = {"", " ", "x", "[]", "[\"upn\"]", "\"upn\"", "null",
		"17", "{", "{\"upn\":\"a\"", "{\"upn\":\"a\"}}", "{\"upn\":\"a\xff\"}",
		"{'upn':'a'}", "\xef\xbb\xbf{\"upn\":\"a\"}"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(payloads); i++)
		check_payload(payloads[i], NULL);
}

/* Every length of the rest, without the padding that RFC 7515 forbids. */
static void test_padding(void **state)
{
	(void)state;
	for (size_t length = 1; length <= 8; length++) {
		g_autofree char *name = g_strnfill(length, 'x');
		g_autofree char *payload = g_strdup_printf("{\"upn\":\"%s\"}", name);
		g_autofree char *padded = g_base64_encode((const guchar *)payload, strlen(payload));
		g_autofree char *token = g_strconcat("a.", padded, ".b", NULL);
		g_autofree char *identity = oauth_identity(token);

		check_payload(payload, name);
		assert_int_equal(identity != NULL, strchr(padded, '=') == NULL);
	}
}

/* Its letters are those of URLs: "-" and "_", not "+" and "/". */
static void test_letters(void **state)
{
	g_autofree char *token = make_token("{\"upn\":\"\xc3\xbf\xc3\xbf\xc3\xbe>>>???\"}");
	g_autofree char *identity = oauth_identity(token);
	g_autofree char *other = g_strdup(token);
	g_autofree char *none = NULL;

	(void)state;
	assert_string_equal(identity, "\xc3\xbf\xc3\xbf\xc3\xbe>>>???");
	assert_non_null(strpbrk(token, "-_"));
	g_strdelimit(g_strdelimit(other, "-", '+'), "_", '/');
	none = oauth_identity(other);
	assert_null(none);
}

static void test_broken_tokens(void **state)
{
	static const char *const tokens[] = {"", ".", "..", "...", "a", "a.", "a..b", ".e30",
		"a.b.c", "a.e30!.c", "a.e3 0.c", "a.\n.c", "a.e.c",
		/* five parts: encrypted (RFC 7516) */
		"a.b.c.d.e"};
	g_autofree char *whole = make_token("{\"upn\":\"a@amt.example\"}");
	size_t end = (size_t)(strrchr(whole, '.') - whole);

	(void)state;
	assert_null(oauth_identity(NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(tokens); i++)
		assert_null(oauth_identity(tokens[i]));
	for (size_t size = 0; size < end; size++) {
		g_autofree char *cut = g_strndup(whole, size);

		assert_null(oauth_identity(cut));
	}
}

/* RFC 4648 section 10, without padding. */
static void test_base64url(void **state)
{
	static const struct {
		const char *bytes;
		const char *text;
	} rows[] = {
		{"", ""},
		{"f", "Zg"},
		{"fo", "Zm8"},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg"},
		{"fooba", "Zm9vYmE"},
		{"foobar", "Zm9vYmFy"},
		{"\xfb\xff\xbf", "-_-_"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = oauth_base64url(rows[i].bytes, strlen(rows[i].bytes));

		assert_string_equal(text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_order_of_claims),
		cmocka_unit_test(test_control_characters),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_no_json),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_letters),
		cmocka_unit_test(test_broken_tokens),
		cmocka_unit_test(test_base64url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
