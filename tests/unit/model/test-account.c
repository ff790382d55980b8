/* Accounts are freed whole, also half built and still shared (memory is ASan's to watch). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "model/account.h"

static GPtrArray *list(const char *item)
{
	GPtrArray *items = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(items, g_strdup(item));
	return items;
}

static void test_free_frees_all(void **state)
{
	g_autoptr(Account) account = g_new0(Account, 1);
	/* A list that somebody else still holds stays. */
	g_autoptr(GPtrArray) hidden = list("Kalender");

	(void)state;
	account->user_name = g_strdup("erna");
	account->address = g_strdup("erna@amt.example");
	account->mailboxes = list("info@amt.example");
	account->imap.host = g_strdup("imap.amt.example");
	account->imap.password = secret_new("geheim", 6);
	account->smtp.proxy.username = g_strdup("amt");
	account->hidden_folders = g_ptr_array_ref(hidden);
	account->after_folder = g_strdup("Erledigt");
	g_clear_pointer(&account, account_free);
	assert_int_equal(hidden->len, 1);
	assert_string_equal(g_ptr_array_index(hidden, 0), "Kalender");
}

static void test_free_takes_half_built_ones(void **state)
{
	(void)state;
	account_free(g_new0(Account, 1));
	account_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_free_frees_all),
		cmocka_unit_test(test_free_takes_half_built_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
