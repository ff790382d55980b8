/* Tries of passwords: what is right, what counts for whom and how long, many at once, and equal
 * time for unknown names. */
#include "people.h"

#include <pthread.h>
#include "base/clock.h"
#include "base/text.h"
#include "user/user_internal.h"

#define ADDRESS "192.0.2.1"
#define THREADS 50

/* Tries, and answers what came out; *WAIT and *PROOF are those of the call. */
static SessionTry try_fully(Db *db, const char *name, const char *password, const char *address,
	PasswordProof *proof, int64_t *wait)
{
	g_autoptr(Secret) secret = secret_new(password, strlen(password));
	SessionTry outcome = SESSION_TRY_WRONG;
	GError *error = NULL;

	assert_true(session_try(db, name, secret, address, &outcome, proof, wait, &error));
	assert_no_failure(error);
	assert_int_equal(*wait > 0, outcome == SESSION_TRY_TOO_OFTEN);
	assert_int_equal(proof->name != NULL, outcome == SESSION_TRY_OK);
	return outcome;
}

static SessionTry try_from(Db *db, const char *name, const char *password, const char *address)
{
	g_auto(PasswordProof) proof = {0};
	int64_t wait;

	return try_fully(db, name, password, address, &proof, &wait);
}

static SessionTry try_name(Db *db, const char *name, const char *password)
{
	return try_from(db, name, password, ADDRESS);
}

/* Fills the limit of NAME with wrong ones; costs no Argon2id. */
typedef struct Fill {
	const char *name;
	const char *network;
	int count;
	int64_t ago;
} Fill;

static bool fill_in(DbTransaction *transaction, void *data, GError **error)
{
	const Fill *fill = data;
	g_autofree char *folded = text_fold(fill->name);
	g_autofree char *hex = g_compute_checksum_for_string(G_CHECKSUM_SHA256, folded, -1);
	uint8_t hash[32];

	for (size_t i = 0; i < sizeof hash; i++)
		hash[i] = (uint8_t)(g_ascii_xdigit_value(hex[2 * i]) * 16 +
				    g_ascii_xdigit_value(hex[2 * i + 1]));
	for (int i = 0; i < fill->count; i++) {
		if (!db_run(transaction, error,
			    "INSERT INTO password_tries (name_hash, address, time) VALUES ($1, $2, "
			    "$3)",
			    db_blob(hash, sizeof hash), db_text(fill->network),
			    db_int(clock_now() - fill->ago)))
			return false;
	}
	return true;
}

static void fill(Db *db, const char *name, const char *network, int count, int64_t ago)
{
	Fill filling = {.name = name, .network = network, .count = count, .ago = ago};

	fixture_write(db, fill_in, &filling);
}

static bool count_in(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, -1, error, "SELECT count(*) FROM password_tries");
}

static int64_t count(Db *db)
{
	int64_t tries;

	fixture_read(db, count_in, &tries);
	return tries;
}

static void test_takes_only_the_password(void **state)
{
	Db *db = fixture_open(*state);
	g_auto(PasswordProof) proof = {0};
	g_autofree char *audit = NULL;
	int64_t wait;

	people_add(db, "Eva", PASSWORD);
	people_add(db, "neu", NULL);
	assert_int_equal(try_fully(db, "eVA", PASSWORD, ADDRESS, &proof, &wait), SESSION_TRY_OK);
	assert_string_equal(proof.name, "Eva");
	assert_int_equal(try_name(db, "eva", PASSWORD "x"), SESSION_TRY_WRONG);
	assert_int_equal(try_name(db, "neu", PASSWORD), SESSION_TRY_WRONG);
	assert_int_equal(try_name(db, "niemand", PASSWORD), SESSION_TRY_WRONG);
	assert_int_equal(try_name(db, "\xff\xfe", PASSWORD), SESSION_TRY_WRONG);
	assert_int_equal(try_name(db, "", ""), SESSION_TRY_WRONG);
	audit = people_audit(db);
	assert_string_equal(audit, "web:192.0.2.1 session.refused - (unknown user);"
				   "web:192.0.2.1 session.refused - (unknown user);"
				   "web:192.0.2.1 session.refused - (unknown user);"
				   "web:192.0.2.1 session.refused neu (no password);"
				   "web:192.0.2.1 session.refused Eva (wrong password);");
}

static void test_stores_nothing_of_what_is_typed(void **state)
{
	Fixture *fixture = *state;
	Db *db = fixture_open(fixture);

	people_add(db, "eva", PASSWORD);
	assert_int_equal(try_name(db, "Mein-Kennwort-im-Namen", PASSWORD), SESSION_TRY_WRONG);
	assert_int_equal(try_name(db, "eva", "Falsch-Getippt-9"), SESSION_TRY_WRONG);
	assert_int_equal(try_name(db, "eva", PASSWORD), SESSION_TRY_OK);
	people_assert_not_stored(fixture, "Mein-Kennwort-im-Namen");
	people_assert_not_stored(fixture, "mein-kennwort-im-namen");
	people_assert_not_stored(fixture, "Falsch-Getippt-9");
	people_assert_not_stored(fixture, PASSWORD);
}

static void test_tells_who_is_locked_only_with_the_password(void **state)
{
	Db *db = fixture_open(*state);
	g_autofree char *audit = NULL;

	people_add(db, "eva", PASSWORD);
	fixture_write(db, people_lock_in, (void *)"eva");
	assert_int_equal(try_name(db, "eva", "falsch"), SESSION_TRY_WRONG);
	assert_int_equal(try_name(db, "eva", PASSWORD), SESSION_TRY_LOCKED);
	assert_int_equal(count(db), 2);
	audit = people_audit(db);
	assert_true(g_str_has_prefix(audit, "web:192.0.2.1 session.refused eva (locked);"));
}

static void test_stops_after_five_for_a_name(void **state)
{
	Db *db = fixture_open(*state);
	g_auto(PasswordProof) proof = {0};
	int64_t wait;

	people_add(db, "eva", PASSWORD);
	fill(db, "Eva", "198.51.100.1", 4, 100);
	assert_int_equal(try_name(db, "eva", "falsch"), SESSION_TRY_WRONG);
	assert_int_equal(try_fully(db, "EVA", PASSWORD, "203.0.113.1", &proof, &wait),
		SESSION_TRY_TOO_OFTEN);
	assert_in_range(wait, 15 * 60 - 105, 15 * 60 - 100);
	assert_int_equal(count(db), 5); /* what is not tried does not count */
}

static void test_counts_unknown_names_alike(void **state)
{
	Db *db = fixture_open(*state);

	people_add(db, "eva", PASSWORD);
	fill(db, "niemand", ADDRESS, 4, 0);
	assert_int_equal(try_name(db, "niemand", PASSWORD), SESSION_TRY_WRONG);
	assert_int_equal(try_name(db, "Niemand", PASSWORD), SESSION_TRY_TOO_OFTEN);
	assert_int_equal(try_name(db, "eva", PASSWORD), SESSION_TRY_OK);
}

static void test_tries_again_after_a_quarter_of_an_hour(void **state)
{
	Db *db = fixture_open(*state);

	people_add(db, "eva", PASSWORD);
	fill(db, "eva", ADDRESS, 1, 15 * 60);
	fill(db, "eva", ADDRESS, 4, 15 * 60 - 30);
	fill(db, "eva", ADDRESS, 5, -60 * 60); /* a clock that was wrong */
	assert_int_equal(try_name(db, "eva", "falsch"), SESSION_TRY_WRONG);
	assert_int_equal(count(db), 5); /* rows of other times are gone */
	assert_int_equal(try_name(db, "eva", PASSWORD), SESSION_TRY_TOO_OFTEN);
}

static void test_stops_after_twenty_from_an_address(void **state)
{
	Db *db = fixture_open(*state);
	g_auto(PasswordProof) proof = {0};
	int64_t wait;

	people_add(db, "eva", PASSWORD);
	for (int i = 0; i < 19; i++) {
		g_autofree char *name = g_strdup_printf("name%d", i);

		fill(db, name, ADDRESS, 1, 10);
	}
	assert_int_equal(try_name(db, "niemand", PASSWORD), SESSION_TRY_WRONG);
	assert_int_equal(
		try_fully(db, "eva", PASSWORD, ADDRESS, &proof, &wait), SESSION_TRY_TOO_OFTEN);
	assert_in_range(wait, 15 * 60 - 15, 15 * 60 - 10);
	assert_int_equal(try_from(db, "eva", PASSWORD, "::ffff:192.0.2.1"), SESSION_TRY_TOO_OFTEN);
	assert_int_equal(try_from(db, "eva", PASSWORD, "192.0.2.2"), SESSION_TRY_OK);
}

static void test_counts_networks_of_ipv6(void **state)
{
	Db *db = fixture_open(*state);

	people_add(db, "eva", PASSWORD);
	for (int i = 0; i < 20; i++) {
		g_autofree char *name = g_strdup_printf("name%d", i);

		fill(db, name, "2001:db8:1:2::", 1, 10);
	}
	assert_int_equal(
		try_from(db, "eva", PASSWORD, "2001:db8:1:2:3:4:5:6"), SESSION_TRY_TOO_OFTEN);
	assert_int_equal(try_from(db, "eva", PASSWORD, "2001:db8:1:3::1"), SESSION_TRY_OK);
	assert_int_equal(try_from(db, "eva", PASSWORD, "not an address\n"), SESSION_TRY_OK);
}

/* A mistake made good counts nowhere; what others did counts on for their address. */
static void test_forgets_after_success(void **state)
{
	Db *db = fixture_open(*state);

	people_add(db, "eva", PASSWORD);
	fill(db, "eva", ADDRESS, 3, 10);
	fill(db, "eva", "203.0.113.1", 1, 10);
	fill(db, "adam", ADDRESS, 1, 10);
	assert_int_equal(try_name(db, "eva", PASSWORD), SESSION_TRY_OK);
	assert_int_equal(count(db), 2);
	fill(db, "eva", ADDRESS, 4, 0);
	assert_int_equal(try_name(db, "eva", PASSWORD), SESSION_TRY_OK);
}

static void test_forgets_with_a_new_password(void **state)
{
	Db *db = fixture_open(*state);

	people_add(db, "eva", PASSWORD);
	fill(db, "eva", ADDRESS, 5, 10);
	assert_int_equal(try_name(db, "eva", PASSWORD), SESSION_TRY_TOO_OFTEN);
	fixture_write(db, people_change_in, (void *)"eva");
	assert_int_equal(try_name(db, "eva", PASSWORD), SESSION_TRY_WRONG);
}

typedef struct Visitor {
	Db *db;
	const char *name;
	const char *password;
	const char *address;
	SessionTry outcome;
	pthread_t thread;
} Visitor;

static void *visit(void *data)
{
	Visitor *visitor = data;

	visitor->outcome =
		try_from(visitor->db, visitor->name, visitor->password, visitor->address);
	return NULL;
}

/* THREADS at once; counts by outcome. */
static void visit_at_once(Visitor visitors[static THREADS], int outcomes[static 4])
{
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&visitors[i].thread, NULL, visit, &visitors[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(visitors[i].thread, NULL);
		outcomes[visitors[i].outcome]++;
	}
}

static void test_holds_the_name_limit_at_once(void **state)
{
	Fixture *fixture = *state;
	Db *db = fixture_open(fixture);
	g_autoptr(Db) second = db_open_main(fixture->url, NULL); /* as another process */
	Visitor visitors[THREADS];
	int outcomes[4] = {0};

	people_add(db, "eva", PASSWORD);
	for (int i = 0; i < THREADS; i++)
		visitors[i] = (Visitor){.db = i % 2 ? db : second,
			.name = i % 3 ? "eva" : "EVA",
			.password = "falsch",
			.address = i % 5 ? ADDRESS : "203.0.113.1"};
	visit_at_once(visitors, outcomes);
	assert_int_equal(outcomes[SESSION_TRY_WRONG], 5);
	assert_int_equal(outcomes[SESSION_TRY_TOO_OFTEN], THREADS - 5);
}

static void test_holds_the_address_limit_at_once(void **state)
{
	Db *db = fixture_open(*state);
	Visitor visitors[THREADS];
	char names[THREADS][16];
	int outcomes[4] = {0};

	for (int i = 0; i < THREADS; i++) {
		g_snprintf(names[i], sizeof names[i], "name%d", i);
		visitors[i] = (Visitor){
			.db = db, .name = names[i], .password = "falsch", .address = ADDRESS};
	}
	visit_at_once(visitors, outcomes);
	assert_int_equal(outcomes[SESSION_TRY_WRONG], 20);
	assert_int_equal(outcomes[SESSION_TRY_TOO_OFTEN], THREADS - 20);
}

/* Eight o'clock, everybody behind one address. */
static void test_lets_everybody_in_at_once(void **state)
{
	Db *db = fixture_open(*state);
	Visitor visitors[THREADS];
	int outcomes[4] = {0};

	people_add(db, "eva", PASSWORD);
	for (int i = 0; i < THREADS; i++)
		visitors[i] = (Visitor){
			.db = db, .name = "eva", .password = PASSWORD, .address = ADDRESS};
	visit_at_once(visitors, outcomes);
	assert_int_equal(outcomes[SESSION_TRY_OK], THREADS);
	assert_int_equal(count(db), 0);
}

static int compare_times(const void *one, const void *other)
{
	int64_t difference = *(const int64_t *)one - *(const int64_t *)other;

	return (difference > 0) - (difference < 0);
}

/* The median of three tries. */
static int64_t time_tries(Db *db, const char *name)
{
	int64_t times[3];

	for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
		int64_t begin = g_get_monotonic_time();

		assert_int_equal(try_name(db, name, "falsch"), SESSION_TRY_WRONG);
		times[i] = g_get_monotonic_time() - begin;
	}
	qsort(times, G_N_ELEMENTS(times), sizeof *times, compare_times);
	return times[1];
}

static void test_takes_as_long_for_unknown_names(void **state)
{
	Db *db = fixture_open(*state);
	int64_t known, unknown, without;

	people_add(db, "eva", PASSWORD);
	people_add(db, "neu", NULL);
	known = time_tries(db, "eva");
	unknown = time_tries(db, "niemand");
	without = time_tries(db, "neu");
	/* Without Argon2id it would be a hundredth; other programs may run beside this. */
	assert_in_range(unknown, known / 4, known * 4);
	assert_in_range(without, known / 4, known * 4);
}

static void test_compares_at_the_cost_of_real_hashes(void **state)
{
	g_autoptr(Secret) secret = secret_new(PASSWORD, strlen(PASSWORD));
	g_autofree char *hash = user_hash_password(secret, NULL);
	g_autofree char *cost = NULL;

	(void)state;
	/* "$argon2id$v=19$m=65536,t=2,p=1$" */
	cost = g_strndup(hash, (gsize)(strstr(hash, "p=1$") - hash) + 4);
	assert_true(g_str_has_prefix(user_nobodys_hash, cost));
	assert_int_equal(strlen(user_nobodys_hash), strlen(hash));
}

#define WITH_DATABASE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DATABASE(test_takes_only_the_password),
		WITH_DATABASE(test_stores_nothing_of_what_is_typed),
		WITH_DATABASE(test_tells_who_is_locked_only_with_the_password),
		WITH_DATABASE(test_stops_after_five_for_a_name),
		WITH_DATABASE(test_counts_unknown_names_alike),
		WITH_DATABASE(test_tries_again_after_a_quarter_of_an_hour),
		WITH_DATABASE(test_stops_after_twenty_from_an_address),
		WITH_DATABASE(test_counts_networks_of_ipv6),
		WITH_DATABASE(test_forgets_after_success),
		WITH_DATABASE(test_forgets_with_a_new_password),
		WITH_DATABASE(test_holds_the_name_limit_at_once),
		WITH_DATABASE(test_holds_the_address_limit_at_once),
		WITH_DATABASE(test_lets_everybody_in_at_once),
		WITH_DATABASE(test_takes_as_long_for_unknown_names),
		cmocka_unit_test(test_compares_at_the_cost_of_real_hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
