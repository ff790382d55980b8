/* Addresses as people type them: what is one, what is none, and how it stands in an envelope. */
#include "write_fixture.h"

#include "base/text.h"

static void test_parses(void **state)
{
	static const struct {
		const char *text, *name, *address;
	} rows[] = {
		{"a@b.de", NULL, "a@b.de"},
		{"  a@b.de\t", NULL, "a@b.de"},
		{"<a@b.de>", NULL, "a@b.de"},
		{"Hans Meier <h@x.de>", "Hans Meier", "h@x.de"},
		{"Hans Meier<h@x.de> ", "Hans Meier", "h@x.de"},
		{"\"Meier, Hans\" <h@x.de>", "Meier, Hans", "h@x.de"},
		{"Müller, Hans <h@x.de>", "Müller, Hans", "h@x.de"},
		{"\"a \\\"b\\\" \\\\c\" <c@d.de>", "a \"b\" \\c", "c@d.de"},
		{"Hans \"Hansi\" Meier <h@x.de>", "Hans \"Hansi\" Meier", "h@x.de"},
		{"\"<x@y.de>\" <h@x.de>", "<x@y.de>", "h@x.de"},
		{"h@x.de <h@x.de>", "h@x.de", "h@x.de"},
		{"Bürgerbüro 🏛️ <büro@straße.de>", "Bürgerbüro 🏛️",
			"büro@straße.de"},
		{"\"\" <h@x.de>", NULL, "h@x.de"},
		{"o'neil+tag=1@x-y.de", NULL, "o'neil+tag=1@x-y.de"},
		{"root@localhost", NULL, "root@localhost"},
		{"a@[192.0.2.1]", NULL, "a@[192.0.2.1]"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(MimeAddress) address = mime_address_parse(rows[i].text, NULL);

		if (!address)
			fail_msg("'%s' was refused", rows[i].text);
		assert_string_equal(address->address, rows[i].address);
		assert_int_equal(g_strcmp0(address->name, rows[i].name), 0);
	}
}

static void test_refuses_what_is_none(void **state)
{
	static const char *const rows[] = {"", " ", "Hans", "a@", "@b.de", "a@b@c.de", "a b@c.de",
		"a@b..de", "a@-b.de", "a@b.de, c@d.de", "a@b.de; c@d.de", "a@b.de c@d.de",
		"a@b.de, Hans <h@x.de>", "A <a@b.de>, B <b@c.de>", "A <a@b.de> B", "A <a@b.de",
		"A <>", "Hans 5\" Meier <h@x.de>", "A \" <a@b.de>, \"B\" <b@b.de>", "<a@b.de>>",
		"A <<a@b.de>>", "a@b.de\r\nBcc: x@y.de", "a\n@b.de", "A\r\n <a@b.de>",
		"A" SEPARATOR " <a@b.de>", "a@b.de\x7f", "A\x1b <a@b.de>", SURROGATE "@b.de",
		"a@" SURROGATE ".de", "A" SURROGATE " <a@b.de>", "\xff@b.de", "a@b\xc3",
		"a\"b@c.de", "a@b_c.de", "a@ b.de", "a\xc2\xad@b.de", "a@xn--ü.de"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(MimeAddress) address = mime_address_parse(rows[i], &error);

		if (address)
			fail_msg("'%s' became '%s'", rows[i], address->address);
		assert_true(failure_is(error, FAILURE_ADDRESS_INVALID));
		/* It is shown to people. */
		assert_false(text_has_control(failure_subject(error)));
		assert_false(text_has_control(error->message));
	}
}

static void test_limits(void **state)
{
	g_autofree char *local = g_strnfill(64, 'a');
	g_autofree char *name = g_strnfill(MIME_WRITE_NAME_LIMIT, 'n');
	g_autofree char *longest = g_strdup_printf("%s <%s@b.de>", name, local);
	g_autofree char *long_name = g_strdup_printf("n%s <a@b.de>", name);
	g_autofree char *long_local = g_strdup_printf("a%s@b.de", local);
	g_autofree char *endless = g_strnfill(1 << 20, 'x');
	g_autoptr(MimeAddress) address = mime_address_parse(longest, NULL);
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_non_null(address);
	assert_null(mime_address_parse(long_name, NULL));
	assert_null(mime_address_parse(long_local, NULL));
	assert_null(mime_address_parse(endless, &error));
	assert_true(strlen(failure_subject(error)) < 4000);
}

static void test_wire(void **state)
{
	static const struct {
		const char *address, *wire;
	} rows[] = {
		{"Hans.Meier@Amt.Example", "Hans.Meier@Amt.Example"},
		{"a@müller.de", "a@xn--mller-kva.de"},
		{"a@MÜLLER.DE", "a@xn--mller-kva.de"},
		{"a@mu\xcc\x88ller.de", "a@xn--mller-kva.de"},
		{"a@straße.de", "a@xn--strae-oqa.de"},
		{"a@例え.テスト", "a@xn--r8jz45g.xn--zckzah"},
		/* Whoever cannot do UTF-8 cannot write to them anyway. */
		{"jürgen@müller.de", "jürgen@müller.de"},
		{"jürgen@amt.example", "jürgen@amt.example"},
		{"a@xn--mller-kva.de", "a@xn--mller-kva.de"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *wire = mime_address_wire(rows[i].address, NULL);
		g_autofree char *again = wire ? mime_address_wire(wire, NULL) : NULL;

		assert_non_null(wire);
		assert_string_equal(wire, rows[i].wire);
		assert_string_equal(again, wire);
	}
}

static void test_wire_has_limits_too(void **state)
{
	g_autoptr(GString) address = g_string_new("a@");
	g_autoptr(GError) error = NULL;

	(void)state;
	/* Short enough as typed, too long in A-labels. */
	for (int i = 0; i < 30; i++)
		g_string_append(address, "äöü.");
	g_string_append(address, "de");
	assert_true(address->len < 254);
	assert_null(mime_address_wire(address->str, &error));
	assert_true(failure_is(error, FAILURE_ADDRESS_INVALID));
	assert_null(mime_address_wire("a@b.de\r\nRCPT TO:<x@y.de>", NULL));
	assert_null(mime_address_wire("Hans", NULL));
	assert_null(mime_address_wire("", NULL));
}

static void free_address(gpointer address)
{
	mime_address_free(address);
}

/* The addresses of LIST joined by blanks, "-": refused. */
static char *list_of(const char *list)
{
	g_autoptr(GPtrArray) people = g_ptr_array_new_with_free_func(free_address);
	g_autoptr(GString) all = g_string_new(NULL);

	if (!mime_address_list(list, people, NULL))
		return g_strdup("-");
	for (guint i = 0; i < people->len; i++) {
		const MimeAddress *person = g_ptr_array_index(people, i);

		g_string_append_printf(all, "%s%s", i > 0 ? " " : "", person->address);
	}
	return g_string_free(g_steal_pointer(&all), FALSE);
}

static void test_lists(void **state)
{
	static const struct {
		const char *list, *addresses;
	} rows[] = {
		{"", ""},
		{"a@b.de", "a@b.de"},
		{"a@b.de, \"Meier, Hans\" <h@x.de>,, c@d.de,", "a@b.de h@x.de c@d.de"},
		{"a@b.de (Hans (der \\) Alte), Bauamt), (x@y.de) c@d.de", "a@b.de c@d.de"},
		{"Amt: a@b.de, B <b@b.de>;, c@d.de", "a@b.de b@b.de c@d.de"},
		{"undisclosed-recipients:;", ""},
		{"a@b.de; c@d.de", "a@b.de c@d.de"},
		{"=?utf-8?Q?M=C3=BCller=2C_Hans?= <h@x.de>", "h@x.de"},
		{"Müller, Hans <h@x.de>", "-"},
		{"a@b.de \"open", "-"},
		{"a@b.de (open", "-"},
		{"A <a@b.de", "-"},
		{"a@b.de b@c.de", "-"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *addresses = list_of(rows[i].list);

		assert_string_equal(addresses, rows[i].addresses);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parses),
		cmocka_unit_test(test_refuses_what_is_none),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_wire),
		cmocka_unit_test(test_wire_has_limits_too),
		cmocka_unit_test(test_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
