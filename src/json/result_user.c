/* Users and settings. */
#include "json/result.h"

json_t *result_user(const Person *person)
{
	const SignInReport *sign_in = &person->sign_in;

	return json_pack("{s:o, s:o, s:b, s:b, s:b, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o}",
		"name", result_text(person->user->name), "display_name",
		result_text(person->user->display_name), "admin", person->user->admin, "archive",
		person->user->archive, "locked", person->user->locked, "interface",
		result_text(person->interface), "account", result_text(person->account), "sign_in",
		sign_in_state_name(sign_in->state), "sign_in_since", result_time(sign_in->since),
		"sign_in_reason", result_text(sign_in->reason), "last_success",
		result_time(sign_in->last_success), "last_failure",
		result_time(sign_in->last_failure), "last_failure_reason",
		result_text(sign_in->last_failure_reason));
}

json_t *result_row_errors(const GPtrArray *row_errors, const GError *error, const FailureCall *call)
{
	json_t *rows = json_array();

	for (guint i = 0; i < row_errors->len; i++) {
		const RowError *row_error = g_ptr_array_index(row_errors, i);

		json_array_append_new(rows, json_pack("{s:i, s:o}", "line", (int)row_error->line,
						    "message", result_text(row_error->sentence)));
	}
	return json_pack("{s:o, s:o}", "error", result_error(error, call), "errors", rows);
}

json_t *result_setting(const SettingView *view)
{
	return json_pack("{s:s, s:o, s:s, s:b, s:b}", "key", view->setting->name, "value",
		result_text(view->value), "origin", settings_origin_name(view->origin), "secret",
		view->setting->type == TYPE_SECRET, "set", view->set);
}

json_t *result_setting_stored(const SettingView *view, const char *warning)
{
	json_t *document = result_setting(view);
	json_t *warnings = json_array();

	if (warning)
		json_array_append_new(warnings, result_text(warning));
	json_object_set_new(document, "warnings", warnings);
	return document;
}

json_t *result_warning(const char *warning)
{
	return warning ? json_pack("{s:[o]}", "warnings", result_text(warning)) : json_object();
}

json_t *result_api_key(const ApiKey *key, const char *secret)
{
	json_t *document = json_pack("{s:o, s:o, s:o, s:o, s:o}", "label", result_text(key->label),
		"user", result_text(key->user), "created", result_time(key->created), "expires",
		result_time(key->expires), "used", result_time(key->used));

	if (secret)
		json_object_set_new(document, "key", json_string(secret));
	return document;
}

json_t *result_invitation(const char *name, const char *path, int64_t expires)
{
	return json_pack("{s:o, s:s, s:o}", "name", result_text(name), "path", path, "expires",
		result_time(expires));
}
