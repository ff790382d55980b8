/* What the authority's errors mean: every number, every name, what the sentence names, and what of
 * a description gets into a message. */
#include "fixture.h"

#define REPLACEMENT "\xef\xbf\xbd"

static const OauthSubject *subject(void)
{
	static OauthClient client;
	static OauthSubject subject = {&client, ACCOUNT, REDIRECT_URI};

	client = fixture_client("https://login.example");
	return &subject;
}

static GError *get_error(const OauthError *problem)
{
	GError *error = NULL;

	oauth_error_set(subject(), problem, &error);
	assert_clean_failure(error, oauth_error_failure(problem));
	return error;
}

static const struct {
	int64_t number;
	Failure failure;
} numbers[] = {
	{50173, FAILURE_OAUTH_REVOKED},
	{700082, FAILURE_OAUTH_EXPIRED},
	{70008, FAILURE_OAUTH_EXPIRED},
	{70043, FAILURE_OAUTH_POLICY},
	{700084, FAILURE_OAUTH_SPA},
	{54005, FAILURE_OAUTH_CODE_USED},
	{501481, FAILURE_OAUTH_CODE_USED},
	{50076, FAILURE_OAUTH_INTERACTION},
	{50079, FAILURE_OAUTH_INTERACTION},
	{50074, FAILURE_OAUTH_INTERACTION},
	{65001, FAILURE_OAUTH_CONSENT},
	{65004, FAILURE_OAUTH_DECLINED},
	{90094, FAILURE_OAUTH_ADMIN_CONSENT},
	{90095, FAILURE_OAUTH_ADMIN_CONSENT},
	{50105, FAILURE_OAUTH_NOT_ASSIGNED},
	{53000, FAILURE_OAUTH_DEVICE},
	{53001, FAILURE_OAUTH_DEVICE},
	{53003, FAILURE_OAUTH_DEVICE},
	{50053, FAILURE_OAUTH_ACCOUNT_LOCKED},
	{50055, FAILURE_OAUTH_PASSWORD_EXPIRED},
	{50057, FAILURE_OAUTH_ACCOUNT_DISABLED},
	{50126, FAILURE_OAUTH_PASSWORD_WRONG},
	{50034, FAILURE_OAUTH_ACCOUNT_FOREIGN},
	{50020, FAILURE_OAUTH_ACCOUNT_FOREIGN},
	{50011, FAILURE_OAUTH_REDIRECT},
	{7000218, FAILURE_OAUTH_SECRET_EXPECTED},
	{7000215, FAILURE_OAUTH_SECRET_WRONG},
	{7000222, FAILURE_OAUTH_SECRET_EXPIRED},
	{700025, FAILURE_OAUTH_SECRET_NEEDLESS},
	{50194, FAILURE_OAUTH_SINGLE_TENANT},
	{700016, FAILURE_OAUTH_APPLICATION},
	{90002, FAILURE_OAUTH_TENANT},
	{90033, FAILURE_OAUTH_BUSY},
	{90024, FAILURE_OAUTH_BUSY},
	{50196, FAILURE_OAUTH_LOOP},
};

static void test_every_number(void **state)
{
	static const char *const names[] = {"invalid_grant", "interaction_required",
		"invalid_client", "access_denied", "unauthorized_client", "invalid_request",
		"etwas_neues", ""};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(numbers) * G_N_ELEMENTS(names); i++) {
		OauthError problem = {
			.name = names[i % G_N_ELEMENTS(names)],
			.number = numbers[i / G_N_ELEMENTS(names)].number,
		};

		assert_int_equal(
			oauth_error_failure(&problem), numbers[i / G_N_ELEMENTS(names)].failure);
	}
}

static void test_every_name(void **state)
{
	static const struct {
		const char *name;
		Failure failure;
	} rows[] = {
		{"temporarily_unavailable", FAILURE_OAUTH_BUSY},
		{"server_error", FAILURE_OAUTH_BUSY},
		{"invalid_grant", FAILURE_OAUTH_SIGN_IN},
		{"login_required", FAILURE_OAUTH_SIGN_IN},
		{"account_selection_required", FAILURE_OAUTH_SIGN_IN},
		{"interaction_required", FAILURE_OAUTH_INTERACTION},
		{"consent_required", FAILURE_OAUTH_CONSENT},
		{"access_denied", FAILURE_OAUTH_DECLINED},
		{"invalid_request", FAILURE_OAUTH_SETUP},
		{"invalid_client", FAILURE_OAUTH_SETUP},
		{"invalid_scope", FAILURE_OAUTH_SETUP},
		{"unauthorized_client", FAILURE_OAUTH_SETUP},
		{"unsupported_grant_type", FAILURE_OAUTH_SETUP},
		{"unsupported_response_type", FAILURE_OAUTH_SETUP},
		{"Invalid_Grant", FAILURE_OAUTH_SETUP},
		{"invalid_grant ", FAILURE_OAUTH_SETUP},
		{"", FAILURE_OAUTH_SETUP},
	};
	/* None, and three that no row knows. */
	static const int64_t unknown[] = {0, 1, 5017, INT64_MAX};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows) * G_N_ELEMENTS(unknown); i++) {
		OauthError problem = {
			.name = rows[i / G_N_ELEMENTS(unknown)].name,
			.number = unknown[i % G_N_ELEMENTS(unknown)],
		};

		assert_int_equal(
			oauth_error_failure(&problem), rows[i / G_N_ELEMENTS(unknown)].failure);
	}
}

/* Trouble of the server asks nobody to sign in, whatever number comes with it. */
static void test_trouble_beats_a_number(void **state)
{
	static const char *const names[] = {"temporarily_unavailable", "server_error"};

	(void)state;
	for (size_t i = 0; i < 2 * G_N_ELEMENTS(numbers); i++) {
		OauthError problem = {.name = names[i % 2], .number = numbers[i / 2].number};

		assert_int_equal(oauth_error_failure(&problem), FAILURE_OAUTH_BUSY);
	}
}

static void test_numbers_in_descriptions(void **state)
{
	static const struct {
		const char *description;
		int64_t number;
	} rows[] = {
		{"AADSTS50173: The provided grant has expired", 50173},
		{"AADSTS7000215:Invalid", 7000215},
		{"AADSTS70008", 70008},
		{"Error: AADSTS65001. Then AADSTS50011.", 65001},
		{"interaction required (AADSTS50076)", 50076},
		{"AADSTS: no number", 0},
		{"AADSTSx50173", 0},
		{"aadsts50173", 0},
		{"50173", 0},
		{"AADST", 0},
		{"AADSTS99999999999999999999999", INT64_MAX},
		{"", 0},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_int_equal(oauth_error_number(rows[i].description), rows[i].number);
	assert_int_equal(oauth_error_number(NULL), 0);
}

static void test_subjects(void **state)
{
	static const struct {
		int64_t number;
		const char *subject;
	} rows[] = {
		{50011, REDIRECT_URI},
		{700016, CLIENT_ID},
		{90002, "organizations"},
		{50194, "organizations"},
		{90033, "https://login.example"},
		{0, "etwas_neues"},
		{50173, ACCOUNT},
		{50196, ACCOUNT},
		{50020, ACCOUNT},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		OauthError problem = {.name = "etwas_neues", .number = rows[i].number};
		g_autoptr(GError) error = get_error(&problem);
		g_autofree char *sentence = failure_sentence(error);

		assert_string_equal(failure_subject(error), rows[i].subject);
		assert_non_null(strstr(sentence, rows[i].subject));
	}
}

/* A refresh has none. */
static void test_redirect_without_an_address(void **state)
{
	OauthSubject without = *subject();
	OauthError problem = {.name = "invalid_request", .number = 50011};
	g_autoptr(GError) error = NULL;

	(void)state;
	without.redirect_uri = NULL;
	oauth_error_set(&without, &problem, &error);
	assert_clean_failure(error, FAILURE_OAUTH_REDIRECT);
	assert_string_equal(failure_subject(error), "");
}

static void test_messages(void **state)
{
	static const struct {
		OauthError problem;
		const char *message;
	} rows[] = {
		{{"invalid_grant", 0, NULL, NULL}, "https://login.example answers invalid_grant"},
		{{"invalid_grant", 50173, NULL, NULL},
			"https://login.example answers invalid_grant AADSTS50173"},
		{{"invalid_grant", -50173, "", NULL},
			"https://login.example answers invalid_grant"},
		{{"invalid_grant", 50173, "AADSTS50173: Gone.\r\nTrace ID: 1", NULL},
			"https://login.example answers invalid_grant AADSTS50173: "
			"AADSTS50173: Gone."},
		{{"invalid_grant", 0, "\nsecond line", NULL},
			"https://login.example answers invalid_grant"},
		{{"invalid_grant", 0,
			 "gr\xc3\xb6\xc3\x9f"
			 "er",
			 "trace_id 1, correlation_id 2"},
			"https://login.example answers invalid_grant: gr\xc3\xb6\xc3\x9f"
			"er (trace_id 1, correlation_id 2)"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = get_error(&rows[i].problem);

		assert_string_equal(error->message, rows[i].message);
	}
}

static void test_descriptions_are_made_safe(void **state)
{
	static const struct {
		const char *description;
		const char *kept;
	} rows[] = {
		{"a\x1b[31mb", "a" REPLACEMENT "[31mb"},
		{"a\tb\x7f", "a" REPLACEMENT "b" REPLACEMENT},
		{"\xff\xc3", REPLACEMENT REPLACEMENT},
		{"\xe2\x80\xae\xc2\x9b", REPLACEMENT REPLACEMENT},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		OauthError problem = {.name = "x", .description = rows[i].description};
		g_autoptr(GError) error = get_error(&problem);

		assert_string_equal(
			error->message + strlen("https://login.example answers x: "), rows[i].kept);
	}
}

/* COUNT times LETTER; yours. */
static char *repeat(const char *letter, size_t count)
{
	GString *text = g_string_new(NULL);

	while (count-- > 0)
		g_string_append(text, letter);
	return g_string_free(text, FALSE);
}

static void test_long_descriptions_are_cut(void **state)
{
	static const char *const letters[] = {"x", "\xc3\xa4", "\xe2\x82\xac", "\xff"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(letters); i++) {
		for (size_t count = 299; count <= 302; count++) {
			g_autofree char *description = repeat(letters[i], count);
			OauthError problem = {.name = "y", .description = description};
			g_autoptr(GError) error = get_error(&problem);
			long most = g_utf8_strlen("https://login.example answers y: ", -1) + 300;

			assert_int_equal(g_utf8_strlen(error->message, -1),
				MIN(most, most - 300 + (long)count));
		}
	}
}

/* A name may be anything too; the sentence shows it. */
static void test_odd_names(void **state)
{
	static const char *const letters[] = {
		"x", "\xc3\xa4", "\xe2\x82\xac", "\xff", "\x1b", "\n"};

	(void)state;
	for (size_t i = 0; i < 4 * G_N_ELEMENTS(letters); i++) {
		g_autofree char *rest = repeat(letters[i / 4], 2000);
		g_autofree char *name = g_strconcat(&"abc"[i % 4], rest, NULL);
		OauthError problem = {.name = name};
		g_autoptr(GError) error = get_error(&problem);

		assert_true(g_utf8_strlen(error->message, -1) < 200);
		assert_true(g_utf8_strlen(failure_subject(error), -1) <= 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_number),
		cmocka_unit_test(test_every_name),
		cmocka_unit_test(test_trouble_beats_a_number),
		cmocka_unit_test(test_numbers_in_descriptions),
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_redirect_without_an_address),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_descriptions_are_made_safe),
		cmocka_unit_test(test_long_descriptions_are_cut),
		cmocka_unit_test(test_odd_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
