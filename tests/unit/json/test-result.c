/* The contract of names: fields, their order, null for what is unknown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "failure/failure.h"
#include "json/result.h"

/* Takes DOCUMENT. */
static void assert_written(json_t *document, const char *expected)
{
	g_autofree char *text = result_write(document);

	assert_string_equal(text, expected);
	json_decref(document);
}

static void test_texts(void **state)
{
	(void)state;
	assert_written(result_text(NULL), "null");
	assert_written(result_text(""), "\"\"");
	assert_written(result_text("Grüße \"x\""), "\"Grüße \\\"x\\\"\"");
	assert_written(result_text("a\xff"), "\"a\xef\xbf\xbd\"");
}

static void test_what_steers_is_escaped(void **state)
{
	(void)state;
	assert_written(result_text("a\x1b[2J\nb"), "\"a\\u001B[2J\\nb\"");
	assert_written(result_text("\u202emoc\xc2\x85"), "\"\\u202emoc\\u0085\"");
}

static void test_times(void **state)
{
	(void)state;
	assert_written(result_time(0), "null");
	assert_written(result_time(1795442645), "\"2026-11-23T14:04:05Z\"");
}

static void test_error(void **state)
{
	g_autoptr(GError) error = NULL;

	(void)state;
	failure_set(&error, FAILURE_LOGIN_MISSING, "erna", "no credentials");
	json_t *document = result_error(error, &(FailureCall){.user = "erna"});

	assert_int_equal(json_integer_value(json_object_get(document, "status")), 4);
	assert_string_equal(json_string_value(json_object_get(document, "code")), "login");
	assert_string_equal(
		json_string_value(json_object_get(document, "condition")), "login-missing");
	assert_string_equal(
		json_string_value(json_object_get(document, "detail")), "no credentials");
	assert_non_null(strstr(json_string_value(json_object_get(document, "advice")), "erna"));
	json_decref(document);
}

static void test_user(void **state)
{
	User user = {.name = (char *)"erna", .admin = true};
	Person person = {.user = &user, .interface = (char *)"standard"};

	(void)state;
	person.sign_in = (SignInReport){.state = SIGN_IN_OK, .since = 1795442645};
	assert_written(result_user(&person),
		"{\"name\":\"erna\",\"display_name\":null,\"admin\":true,\"archive\":false,"
		"\"locked\":false,\"interface\":\"standard\",\"account\":null,\"sign_in\":\"ok\","
		"\"sign_in_since\":\"2026-11-23T14:04:05Z\",\"sign_in_reason\":null,"
		"\"last_success\":null,\"last_failure\":null,\"last_failure_reason\":null}");
}

static void test_keys(void **state)
{
	ApiKey key = {.label = (char *)"Scanner", .user = (char *)"erna", .created = 1795442645};

	(void)state;
	assert_written(result_api_key(&key, NULL),
		"{\"label\":\"Scanner\",\"user\":\"erna\",\"created\":\"2026-11-23T14:04:05Z\","
		"\"expires\":null,\"used\":null}");
	assert_written(result_invitation("erna", "/einladung?k=x", 1795442645),
		"{\"name\":\"erna\",\"path\":\"/einladung?k=x\","
		"\"expires\":\"2026-11-23T14:04:05Z\"}");
}

static void test_settings(void **state)
{
	SettingView view = {
		.setting = settings_get_row(SETTING_IMAP_PASSWORD),
		.origin = ORIGIN_USER,
		.set = true,
	};

	(void)state;
	assert_written(result_setting(&view),
		"{\"key\":\"imap.password\",\"value\":null,\"origin\":\"user\",\"secret\":true,"
		"\"set\":true}");
	assert_written(result_warning(NULL), "{}");
	assert_written(result_warning("Achtung."), "{\"warnings\":[\"Achtung.\"]}");
}

static void test_server(void **state)
{
	CheckResult check = {.protocol = MAIL_PROTOCOL_SMTP, .step = CHECK_PROXY, .detail = "nein"};
	FolderView folder = {
		.mailbox = (char *)"a@amt.example", .name = (char *)"Neu", .messages = -1};
	MessageView message = {.uid = 7, .subject = (char *)"x", .from = (char *)"y", .size = 9};

	(void)state;
	assert_written(result_check(&check),
		"{\"protocol\":\"smtp\",\"step\":\"proxy\",\"mailbox\":null,\"ok\":null,\"ms\":0,"
		"\"detail\":\"nein\",\"advice\":null,\"hint\":false,\"failure\":null,\"technical\":"
		"null}");
	assert_written(result_folder(&folder),
		"{\"mailbox\":\"a@amt.example\",\"name\":\"Neu\",\"role\":null,\"messages\":null,"
		"\"hidden\":false,\"reason\":null}");
	assert_written(result_message(&message),
		"{\"uid\":7,\"subject\":\"x\",\"from\":\"y\",\"date\":null,\"size\":9,"
		"\"seen\":false,\"imported\":false}");
}

static void test_import(void **state)
{
	g_auto(ImportResult) result;
	g_autoptr(GError) problem = NULL;

	(void)state;
	import_result_init(&result);
	result.imported = 3;
	assert_written(result_import(&result, NULL, NULL),
		"{\"imported\":3,\"known\":0,\"failed\":0,\"bytes\":0,\"folders\":0,"
		"\"ms_durable\":0,\"ms_listed\":0,\"wire_bytes\":0,\"acted\":0,\"errors\":[],"
		"\"case_conflicts\":[]}");
	failure_set(&problem, FAILURE_CANCELLED, NULL, "cancelled");
	json_t *document = result_import(&result, problem, NULL);

	assert_non_null(json_object_get(document, "error"));
	json_decref(document);
}

static void test_login(void **state)
{
	LoginStatus status = {.use = LOGIN_USE_UNTRIED, .account = (char *)"a@amt.example"};
	g_autoptr(GPtrArray) none = g_ptr_array_new();
	LoginResult result = {
		.imap = {.state = LOGIN_FAILED, .reason = (char *)"nein"},
		.smtp = {.state = LOGIN_SKIPPED, .reason = (char *)"nichts"},
		.mailboxes = none,
	};

	(void)state;
	status.mailboxes = none;
	assert_written(result_login(&result, NULL, NULL),
		"{\"account\":null,\"identity\":null,\"imap\":{\"ok\":false,\"reason\":\"nein\","
		"\"message\":\"nein\"},\"smtp\":{\"ok\":null,\"reason\":\"skipped\","
		"\"message\":\"nichts\"},\"mailboxes\":[],\"token_file\":null}");
	assert_written(result_login_status(&status),
		"{\"account\":\"a@amt.example\",\"identity\":null,\"signed_in\":null,"
		"\"refreshed\":null,\"expires\":null,\"token_file\":null,\"reason\":null,"
		"\"usable\":true,\"mailboxes\":[]}");
	assert_written(result_login_removed(true), "{\"removed\":true}");
}

static void test_mail(void **state)
{
	g_autoptr(GPtrArray) none = g_ptr_array_new();
	g_autoptr(GPtrArray) sources = g_ptr_array_new();
	ArchiveSource source = {.user = (char *)"cli:erna", .imported_by = (char *)"cli:erna"};
	ArchiveMail mail = {
		.id = 4,
		.subject = (char *)"",
		.to = none,
		.copies = none,
		.attachments = none,
		.sources = sources,
	};

	(void)state;
	g_ptr_array_add(sources, &source);
	assert_written(result_mail_text(&mail, "Hallo"),
		"{\"id\":4,\"subject\":\"\",\"from\":null,\"to\":[],\"date\":null,\"size\":0,"
		"\"sha256\":null,\"copies\":[],\"case\":null,\"message_id\":null,"
		"\"attachments\":[],\"sources\":[{\"user\":null,\"mailbox\":null,\"folder\":null,"
		"\"uidvalidity\":null,\"uid\":null,\"received\":null,\"imported\":null,"
		"\"imported_by\":\"cli:erna\"}],\"unreadable\":false,\"text\":\"Hallo\"}");
	assert_written(result_verify(2, none), "{\"checked\":2,\"damaged\":0,\"details\":[]}");
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_what_steers_is_escaped),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_server),
		cmocka_unit_test(test_import),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_mail),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
