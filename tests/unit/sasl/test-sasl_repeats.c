/* What counts as a repeated secret, plainly and in base64, and which texts do not although a piece
 * of one stands in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/clock.h"
#include "sasl/sasl_internal.h"

#define PASSWORD "hunter2-geheim"
#define USER "maier@amt.example"

/* As the header promises. */
#define PIECE 8

static bool repeats_bytes(const char *secret, bool is_token, const char *text, size_t size)
{
	g_autoptr(Secret) copy = secret_new(secret, strlen(secret));
	SaslIdentity identity = {
		.username = USER,
		.password = is_token ? NULL : copy,
		.token = is_token ? copy : NULL,
		.host = "imap.amt.example",
	};

	return sasl_repeats_secret(&identity, NULL, text, size);
}

static bool repeats(const char *password, const char *text)
{
	return repeats_bytes(password, false, text, strlen(text));
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
static void check_message(const Secret *message, const char *secret, bool is_token)
{
	g_autofree char *letters =
		g_base64_encode((const guchar *)secret_text(message), secret_size(message));
	const char *place =
		memmem(secret_text(message), secret_size(message), secret, strlen(secret));
	size_t begin = (size_t)(place - secret_text(message)), end = begin + strlen(secret);

	assert_non_null(place);
	for (size_t first = 0; first < strlen(letters); first++) {
		for (size_t last = first + 1; last <= strlen(letters); last++) {
			g_autofree char *text = g_strdup_printf("bad: %.*s?%.*s!", (int)(first % 3),
				"///", (int)(last - first), letters + first);
			bool held =
				bytes_held(begin, end, first, last) >= MIN(PIECE, strlen(secret));

			if (repeats_bytes(secret, is_token, text, strlen(text)) != held)
				fail_msg("%s in %s: %d", secret, text, !held);
		}
	}
}

static void check_mechanism(SaslMechanism mechanism, const char *username, const char *text)
{
	g_autoptr(Secret) secret = secret_new(text, strlen(text));
	bool is_token = mechanism == SASL_XOAUTH2 || mechanism == SASL_OAUTHBEARER;
	SaslIdentity identity = {
		.username = username,
		.password = is_token ? NULL : secret,
		.token = is_token ? secret : NULL,
		.host = "imap.amt.example",
		.port = 993,
	};
	g_autoptr(Sasl) sasl = sasl_new(mechanism, &identity, NULL, NULL);
	g_autoptr(Secret) first = sasl_step(sasl, NULL, 0, NULL);
	g_autoptr(Secret) second =
		mechanism == SASL_LOGIN ? sasl_step(sasl, "Password:", 9, NULL) : NULL;

	check_message(second ? second : first, text, is_token);
}

/* User names of three lengths move the secret through all alignments. */
static void test_base64_of_messages(void **state)
{
	static const SaslMechanism mechanisms[] = {
		SASL_PLAIN, SASL_LOGIN, SASL_XOAUTH2, SASL_OAUTHBEARER};
	static const char *const users[] = {"m", "ma", "mai"};
	static const char *const secrets[] = {
		PASSWORD, "eyJ0eXAi.Q4_z~Wald-8+7/9", "k7Qx", "k7Qx9p"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(mechanisms) * G_N_ELEMENTS(users); i++) {
		for (size_t k = 0; k < G_N_ELEMENTS(secrets); k++)
			check_mechanism(mechanisms[i / G_N_ELEMENTS(users)],
				users[i % G_N_ELEMENTS(users)], secrets[k]);
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
	assert_true(repeats_bytes(PASSWORD, false, text, sizeof text - 1));
	assert_true(repeats_bytes("geheim", false, "\0m\0geheim", 9));
	assert_true(repeats_bytes("password", false, "\0m\0password", 11));
	assert_false(repeats_bytes(PASSWORD, false, decoded, sizeof decoded - 1));
	assert_false(repeats_bytes(PASSWORD, false, text, 15));
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
	assert_true(repeats_bytes(token, true, json, strlen(json)));
	assert_true(repeats_bytes(token, true, token + 4, 400));
	assert_true(repeats_bytes(token, true, token + strlen(token) - PIECE, PIECE));
	assert_false(repeats_bytes(token, true, token, PIECE - 1));
}

/* The longest token and the longest text that is kept. */
static void test_takes_no_time(void **state)
{
	g_autofree char *token = g_malloc(SASL_TEXT_LIMIT + 1), *text = g_malloc(1024);
	int64_t start = clock_monotonic();

	(void)state;
	for (unsigned i = 0, number = 1; i < SASL_TEXT_LIMIT; i++) {
		number = number * 1103515245 + 12345;
		token[i] = (char)('A' + (number >> 16) % 26);
	}
	token[SASL_TEXT_LIMIT] = '\0';
	memset(text, 'a', 1024);
	assert_false(repeats_bytes(token, true, text, 1024));
	memset(token, 'a', SASL_TEXT_LIMIT);
	assert_true(repeats_bytes(token, true, text, 1024));
	assert_true(clock_monotonic() - start < 5000);
}

/* SCRAM sends no password, but what one can be guessed by. */
static void test_proof(void **state)
{
	static const char server_first[] = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
					   "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
	static const char proof[] = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
	g_autoptr(Secret) password = secret_new("pencil", 6);
	SaslIdentity identity = {.username = "user", .password = password};
	g_autoptr(Sasl) sasl =
		sasl_new(SASL_SCRAM_SHA_256, &identity, "rOprNGfwEbeRWgbNEkqO", NULL);
	g_autoptr(Secret) first = sasl_step(sasl, NULL, 0, NULL);
	g_autoptr(Secret) final = NULL;
	g_autofree char *letters = NULL;

	(void)state;
	assert_non_null(first);
	assert_false(sasl_repeats_secret(&identity, sasl, proof, strlen(proof)));
	final = sasl_step(sasl, server_first, strlen(server_first), NULL);
	letters = g_base64_encode((const guchar *)secret_text(final), secret_size(final));
	assert_true(sasl_repeats_secret(&identity, sasl, secret_text(final), secret_size(final)));
	assert_true(sasl_repeats_secret(&identity, sasl, letters, strlen(letters)));
	assert_true(sasl_repeats_secret(&identity, sasl, proof + 20, 8));
	assert_true(sasl_repeats_secret(&identity, sasl, "no \"pencil\"", 11));
	assert_false(sasl_repeats_secret(&identity, sasl, server_first, strlen(server_first)));
	assert_false(sasl_repeats_secret(&identity, sasl, "e=invalid-proof", 15));
	assert_false(sasl_repeats_secret(&identity, NULL, proof, strlen(proof)));
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
		cmocka_unit_test(test_proof),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
