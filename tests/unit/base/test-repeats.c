/* What counts as a repeated secret, plainly and encoded, and which texts do not although a piece
 * of one stands in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/repeats.h"

#define PASSWORD "hunter2-geheim"
#define USER "maier@amt.example"

/* As the header promises. */
#define PIECE 8
/* No token that is used is longer. */
#define TOKEN_SIZE ((size_t)64 * 1024)

static Repeats *make(const char *secret)
{
	g_autoptr(Secret) copy = secret_new(secret, strlen(secret));
	Repeats *repeats = repeats_new();

	repeats_add_secret(repeats, NULL);
	repeats_add_secret(repeats, copy);
	repeats_add_name(repeats, NULL);
	repeats_add_name(repeats, USER);
	repeats_add_name(repeats, "imap.amt.example");
	return repeats;
}

static bool repeats_bytes(const char *secret, const char *text, size_t size)
{
	g_autoptr(Repeats) known = make(secret);

	return repeats_in_text(known, text, size);
}

static bool repeats(const char *password, const char *text)
{
	return repeats_bytes(password, text, strlen(text));
}

/* All pieces of a secret, from the first letter to the last one. */
static void test_pieces(void **state)
{
	size_t size = strlen(PASSWORD);

	(void)state;
	for (size_t begin = 0; begin < size; begin++) {
		for (size_t end = begin + 1; end <= size; end++) {
			g_autofree char *piece = g_strndup(&PASSWORD[begin], end - begin);
			g_autofree char *text = g_strdup_printf("LOGIN \"m\" \"%s\" failed", piece);

			assert_int_equal(repeats(PASSWORD, text), end - begin >= PIECE);
			assert_int_equal(repeats(PASSWORD, piece), end - begin >= PIECE);
		}
	}
}

static void test_secrets_of_any_length(void **state)
{
	static const char letters[] = "Zq7Kx9Wv3Jp5Ty2Nh8";

	(void)state;
	for (size_t size = 0; size < sizeof letters; size++) {
		g_autofree char *secret = g_strndup(letters, size);
		g_autofree char *text = g_strdup_printf("not <%s>", secret);
		g_autofree char *less =
			g_strdup_printf("not <%.*s>", (int)MAX(size, 1) - 1, secret);

		assert_int_equal(repeats(secret, text), size >= 4);
		assert_int_equal(repeats(secret, less), size > PIECE);
	}
	assert_false(repeats(PASSWORD, ""));
	assert_false(repeats("", ""));
}

/* How many whole bytes of those from BEGIN to END are held by the letters of base64 from FIRST to
 * LAST. */
static size_t bytes_held(size_t begin, size_t end, size_t first, size_t last)
{
	size_t from = MAX(begin, (first * 6 + 7) / 8), to = MIN(end, last * 6 / 8);

	return to > from ? to - from : 0;
}

/* Every piece of MESSAGE's base64, in a text that may add letters in front of it. */
static void check_message(const char *message, size_t size, const char *secret)
{
	g_autofree char *letters = g_base64_encode((const guchar *)message, size);
	const char *place = memmem(message, size, secret, strlen(secret));
	size_t begin = (size_t)(place - message), end = begin + strlen(secret);

	assert_non_null(place);
	for (size_t first = 0; first < strlen(letters); first++) {
		for (size_t last = first + 1; last <= strlen(letters); last++) {
			g_autofree char *text = g_strdup_printf("bad: %.*s?%.*s!", (int)(first % 3),
				"///", (int)(last - first), letters + first);
			bool held =
				bytes_held(begin, end, first, last) >= MIN(PIECE, strlen(secret));

			if (repeats(secret, text) != held)
				fail_msg("%s in %s: %d", secret, text, !held);
		}
	}
}

/* What LOGIN, PLAIN, HTTP's Basic, XOAUTH2 and OAUTHBEARER send; user names of three lengths move
 * the secret through all alignments. */
static void test_base64_of_messages(void **state)
{
	/* "|" stands for NUL */
	static const char *const messages[][2] = {
		{"", ""},
		{"|%s|", ""},
		{"%s:", ""},
		{"user=%s\1auth=Bearer ", "\1\1"},
		{"n,a=%s,\1host=imap.amt.example\1port=993\1auth=Bearer ", "\1\1"},
	};
	static const char *const users[] = {"m", "ma", "mai"};
	static const char *const secrets[] = {
		PASSWORD, "eyJ0eXAi.Q4_z~Wald-8+7/9", "k7Qx", "k7Qx9p"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(messages) * G_N_ELEMENTS(users); i++) {
		const char *const *message = messages[i / G_N_ELEMENTS(users)];
		g_auto(GStrv) start = g_strsplit(message[0], "%s", 2);
		g_autofree char *before = g_strjoinv(users[i % G_N_ELEMENTS(users)], start);

		for (size_t k = 0; k < G_N_ELEMENTS(secrets); k++) {
			g_autofree char *whole = g_strconcat(before, secrets[k], message[1], NULL);
			size_t size = strlen(whole);

			for (size_t at = 0; at < strlen(before); at++)
				whole[at] = whole[at] == '|' ? '\0' : whole[at];
			check_message(whole, size, secrets[k]);
		}
	}
}

/* Letters in front that do not belong to it; base64url; without its end. */
static void test_base64_otherwise(void **state)
{
	static const char *const texts[] = {
		"LOGIN/aHVudGVyMi1nZWhlaW0=",
		"x-aHVudGVyMi1nZWhlaW0",
		"xx_aHVudGVyMi1nZWhlaW0===",
		"(aHVudGVyMi1n...)",
		"{\"message\":\"AG0AaHVudGVyMi1nZWhlaW0\\u003d\"}",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		assert_true(repeats(PASSWORD, texts[i]));
	assert_true(repeats("\xfb\xef\xbe\xff\xff\xff", "no ++++////"));
	assert_true(repeats("\xfb\xef\xbe\xff\xff\xff", "no ----____"));
	assert_false(repeats(PASSWORD, "aHVudGVyMi"));
	assert_false(repeats(PASSWORD, "the quick brown fox jumps over the lazy dog"));
}

/* Whatever may stand in a password. */
static void test_quoted(void **state)
{
	(void)state;
	assert_true(repeats("hu\"nt\\er", "LOGIN \"m\" \"hu\\\"nt\\\\er\" failed"));
	assert_true(repeats("hu\"nt\\er", "LOGIN m hu\"nt\\er failed"));
	assert_true(repeats("a/b/c/d", "{\"line\":\"a\\/b\\/c\\/d\"}"));
	assert_true(repeats("\"\\\"\\\"\\", "bad: \"\\\"\\\"\\"));
	assert_true(repeats("stra\xc3\x9f"
			    "e",
		"bad: stra\xc3\x9f"
		"e"));
	assert_true(repeats("stra\xdf"
			    "e",
		"bad: <stra\xdf"
		"e>"));
	assert_false(repeats("\\\\\\\\\\", "bad: \\"));
}

static void test_bytes(void **state)
{
	static const char text[] = "bad: \0m\0hunter2-geheim\0";
	static const char decoded[] = "bad:\0\0\0";

	(void)state;
	assert_true(repeats_bytes(PASSWORD, text, sizeof text - 1));
	assert_true(repeats_bytes("geheim", "\0m\0geheim", 9));
	assert_true(repeats_bytes("password", "\0m\0password", 11));
	assert_false(repeats_bytes(PASSWORD, decoded, sizeof decoded - 1));
	assert_false(repeats_bytes(PASSWORD, text, 15));
}

/* Texts that would be the same with another password. */
static void test_ordinary_words(void **state)
{
	static const struct {
		const char *password, *text;
	} rows[] = {
		{"password", "Invalid password"},
		{"Password", "Username and Password not accepted."},
		{"Password1", "Username and Password not accepted."},
		{"Password", "authentication failed: UGFzc3dvcmQ6"},
		{"Authentication!", "Authentication failed."},
		{"authentication", "[AUTH] authentication: failed"},
		{"auth", "[AUTHENTICATIONFAILED] unauthorised"},
		{"name", "VXNlcm5hbWU6"},
		{"failed", "LOGIN failed, try again"},
		{"user", "Bad username or so"},
		{"test", "this is the latest"},
		{"1234", "session 9912345"},
		{"4.7.0", "4.7.01"},
		{"maier", "maier@amt.example: not you"},
		{"maier", "User maier: unknown"},
		{"MAIER", "user MAIER@AMT.EXAMPLE unknown"},
		{"amt.example", "\"maier@amt.example\": no"},
		{"amt.example", "here is imap.amt.example"},
		{"amt.example", "no mailbox at amt.example"},
		{"imap.amt.example", "imap.amt.example is closed"},
		{"maier@amt.example2026", "no <maier@amt.example>"},
		{"maier@amt.example", "user maier@amt.example unknown"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (repeats(rows[i].password, rows[i].text))
			fail_msg("%s: %s", rows[i].password, rows[i].text);
	}
}

/* The same passwords, repeated. */
static void test_ordinary_words_repeated(void **state)
{
	static const struct {
		const char *password, *text;
	} rows[] = {
		{"password", "LOGIN \"maier\" \"password\" failed"},
		{"password", "password"},
		{"password", "maier/password"},
		{"Password", "cannot decode UGFzc3dvcmQ="},
		{"Password", "cannot decode AG1haWVyAFBhc3N3b3Jk"},
		{"Password1", "LOGIN maier Password1 failed"},
		{"Password+Password1", "LOGIN maier Password1 failed"},
		{"Authentication!", "LOGIN maier Authentication! failed"},
		{"my password is old", "LOGIN maier my password is old"},
		{"auth", "not \"auth\""},
		{"maier", "LOGIN \"maier\" \"maier\" failed"},
		{"maier2026", "LOGIN maier maier2026 failed"},
		{"maier1", "LOGIN maier maier1 failed"},
		{"amt.example", "LOGIN \"maier@amt.example\" \"amt.example\" failed"},
		{"maier@amt.example2026", "not maier@amt.example2026"},
		{"maier@amt.example2026", "not mple2026"},
		{"amt.example", "\"maier@amt.example\" (amt.example)"},
		{"1234", "pin 1234!"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (!repeats(rows[i].password, rows[i].text))
			fail_msg("%s: %s", rows[i].password, rows[i].text);
	}
}

/* What servers do say, to passwords that are not in it. */
static void test_texts_of_servers(void **state)
{
	static const char *const texts[] = {
		"[AUTHENTICATIONFAILED] Authentication failed.",
		"5.7.8 Username and Password not accepted. For more information, go to 5.7.8  "
		"https://support.google.com/mail/?p=BadCredentials ffacd0b85a97d-3a0b-gsmtp",
		"5.7.3 Authentication unsuccessful [FR0P281CA0001.DEUP281.PROD.OUTLOOK.COM "
		"2026-05-15T10:00:00.000Z 08DD9123456789AB]",
		"{\"status\":\"400\",\"schemes\":\"Bearer\",\"scope\":\"https://mail.google.com/"
		"\"}",
		"eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIiwic2NvcGUiOiJtYWlsIn0=",
		"AUTHENTICATE failed.",
	};
	static const char *const secrets[] = {PASSWORD, "Sommer2026!", "geheim", "password",
		"eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL291dGxvb2sub2ZmaWNl"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts) * G_N_ELEMENTS(secrets); i++)
		assert_false(
			repeats(secrets[i / G_N_ELEMENTS(texts)], texts[i % G_N_ELEMENTS(texts)]));
}

static void test_tokens(void **state)
{
	g_autofree guchar *bytes = g_malloc(1500);
	g_autofree char *token = NULL, *json = NULL;

	(void)state;
	for (unsigned i = 0, number = 1; i < 1500; i++) {
		number = number * 1103515245 + 12345;
		bytes[i] = (guchar)(number >> 16);
	}
	token = g_base64_encode(bytes, 1500);
	json = g_strdup_printf("{\"token\":\"%.20s…\"}", token + 4);
	assert_true(repeats_bytes(token, json, strlen(json)));
	assert_true(repeats_bytes(token, token + 4, 400));
	assert_true(repeats_bytes(token, token + strlen(token) - PIECE, PIECE));
	assert_false(repeats_bytes(token, token, PIECE - 1));
}

/* The longest token and the longest text that is kept. */
static void test_takes_no_time(void **state)
{
	g_autofree char *token = g_malloc(TOKEN_SIZE + 1), *text = g_malloc(1024);
	int64_t start = clock_monotonic();

	(void)state;
	for (unsigned i = 0, number = 1; i < TOKEN_SIZE; i++) {
		number = number * 1103515245 + 12345;
		token[i] = (char)('A' + (number >> 16) % 26);
	}
	token[TOKEN_SIZE] = '\0';
	memset(text, 'a', 1024);
	assert_false(repeats_bytes(token, text, 1024));
	memset(token, 'a', TOKEN_SIZE);
	assert_true(repeats_bytes(token, text, 1024));
	assert_true(clock_monotonic() - start < 5000);
}

/* Encodings that servers have for what they do not understand. */
static void test_encodings(void **state)
{
	static const struct {
		const char *password, *text;
	} rows[] = {
		{PASSWORD, "bad: 68756e746572322d67656865696d"},
		{PASSWORD, "bad: 68756E746572322D67656865696D!"},
		{PASSWORD, "0068756e746572322d67656865696d00"},
		{PASSWORD, "f68756e746572322d"},
		{"k7Qx", "bad: <6b375178>"},
		{PASSWORD, "%68%75%6E%74%65%72%32%2D%67%65%68%65%69%6D"},
		{"a b&c=d/e+f", "bad: a%20b%26c%3Dd%2Fe%2bf"},
		{PASSWORD, "Basic bTpodW50ZXIyLWdlaGVpbQ%3D%3D"},
		{PASSWORD, "HUNTER2-GEHEIM"},
		{"HUNTER2-Geheim", "bad: hunter2-geheim"},
		{PASSWORD, "h\xef\xbf\xbdu\xef\xbf\xbdn\xef\xbf\xbdt\xef\xbf\xbd"
			   "e\xef\xbf\xbdr\xef\xbf\xbd"
			   "2\xef\xbf\xbd-\xef\xbf\xbd"},
		{PASSWORD, "aAB1AG4AdABlAHIAMgAtAGcAZQBoAGUAaQBtAA=="},
	};
	static const char wide[] = "bad: \0h\0u\0n\0t\0e\0r\0002\0-\0g";

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (!repeats(rows[i].password, rows[i].text))
			fail_msg("%s: %s", rows[i].password, rows[i].text);
	}
	assert_true(repeats_bytes(PASSWORD, wide, sizeof wide - 1));
	assert_true(repeats_bytes(PASSWORD, wide + 5, sizeof wide - 6));
	assert_false(repeats(PASSWORD, "bad: 68756e746572"));
	assert_false(repeats(PASSWORD, "100% hunter, %zz %2"));
	assert_false(repeats(PASSWORD, "%68%75%6E%74"));
}

/* Our own sentences about such accounts. */
static void test_reports(void **state)
{
	static const struct {
		const char *password, *text;
	} rows[] = {
		{"Postfach2026!", "Das Postfach „m@amt.example“ ist gesperrt."},
		{"Standard", "Standard (IMAP/SMTP): imap.amt.example, Port 993"},
		{"Zertifikat", "Zertifikat für imap.amt.example, ausgestellt von Amts-CA"},
		{"1143", "imap.amt.example:1143, Port 1143, seit 1143"},
		{"26.11.2026", "gültig bis 26.11.2026 11:43"},
		{"26.11.2025", "gültig bis 26.11.2026 11:43"},
		{USER, "Angemeldet als \"" USER "\""},
		{"imap.amt.example", "„imap.amt.example“, Port 993,"},
		{"imap.amt.example7", "(imap.amt.example)"},
		{"password", "the \"password\" is old"},
	};
	static const struct {
		const char *password, *text;
	} repeated[] = {
		{PASSWORD, "Der Server lehnt ab: session of hunter2-geheim"},
		{PASSWORD, "Der Server lehnt ab: (unter2-ge)"},
		{PASSWORD, "Der Server lehnt ab: aHVudGVyMi1nZWhlaW0="},
		{"Sonnenblume", "Der Server bietet: X-LAST=Sonnenblume"},
		{"4711081512", "Der Server bietet: X-LAST=4711081512"},
		{"k7Qx9", "Der Server lehnt ab: k7Qx9."},
		{"Postfach2026!", "no Postfach2026!"},
		{"RefreshToken-RRRRRRRRRRRRRRRRRRRR", "no RefreshToken-RRRRRRRRRRRRRRRRRRRR"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Repeats) known = make(rows[i].password);

		if (repeats_in_report(known, rows[i].text))
			fail_msg("%s: %s", rows[i].password, rows[i].text);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(repeated); i++) {
		g_autoptr(Repeats) known = make(repeated[i].password);

		if (!repeats_in_report(known, repeated[i].text))
			fail_msg("%s: %s", repeated[i].password, repeated[i].text);
	}
	assert_false(repeats_in_report(NULL, PASSWORD));
}

static void test_several_secrets(void **state)
{
	g_autoptr(Repeats) known = make(PASSWORD);
	g_autoptr(Secret) other = secret_new("Igel-Proxy-7", 12);

	(void)state;
	assert_string_equal(repeats_withhold(known, "no Igel-Proxy-7"), "no Igel-Proxy-7");
	repeats_add_secret(known, other);
	repeats_add_secret(known, other);
	assert_string_equal(repeats_withhold(known, "no Igel-Proxy-7"), REPEATS_WITHHELD);
	assert_string_equal(repeats_withhold(known, PASSWORD), REPEATS_WITHHELD);
	assert_string_equal(repeats_withhold(NULL, PASSWORD), PASSWORD);
	assert_null(repeats_withhold(known, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_secrets_of_any_length),
		cmocka_unit_test(test_base64_of_messages),
		cmocka_unit_test(test_base64_otherwise),
		cmocka_unit_test(test_quoted),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_ordinary_words),
		cmocka_unit_test(test_ordinary_words_repeated),
		cmocka_unit_test(test_texts_of_servers),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_takes_no_time),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_several_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
