/* Settings as people see them: order, scope, what is stored beside what holds, no secret. */
#include "house.h"

static const SettingView *find_view(const GPtrArray *views, SettingKey key)
{
	for (guint i = 0; i < views->len; i++) {
		const SettingView *view = g_ptr_array_index(views, i);

		if (view->setting->key == key)
			return view;
	}
	return NULL;
}

static GPtrArray *view_all(const House *house, const char *user)
{
	GError *error = NULL;
	GPtrArray *views = settings_view_all(house->settings, user, &error);

	assert_no_failure(error);
	return views;
}

static void assert_scope(const GPtrArray *views, SettingScope scope)
{
	guint expected = 0;

	for (SettingKey key = 0; key < SETTING_COUNT; key++)
		expected += (settings_get_row(key)->scopes & scope) != 0;
	assert_int_equal(views->len, expected);
	for (guint i = 0; i < views->len; i++) {
		const SettingView *view = g_ptr_array_index(views, i);
		const SettingView *last = i > 0 ? g_ptr_array_index(views, i - 1) : NULL;

		assert_true(view->setting->scopes & scope);
		assert_true(!last || last->setting->key < view->setting->key);
	}
}

static void test_lists_the_scope_in_order(void **state)
{
	House *house = *state;
	g_autoptr(GPtrArray) globals = view_all(house, NULL);
	g_autoptr(GPtrArray) own = view_all(house, "eva");

	assert_scope(globals, SCOPE_GLOBAL);
	assert_scope(own, SCOPE_USER);
}

static void test_tells_stored_from_effective(void **state)
{
	House *house = *state;
	g_autoptr(GPtrArray) views = NULL;
	const SettingView *host, *port;

	house_set(house, NULL, "imap.host", "amt.example");
	house_set(house, "eva", "imap.host", "eigen.example");
	house_set(house, "eva", "imap.use-default", "true");
	views = view_all(house, "eva");
	host = find_view(views, SETTING_IMAP_HOST);
	assert_string_equal(host->value, "amt.example");
	assert_int_equal(host->origin, ORIGIN_GLOBAL);
	assert_true(host->set);
	assert_string_equal(host->stored, "eigen.example");
	port = find_view(views, SETTING_IMAP_PORT);
	assert_false(port->set);
	assert_null(port->stored);
}

static void test_shows_no_secret(void **state)
{
	static const char *const users[] = {"eva", NULL};
	House *house = *state;

	house_set(house, NULL, "imap.password", "geheim");
	house_set(house, "eva", "imap.password", "geheim");
	for (size_t i = 0; i < G_N_ELEMENTS(users); i++) {
		g_autoptr(GPtrArray) views = view_all(house, users[i]);
		const SettingView *password = find_view(views, SETTING_IMAP_PASSWORD);

		assert_true(password->set);
		assert_null(password->value);
		assert_null(password->stored);
		assert_int_equal(password->origin, users[i] ? ORIGIN_USER : ORIGIN_GLOBAL);
	}
}

static void test_refuses_the_other_scope(void **state)
{
	House *house = *state;
	g_auto(SettingView) view = {0};
	GError *error = NULL;

	assert_false(settings_view(
		house->settings, NULL, settings_get_row(SETTING_ACCOUNT), &view, &error));
	assert_failure(error, FAILURE_SETTING_SCOPE);
	assert_false(settings_view(
		house->settings, "eva", settings_get_row(SETTING_OFFICE_NAME), &view, &error));
	assert_failure(error, FAILURE_SETTING_SCOPE);
}

static void test_names_origins(void **state)
{
	(void)state;
	assert_string_equal(settings_origin_name(ORIGIN_USER), "user");
	assert_string_equal(settings_origin_name(ORIGIN_GLOBAL), "global");
	assert_string_equal(settings_origin_name(ORIGIN_DEFAULT), "default");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		house_test(test_lists_the_scope_in_order),
		house_test(test_tells_stored_from_effective),
		house_test(test_shows_no_secret),
		house_test(test_refuses_the_other_scope),
		cmocka_unit_test(test_names_origins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
