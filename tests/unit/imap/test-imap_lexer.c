/* Every token, whole and byte by byte, and what each of them refuses. */
#include "imap_fixture.h"

/* Runs CHECK on a lexer over TEXT. */
static void with_lexer(const char *text, size_t size,
	void (*check)(ImapLexer *lexer, const void *context), const void *context)
{
	static const size_t chunks[] = {1, 2, 7, 4096};

	for (size_t i = 0; i < G_N_ELEMENTS(chunks); i++) {
		g_autoptr(GBytes) bytes = g_bytes_new(text, size);
		g_autoptr(Stream) stream = stream_open_memory(bytes, chunks[i]);
		ImapLexer lexer;

		imap_lexer_init(&lexer, stream);
		check(&lexer, context);
		imap_lexer_clear(&lexer);
	}
}

typedef void (*Read)(ImapLexer *lexer, GString *token);

typedef struct Row {
	Read read;
	const char *text;
	const char *token; /* NULL: refused */
	Failure failure;   /* then */
	char next;	   /* behind it */
} Row;

static void check_row(ImapLexer *lexer, const void *context)
{
	const Row *row = context;
	g_autoptr(GString) token = g_string_new("before");

	row->read(lexer, token);
	if (row->token) {
		assert_false(imap_lexer_failed(lexer));
		assert_string_equal(token->str, row->token);
		assert_int_equal(imap_lexer_peek(lexer), row->next);
	} else {
		g_autoptr(GError) error = imap_lexer_take_error(lexer);

		assert_true(imap_lexer_failed(lexer));
		assert_true(failure_is(error, row->failure));
		assert_string_equal(token->str, "");
		assert_int_equal(imap_lexer_peek(lexer), -1);
	}
}

static void read_nstring(ImapLexer *lexer, GString *token)
{
	if (!imap_lexer_nstring(lexer, token) && !imap_lexer_failed(lexer))
		g_string_assign(token, "<NIL>");
}

static void test_tokens(void **state)
{
	static const Row rows[] = {
		{imap_lexer_atom, "abc d", "abc", 0, ' '},
		{imap_lexer_atom, "\\Seen)", "\\Seen", 0, ')'},
		{imap_lexer_atom, "UTF8=ACCEPT\r", "UTF8=ACCEPT", 0, '\r'},
		{imap_lexer_atom, " abc", NULL, FAILURE_SERVER_GARBAGE, 0},
		{imap_lexer_atom, "(", NULL, FAILURE_SERVER_GARBAGE, 0},
		{imap_lexer_atom, "abc", NULL, FAILURE_CONNECTION_LOST, 0},
		{imap_lexer_string, "\"\" ", "", 0, ' '},
		{imap_lexer_string, "\"a\\\"b\\\\c\" ", "a\"b\\c", 0, ' '},
		{imap_lexer_string,
			"\"Stra\xc3\x9f"
			"e\")",
			"Stra\xc3\x9f"
			"e",
			0, ')'},
		{imap_lexer_string, "{3}\r\na)b)", "a)b", 0, ')'},
		{imap_lexer_string, "{3}\na)b)", "a)b", 0, ')'},
		{imap_lexer_string, "{2+}\r\n\r\n)", "\r\n", 0, ')'},
		{imap_lexer_string, "~{2}\r\nab)", "ab", 0, ')'},
		{imap_lexer_string, "{0}\r\n)", "", 0, ')'},
		{imap_lexer_string, "abc ", NULL, FAILURE_SERVER_GARBAGE, 0},
		{imap_lexer_string, "\"abc\r\n", NULL, FAILURE_SERVER_GARBAGE, 0},
		{imap_lexer_string, "\"abc\\\r\n", NULL, FAILURE_SERVER_GARBAGE, 0},
		{imap_lexer_string, "\"abc", NULL, FAILURE_CONNECTION_LOST, 0},
		{imap_lexer_string, "{3}\r\nab", NULL, FAILURE_CONNECTION_LOST, 0},
		{imap_lexer_string, "{-5}\r\nab", NULL, FAILURE_SERVER_GARBAGE, 0},
		{imap_lexer_string, "{}\r\nab", NULL, FAILURE_SERVER_GARBAGE, 0},
		{imap_lexer_string, "{ 5}\r\nab", NULL, FAILURE_SERVER_GARBAGE, 0},
		{imap_lexer_string, "{5 }\r\nab", NULL, FAILURE_SERVER_GARBAGE, 0},
		{imap_lexer_string, "{5}abcde", NULL, FAILURE_SERVER_GARBAGE, 0},
		{imap_lexer_string, "{5}\r", NULL, FAILURE_CONNECTION_LOST, 0},
		{imap_lexer_string, "~5", NULL, FAILURE_SERVER_GARBAGE, 0},
		{imap_lexer_string, "{99999999999999999999}\r\n", NULL, FAILURE_SERVER_GARBAGE, 0},
		{imap_lexer_string, "{9223372036854775808}\r\n", NULL, FAILURE_SERVER_GARBAGE, 0},
		{imap_lexer_string, "{4294967296}\r\n", NULL, FAILURE_LINE_TOO_LONG, 0},
		{imap_lexer_string, "{65537}\r\n", NULL, FAILURE_LINE_TOO_LONG, 0},
		{imap_lexer_astring, "INBOX\r\n", "INBOX", 0, '\r'},
		{imap_lexer_astring, "~Alt (", "~Alt", 0, ' '},
		{imap_lexer_astring, "\"a b\"\r\n", "a b", 0, '\r'},
		{imap_lexer_astring, "{1}\r\n\"\r\n", "\"", 0, '\r'},
		{imap_lexer_astring, "\r\n", NULL, FAILURE_SERVER_GARBAGE, 0},
		{read_nstring, "NIL)", "<NIL>", 0, ')'},
		{read_nstring, "nil)", "<NIL>", 0, ')'},
		{read_nstring, "\"NIL\")", "NIL", 0, ')'},
		{read_nstring, "NILS)", NULL, FAILURE_SERVER_GARBAGE, 0},
		{imap_lexer_item, "UID 7", "UID", 0, ' '},
		{imap_lexer_item, "BODY[] {", "BODY[]", 0, ' '},
		{imap_lexer_item, "BODY[HEADER.FIELDS (A \"B\")]<0> {",
			"BODY[HEADER.FIELDS (A \"B\")]<0>", 0, ' '},
		{imap_lexer_item, "BODY[HEADER\r\n", NULL, FAILURE_SERVER_GARBAGE, 0},
		{imap_lexer_item, ")", NULL, FAILURE_SERVER_GARBAGE, 0},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		with_lexer(rows[i].text, strlen(rows[i].text), check_row, &rows[i]);
}

static void check_nul(ImapLexer *lexer, const void *context)
{
	g_autoptr(GString) token = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	(void)context;
	imap_lexer_string(lexer, token);
	error = imap_lexer_take_error(lexer);
	assert_true(failure_is(error, FAILURE_SERVER_GARBAGE));
}

static void test_nul_is_refused(void **state)
{
	(void)state;
	with_lexer("\"a\0b\" ", 6, check_nul, NULL);
	with_lexer("{3}\r\na\0b ", 9, check_nul, NULL);
}

static void check_numbers(ImapLexer *lexer, const void *context)
{
	g_autoptr(GError) error = NULL;

	(void)context;
	assert_int_equal(imap_lexer_number(lexer, UINT32_MAX), 0);
	imap_lexer_expect(lexer, ' ');
	assert_int_equal(imap_lexer_number(lexer, UINT32_MAX), UINT32_MAX);
	imap_lexer_expect(lexer, ' ');
	assert_true(imap_lexer_number(lexer, UINT64_MAX) == UINT64_MAX);
	imap_lexer_end_line(lexer);
	assert_false(imap_lexer_failed(lexer));
	assert_int_equal(imap_lexer_number(lexer, UINT32_MAX), 0);
	error = imap_lexer_take_error(lexer);
	assert_true(failure_is(error, FAILURE_SERVER_GARBAGE));
}

static void test_numbers(void **state)
{
	static const char text[] = "0 4294967295 18446744073709551615  \r\n4294967296 ";

	(void)state;
	with_lexer(text, strlen(text), check_numbers, NULL);
}

static void check_literal(ImapLexer *lexer, const void *context)
{
	g_autoptr(GString) body = g_string_new(NULL);
	const void *data;
	ssize_t size;

	(void)context;
	assert_int_equal(imap_lexer_literal(lexer), 10);
	while ((size = imap_lexer_literal_read(lexer, &data)) > 0)
		g_string_append_len(body, data, size);
	assert_int_equal(size, 0);
	assert_int_equal(body->len, 10);
	assert_memory_equal(body->str, "0123\0)\r\n89", 10);
	imap_lexer_expect(lexer, ')');
	assert_int_equal(imap_lexer_literal(lexer), 3);
	imap_lexer_literal_skip(lexer);
	imap_lexer_end_line(lexer);
	assert_false(imap_lexer_failed(lexer));
}

static void test_literals(void **state)
{
	static const char text[] = "{10}\r\n0123\0)\r\n89){3}\r\nabc\r\n";

	(void)state;
	with_lexer(text, sizeof text - 1, check_literal, NULL);
}

static void check_skipped(ImapLexer *lexer, const void *context)
{
	bool right = *(const bool *)context;

	imap_lexer_skip_value(lexer);
	assert_int_equal(imap_lexer_failed(lexer), !right);
	if (right)
		assert_int_equal(imap_lexer_peek(lexer), '!');
}

static void test_skipped_values(void **state)
{
	static const char *const right[] = {"()!", "(a)!", "(a (b) \"c)\" {2}\r\n)) NIL)!",
		"\"x\"!", "{1}\r\n(!",
		"((((((((((((((((((((((((((((((()))))))))))))))))))))))))))))))!"};
	static const char *const wrong[] = {")", "", "\r\n", "(", "(a\r\n)", "(\"a\r\n)",
		"({-1}\r\n)", " a",
		"((((((((((((((((((((((((((((((((()))))))))))))))))))))))))))))))))!"};
	static const bool yes = true, no = false;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(right); i++)
		with_lexer(right[i], strlen(right[i]), check_skipped, &yes);
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		with_lexer(wrong[i], strlen(wrong[i]), check_skipped, &no);
}

static void check_rest(ImapLexer *lexer, const void *context)
{
	(void)context;
	for (int i = 0; i < 4; i++) {
		imap_lexer_skip_rest(lexer);
		imap_lexer_end_line(lexer);
	}
	assert_false(imap_lexer_failed(lexer));
	assert_int_equal(imap_lexer_peek(lexer), '!');
}

static void test_skipped_rests(void **state)
{
	static const char text[] = "any \"thing (\r\n"
				   "a literal {3}\r\n\r\n) and {4+}\r\n{9}\r end\r\n"
				   "no literal {3} \r\n"
				   "\r\n!";

	(void)state;
	with_lexer(text, strlen(text), check_rest, NULL);
}

static void check_text(ImapLexer *lexer, const void *context)
{
	g_autoptr(GString) text = g_string_new(NULL);

	(void)context;
	assert_true(imap_lexer_text(lexer, text, ']', 100));
	assert_string_equal(text->str, "CODE a");
	imap_lexer_expect(lexer, ']');
	assert_false(imap_lexer_text(lexer, text, '\n', 5));
	assert_string_equal(text->str, " long");
	imap_lexer_end_line(lexer);
	assert_false(imap_lexer_failed(lexer));
}

static void test_text(void **state)
{
	static const char text[] = "CODE a] longer text\r\n";

	(void)state;
	with_lexer(text, strlen(text), check_text, NULL);
}

static void check_failure_sticks(ImapLexer *lexer, const void *context)
{
	g_autoptr(GString) token = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	const void *data;

	(void)context;
	imap_lexer_expect(lexer, 'x');
	imap_lexer_garbage(lexer, "later");
	imap_lexer_atom(lexer, token);
	imap_lexer_skip_value(lexer);
	imap_lexer_skip_rest(lexer);
	imap_lexer_end_line(lexer);
	assert_int_equal(imap_lexer_peek(lexer), -1);
	assert_int_equal(imap_lexer_number(lexer, 9), 0);
	assert_false(imap_lexer_accept(lexer, 'a'));
	assert_int_equal(imap_lexer_literal_read(lexer, &data), -1);
	error = imap_lexer_take_error(lexer);
	assert_non_null(strstr(error->message, "expected 0x78, got 0x61"));
	assert_true(imap_lexer_failed(lexer));
}

static void test_failures_stick(void **state)
{
	(void)state;
	with_lexer("abc 5\r\n", 7, check_failure_sticks, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_nul_is_refused),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_skipped_values),
		cmocka_unit_test(test_skipped_rests),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_failures_stick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
