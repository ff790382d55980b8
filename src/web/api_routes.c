/* The API's rows about settings, the mail server and the log, and the API's description. Each
 * mirrors a command and answers its JSON. Clerks reach what is theirs, with "user" left out or
 * their own name; administrators everything. */
#include <string.h>
#include "app/check.h"
#include "app/folders.h"
#include "app/messages.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "failure/failure.h"
#include "json/result.h"
#include "web/api.h"

/* ---- settings ---- */

/* Whose settings, borrowed: *USER NULL for the global scope, which is an administrator's. */
static bool asked_scope(const Visit *visit, const char **user, GError **error)
{
	*user = web_request_query(visit->request, "user");
	if (!*user && !visit->user->admin)
		return api_forbid(error);
	if (*user)
		*user = api_asked_user(visit, error);
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
	return api_forbid(error);
}

static bool apply(Visit *visit, const char *user, const SettingChange *change, GError **error)
{
	Settings *settings = office_settings(visit->office);
	g_auto(SettingView) view = {0};
	g_autofree char *warning = NULL;
	g_autoptr(GError) ignored = NULL;

	if (!settings_apply(settings, user, change, 1, 0, visit->actor, error) ||
		!settings_view(settings, user, change->setting, &view, error))
		return false;
	/* The change is stored; that nothing more can be said about it is no failure. */
	settings_warn(settings, user, change->setting, &warning, &ignored);
	return api_answer(visit, 200, result_setting_stored(&view, warning));
}

static bool run_setting_set(Visit *visit, GError **error)
{
	const Setting *setting = settings_find_row(visit->part, error);
	g_autoptr(Secret) secret = NULL;
	SettingChange change = {.setting = setting};
	const char *user;
	json_t *body;
	g_autofree char *value = NULL;
	bool applied;

	if (!setting || !asked_scope(visit, &user, error) ||
		!may_change(visit, user, setting, error))
		return false;
	body = api_body(visit, error);
	if (!body)
		return false;
	value = api_need_scalar(body, "value", error);
	change.value = value;
	if (value && setting->type == TYPE_SECRET) {
		secret = secret_new(value, strlen(value));
		secret_wipe(value, strlen(value));
		change.secret = secret;
		change.value = NULL;
	}
	applied = value && apply(visit, user, &change, error);
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

/* ---- on the server ---- */

static void add_step(const CheckResult *result, void *data)
{
	json_array_append_new(data, result_check(result));
}

static bool run_check(Visit *visit, GError **error)
{
	const char *protocol = web_request_query(visit->request, "protocol");
	CheckRequest request = {
		.user = api_asked_user(visit, error),
		.imap = g_strcmp0(protocol, "imap") == 0,
		.smtp = g_strcmp0(protocol, "smtp") == 0,
		.send_to = web_request_query(visit->request, "send_to"),
		.actor = visit->actor,
	};
	g_autoptr(GError) problem = NULL;
	json_t *steps;

	if (!request.user)
		return false;
	if (request.send_to && request.imap) {
		failure_set(error, FAILURE_API_PARAMETER, "send_to", "send_to: takes smtp");
		return false;
	}
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
	const char *user = api_asked_user(visit, error);
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
		.user = visit->user->name,
		.mailbox = web_request_query(visit->request, "mailbox"),
		.folder = web_request_query(visit->request, "folder"),
		.text = web_request_query(visit->request, "search"),
		.limit = limit ? (size_t)g_ascii_strtoull(limit, NULL, 10) : 0,
	};
	g_autoptr(GPtrArray) messages = NULL;
	json_t *list;

	/* Mails are for whose they are, also where an administrator asks. */
	if (!api_check_own(visit, web_request_query(visit->request, "user"), error))
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

/* ---- log ---- */

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
	static const Route *const tables[] = {route_api_people, route_api_login, route_api_import,
		route_api_archive, route_api_send, route_api_outbox, route_api, NULL};

	(void)error;
	return api_answer(visit, 200, api_description(tables));
}

/* clang-format off */
const Route route_api[] = {
	{WEB_GET, API "/settings", ROLE_PERSON, WEB_AT_ONCE, 0, run_settings,
		"Effective settings of a user, or the global ones", "user", NULL, "Setting[]"},
	{WEB_GET, API "/settings/*", ROLE_PERSON, WEB_AT_ONCE, 0, run_setting,
		"One setting", "user", NULL, "Setting"},
	{WEB_PUT, API "/settings/*", ROLE_PERSON, WEB_AS_JOB, 0, run_setting_set,
		"Store a setting", "user", "value:scalar!", "StoredSetting"},
	{WEB_DELETE, API "/settings/*", ROLE_PERSON, WEB_AS_JOB, 0, run_setting_unset,
		"Back to the default", "user", NULL, "StoredSetting"},
	{WEB_POST, API "/check", ROLE_PERSON, WEB_AS_ERRAND, 0, run_check,
		"Check the connection step by step; send_to: at the end a test mail goes to that address", "user protocol send_to", NULL, "CheckStep[]"},
	{WEB_GET, API "/folders", ROLE_PERSON, WEB_AS_ERRAND, 0, run_folders,
		"Folders on the server", "user mailbox all", NULL, "Folder[]"},
	{WEB_GET, API "/messages", ROLE_PERSON, WEB_AS_ERRAND, 0, run_messages,
		"Messages of a folder of one's own, newest first", "user mailbox folder! search limit", NULL, "Message[]"},
	{WEB_GET, API "/audit", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_audit,
		"The log, newest first", "since", NULL, "AuditRow[]"},
	{WEB_GET, API "/openapi.json", ROLE_ANYBODY, WEB_AT_ONCE, 0, run_openapi,
		"This description", NULL, NULL, NULL},
	{0},
};
/* clang-format on */
