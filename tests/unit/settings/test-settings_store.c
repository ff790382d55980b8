/* The store: the key ring's check, and changes by other processes that hold at once. */
#include "house.h"

#include <pthread.h>

static void test_refuses_a_wrong_key_ring(void **state)
{
	House *house = *state;
	g_autoptr(Keyring) other = house_make_keyring(house, "other");
	g_autoptr(Settings) again = NULL;
	GError *error = NULL;

	assert_null(settings_open(house->db, other, &error));
	assert_failure(error, FAILURE_KEYRING_WRONG);
	again = settings_open(house->db, house->keyring, &error);
	assert_no_failure(error);
}

static void test_works_without_a_key_ring(void **state)
{
	House *house = *state;
	House bare = {.db = house->db};
	GError *error = NULL;
	bool expected = false;

	assert_true(settings_expect_keyring(house->db, &expected, NULL));
	assert_true(expected);
	house_set(house, "eva", "imap.password", "geheim-genug");
	bare.settings = settings_open(house->db, NULL, &error);
	assert_no_failure(error);
	house_set(&bare, NULL, "imap.port", "143");
	house_set(&bare, "otto", "imap.password", NULL);
	assert_null(settings_resolve(bare.settings, "eva", &error));
	assert_failure(error, FAILURE_SECRET_UNREADABLE);
	error = NULL;
	assert_false(house_try(&bare, "eva", "imap.password", "neu-und-geheim", &error));
	assert_failure(error, FAILURE_KEYRING_MISSING);
	settings_close(bare.settings);
}

static void test_a_new_key_ring_takes_over(void **state)
{
	House *house = *state;
	g_autoptr(Keyring) other = house_make_keyring(house, "other");
	House renewed = {.db = house->db};
	g_autoptr(Account) account = NULL;
	GError *error = NULL;

	house_set(house, "eva", "imap.password", "geheim-genug");
	assert_true(settings_renew_keyring(house->db, other, "cli:root", &error));
	renewed.settings = settings_open(house->db, other, &error);
	assert_no_failure(error);
	assert_null(settings_resolve(renewed.settings, "eva", &error));
	assert_failure(error, FAILURE_SECRET_UNREADABLE);
	house_set(&renewed, "eva", "imap.password", "neu-und-geheim");
	account = house_resolve(&renewed, "eva");
	assert_non_null(account->imap.password);
	settings_close(renewed.settings);
}

/* A second store over connections of its own stands for another process. */
static void test_sees_what_another_process_changed(void **state)
{
	House *house = *state;
	const Fixture *fixture = house->fixture;
	g_autoptr(Db) db = db_open_main(fixture->url, NULL);
	g_autoptr(Settings) settings = settings_open(db, house->keyring, NULL);
	House other = {.settings = settings};

	house_expect(house, NULL, "imap.host", NULL, ORIGIN_DEFAULT);
	house_set(&other, NULL, "imap.host", "one.example");
	house_expect(house, NULL, "imap.host", "one.example", ORIGIN_GLOBAL);
	house_set(house, NULL, "imap.host", "two.example");
	house_expect(&other, NULL, "imap.host", "two.example", ORIGIN_GLOBAL);
	house_set(&other, "eva", "account", "eva@amt.example");
	house_expect(house, "eva", "account", "eva@amt.example", ORIGIN_USER);
}

static void test_counts_generations(void **state)
{
	House *house = *state;
	int64_t before = -1, after = -1;
	GError *error = NULL;

	assert_true(settings_generation(house->settings, &before, &error));
	house_set(house, NULL, "imap.port", "143");
	house_set(house, "eva", "account", "eva@amt.example");
	assert_true(settings_generation(house->settings, &after, &error));
	assert_int_equal(after, before + 2);
	assert_false(house_try(house, NULL, "imap.port", "x", &error));
	g_clear_error(&error);
	assert_true(settings_generation(house->settings, &after, &error));
	assert_int_equal(after, before + 2);
}

static void test_knows_only_existing_users(void **state)
{
	House *house = *state;
	GError *error = NULL;

	assert_null(settings_resolve(house->settings, "niemand", &error));
	assert_failure(error, FAILURE_USER_UNKNOWN);
	assert_null(settings_view_all(house->settings, "niemand", &error));
	assert_failure(error, FAILURE_USER_UNKNOWN);
	assert_false(house_try(house, "niemand", "account", "a@b.example", &error));
	assert_failure(error, FAILURE_USER_UNKNOWN);
}

static void *read_often(void *data)
{
	const House *house = data;

	for (int i = 0; i < 100; i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Account) account = settings_resolve(house->settings, "eva", &error);

		/* Host and port are changed together: never one without the other. */
		if (!account || (g_strcmp0(account->imap.host, "odd.example") == 0) !=
					(account->imap.port % 2 == 1))
			return data;
	}
	return NULL;
}

static void set_both(const House *house, const char *host, const char *port)
{
	const SettingChange changes[] = {
		{.setting = settings_get_row(SETTING_IMAP_HOST), .value = host},
		{.setting = settings_get_row(SETTING_IMAP_PORT), .value = port},
	};
	GError *error = NULL;

	settings_apply(house->settings, NULL, changes, 2, 0, "admin", &error);
	assert_no_failure(error);
}

static void test_readers_never_see_half_a_change(void **state)
{
	House *house = *state;
	pthread_t readers[4];

	house_set(house, "eva", "imap.use-default", "true");
	set_both(house, "odd.example", "1");
	for (size_t i = 0; i < G_N_ELEMENTS(readers); i++)
		pthread_create(&readers[i], NULL, read_often, house);
	for (int i = 0; i < 20; i++) {
		set_both(house, "even.example", "2");
		set_both(house, "odd.example", "3");
	}
	for (size_t i = 0; i < G_N_ELEMENTS(readers); i++) {
		void *failed;

		pthread_join(readers[i], &failed);
		assert_null(failed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		house_test(test_refuses_a_wrong_key_ring),
		house_test(test_works_without_a_key_ring),
		house_test(test_a_new_key_ring_takes_over),
		house_test(test_sees_what_another_process_changed),
		house_test(test_counts_generations),
		house_test(test_knows_only_existing_users),
		house_test(test_readers_never_see_half_a_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
