/* Requests to the token endpoint: the form, grants of every kind, what is no grant, errors, and
 * that no secret comes back in a message. */
#include "authority.h"

#include "base/clock.h"

/* ---- the form ---- */

static void check_form(const Call *call, const char *expected)
{
	static const char *const answers[] = {GRANT, NULL};
	g_auto(Peer) peer = http_peer_start(answers);
	g_auto(OauthGrant) grant = {0};
	g_autoptr(GBytes) bytes = NULL;
	g_autofree char *text = NULL;

	assert_true(request(&peer, call, &grant, NULL));
	bytes = http_peer_requests(&peer);
	text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	assert_string_equal(strstr(text, "\r\n\r\n") + 4, expected);
}

static void test_form(void **state)
{
	static const OauthForm odd[] = {
		{"a b", "\x01&=+%/?#\"'\\ \xc3\xa4\xff", false},
		{"left_out", NULL, true},
		{"empty", "", false},
		{"unreserved", "AZaz09-._~", false},
		{0},
	};
	static const OauthForm nothing[] = {{0}};

	(void)state;
	check_form(&(Call){.form = odd},
		"client_id=" CLIENT_ID "&a%20b=%01%26%3D%2B%25%2F%3F%23%22%27%5C%20%C3%A4%FF"
		"&empty=&unreserved=AZaz09-._~");
	check_form(&(Call){.form = nothing}, "client_id=" CLIENT_ID);
	check_form(&(Call){.form = nothing, .secret = "x~/+Y="},
		"client_id=" CLIENT_ID "&client_secret=x~%2F%2BY%3D");
}

/* ---- grants ---- */

/* The grant that JSON is; the caller clears it. */
static OauthGrant get_grant(const char *json)
{
	g_autofree char *text = g_strconcat(OK, json, NULL);
	const char *const answers[] = {text, NULL};
	g_auto(Peer) peer = http_peer_start(answers);
	g_autoptr(GError) error = NULL;
	OauthGrant grant = {0};

	if (!request(&peer, &(Call){0}, &grant, &error))
		fail_msg("%s: %s", json, error->message);
	assert_int_equal(pause_told, 0);
	return grant;
}

/* One with MEMBERS beside what must be; "" for nothing. */
static OauthGrant get_grant_with(const char *members)
{
	g_autofree char *json = g_strdup_printf(
		"{\"token_type\":\"Bearer\",\"access_token\":\"" ACCESS_TOKEN "\"%s%s}",
		*members ? "," : "", members);

	return get_grant(json);
}

static void test_least_grant(void **state)
{
	int64_t before = clock_now();
	g_auto(OauthGrant) grant = get_grant_with("");

	(void)state;
	assert_string_equal(secret_text(grant.access_token), ACCESS_TOKEN);
	assert_null(grant.refresh_token);
	assert_null(grant.identity);
	assert_in_range(grant.issued, before, clock_now());
}

static void test_kinds_of_tokens(void **state)
{
	static const char *const types[] = {"Bearer", "bearer", "BEARER", "bEARER"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		g_autofree char *json =
			g_strdup_printf("{\"token_type\":\"%s\",\"access_token\":\"t\"}", types[i]);
		g_auto(OauthGrant) grant = get_grant(json);

		assert_string_equal(secret_text(grant.access_token), "t");
	}
}

#define LIFE_LIMIT (400 * 24 * 3600)

static void test_life(void **state)
{
	static const struct {
		const char *members;
		int64_t life;
	} rows[] = {
		{"\"expires_in\":3599", 3599},
		{"\"expires_in\":3599.9", 3599},
		{"\"expires_in\":0", 0},
		{"\"expires_in\":-5", 0},
		{"\"expires_in\":9223372036854775807", LIFE_LIMIT},
		{"\"expires_in\":-9223372036854775808", 0},
		{"\"expires_in\":1e300", LIFE_LIMIT},
		{"\"expires_in\":\"3599\"", 3599},
		{"\"expires_in\":\"3599.9\"", 3599},
		{"\"expires_in\":\"-5\"", 0},
		{"\"expires_in\":\"99999999999999999999999\"", LIFE_LIMIT},
		/* not told */
		{"", 3600},
		{"\"expires_in\":null", 3600},
		{"\"expires_in\":\"\"", 3600},
		{"\"expires_in\":\"soon\"", 3600},
		{"\"expires_in\":[60]", 3600},
		{"\"expires_in\":true", 3600},
		{"\"expires_on\":60,\"ext_expires_in\":60", 3600},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(OauthGrant) grant = get_grant_with(rows[i].members);

		if (grant.expires - grant.issued != rows[i].life)
			fail_msg("%s: %d", rows[i].members, (int)(grant.expires - grant.issued));
	}
}

/* One that is not given leaves the old one in its place. */
static void test_refresh_tokens(void **state)
{
	static const char *const none[] = {
		"\"refresh_token\":null", "\"refresh_token\":17", "\"Refresh_Token\":\"x\""};
	g_auto(OauthGrant) given = get_grant_with("\"refresh_token\":\"" REFRESH_TOKEN "\"");

	(void)state;
	assert_string_equal(secret_text(given.refresh_token), REFRESH_TOKEN);
	for (size_t i = 0; i < G_N_ELEMENTS(none); i++) {
		g_auto(OauthGrant) grant = get_grant_with(none[i]);

		assert_null(grant.refresh_token);
	}
}

static void test_id_tokens(void **state)
{
	static const char payload[] = "{\"preferred_username\":\"a@amt.example\"}";
	g_autofree char *middle = oauth_base64url(payload, strlen(payload));
	g_autofree char *members = g_strdup_printf("\"id_token\":\"x.%s.y\"", middle);
	g_auto(OauthGrant) grant = get_grant_with(members);
	g_auto(OauthGrant) broken = get_grant_with("\"id_token\":\"x.y.z\"");
	g_auto(OauthGrant) none = get_grant_with("\"id_token\":17");

	(void)state;
	assert_string_equal(grant.identity, "a@amt.example");
	assert_null(broken.identity);
	assert_null(none.identity);
}

static void check_token_length(size_t length, bool taken)
{
	g_autofree char *token = g_strnfill(length, 'x');
	g_autofree char *text =
		g_strdup_printf(OK "{\"token_type\":\"Bearer\",\"access_token\":\"%s\"}", token);
	const char *const answers[] = {text, NULL};
	g_auto(Peer) peer = http_peer_start(answers);
	g_auto(OauthGrant) grant = {0};
	g_autoptr(GError) error = NULL;

	assert_int_equal(request(&peer, &(Call){0}, &grant, &error), taken);
	if (taken)
		assert_string_equal(secret_text(grant.access_token), token);
	else
		assert_clean_failure(error, FAILURE_OAUTH_GARBAGE);
}

static void test_length_of_tokens(void **state)
{
	(void)state;
	check_token_length(1, true);
	check_token_length(OAUTH_TOKEN_LIMIT, true);
	check_token_length(OAUTH_TOKEN_LIMIT + 1, false);
	check_token_length(1000 * 1000, false);
}

/* ---- what is no grant ---- */

static void test_no_grants(void **state)
{
	static const char *const bodies[] = {"", "{}", "[]", "null", "17", "{", "<html></html>",
		"{\"token_type\":\"Bearer\"}", "{\"access_token\":\"x\"}",
		"{\"token_type\":\"mac\",\"access_token\":\"" ACCESS_TOKEN "\"}",
		"{\"token_type\":\"\",\"access_token\":\"" ACCESS_TOKEN "\"}",
		"{\"token_type\":17,\"access_token\":\"" ACCESS_TOKEN "\"}",
		"{\"token_type\":\"Bearer\",\"access_token\":\"\"}",
		"{\"token_type\":\"Bearer\",\"access_token\":17}",
		"{\"token_type\":\"Bearer\",\"access_token\":\"a b\"}",
		"{\"token_type\":\"Bearer\",\"access_token\":\"a\\nb\"}",
		"{\"token_type\":\"Bearer\",\"access_token\":\"a\\u0000b\"}",
		"{\"token_type\":\"Bearer\",\"access_token\":\"\xc3\xa4\"}",
		"{\"token_type\":\"Bearer\",\"access_token\":\"\xff\"}",
		"{\"token_type\":\"Bearer\",\"access_token\":\"x\"} x",
		"{\"token_type\":\"Bearer\",\"access_token\":\"x\",\"access_token\":\"y\"}",
		"{\"token_type\":\"Bearer\",\"access_token\":\"x\",\"expires_in\":1e999}",
		/* the old one would be used up, and a spoilt new one is of no use */
		"{\"token_type\":\"Bearer\",\"access_token\":\"x\",\"refresh_token\":\"\"}",
		"{\"token_type\":\"Bearer\",\"access_token\":\"x\",\"refresh_token\":\"a b\"}",
		"{\"token_type\":\"Bearer\",\"access_token\":\"x\",\"refresh_token\":\"\xc3\xa4\"}",
		"{\"error\":\"invalid_grant\"}"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
		g_autofree char *text = g_strconcat(OK, bodies[i], NULL);

		check_answer(text, FAILURE_OAUTH_GARBAGE);
	}
}

static void test_deep_json(void **state)
{
	g_autofree char *deep = g_strnfill(500 * 1000, '[');
	g_autofree char *text = g_strconcat(OK, deep, NULL);

	(void)state;
	check_answer(text, FAILURE_OAUTH_GARBAGE);
}

static void test_other_statuses(void **state)
{
	static const char *const texts[] = {
		"HTTP/1.1 201 Created\r\n\r\n{\"token_type\":\"Bearer\",\"access_token\":\"x\"}",
		"HTTP/1.1 204 Nothing\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\n\r\n",
		"HTTP/1.1 400 Bad\r\n\r\n", "HTTP/1.1 400 Bad\r\n\r\n{\"error\":17}",
		"HTTP/1.1 400 Bad\r\n\r\n{\"error\":{\"code\":\"invalid_grant\"}}",
		"HTTP/1.1 400 Bad\r\n\r\n[\"invalid_grant\"]",
		"HTTP/1.1 404 Not Found\r\n\r\n<html></html>",
		"HTTP/1.1 302 Found\r\n\r\n{\"error\":\"invalid_grant\"}"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		check_answer(texts[i], FAILURE_OAUTH_GARBAGE);
}

static void test_errors(void **state)
{
	static const struct {
		const char *text;
		Failure failure;
	} rows[] = {
		{BAD "{\"error\":\"invalid_grant\"}", FAILURE_OAUTH_SIGN_IN},
		{"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n"
		 "{\"error\":\"invalid_client\",\"error_codes\":[7000215]}",
			FAILURE_OAUTH_SECRET_WRONG},
		{"HTTP/1.1 403 No\r\n\r\n{\"error\":\"access_denied\"}", FAILURE_OAUTH_DECLINED},
		{BAD "{\"error\":\"invalid_grant\",\"error_codes\":[50173]}",
			FAILURE_OAUTH_REVOKED},
		{BAD "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS50173: x\"}",
			FAILURE_OAUTH_REVOKED},
		/* the first number of the list, and it before that of the description */
		{BAD "{\"error\":\"invalid_grant\",\"error_codes\":[50173,65001],"
		     "\"error_description\":\"AADSTS90002: x\"}",
			FAILURE_OAUTH_REVOKED},
		{BAD "{\"error\":\"invalid_grant\",\"error_codes\":[],"
		     "\"error_description\":\"AADSTS90002: x\"}",
			FAILURE_OAUTH_TENANT},
		{BAD "{\"error\":\"invalid_grant\",\"error_codes\":[\"50173\"],"
		     "\"error_description\":\"AADSTS90002: x\"}",
			FAILURE_OAUTH_TENANT},
		{BAD "{\"error\":\"invalid_grant\",\"error_codes\":50173}", FAILURE_OAUTH_SIGN_IN},
		{BAD "{\"error\":\"\\u001b[31m\xc3\xa4\",\"error_description\":\"\\u202e\\n\"}",
			FAILURE_OAUTH_SETUP},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		check_answer(rows[i].text, rows[i].failure);
}

/* The message of a failure with JSON; yours. */
static char *get_message(const char *json, const Call *call)
{
	g_autofree char *text = g_strconcat(BAD, json, NULL);
	const char *const answers[] = {text, NULL};
	g_auto(Peer) peer = http_peer_start(answers);
	g_auto(OauthGrant) grant = {0};
	g_autoptr(GError) error = NULL;

	assert_false(request(&peer, call, &grant, &error));
	assert_clean_failure(error, failure_of(error));
	return g_strdup(strstr(error->message, " answers ") + 9);
}

static void test_correlation_ids(void **state)
{
	static const char *const odd[] = {"\"trace_id\":\"\"", "\"trace_id\":17",
		"\"trace_id\":\"a\\nb\"", "\"trace_id\":\"\xc3\xa4\"", "\"trace_id\":\"a(b\"",
		"\"trace_id\":"
		"\"01234567890123456789012345678901234567890123456789012345678901234567890"
		"1234567890\""};
	g_autofree char *all = get_message(
		"{\"error\":\"invalid_grant\",\"timestamp\":\"2026-11-23 14:04:05Z\",\"trace_id\":"
		"\"0a-1\",\"correlation_id\":\"0b-2\"}",
		&(Call){0});

	(void)state;
	assert_string_equal(all, "invalid_grant (timestamp 2026-11-23 14:04:05Z, trace_id 0a-1, "
				 "correlation_id 0b-2)");
	for (size_t i = 0; i < G_N_ELEMENTS(odd); i++) {
		g_autofree char *json = g_strdup_printf("{\"error\":\"x\",%s}", odd[i]);
		g_autofree char *message = get_message(json, &(Call){0});

		assert_string_equal(message, "x");
	}
}

/* Whatever an authority repeats of what was sent to it, and wherever. */
static void test_repeated_secrets_are_left_out(void **state)
{
	static const char *const secrets[] = {REFRESH_TOKEN, CLIENT_SECRET, "Geheimniszahl1234"};
	static const char *const members[] = {
		"\"error\":\"x\",\"error_description\":\"AADSTS1: %s\"",
		"\"error\":\"x\",\"error_description\":\"(%s) is wrong\"", "\"error\":\"%s\"",
		"\"error\":\"a %s b\",\"error_codes\":[50173]",
		"\"error\":\"x\",\"trace_id\":\"%s\"", "\"error\":\"x\",\"correlation_id\":\"%s\"",
		"\"error\":\"x\",\"timestamp\":\"%s\""};
	static const OauthForm form[] = {
		{"refresh_token", REFRESH_TOKEN, true},
		{"code", "Geheimniszahl1234", true},
		{0},
	};
	Call call = {.form = form, .secret = CLIENT_SECRET};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(secrets) * G_N_ELEMENTS(members); i++) {
		g_autoptr(GString) json = g_string_new("{");
		g_autofree char *message = NULL;

		g_string_append_printf(json, "%s}", members[i / G_N_ELEMENTS(secrets)]);
		g_string_replace(json, "%s", secrets[i % G_N_ELEMENTS(secrets)], 1);
		message = get_message(json->str, &call);
		assert_true(g_str_has_prefix(message, "x") || g_str_has_prefix(message, "error"));
	}
}

/* Parts of it, and what it looks like in other letters. */
static void test_repeated_secrets_in_other_forms(void **state)
{
	static const char *const texts[] = {"Geheimni sszahl12", "GEHEIMNISZAHL1234",
		"R2VoZWltbmlzemFobDEyMzQ=", "47656865696d6e69737a61686c", "%47eheimnis%7Aahl1234"};
	static const OauthForm form[] = {{"code", "Geheimniszahl1234", true}, {0}};
	Call call = {.form = form};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *json = g_strdup_printf(
			"{\"error\":\"x\",\"error_description\":\"no %s\"}", texts[i]);
		g_autofree char *message = get_message(json, &call);

		assert_string_equal(message, "x: " REPEATS_WITHHELD);
	}
}

/* What is no secret, or too short to be told from chance, may stay. */
static void test_other_descriptions_stay(void **state)
{
	static const OauthForm form[] = {
		{"refresh_token", "six", true},
		{"scope", "some-scope", false},
		{0},
	};
	Call call = {.form = form};
	g_autofree char *message =
		get_message("{\"error\":\"x\",\"error_description\":\"six some-scope\"}", &call);

	(void)state;
	assert_string_equal(message, "x: six some-scope");
}

static int set_up(void **state)
{
	(void)state;
	stream_start_library();
	oauth_start_library();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_least_grant),
		cmocka_unit_test(test_kinds_of_tokens),
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_refresh_tokens),
		cmocka_unit_test(test_id_tokens),
		cmocka_unit_test(test_length_of_tokens),
		cmocka_unit_test(test_no_grants),
		cmocka_unit_test(test_deep_json),
		cmocka_unit_test(test_other_statuses),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_correlation_ids),
		cmocka_unit_test(test_repeated_secrets_are_left_out),
		cmocka_unit_test(test_repeated_secrets_in_other_forms),
		cmocka_unit_test(test_other_descriptions_stay),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
