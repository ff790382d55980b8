/* The authorization-code flow: its address, PKCE, what the redirect may look like and what is
 * refused, redeeming, refreshing. */
#include "fixture.h"

#include "base/clock.h"

static const OauthClient *client(void)
{
	static OauthClient client;

	client = fixture_client("https://login.example");
	return &client;
}

static OauthFlow *start(void)
{
	return oauth_flow_new(client(), REDIRECT_URI, ACCOUNT, false);
}

/* ---- the address ---- */

static void test_address(void **state)
{
	g_autoptr(OauthFlow) flow = start();
	g_autofree char *challenge = oauth_make_challenge(flow->verifier);
	g_autofree char *expected = g_strdup_printf(
		"https://login.example/organizations/oauth2/v2.0/authorize?client_id=" CLIENT_ID
		"&response_type=code&redirect_uri=http%%3A%%2F%%2Flocalhost%%3A5000%%2Foauth%%2F"
		"callback&response_mode=query"
		"&scope=https%%3A%%2F%%2Foutlook.office.com%%2FIMAP.AccessAsUser.All%%20offline_"
		"access"
		"&state=%s&code_challenge=%s&code_challenge_method=S256"
		"&login_hint=info%%40amt.example",
		flow->state, challenge);

	(void)state;
	assert_string_equal(oauth_flow_url(flow), expected);
	assert_null(strstr(oauth_flow_url(flow), secret_text(flow->verifier)));
}

static void test_address_with_odd_letters(void **state)
{
	OauthClient odd = *client();
	g_autoptr(OauthFlow) flow = NULL;

	(void)state;
	odd.id = (char *)"a&b=c";
	odd.scopes = (char *)"x+y \"z\"";
	flow = oauth_flow_new(
		&odd, "https://amt.example/?a=b&c=d#e", "m\xc3\xbcller+1@amt.example", true);
	assert_non_null(strstr(flow->url, "?client_id=a%26b%3Dc&"));
	assert_non_null(strstr(flow->url, "&scope=x%2By%20%22z%22&"));
	assert_non_null(strstr(
		flow->url, "&redirect_uri=https%3A%2F%2Famt.example%2F%3Fa%3Db%26c%3Dd%23e&"));
	assert_non_null(strstr(flow->url, "&login_hint=m%C3%BCller%2B1%40amt.example&"));
	assert_true(g_str_has_suffix(flow->url, "&prompt=login"));
}

/* What CLIENT or texts become later is none of the flow's. */
static void test_keeps_its_own_copies(void **state)
{
	OauthClient changing = *client();
	g_autofree char *id = g_strdup(CLIENT_ID);
	g_autofree char *account = g_strdup(ACCOUNT);
	g_autoptr(OauthFlow) flow = NULL;
	g_autofree char *redirect = NULL;
	g_autoptr(GError) error = NULL;

	(void)state;
	changing.id = id;
	flow = oauth_flow_new(&changing, REDIRECT_URI, account, false);
	memset(id, 'x', strlen(id));
	memset(account, 'x', strlen(account));
	redirect = g_strdup_printf("?error=invalid_grant&state=%s", flow->state);
	assert_false(oauth_flow_take(flow, redirect, &error));
	assert_string_equal(failure_subject(error), ACCOUNT);
}

/* RFC 7636 appendix B. */
static void test_challenge(void **state)
{
	static const char text[] = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
	g_autoptr(Secret) verifier = secret_new(text, strlen(text));
	g_autofree char *challenge = oauth_make_challenge(verifier);

	(void)state;
	assert_string_equal(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

static bool is_random(const char *text)
{
	return strlen(text) == 43 &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw"
			    "xyz0123456789-_") == 43;
}

static void test_states_and_verifiers_are_unique(void **state)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	(void)state;
	for (int i = 0; i < 500; i++) {
		g_autoptr(OauthFlow) flow = start();

		assert_true(is_random(flow->state) && is_random(secret_text(flow->verifier)));
		assert_true(g_hash_table_add(seen, g_strdup(flow->state)));
		assert_true(g_hash_table_add(seen, g_strdup(secret_text(flow->verifier))));
	}
}

static void test_time_left(void **state)
{
	g_autoptr(OauthFlow) flow = start();

	(void)state;
	assert_in_range(oauth_flow_time_left(flow), OAUTH_FLOW_SECONDS * 1000 - 1000,
		OAUTH_FLOW_SECONDS * 1000);
	flow->end = clock_monotonic() - 1;
	assert_int_equal(oauth_flow_time_left(flow), 0);
	assert_true(oauth_flow_is_over(flow));
}

/* ---- taking a redirect ---- */

/* FORMAT with FLOW's state in place of its %s. */
static bool take(OauthFlow *flow, const char *format, GError **error)
{
	g_autoptr(GString) redirect = g_string_new(format);

	g_string_replace(redirect, "%s", flow->state, 0);
	return oauth_flow_take(flow, redirect->str, error);
}

static void check_taken(const char *format, const char *code)
{
	g_autoptr(OauthFlow) flow = start();
	g_autoptr(GError) error = NULL;

	if (!take(flow, format, &error))
		fail_msg("%s: %s", format, error->message);
	assert_string_equal(secret_text(flow->code), code);
}

static void test_redirects(void **state)
{
	static const struct {
		const char *redirect;
		const char *code;
	} rows[] = {
		{REDIRECT_URI "?code=abc&state=%s", "abc"},
		{"https://amt.example/zurueck?tenant=1&code=abc&state=%s&session_state=x", "abc"},
		{"localhost:5000/oauth/callback?state=%s&code=abc", "abc"},
		/* alone */
		{"code=abc&state=%s", "abc"},
		{"?code=abc&state=%s", "abc"},
		{"state=%s&code=abc", "abc"},
		{"code=a?b&state=%s", "a?b"},
		{"state=%s&code=abc&from=https://amt.example/?a", "abc"},
		/* what follows a fragment or a blank is none of it */
		{REDIRECT_URI "?code=abc&state=%s#", "abc"},
		{REDIRECT_URI "?code=abc&state=%s#code=other&state=other", "abc"},
		{REDIRECT_URI "?code=abc&state=%s\r\n", "abc"},
		{"  " REDIRECT_URI "?code=abc&state=%s ", "abc"},
		{"code=abc&state=%s\tcode=other", "abc"},
		/* application/x-www-form-urlencoded */
		{"code=a+b&state=%s", "a b"},
		{"code=a%2Bb%2f%C3%A4%26%3d&state=%s", "a+b/\xc3\xa4&="},
		{"c%6Fde=abc&%73tate=%s", "abc"},
		{"code=a=b==&state=%s", "a=b=="},
		{"code=abc&state=%s&empty=&=&&novalue&%ff=1&x=%zz&y=%00", "abc"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		check_taken(rows[i].redirect, rows[i].code);
}

/* What is refused leaves the flow as it is. */
static void check_refused(OauthFlow *flow, const char *redirect, Failure failure)
{
	g_autoptr(GError) error = NULL;
	bool taken = flow->taken;

	if (take(flow, redirect, &error))
		fail_msg("%s is taken", redirect);
	assert_clean_failure(error, failure);
	assert_int_equal(flow->taken, taken);
}

/* Those of another flow, in part, or not to be made out. */
static void test_wrong_states(void **state)
{
	static const char *const redirects[] = {"code=abc", "code=abc&state=", "code=abc&state",
		"code=abc&state=x%s", "code=abc&state=%sx", "code=abc&state=%s%00",
		"code=abc&State=%s", "error=access_denied&state=", "error=", "state=other",
		"code=abc&state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		/* RFC 6749 section 3.1 */
		"code=abc&code=abc&state=%s", "code=abc&state=%s&state=%s",
		"code=abc&state=%s&st%61te=%s", "code=abc&state=%s&error=a&error=b"};
	g_autoptr(OauthFlow) flow = start();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(redirects); i++)
		check_refused(flow, redirects[i], FAILURE_OAUTH_STATE);
	assert_true(take(flow, "code=abc&state=%s", NULL));
}

/* The wrong address from the browser's line, or half of the right one. */
static void test_no_redirects(void **state)
{
	static const char *const redirects[] = {"", "?", "&", "=", "nonsense", REDIRECT_URI,
		REDIRECT_URI "#code=abc&state=%s", " code=abc&state=%s", "state=%s",
		"code=&state=%s", "code=%00&state=%s",
		"https://login.example/authorize?client_id=x&state=%s"};
	g_autoptr(OauthFlow) flow = start();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(redirects); i++)
		check_refused(flow, redirects[i], FAILURE_OAUTH_NO_REDIRECT);
	check_refused(flow, oauth_flow_url(flow), FAILURE_OAUTH_NO_REDIRECT);
	assert_true(take(flow, "code=abc&state=%s", NULL));
}

static void test_another_flows_redirect(void **state)
{
	g_autoptr(OauthFlow) flow = start();
	g_autoptr(OauthFlow) other = start();
	g_autofree char *redirect = g_strdup_printf("code=abc&state=%s", other->state);
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_false(oauth_flow_take(flow, redirect, &error));
	assert_clean_failure(error, FAILURE_OAUTH_STATE);
	assert_true(oauth_flow_take(other, redirect, NULL));
}

static void test_replays(void **state)
{
	static const char *const redirects[] = {"code=" CODE "&state=%s", "code=other&state=%s",
		"error=access_denied&state=%s", "code=other&state=other"};
	g_autoptr(OauthFlow) flow = start();

	(void)state;
	assert_false(oauth_flow_is_over(flow));
	assert_true(take(flow, redirects[0], NULL));
	assert_true(oauth_flow_is_over(flow));
	for (size_t i = 0; i < G_N_ELEMENTS(redirects); i++) {
		check_refused(flow, redirects[i], FAILURE_OAUTH_STATE);
		assert_string_equal(secret_text(flow->code), CODE);
	}
	check_refused(flow, "", FAILURE_OAUTH_NO_REDIRECT);
}

static void check_length(size_t length, bool taken)
{
	g_autoptr(OauthFlow) flow = start();
	g_autofree char *start_text = g_strdup_printf("state=%s&code=", flow->state);
	g_autofree char *code = g_strnfill(length - strlen(start_text), 'x');
	g_autofree char *redirect = g_strconcat(start_text, code, NULL);
	g_autoptr(GError) error = NULL;

	assert_int_equal(oauth_flow_take(flow, redirect, &error), taken);
	if (!taken)
		assert_clean_failure(error, FAILURE_OAUTH_STATE);
}

static void test_length(void **state)
{
	(void)state;
	check_length(8000, true);
	check_length((size_t)64 * 1024, true);
	check_length((size_t)64 * 1024 + 1, false);
	check_length((size_t)10 * 1024 * 1024, false);
}

static void check_ends_with(const char *redirect, Failure failure, const char *subject)
{
	g_autoptr(OauthFlow) flow = start();
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) replay = NULL;

	assert_false(take(flow, redirect, &error));
	assert_clean_failure(error, failure);
	assert_string_equal(failure_subject(error), subject);
	assert_true(oauth_flow_is_over(flow));
	assert_false(take(flow, "code=abc&state=%s", &replay));
	assert_failure(replay, FAILURE_OAUTH_STATE);
}

static void test_errors(void **state)
{
	(void)state;
	check_ends_with("error=access_denied&state=%s", FAILURE_OAUTH_DECLINED, ACCOUNT);
	check_ends_with("error=access_denied&error_description=AADSTS65004%3a+declined&state=%s",
		FAILURE_OAUTH_DECLINED, ACCOUNT);
	check_ends_with("error=invalid_client&error_description=AADSTS650052:+x&state=%s",
		FAILURE_OAUTH_SETUP, "invalid_client");
	check_ends_with("error=access_denied&error_description=AADSTS90094&state=%s",
		FAILURE_OAUTH_ADMIN_CONSENT, ACCOUNT);
	check_ends_with("error=invalid_request&error_description=AADSTS50011&state=%s",
		FAILURE_OAUTH_REDIRECT, "http://localhost/oauth/callback");
	check_ends_with("error=server_error&state=%s", FAILURE_OAUTH_NOT_COMPLETED,
		"https://login.example");
	check_ends_with("error=login_required&state=%s", FAILURE_OAUTH_CODE_USED, ACCOUNT);
	check_ends_with(
		"error=access_denied&code=" CODE "&state=%s", FAILURE_OAUTH_DECLINED, ACCOUNT);
	check_ends_with("error=%1b[31m%ff%0aend&error_description=%1b%c3&state=%s",
		FAILURE_OAUTH_SETUP, "\xef\xbf\xbd[31m\xef\xbf\xbd");
	check_ends_with("error=&state=%s", FAILURE_OAUTH_SETUP, "");
}

/* Whoever answers the browser may know the client's secret, and more of it than in clear. */
static void test_errors_tell_no_secret(void **state)
{
	static const char *const redirects[] = {
		"error=client.Secret~0123&state=%s",
		"error=x+client.Secr&state=%s",
		"error=invalid_client&error_description=no+client.Secret~0123&state=%s",
		"error=invalid_client&error_description=Y2xpZW50LlNlY3JldH4wMTIz&state=%s",
	};
	g_autoptr(Secret) secret = secret_new("client.Secret~0123", 18);
	OauthClient closed = *client();

	(void)state;
	closed.secret = secret;
	for (size_t i = 0; i < G_N_ELEMENTS(redirects); i++) {
		g_autoptr(OauthFlow) flow = oauth_flow_new(&closed, REDIRECT_URI, ACCOUNT, false);
		g_autoptr(GError) error = NULL;

		assert_false(take(flow, redirects[i], &error));
		assert_true(failure_is(error, FAILURE_OAUTH_SETUP));
		assert_null(strcasestr(error->message, "client.secr"));
		assert_null(strstr(error->message, "Y2xp"));
		assert_null(strcasestr(failure_subject(error), "secr"));
	}
}

static void test_late(void **state)
{
	g_autoptr(OauthFlow) flow = start();
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) forged = NULL;

	(void)state;
	flow->end = clock_monotonic();
	assert_false(take(flow, "code=" CODE "&state=x", &forged));
	assert_clean_failure(forged, FAILURE_OAUTH_STATE);
	assert_false(take(flow, "code=" CODE "&state=%s", &error));
	assert_clean_failure(error, FAILURE_OAUTH_UNFINISHED);
	assert_string_equal(failure_subject(error), ACCOUNT);
	assert_null(flow->code);
}

/* ---- redeeming and refreshing ---- */

#define GRANT                                                                                      \
	"HTTP/1.1 200 OK\r\n\r\n{\"token_type\":\"Bearer\",\"access_token\":\"" ACCESS_TOKEN       \
	"\",\"expires_in\":3600,\"refresh_token\":\"" REFRESH_TOKEN "\"}"
#define REFUSED "HTTP/1.1 400 Bad\r\n\r\n"

/* A flow at PEER that has its code. */
static OauthFlow *start_at(const OauthClient *at)
{
	OauthFlow *flow = oauth_flow_new(at, REDIRECT_URI, ACCOUNT, false);

	assert_true(take(flow, "code=" CODE "&state=%s", NULL));
	return flow;
}

static void test_redeeming(void **state)
{
	static const char *const answers[] = {GRANT, NULL};
	g_auto(Peer) peer = http_peer_start(answers);
	g_autofree char *authority = fixture_authority(&peer);
	OauthClient at = fixture_client(authority);
	g_autoptr(OauthFlow) flow = start_at(&at);
	g_autofree char *form = g_strdup_printf(
		"\r\n\r\nclient_id=" CLIENT_ID "&grant_type=authorization_code&code=" CODE
		"&redirect_uri=http%%3A%%2F%%2Flocalhost%%3A5000%%2Foauth"
		"%%2Fcallback&code_verifier=%s",
		secret_text(flow->verifier));
	g_auto(OauthGrant) grant = {0};

	(void)state;
	assert_true(oauth_flow_redeem(flow, &at, NULL, &grant, NULL));
	assert_string_equal(secret_text(grant.access_token), ACCESS_TOKEN);
	assert_string_equal(secret_text(grant.refresh_token), REFRESH_TOKEN);
	assert_true(peer_saw_clear(&peer, "POST /organizations/oauth2/v2.0/token HTTP/1.1\r\n"));
	assert_true(peer_saw_clear(&peer, form));
	assert_null(flow->code);
}

static void check_refusal(const char *text, Failure failure)
{
	const char *const answers[] = {text, NULL};
	g_auto(Peer) peer = http_peer_start(answers);
	g_autofree char *authority = fixture_authority(&peer);
	OauthClient at = fixture_client(authority);
	g_autoptr(OauthFlow) flow = start_at(&at);
	g_auto(OauthGrant) grant = {0};
	g_autoptr(GError) error = NULL;

	assert_false(oauth_flow_redeem(flow, &at, NULL, &grant, &error));
	assert_clean_failure(error, failure);
	assert_null(grant.access_token);
	assert_int_equal(atomic_load(&peer.shared->connections), 1);
}

static void test_a_code_is_redeemed_once(void **state)
{
	(void)state;
	check_refusal(REFUSED "{\"error\":\"invalid_grant\"}", FAILURE_OAUTH_CODE_USED);
	check_refusal(REFUSED "{\"error\":\"invalid_grant\",\"error_codes\":[54005]}",
		FAILURE_OAUTH_CODE_USED);
	check_refusal(REFUSED "{\"error\":\"invalid_grant\",\"error_codes\":[70008]}",
		FAILURE_OAUTH_CODE_USED);
	check_refusal(REFUSED "{\"error\":\"invalid_grant\",\"error_codes\":[65001]}",
		FAILURE_OAUTH_CONSENT);
	check_refusal(REFUSED "{\"error\":\"invalid_client\",\"error_codes\":[7000218]}",
		FAILURE_OAUTH_SECRET_EXPECTED);
}

/* There is no sign-in yet that could be kept. */
static void test_troubles_while_redeeming(void **state)
{
	(void)state;
	check_refusal("HTTP/1.1 503 No\r\nRetry-After: 9\r\n\r\n", FAILURE_OAUTH_NOT_COMPLETED);
	check_refusal("", FAILURE_OAUTH_NOT_COMPLETED);
	check_refusal("HTTP/1.1 404 No\r\n\r\nnothing", FAILURE_OAUTH_NOT_COMPLETED);
}

static void test_refreshing(void **state)
{
	static const char *const answers[] = {GRANT, NULL};
	g_auto(Peer) peer = http_peer_start(answers);
	g_autofree char *authority = fixture_authority(&peer);
	OauthClient at = fixture_client(authority);
	g_autoptr(Secret) token = secret_new("a/b+c", 5);
	g_auto(OauthGrant) grant = {0};
	int64_t pause = 17;

	(void)state;
	assert_true(oauth_refresh(&at, ACCOUNT, token, NULL, &grant, &pause, NULL));
	assert_int_equal(pause, 0);
	assert_true(peer_saw_clear(&peer,
		"\r\n\r\nclient_id=" CLIENT_ID "&grant_type=refresh_token&refresh_token=a%2Fb%2Bc"
		"&scope=https%3A%2F%2Foutlook.office.com%2FIMAP.AccessAsUser.All%20offline_"
		"access"));
}

static void test_refused_refresh(void **state)
{
	static const char *const answers[] = {REFUSED "{\"error\":\"invalid_grant\"}", NULL};
	g_auto(Peer) peer = http_peer_start(answers);
	g_autofree char *authority = fixture_authority(&peer);
	OauthClient at = fixture_client(authority);
	g_autoptr(Secret) token = secret_new(REFRESH_TOKEN, strlen(REFRESH_TOKEN));
	g_auto(OauthGrant) grant = {0};
	g_autoptr(GError) error = NULL;
	int64_t pause = 17;

	(void)state;
	assert_false(oauth_refresh(&at, ACCOUNT, token, NULL, &grant, &pause, &error));
	assert_clean_failure(error, FAILURE_OAUTH_SIGN_IN);
	assert_int_equal(pause, 0);
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
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_address_with_odd_letters),
		cmocka_unit_test(test_keeps_its_own_copies),
		cmocka_unit_test(test_challenge),
		cmocka_unit_test(test_states_and_verifiers_are_unique),
		cmocka_unit_test(test_time_left),
		cmocka_unit_test(test_redirects),
		cmocka_unit_test(test_wrong_states),
		cmocka_unit_test(test_no_redirects),
		cmocka_unit_test(test_another_flows_redirect),
		cmocka_unit_test(test_replays),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_errors_tell_no_secret),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_redeeming),
		cmocka_unit_test(test_a_code_is_redeemed_once),
		cmocka_unit_test(test_troubles_while_redeeming),
		cmocka_unit_test(test_refreshing),
		cmocka_unit_test(test_refused_refresh),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
