/* settings …: THE table from the command line. */
#include "cli/cli_internal.h"

#include <stdio.h>
#include <string.h>
#include "app/words.h"
#include "failure/failure.h"
#include "json/result.h"
#include "settings/settings.h"

static void print_views(const GPtrArray *views)
{
	const char *titles[] = {_("Einstellung"), _("Bezeichnung"), _("Wert"), _("Herkunft"), NULL};
	CliTable *table = cli_table_new(titles);

	for (guint i = 0; i < views->len; i++) {
		const SettingView *view = g_ptr_array_index(views, i);
		const char *cells[] = {view->setting->name, _(view->setting->label),
			words_value(view), words_origin(view->origin)};

		cli_table_add(table, cells);
	}
	cli_table_print(table);
}

static bool run_list(Cli *cli, GError **error)
{
	g_autoptr(GPtrArray) views =
		settings_view_all(office_settings(cli->office), cli->options.user, error);

	if (!views)
		return false;
	if (!cli->options.json) {
		print_views(views);
		return true;
	}
	for (guint i = 0; i < views->len; i++)
		cli_print_element(cli, result_setting(g_ptr_array_index(views, i)));
	cli_finish_array(cli);
	return true;
}

static bool run_get(Cli *cli, GError **error)
{
	const Setting *setting = settings_find_row(cli->arguments[0], error);
	g_auto(SettingView) view = {0};

	if (!setting || !settings_view(office_settings(cli->office), cli->options.user, setting,
				&view, error))
		return false;
	if (cli->options.json) {
		cli_print_json(cli, result_setting(&view));
	} else {
		const char *value = words_value(&view);

		cli_print("%s\n", value ? value : "");
	}
	return true;
}

static bool apply(Cli *cli, const SettingChange *change, GError **error)
{
	g_autofree char *warning = NULL;
	g_autoptr(GError) ignored = NULL;

	if (!settings_apply(office_settings(cli->office), cli->options.user, change, 1, 0,
		    cli->actor, error))
		return false;
	/* The change is stored; that nothing more can be said about it is no failure. */
	settings_warn(office_settings(cli->office), cli->options.user, change->setting, &warning,
		&ignored);
	if (warning)
		fprintf(stderr, "%s\n", warning);
	if (cli->options.json)
		cli_print_json(cli, result_warning(warning));
	return true;
}

/* A secret that stands in the arguments is refused, and wiped from the process's title. */
static bool refuse_argument(const Setting *setting, char *value, GError **error)
{
	secret_wipe(value, strlen(value));
	failure_set(error, FAILURE_SECRET_ARGUMENT, setting->name, "%s: given as an argument",
		setting->name);
	return false;
}

static bool set_secret(Cli *cli, const Setting *setting, char *value, GError **error)
{
	g_autoptr(Secret) secret = NULL;
	SettingChange change = {.setting = setting};

	if (strcmp(value, "-") != 0)
		return refuse_argument(setting, value, error);
	secret = cli_read_secret(cli, NULL, _(setting->label), error);
	change.secret = secret;
	return secret && apply(cli, &change, error);
}

/* "-" reads the value from standard input, without one trailing newline. */
static bool set_text(Cli *cli, const Setting *setting, const char *value, GError **error)
{
	g_autofree char *text = NULL;
	SettingChange change = {.setting = setting, .value = value};

	if (strcmp(value, "-") == 0) {
		text = cli_read_text(NULL, error);
		if (!text)
			return false;
		if (g_str_has_suffix(text, "\n"))
			text[strlen(text) - 1] = '\0';
		change.value = text;
	}
	if (!g_utf8_validate(change.value, -1, NULL)) {
		failure_set(error, FAILURE_SETTING_INVALID, setting->name, "%s: not UTF-8",
			setting->name);
		return false;
	}
	return apply(cli, &change, error);
}

static bool run_set(Cli *cli, GError **error)
{
	const Setting *setting = settings_find_row(cli->arguments[0], error);

	if (!setting)
		return false;
	return setting->type == TYPE_SECRET ? set_secret(cli, setting, cli->arguments[1], error)
					    : set_text(cli, setting, cli->arguments[1], error);
}

static bool run_unset(Cli *cli, GError **error)
{
	const Setting *setting = settings_find_row(cli->arguments[0], error);
	SettingChange change = {.setting = setting};

	return setting && apply(cli, &change, error);
}

/* clang-format off */
const CliCommand cli_settings_commands[] = {
	{"settings list", "", 0, 0, "user", run_list,
		N_("zeigt die Einstellungen mit ihrer Herkunft")},
	{"settings get", "SCHLÜSSEL", 1, 1, "user", run_get, N_("zeigt eine Einstellung")},
	{"settings set", "SCHLÜSSEL WERT", 2, 2, "user", run_set,
		N_("ändert eine Einstellung („-“: Wert von der Standardeingabe)")},
	{"settings unset", "SCHLÜSSEL", 1, 1, "user", run_unset,
		N_("setzt eine Einstellung auf den Standard zurück")},
	{0},
};
/* clang-format on */
