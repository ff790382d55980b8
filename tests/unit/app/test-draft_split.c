/* Addresses as people type and paste them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib.h>
#include "app/draft.h"
#include "mime/mime_write.h"

typedef struct Case {
	const char *typed;
	const char *addresses; /* joined by '|' */
} Case;

static const Case cases[] = {
	{"", ""},
	{" , ;\n", ""},
	{"a@b.example", "a@b.example"},
	{"a@b.example, c@d.example", "a@b.example|c@d.example"},
	{"a@b.example;c@d.example;", "a@b.example|c@d.example"},
	{"a@b.example\nc@d.example", "a@b.example|c@d.example"},
	{"Max Muster <m@b.example>, c@d.example", "Max Muster <m@b.example>|c@d.example"},
	/* As Outlook has names; a comma within one is quoted in a mail. */
	{"Muster, Max <m@b.example>; Müßig, Erika <e@b.example>",
		"\"Muster, Max\" <m@b.example>|\"Müßig, Erika\" <e@b.example>"},
	{"Muster, Max <m@b.example>, Müßig, Erika <e@b.example>",
		"\"Muster, Max\" <m@b.example>|\"Müßig, Erika\" <e@b.example>"},
	{"\"Amt; Stelle, 3 @ Haus\" <a@b.example>, c@d.example",
		"\"Amt; Stelle, 3 @ Haus\" <a@b.example>|c@d.example"},
	/* A quotation that does not end takes no more than its line. */
	{"\"offen <a@b.example>\nc@d.example", "\"offen <a@b.example>|c@d.example"},
	{"\"a \\\" <b\" <a@b.example>, \"\\\\\" <c@d.example>, e@f.example",
		"\"a \\\" <b\" <a@b.example>|\"\\\\\" <c@d.example>|e@f.example"},
	{"Muster\\, Max <m@b.example>", "\"Muster\\\\, Max\" <m@b.example>"},
	{"a <a\"b@c.example>, d@e.example", "a <a\"b@c.example>|d@e.example"},
	{"nur ein Name", "nur ein Name"},
	{"eins, zwei@b.example", "eins, zwei@b.example"},
};

static void test_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GStrv) found = draft_split(cases[i].typed);
		g_autofree char *joined = g_strjoinv("|", found);

		assert_string_equal(joined, cases[i].addresses);
	}
}

static void test_names_with_commas_can_be_sent_to(void **state)
{
	g_auto(GStrv) found = draft_split("Muster, Max <m@b.example>");
	g_autoptr(MimeAddress) address = mime_address_parse(found[0], NULL);

	(void)state;
	assert_non_null(address);
	assert_string_equal(address->name, "Muster, Max");
	assert_string_equal(address->address, "m@b.example");
}

/* Whose address would get between somebody else's quotation marks. */
static void test_nobody_vanishes(void **state)
{
	static const char *const rows[] = {
		"Alice \" <alice@good.example>, \"Bob\" <b@b.example>",
		"Alice \" <alice@good.example>, Bob \" <b@b.example>",
		"\"Alice <alice@good.example>, b@b.example",
		"\"Alice <alice@good.example>",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(GStrv) found = draft_split(rows[i]);
		g_autoptr(MimeAddress) address = mime_address_parse(found[0], NULL);

		assert_null(found[1]);
		assert_null(address);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_nobody_vanishes),
		cmocka_unit_test(test_names_with_commas_can_be_sent_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
