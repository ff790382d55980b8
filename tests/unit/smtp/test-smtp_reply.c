/* Replies: their parts, their limits, and bytes that are none. */
#include "smtp_fixture.h"

/* A session that is not opened, on which the server says TEXT. */
static SmtpSession *begin(const char *text, size_t size, size_t chunk)
{
	SmtpSession *session = g_new0(SmtpSession, 1);

	session->stream = fixture_stream(text, size, chunk);
	session->alive = true;
	return session;
}

/* Reads one reply, byte by byte and at once, which must come to the same. */
static bool read_reply(const char *text, size_t size, SmtpReply *reply, GError **error)
{
	g_autoptr(SmtpSession) session = begin(text, size, 1 << 20);
	g_autoptr(SmtpSession) slow = begin(text, size, 1);
	g_auto(SmtpReply) again = {0};
	g_autoptr(GError) problem = NULL;
	bool done = smtp_read(session, reply, error);

	assert_int_equal(smtp_read(slow, &again, &problem), done);
	assert_int_equal(smtp_is_alive(session), done);
	assert_int_equal(smtp_is_alive(slow), done);
	if (done) {
		assert_int_equal(reply->lines->len, again.lines->len);
		assert_int_equal(smtp_unread(slow), 0);
	} else {
		assert_int_equal(failure_of(*error), failure_of(problem));
	}
	return done;
}

static void test_parts(void **state)
{
	static const char text[] = "250-one\r\n250-\r\n250-a-b c\n250 last\r\n250 next\r\n";
	g_auto(SmtpReply) reply = {0};
	g_autofree char *whole = NULL;

	(void)state;
	assert_true(read_reply(text, strlen(text), &reply, NULL));
	assert_int_equal(reply.code, 250);
	assert_int_equal(reply.enhanced, 0);
	assert_int_equal(reply.lines->len, 4);
	assert_string_equal(g_ptr_array_index(reply.lines, 0), "one");
	assert_string_equal(g_ptr_array_index(reply.lines, 1), "");
	assert_string_equal(g_ptr_array_index(reply.lines, 2), "a-b c");
	whole = smtp_reply_text(&reply);
	assert_string_equal(whole, "one  a-b c last");
}

static void test_enhanced_codes(void **state)
{
	static const struct {
		const char *text;
		unsigned enhanced;
	} rows[] = {
		{"535 5.7.8 Not you", SMTP_STATUS(5, 7, 8)},
		{"535 5.7.139", SMTP_STATUS(5, 7, 139)},
		{"235 2.7.0 ok", SMTP_STATUS(2, 7, 0)},
		{"432 4.3.2 wait", SMTP_STATUS(4, 3, 2)},
		{"550 5.999.999 x", SMTP_STATUS(5, 999, 999)},
		{"535 4.7.8 of another class", 0},
		{"535 5.7.8.1 too many parts", 0},
		{"535 5.7 too few", 0},
		{"535 5.7.", 0},
		{"535 5..8 x", 0},
		{"535 5.7.1390 x", 0},
		{"535 5.7.8: not you", 0},
		{"535  5.7.8 x", 0},
		{"535 -5.7.8 x", 0},
		{"535 5.+7.8 x", 0},
		{"535 55555555555.7.8 x", 0},
		{"535", 0},
		{"354 3.0.0 go ahead", SMTP_STATUS(3, 0, 0)},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *line = g_strconcat(rows[i].text, "\r\n", NULL);
		g_auto(SmtpReply) reply = {0};

		assert_true(read_reply(line, strlen(line), &reply, NULL));
		assert_int_equal(reply.enhanced, rows[i].enhanced);
	}
}

static void test_garbage(void **state)
{
	static const struct {
		const char *text;
		size_t size;
	} rows[] = {
		{"\r\n", 2},
		{"\n", 1},
		{"2\r\n", 3},
		{"25\r\n", 4},
		{"2500\r\n", 6},
		{"250x\r\n", 6},
		{"250\tx\r\n", 7},
		{"150 x\r\n", 7},
		{"650 x\r\n", 7},
		{"050 x\r\n", 7},
		{"-250 x\r\n", 8},
		{" 250 x\r\n", 8},
		{"2a0 x\r\n", 7},
		{"25\xc3 x\r\n", 7},
		{"\0"
		 "250 x\r\n",
			8},
		{"250 a\0b\r\n", 9},
		{"250\0\r\n", 6},
		{"250-a\r\n251 b\r\n", 14},
		{"250-a\r\n350 b\r\n", 14},
		{"250-a\r\nb\r\n", 10},
		{"250-a\r\n\r\n", 9},
		{"250-a\r\n421 b\r\n", 14},
		{"421-a\r\n250 b\r\n", 14},
		{"* OK ready\r\n", 12},
		{"HTTP/1.1 400 Bad Request\r\n", 26},
		{"\x15\x03\x01\n", 4},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(SmtpReply) reply = {0};
		g_autoptr(GError) error = NULL;

		assert_false(read_reply(rows[i].text, rows[i].size, &reply, &error));
		fixture_assert_failure(&error, FAILURE_SERVER_GARBAGE);
		assert_null(reply.lines);
	}
}

static void test_ends(void **state)
{
	static const char *const texts[] = {"", "2", "250", "250 ok", "250 ok\r", "250-ok\r\n",
		"250-ok\r\n25", "421 bye", "535 5.7.8 no\r"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_auto(SmtpReply) reply = {0};
		g_autoptr(GError) error = NULL;

		assert_false(read_reply(texts[i], strlen(texts[i]), &reply, &error));
		fixture_assert_failure(&error, FAILURE_CONNECTION_LOST);
	}
}

static void test_closing(void **state)
{
	static const char text[] = "421-4.7.0 Too many\x1b[31m\r\n421 errors\r\n";
	g_auto(SmtpReply) reply = {0};
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_false(read_reply(text, strlen(text), &reply, &error));
	assert_string_equal(error->message, "421 4.7.0 Too many\xef\xbf\xbd[31m errors");
	fixture_assert_failure(&error, FAILURE_SERVER_BYE);
}

static void test_length_of_a_line(void **state)
{
	static const struct {
		size_t size;
		bool fits;
	} rows[] = {
		{SMTP_LINE_LIMIT, true}, {SMTP_LINE_LIMIT + 1, false}, {SMTP_REPLY_LIMIT, false}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strnfill(rows[i].size - strlen("334 \r\n"), 'x');
		g_autofree char *line = g_strconcat("334 ", text, "\r\n", NULL);
		g_auto(SmtpReply) reply = {0};
		g_autoptr(GError) error = NULL;

		assert_int_equal(read_reply(line, strlen(line), &reply, &error), rows[i].fits);
		if (!rows[i].fits)
			fixture_assert_failure(&error, FAILURE_LINE_TOO_LONG);
		else
			assert_string_equal(g_ptr_array_index(reply.lines, 0), text);
	}
}

/* COUNT lines of which each has SIZE bytes with its CRLF. */
static char *make_lines(size_t count, size_t size)
{
	g_autofree char *text = g_strnfill(size - strlen("250-\r\n"), 'x');
	GString *lines = g_string_new(NULL);

	for (size_t i = 0; i < count; i++)
		g_string_append_printf(lines, "250%c%s\r\n", i + 1 < count ? '-' : ' ', text);
	return g_string_free(lines, FALSE);
}

static void test_size_of_a_reply(void **state)
{
	static const struct {
		size_t count, size;
		bool fits;
	} rows[] = {
		{SMTP_REPLY_LINES, 20, true},
		{SMTP_REPLY_LINES + 1, 20, false},
		{SMTP_REPLY_LIMIT / 1024, 1024, true},
		{SMTP_REPLY_LIMIT / 1024 + 1, 1024, false},
		{5, SMTP_LINE_LIMIT, false},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *lines = make_lines(rows[i].count, rows[i].size);
		g_auto(SmtpReply) reply = {0};
		g_autoptr(GError) error = NULL;

		assert_int_equal(read_reply(lines, strlen(lines), &reply, &error), rows[i].fits);
		if (!rows[i].fits)
			fixture_assert_failure(&error, FAILURE_LINE_TOO_LONG);
		else
			assert_int_equal(reply.lines->len, rows[i].count);
	}
}

static void test_text_is_fit_for_a_log(void **state)
{
	static const struct {
		const char *line, *text;
	} rows[] = {
		{"550 a\x1b[31mb\x07\r\n", "a\xef\xbf\xbd[31mb\xef\xbf\xbd"},
		{"550 a\rb\r\n", "a\xef\xbf\xbd"
				 "b"},
		{"550 \xff\xc3\r\n", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"550 \xe2\x80\xae\xc2\x9b\r\n", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"550 gr\xc3\xbc\xc3\x9f"
		 "e\r\n",
			"gr\xc3\xbc\xc3\x9f"
			"e"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(SmtpReply) reply = {0};
		g_autofree char *text = NULL;

		assert_true(read_reply(rows[i].line, strlen(rows[i].line), &reply, NULL));
		text = smtp_reply_text(&reply);
		assert_string_equal(text, rows[i].text);
	}
}

/* The cut may fall into a character and leaves valid text. */
static void test_long_text_is_cut(void **state)
{
	g_autoptr(GString) line = g_string_new("550 x");
	g_auto(SmtpReply) reply = {0};
	g_autofree char *text = NULL;

	(void)state;
	while (line->len < SMTP_LINE_LIMIT - 10)
		g_string_append(line, "\xf0\x9f\x93\xa7");
	g_string_append(line, "\r\n");
	assert_true(read_reply(line->str, line->len, &reply, NULL));
	text = smtp_reply_text(&reply);
	assert_in_range(strlen(text), SMTP_TEXT_LIMIT - 10, SMTP_TEXT_LIMIT + 10);
	assert_true(g_utf8_validate(text, -1, NULL));
}

/* A reply that is used again forgets what it held. */
static void test_one_after_the_other(void **state)
{
	static const char text[] = "250-a\r\n250 b\r\n535 5.7.8 c\r\n250 d\r\n";
	g_autoptr(SmtpSession) session = begin(text, strlen(text), 1 << 20);
	g_auto(SmtpReply) reply = {0};

	(void)state;
	assert_true(smtp_read(session, &reply, NULL));
	assert_int_equal(smtp_unread(session), strlen("535 5.7.8 c\r\n250 d\r\n"));
	assert_true(smtp_read(session, &reply, NULL));
	assert_int_equal(reply.code, 535);
	assert_int_equal(reply.lines->len, 1);
	assert_true(smtp_read(session, &reply, NULL));
	assert_int_equal(reply.enhanced, 0);
	assert_int_equal(smtp_unread(session), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_enhanced_codes),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_closing),
		cmocka_unit_test(test_length_of_a_line),
		cmocka_unit_test(test_size_of_a_reply),
		cmocka_unit_test(test_text_is_fit_for_a_log),
		cmocka_unit_test(test_long_text_is_cut),
		cmocka_unit_test(test_one_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
