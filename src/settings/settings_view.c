/* Settings as people see them: the effective value with its origin, and what the asked scope
 * stores. A secret shows only whether it is there. */
#include "settings/settings_internal.h"

#include "failure/failure.h"

void setting_view_clear(SettingView *view)
{
	g_free(view->value);
	g_free(view->stored);
	*view = (SettingView){0};
}

static void setting_view_free(SettingView *view)
{
	setting_view_clear(view);
	g_free(view);
}

const char *settings_origin_name(SettingOrigin origin)
{
	static const char *const names[] = {
		[ORIGIN_DEFAULT] = "default",
		[ORIGIN_GLOBAL] = "global",
		[ORIGIN_USER] = "user",
	};

	return names[origin];
}

static void fill_view(const Setting *setting, const SettingReading *reading,
	const Effective *effective, SettingView *view)
{
	const EffectiveValue *value = &effective->values[setting->key];
	const SettingValues *scope =
		reading->user_name ? &reading->own : setting_snapshot_values(reading->globals);
	const char *stored = scope->stored[setting->key];
	bool secret = setting->type == TYPE_SECRET;

	*view = (SettingView){
		.setting = setting,
		.value = secret ? NULL : g_strdup(value->value),
		.origin = value->origin,
		.set = stored != NULL,
		.stored = secret ? NULL : g_strdup(stored),
		.generation = scope->generations[setting->key],
	};
}

static bool is_in_scope(const Setting *setting, const char *user)
{
	return (setting->scopes & (user ? SCOPE_USER : SCOPE_GLOBAL)) != 0;
}

bool settings_view(Settings *settings, const char *user, const Setting *setting, SettingView *view,
	GError **error)
{
	g_auto(SettingReading) reading = {0};
	Effective effective;

	if (!is_in_scope(setting, user)) {
		failure_set(error, FAILURE_SETTING_SCOPE, setting->name, "%s has no %s scope",
			setting->name, user ? "user" : "global");
		return false;
	}
	if (!settings_read(settings, user, &reading, error))
		return false;
	settings_decide(&reading, &effective);
	fill_view(setting, &reading, &effective, view);
	return true;
}

GPtrArray *settings_view_all(Settings *settings, const char *user, GError **error)
{
	g_auto(SettingReading) reading = {0};
	GPtrArray *views;
	Effective effective;

	if (!settings_read(settings, user, &reading, error))
		return NULL;
	settings_decide(&reading, &effective);
	views = g_ptr_array_new_with_free_func((GDestroyNotify)setting_view_free);
	for (SettingKey key = 0; key < SETTING_COUNT; key++) {
		const Setting *setting = settings_get_row(key);
		SettingView *view;

		if (!is_in_scope(setting, user))
			continue;
		view = g_new(SettingView, 1);
		fill_view(setting, &reading, &effective, view);
		g_ptr_array_add(views, view);
	}
	return views;
}
