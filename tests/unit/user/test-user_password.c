/* Argon2id hashes: what verifies, what does not, and the lengths. */
#include "../db/fixture.h"

#include <pthread.h>
#include <string.h>
#include "user/user.h"

static char *hash_text(const char *password, size_t size, GError **error)
{
	g_autoptr(Secret) secret = secret_new(password, size);

	return user_hash_password(secret, error);
}

static bool verify_text(const char *hash, const char *password)
{
	g_autoptr(Secret) secret = secret_new(password, strlen(password));

	return user_verify_password(hash, secret);
}

static void test_verifies_only_its_password(void **state)
{
	GError *error = NULL;
	g_autofree char *hash = hash_text("Straße 12", strlen("Straße 12"), &error);
	g_autofree char *again = hash_text("Straße 12", strlen("Straße 12"), &error);

	(void)state;
	assert_no_failure(error);
	assert_true(g_str_has_prefix(hash, "$argon2id$"));
	assert_null(strstr(hash, "Straße"));
	assert_string_not_equal(hash, again); /* a salt each */
	assert_true(verify_text(hash, "Straße 12"));
	assert_false(verify_text(hash, "Straße 13"));
	assert_false(verify_text(hash, ""));
	assert_false(verify_text("no hash", "Straße 12"));
	assert_false(verify_text("", "Straße 12"));
}

static void test_refuses_short_and_long_ones(void **state)
{
	g_autofree char *longest = g_strnfill(1025, 'x');
	g_autofree char *hash = NULL;
	GError *error = NULL;

	(void)state;
	assert_null(hash_text("1234567", 7, &error));
	assert_failure(error, FAILURE_PASSWORD_INVALID);
	assert_null(hash_text(longest, 1025, &error));
	assert_failure(error, FAILURE_PASSWORD_INVALID);
	hash = hash_text(longest, 1024, &error);
	assert_no_failure(error);
	assert_false(verify_text(hash, longest));
}

static void *hash_one(void *data)
{
	(void)data;
	return hash_text("12345678", 8, NULL);
}

static void test_serves_many_threads(void **state)
{
	pthread_t threads[6];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		pthread_create(&threads[i], NULL, hash_one, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
		void *hash;

		pthread_join(threads[i], &hash);
		assert_non_null(hash);
		g_free(hash);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verifies_only_its_password),
		cmocka_unit_test(test_refuses_short_and_long_ones),
		cmocka_unit_test(test_serves_many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
