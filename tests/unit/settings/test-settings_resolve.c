/* The account that comes out of the settings, and what it needs to be usable. */
#include "house.h"

#include "settings/settings_internal.h"

static void test_gives_plain_values(void **state)
{
	House *house = *state;
	g_autoptr(Account) account = NULL;

	house_set(house, NULL, "network.timeout", "7");
	house_set(house, NULL, "tls.ca-file", "/etc/amt.pem");
	house_set(house, "eva", "interface", "standard");
	house_set(house, "eva", "account", "eva@amt.example");
	house_set(house, "eva", "mailboxes", "bau@amt.example; EVA@amt.example;amt@amt.example");
	house_set(house, "eva", "imap.host", "[::1]");
	house_set(house, "eva", "imap.port", "1993");
	house_set(house, "eva", "imap.tls", "tls1.0+");
	account = house_resolve(house, "EVA");
	assert_string_equal(account->user_name, "eva");
	assert_true(account->user_id > 0);
	assert_int_equal(account->interface, INTERFACE_STANDARD);
	assert_string_equal(account->address, "eva@amt.example");
	assert_int_equal(account->mailboxes->len, 2); /* the main mailbox is not a further one */
	assert_string_equal(g_ptr_array_index(account->mailboxes, 0), "bau@amt.example");
	assert_string_equal(g_ptr_array_index(account->mailboxes, 1), "amt@amt.example");
	assert_string_equal(account->imap.host, "::1");
	assert_int_equal(account->imap.port, 1993);
	assert_int_equal(account->imap.tls, TLS_MODE_FROM_1_0);
	assert_int_equal(account->imap.protocol, MAIL_PROTOCOL_IMAP);
	assert_int_equal(account->smtp.protocol, MAIL_PROTOCOL_SMTP);
	assert_string_equal(account->imap.ca_file, "/etc/amt.pem");
	assert_int_equal(account->smtp.timeout, 7);
}

/* Every choice is the enum's value that the model gives it. */
static void test_translates_every_tls_value(void **state)
{
	House *house = *state;
	const SettingChoice *choices = settings_get_row(SETTING_IMAP_TLS)->choices;

	for (int mode = TLS_MODE_NONE; mode <= TLS_MODE_FROM_1_3; mode++) {
		g_autoptr(Account) account = NULL;

		house_set(house, "eva", "imap.tls", choices[mode].value);
		account = house_resolve(house, "eva");
		assert_int_equal(account->imap.tls, mode);
	}
}

static void test_never_changed_and_empty_differ(void **state)
{
	House *house = *state;
	g_autoptr(Account) untouched = house_resolve(house, "eva");
	g_autoptr(Account) emptied = NULL;
	g_autoptr(Account) restored = NULL;

	assert_true(untouched->hidden_standard);
	assert_int_equal(untouched->hidden_folders->len, 11);
	house_set(house, "eva", "import.hidden-folders", "");
	house_expect(house, "eva", "import.hidden-folders", "", ORIGIN_USER);
	emptied = house_resolve(house, "eva");
	assert_false(emptied->hidden_standard);
	assert_int_equal(emptied->hidden_folders->len, 0);
	house_set(house, "eva", "import.hidden-folders", NULL);
	restored = house_resolve(house, "eva");
	assert_true(restored->hidden_standard);
	assert_int_equal(restored->hidden_folders->len, 11);
}

static void test_keeps_the_folder_only_for_moving(void **state)
{
	House *house = *state;
	g_autoptr(Account) flagging = NULL;
	g_autoptr(Account) moving = NULL;

	house_set(house, "eva", "import.after-folder", "Erledigt");
	house_set(house, "eva", "import.after", "flag");
	flagging = house_resolve(house, "eva");
	assert_int_equal(flagging->after, AFTER_FLAG);
	assert_null(flagging->after_folder);
	house_set(house, "eva", "import.after", "move");
	moving = house_resolve(house, "eva");
	assert_int_equal(moving->after, AFTER_MOVE);
	assert_string_equal(moving->after_folder, "Erledigt");
}

static void assert_advice(const House *house, MailProtocol protocol, const char *advice)
{
	g_autoptr(Account) account = house_resolve(house, "eva");
	g_autoptr(GError) error = NULL;
	g_autofree char *told = NULL;

	assert_false(settings_require(account, protocol, &error));
	told = failure_advice(error);
	assert_string_equal(told, advice);
}

/* Each says where it can be entered so that it counts. */
static void test_says_where_it_is_missing(void **state)
{
	House *house = *state;

	house_set(house, "eva", "interface", "standard");
	assert_advice(house, MAIL_PROTOCOL_IMAP,
		"Ein Administrator muss sie eintragen, in der Benutzerverwaltung.");
	house_set(house, "eva", "account", "eva@amt.example");
	assert_advice(house, MAIL_PROTOCOL_IMAP,
		"Ein Administrator muss sie eintragen, in der Benutzerverwaltung oder, mit "
		"„Verwende Default IMAP“, in der Systemsteuerung.");
	house_set(house, NULL, "smtp.host", "smtp.example");
	assert_advice(house, MAIL_PROTOCOL_SMTP,
		"Ein Administrator muss sie eintragen, in der Benutzerverwaltung. In der "
		"Systemsteuerung steht einer; „Verwende Default SMTP“ ist für diesen Benutzer "
		"aus.");
	house_set(house, "eva", "imap.use-default", "true");
	assert_advice(house, MAIL_PROTOCOL_IMAP,
		"Ein Administrator muss sie eintragen, in der Systemsteuerung; „Verwende Default "
		"IMAP“ ist für diesen Benutzer an.");
}

static void assert_required(
	const House *house, MailProtocol protocol, Failure failure, const char *part)
{
	g_autoptr(Account) account = house_resolve(house, "eva");
	g_autofree char *sentence = NULL;
	GError *error = NULL;

	assert_false(settings_require(account, protocol, &error));
	assert_int_equal(failure_status(error), 3);
	sentence = failure_sentence(error);
	assert_non_null(strstr(sentence, part));
	assert_failure(error, failure);
}

static void test_says_what_is_missing(void **state)
{
	House *house = *state;
	g_autoptr(Account) account = NULL;
	GError *error = NULL;

	assert_required(house, MAIL_PROTOCOL_IMAP, FAILURE_INTERFACE_DISABLED, "eva");
	house_set(house, "eva", "interface", "standard");
	assert_required(house, MAIL_PROTOCOL_IMAP, FAILURE_SETTING_MISSING, "Kontoname (account)");
	house_set(house, "eva", "account", "eva@amt.example");
	assert_required(house, MAIL_PROTOCOL_IMAP, FAILURE_SETTING_MISSING, "imap.host");
	house_set(house, "eva", "imap.host", "imap.example");
	assert_required(house, MAIL_PROTOCOL_SMTP, FAILURE_SETTING_MISSING, "smtp.host");
	account = house_resolve(house, "eva");
	assert_true(settings_require(account, MAIL_PROTOCOL_IMAP, &error));
}

static int64_t get_credential_generation(const House *house)
{
	g_autoptr(Account) account = house_resolve(house, "eva");

	return account->imap.credential_generation;
}

static void test_knows_when_credentials_were_stored(void **state)
{
	House *house = *state;
	int64_t first, second, third, fourth;

	assert_int_equal(get_credential_generation(house), 0);
	house_set(house, "eva", "imap.password", "geheim");
	first = get_credential_generation(house);
	assert_true(first > 0);
	house_set(house, "eva", "smtp.password", "anderes");
	house_set(house, "eva", "imap.port", "143");
	assert_int_equal(get_credential_generation(house), first);
	house_set(house, "eva", "imap.password", "geheim"); /* typed again: worth a try */
	second = get_credential_generation(house);
	assert_true(second > first);
	house_set(house, "eva", "imap.username", "eva");
	third = get_credential_generation(house);
	assert_true(third > second);
	house_set(house, "eva", "imap.username", NULL);
	fourth = get_credential_generation(house);
	assert_true(fourth > third);
	house_set(house, "eva", "account", "eva@amt.example");
	assert_true(get_credential_generation(house) > fourth);
}

static void test_global_credentials_have_a_generation(void **state)
{
	House *house = *state;
	int64_t first;

	house_set(house, "eva", "imap.use-default", "true");
	house_set(house, NULL, "imap.password", "geheim");
	first = get_credential_generation(house);
	assert_true(first > 0);
	house_set(house, NULL, "imap.username", "relay");
	assert_true(get_credential_generation(house) > first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		house_test(test_gives_plain_values),
		house_test(test_translates_every_tls_value),
		house_test(test_never_changed_and_empty_differ),
		house_test(test_keeps_the_folder_only_for_moving),
		house_test(test_says_what_is_missing),
		house_test(test_says_where_it_is_missing),
		house_test(test_knows_when_credentials_were_stored),
		house_test(test_global_credentials_have_a_generation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
