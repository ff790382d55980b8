/* Secrets: whole, independent copies, wiped memory. */
#include "base/secret.h"
#include "scratch.h"

static void test_keeps_all_bytes(void **state)
{
	static const char bytes[] = {'a', '\0', 'b', '\xff'};
	g_autoptr(Secret) secret = secret_new(bytes, sizeof bytes);

	(void)state;
	assert_int_equal(secret_size(secret), sizeof bytes);
	assert_memory_equal(secret_text(secret), bytes, sizeof bytes);
	assert_int_equal(secret_text(secret)[sizeof bytes], '\0');
}

static void test_is_its_own_copy(void **state)
{
	char typed[] = "geheim";
	g_autoptr(Secret) secret = secret_new(typed, 6);

	(void)state;
	secret_wipe(typed, sizeof typed);
	assert_string_equal(typed, "");
	assert_string_equal(secret_text(secret), "geheim");
}

static void test_copy_outlives_the_original(void **state)
{
	Secret *secret = secret_new("geheim", 6);
	g_autoptr(Secret) copy = secret_copy(secret);

	(void)state;
	assert_ptr_not_equal(secret_text(copy), secret_text(secret));
	secret_free(secret);
	assert_int_equal(secret_size(copy), 6);
	assert_string_equal(secret_text(copy), "geheim");
}

static void test_empty_and_none(void **state)
{
	g_autoptr(Secret) empty = secret_new(NULL, 0);

	(void)state;
	assert_int_equal(secret_size(empty), 0);
	assert_string_equal(secret_text(empty), "");
	assert_null(secret_copy(NULL));
	secret_free(NULL);
}

static void test_wipes_just_the_given_size(void **state)
{
	char memory[] = "0123456789";

	(void)state;
	secret_wipe(memory + 2, 3);
	assert_memory_equal(memory,
		"01\0\0\0"
		"56789",
		11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keeps_all_bytes),
		cmocka_unit_test(test_is_its_own_copy),
		cmocka_unit_test(test_copy_outlives_the_original),
		cmocka_unit_test(test_empty_and_none),
		cmocka_unit_test(test_wipes_just_the_given_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
