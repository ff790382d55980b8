/* The API's rows: each mirrors a command and answers its JSON. Clerks reach what is theirs, with
 * "user" left out or their own name; administrators everything. */
#include <string.h>
#include "app/check.h"
#include "app/folders.h"
#include "app/login.h"
#include "app/messages.h"
#include "app/people.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "failure/failure.h"
#include "json/result.h"
#include "web/api.h"

static bool forbid(GError **error)
{
	failure_set(error, FAILURE_PAGE_FORBIDDEN, NULL, "not one's own, and no administrator");
	return false;
}

/* Whom the request is about, borrowed: "user", else whoever asks. */
static const char *asked_user(const Visit *visit, GError **error)
{
	const char *name = web_request_query(visit->request, "user");

	if (!name || strcmp(name, visit->user->name) == 0)
		return visit->user->name;
	if (visit->user->admin)
		return name;
	forbid(error);
	return NULL;
}

/* Answers {} . */
static bool answer_nothing(Visit *visit)
{
	return api_answer(visit, 200, json_object());
}

/* A member of BODY that is a text, borrowed; NULL: it is not there. FAILURE_API_BODY: it is no
 * text. */
static bool take_text(const json_t *body, const char *name, const char **text, GError **error)
{
	const json_t *value = json_object_get(body, name);

	*text = NULL;
	if (!value || json_is_null(value))
		return true;
	if (json_is_string(value)) {
		*text = json_string_value(value);
		return true;
	}
	failure_set(error, FAILURE_API_BODY, name, "%s: not a string", name);
	return false;
}

/* ---- users ---- */

static bool run_users(Visit *visit, GError **error)
{
	g_autoptr(GPtrArray) people = people_list(visit->office, error);
	json_t *list;

	if (!people)
		return false;
	list = json_array();
	for (guint i = 0; i < people->len; i++)
		json_array_append_new(list, result_user(people->pdata[i]));
	return api_answer(visit, 200, list);
}

static bool answer_user(Visit *visit, unsigned status, const char *name, GError **error)
{
	g_autoptr(Person) person = people_find(visit->office, name, error);

	return person && api_answer(visit, status, result_user(person));
}

static bool run_user(Visit *visit, GError **error)
{
	if (!visit->user->admin && strcmp(visit->part, visit->user->name) != 0)
		return forbid(error);
	return answer_user(visit, 200, visit->part, error);
}

static bool run_user_add(Visit *visit, GError **error)
{
	json_t *body = api_body(visit, error);
	g_autoptr(User) user = g_new0(User, 1);
	const char *name = NULL;
	const char *display_name = NULL;
	bool added;

	added = body && take_text(body, "name", &name, error) &&
		take_text(body, "display_name", &display_name, error);
	user->name = g_strdup(name ? name : "");
	user->display_name = g_strdup(display_name);
	user->admin = body && json_is_true(json_object_get(body, "admin"));
	user->archive = body && json_is_true(json_object_get(body, "archive"));
	json_decref(body);
	return added && user_check_display_name(user->display_name, error) &&
	       people_add(visit->office, user, NULL, visit->actor, error) &&
	       answer_user(visit, 201, user->name, error);
}

static bool run_user_lock(Visit *visit, GError **error)
{
	bool locked = g_str_has_suffix(web_request_path(visit->request), "/lock");

	return people_set_locked(visit->office, visit->part, locked, visit->actor, error) &&
	       answer_user(visit, 200, visit->part, error);
}

static bool run_user_remove(Visit *visit, GError **error)
{
	return people_remove(visit->office, visit->part, visit->actor, error) &&
	       answer_nothing(visit);
}

/* ---- settings ---- */

/* Whose settings, borrowed: *USER NULL for the global scope, which is an administrator's. */
static bool asked_scope(const Visit *visit, const char **user, GError **error)
{
	*user = web_request_query(visit->request, "user");
	if (!*user && !visit->user->admin)
		return forbid(error);
	if (*user)
		*user = asked_user(visit, error);
	return *user || visit->user->admin;
}

static bool run_settings(Visit *visit, GError **error)
{
	const char *user;
	g_autoptr(GPtrArray) views = NULL;
	json_t *list;

	if (!asked_scope(visit, &user, error))
		return false;
	views = settings_view_all(office_settings(visit->office), user, error);
	if (!views)
		return false;
	list = json_array();
	for (guint i = 0; i < views->len; i++)
		json_array_append_new(list, result_setting(views->pdata[i]));
	return api_answer(visit, 200, list);
}

static bool answer_setting(Visit *visit, const char *user, const Setting *setting, GError **error)
{
	g_auto(SettingView) view = {0};

	return settings_view(office_settings(visit->office), user, setting, &view, error) &&
	       api_answer(visit, 200, result_setting(&view));
}

static bool run_setting(Visit *visit, GError **error)
{
	const Setting *setting = settings_find_row(visit->part, error);
	const char *user;

	return setting && asked_scope(visit, &user, error) &&
	       answer_setting(visit, user, setting, error);
}

/* Clerks change their own, where the row says so. */
static bool may_change(const Visit *visit, const char *user, const Setting *setting, GError **error)
{
	if (visit->user->admin || (user && setting->clerk))
		return true;
	return forbid(error);
}

static bool apply(Visit *visit, const char *user, const SettingChange *change, GError **error)
{
	return settings_apply(
		       office_settings(visit->office), user, change, 1, 0, visit->actor, error) &&
	       answer_setting(visit, user, change->setting, error);
}

static bool run_setting_set(Visit *visit, GError **error)
{
	const Setting *setting = settings_find_row(visit->part, error);
	g_autoptr(Secret) secret = NULL;
	SettingChange change = {.setting = setting};
	const char *user;
	json_t *body;
	bool applied;

	if (!setting || !asked_scope(visit, &user, error) ||
		!may_change(visit, user, setting, error))
		return false;
	body = api_body(visit, error);
	if (!body)
		return false;
	applied = take_text(body, "value", &change.value, error);
	if (applied && !change.value) {
		failure_set(error, FAILURE_API_BODY, "value", "value: missing");
		applied = false;
	}
	if (applied && setting->type == TYPE_SECRET) {
		secret = secret_new(change.value, strlen(change.value));
		change.secret = secret;
		change.value = NULL;
	}
	applied = applied && apply(visit, user, &change, error);
	json_decref(body);
	return applied;
}

static bool run_setting_unset(Visit *visit, GError **error)
{
	const Setting *setting = settings_find_row(visit->part, error);
	SettingChange change = {.setting = setting};
	const char *user;

	return setting && asked_scope(visit, &user, error) &&
	       may_change(visit, user, setting, error) && apply(visit, user, &change, error);
}

/* ---- signing in to mail ---- */

static bool run_login_status(Visit *visit, GError **error)
{
	const char *user = asked_user(visit, error);
	g_auto(LoginStatus) status = {0};

	return user && login_status(visit->office, user, &status, error) &&
	       api_answer(visit, 200, result_login_status(&status));
}

static Secret *take_secret(const json_t *body, const char *name)
{
	const char *text = json_string_value(json_object_get(body, name));

	return text ? secret_new(text, strlen(text)) : NULL;
}

/* Standard: {"imap_password", "smtp_password"}. */
static bool run_login(Visit *visit, GError **error)
{
	const char *user = asked_user(visit, error);
	json_t *body = user ? api_body(visit, error) : NULL;
	g_autoptr(Secret) imap = NULL;
	g_autoptr(Secret) smtp = NULL;
	g_auto(LoginResult) result = {0};
	bool done;

	if (!body)
		return false;
	imap = take_secret(body, "imap_password");
	smtp = take_secret(body, "smtp_password");
	json_decref(body);
	if (!imap) {
		failure_set(error, FAILURE_API_BODY, "imap_password", "imap_password: missing");
		return false;
	}
	done = login_with_password(visit->office, user, imap, smtp, visit->actor,
		web_request_cancel(visit->request), &result, error);
	if (!done)
		return false;
	return api_answer(visit, 200, result_login(&result, NULL, NULL));
}

static bool run_login_remove(Visit *visit, GError **error)
{
	const char *user = asked_user(visit, error);
	const char *mailbox = web_request_query(visit->request, "mailbox");
	bool removed;

	return user && login_remove(visit->office, user, mailbox, visit->actor, &removed, error) &&
	       api_answer(visit, 200, result_login_removed(removed));
}

/* ---- on the server ---- */

static void add_step(const CheckResult *result, void *data)
{
	json_array_append_new(data, result_check(result));
}

static bool run_check(Visit *visit, GError **error)
{
	const char *protocol = web_request_query(visit->request, "protocol");
	CheckRequest request = {
		.user = asked_user(visit, error),
		.imap = g_strcmp0(protocol, "imap") == 0,
		.smtp = g_strcmp0(protocol, "smtp") == 0,
	};
	g_autoptr(GError) problem = NULL;
	json_t *steps;

	if (!request.user)
		return false;
	steps = json_array();
	check_run(visit->office, &request, add_step, steps, web_request_cancel(visit->request),
		&problem);
	/* What a step found is the answer, not a failure of the request. */
	if (json_array_size(steps) > 0)
		return api_answer(visit, 200, steps);
	json_decref(steps);
	if (problem)
		g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

static bool run_folders(Visit *visit, GError **error)
{
	const char *user = asked_user(visit, error);
	const char *mailbox = web_request_query(visit->request, "mailbox");
	bool all = web_request_query(visit->request, "all") != NULL;
	g_auto(FolderList) folders = {0};
	json_t *list;

	if (!user || !folders_list(visit->office, user, mailbox, all,
			     web_request_cancel(visit->request), &folders, error))
		return false;
	list = json_array();
	for (guint i = 0; i < folders.views->len; i++)
		json_array_append_new(list, result_folder(folders.views->pdata[i]));
	return api_answer(visit, 200, list);
}

static bool run_messages(Visit *visit, GError **error)
{
	const char *limit = web_request_query(visit->request, "limit");
	MessageQuery query = {
		.user = asked_user(visit, error),
		.mailbox = web_request_query(visit->request, "mailbox"),
		.folder = web_request_query(visit->request, "folder"),
		.text = web_request_query(visit->request, "search"),
		.limit = limit ? (size_t)g_ascii_strtoull(limit, NULL, 10) : 0,
	};
	g_autoptr(GPtrArray) messages = NULL;
	json_t *list;

	if (!query.user)
		return false;
	if (!query.folder) {
		failure_set(error, FAILURE_API_BODY, "folder", "folder: missing");
		return false;
	}
	messages = messages_list(visit->office, &query, web_request_cancel(visit->request), error);
	if (!messages)
		return false;
	list = json_array();
	for (guint i = 0; i < messages->len; i++)
		json_array_append_new(list, result_message(messages->pdata[i]));
	return api_answer(visit, 200, list);
}

/* ---- keys, log ---- */

static bool run_keys(Visit *visit, GError **error)
{
	g_autoptr(GPtrArray) keys = api_key_list(office_db(visit->office), error);
	json_t *list;

	if (!keys)
		return false;
	list = json_array();
	for (guint i = 0; i < keys->len; i++)
		json_array_append_new(list, result_api_key(keys->pdata[i], NULL));
	return api_answer(visit, 200, list);
}

static bool run_key_remove(Visit *visit, GError **error)
{
	return api_key_remove(office_db(visit->office), visit->part, visit->actor, error) &&
	       answer_nothing(visit);
}

static bool add_row(const AuditRow *row, void *data)
{
	json_array_append_new(data, result_audit(row));
	return true;
}

static bool run_audit(Visit *visit, GError **error)
{
	const char *text = web_request_query(visit->request, "since");
	int64_t since = 0;
	json_t *list;

	if (text && !clock_parse(text, &since)) {
		failure_set(error, FAILURE_API_BODY, "since", "since: no time");
		return false;
	}
	list = json_array();
	if (audit_each(office_db(visit->office), since, add_row, list, error))
		return api_answer(visit, 200, list);
	json_decref(list);
	return false;
}

static bool run_openapi(Visit *visit, GError **error)
{
	(void)error;
	return api_answer(visit, 200, api_description(route_api));
}

#define API "/api/v1"
#define ALL WEB_AS_JOB

/* clang-format off */
const Route route_api[] = {
	{WEB_GET, API "/users", ROLE_ADMINISTRATOR, ALL, 0, run_users,
		"All users", NULL, NULL, "User[]"},
	{WEB_POST, API "/users", ROLE_ADMINISTRATOR, ALL, 0, run_user_add,
		"Add a user", NULL, "name! display_name admin archive", "User"},
	{WEB_GET, API "/users/*", ROLE_PERSON, WEB_AT_ONCE, 0, run_user,
		"One user", NULL, NULL, "User"},
	{WEB_DELETE, API "/users/*", ROLE_ADMINISTRATOR, ALL, 0, run_user_remove,
		"Remove a user; what was filed stays", NULL, NULL, "Nothing"},
	{WEB_POST, API "/users/*/lock", ROLE_ADMINISTRATOR, ALL, 0, run_user_lock,
		"Lock a user", NULL, NULL, "User"},
	{WEB_POST, API "/users/*/unlock", ROLE_ADMINISTRATOR, ALL, 0, run_user_lock,
		"Unlock a user", NULL, NULL, "User"},
	{WEB_GET, API "/settings", ROLE_PERSON, WEB_AT_ONCE, 0, run_settings,
		"Effective settings of a user, or the global ones", "user", NULL, "Setting[]"},
	{WEB_GET, API "/settings/*", ROLE_PERSON, WEB_AT_ONCE, 0, run_setting,
		"One setting", "user", NULL, "Setting"},
	{WEB_PUT, API "/settings/*", ROLE_PERSON, ALL, 0, run_setting_set,
		"Store a setting", "user", "value!", "Setting"},
	{WEB_DELETE, API "/settings/*", ROLE_PERSON, ALL, 0, run_setting_unset,
		"Back to the default", "user", NULL, "Setting"},
	{WEB_GET, API "/login", ROLE_PERSON, WEB_AT_ONCE, 0, run_login_status,
		"Sign-in state of a user's mailbox", "user", NULL, "LoginStatus"},
	{WEB_POST, API "/login", ROLE_PERSON, ALL, 0, run_login,
		"Check and store passwords (Standard)", "user", "imap_password! smtp_password", "Login"},
	{WEB_DELETE, API "/login", ROLE_PERSON, ALL, 0, run_login_remove,
		"Forget the sign-in", "user mailbox", NULL, "LoginRemoved"},
	{WEB_POST, API "/check", ROLE_PERSON, ALL, 0, run_check,
		"Check the connection step by step", "user protocol", NULL, "CheckStep[]"},
	{WEB_GET, API "/folders", ROLE_PERSON, ALL, 0, run_folders,
		"Folders on the server", "user mailbox all", NULL, "Folder[]"},
	{WEB_GET, API "/messages", ROLE_PERSON, ALL, 0, run_messages,
		"Messages of a folder, newest first", "user mailbox folder! search limit", NULL, "Message[]"},
	{WEB_GET, API "/apikeys", ROLE_ADMINISTRATOR, WEB_AT_ONCE, 0, run_keys,
		"Keys of the API", NULL, NULL, "ApiKey[]"},
	{WEB_DELETE, API "/apikeys/*", ROLE_ADMINISTRATOR, ALL, 0, run_key_remove,
		"Remove a key", NULL, NULL, "Nothing"},
	{WEB_GET, API "/audit", ROLE_ADMINISTRATOR, ALL, 0, run_audit,
		"The log, newest first", "since", NULL, "AuditRow[]"},
	{WEB_GET, API "/openapi.json", ROLE_ANYBODY, WEB_AT_ONCE, 0, run_openapi,
		"This description", NULL, NULL, NULL},
	{0},
};
/* clang-format on */
