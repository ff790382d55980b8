/* The mailboxes that are kept are never other ones than the settings have. */
#include "house.h"

static int64_t id_of(const House *house, const char *user)
{
	g_autoptr(Account) account = house_resolve(house, user);

	return account->user_id;
}

static void assert_mailboxes(const House *house, int64_t id, const char *user, const char *expected)
{
	GError *error = NULL;
	g_auto(GStrv) mailboxes = settings_mailboxes(house->settings, id, user, &error);
	g_autofree char *joined = NULL;

	assert_no_failure(error);
	joined = g_strjoinv(" ", mailboxes);
	assert_string_equal(joined, expected);
}

/* Asked for twice: what is read, and what is kept. */
static void expect(const House *house, const char *user, const char *expected)
{
	int64_t id = id_of(house, user);

	assert_mailboxes(house, id, user, expected);
	assert_mailboxes(house, id, user, expected);
}

static void test_follows_each_change(void **state)
{
	House *house = *state;
	House other = *house; /* as another process */
	GError *error = NULL;

	expect(house, "eva", "");
	house_set(house, "eva", "account", "eva@amt.example");
	expect(house, "eva", "eva@amt.example");
	house_set(house, "eva", "mailboxes", "bau@amt.example; EVA@amt.example;amt@amt.example");
	expect(house, "eva", "eva@amt.example bau@amt.example amt@amt.example");
	expect(house, "otto", "");
	other.settings = settings_open(house->db, house->keyring, &error);
	assert_no_failure(error);
	house_set(&other, "eva", "mailboxes", "amt@amt.example");
	house_set(&other, "otto", "account", "otto@amt.example");
	expect(house, "eva", "eva@amt.example amt@amt.example");
	expect(house, "otto", "otto@amt.example");
	house_set(&other, "eva", "account", NULL);
	expect(house, "eva", "amt@amt.example");
	settings_close(other.settings);
}

static bool replace_eva(DbTransaction *transaction, void *data, GError **error)
{
	return user_remove(transaction, "eva", "cli:root", error) &&
	       house_add_user(transaction, data, error);
}

static void test_a_name_given_again_inherits_nothing(void **state)
{
	House *house = *state;
	GError *error = NULL;
	int64_t former = id_of(house, "eva");

	house_set(house, "eva", "account", "eva@amt.example");
	expect(house, "eva", "eva@amt.example");
	fixture_write(house->db, replace_eva, (char *)"eva");
	assert_int_not_equal(id_of(house, "eva"), former);
	expect(house, "eva", "");
	assert_null(settings_mailboxes(house->settings, 4711, "niemand", &error));
	assert_failure(error, FAILURE_USER_UNKNOWN);
}

typedef struct Older {
	const House *house;
	int64_t id;
} Older;

/* Within a snapshot from before a change, that one's answer, which nobody else gets. */
static bool look_back(DbTransaction *transaction, void *data, GError **error)
{
	const Older *older = data;
	int64_t generation;

	if (!db_get_int(transaction, &generation, 0, error, "SELECT count(*) FROM users"))
		return false;
	house_set(older->house, "eva", "account", "later@amt.example");
	assert_mailboxes(older->house, older->id, "eva", "eva@amt.example");
	return true;
}

static void test_an_older_snapshot_keeps_nothing(void **state)
{
	House *house = *state;
	Older older = {house, id_of(house, "eva")};
	GError *error = NULL;

	house_set(house, "eva", "account", "eva@amt.example");
	assert_true(db_read(house->db, look_back, &older, &error));
	expect(house, "eva", "later@amt.example");
	house_set(house, "eva", "account", "eva@amt.example");
	expect(house, "eva", "eva@amt.example");
}

/* More users than are kept, whoever they are. */
static void test_bounded(void **state)
{
	House *house = *state;

	house_set(house, "eva", "account", "eva@amt.example");
	for (int64_t id = 1; id < 3000; id++)
		assert_mailboxes(
			house, id, id % 2 ? "eva" : "otto", id % 2 ? "eva@amt.example" : "");
	assert_mailboxes(house, 1, "eva", "eva@amt.example");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		house_test(test_follows_each_change),
		house_test(test_a_name_given_again_inherits_nothing),
		house_test(test_an_older_snapshot_keeps_nothing),
		house_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
