/* apikey …: the keys by which programs use the API. */
#include "cli/cli_internal.h"

#include "base/clock.h"
#include "json/result.h"
#include "user/user_session.h"

static void print_added(Cli *cli, const ApiKey *key, const char *secret)
{
	if (cli->options.json) {
		cli_print_json(cli, result_api_key(key, secret));
		return;
	}
	cli_print("%s\n", secret);
	cli_print(_("Der Schlüssel wird nur dieses eine Mal gezeigt. Wer ihn hat, darf, was %s "
		    "darf.\n"),
		key->user);
}

/* 0 only where no date is given: there it means that the key does not expire. */
static bool parse_expiry(const Cli *cli, int64_t *expires, GError **error)
{
	if (!cli_parse_time(cli->options.expires, expires, error))
		return false;
	if (cli->options.expires && *expires == 0)
		*expires = 1;
	return true;
}

static bool run_add(Cli *cli, GError **error)
{
	const char *label = cli->arguments[0];
	g_autofree char *secret = NULL;
	g_autoptr(ApiKey) key = NULL;
	int64_t expires;

	if (!parse_expiry(cli, &expires, error) ||
		!api_key_add(office_db(cli->office), label, cli->options.user, expires, cli->actor,
			&secret, error))
		return false;
	key = api_key_get(office_db(cli->office), label, error);
	if (key)
		print_added(cli, key, secret);
	return key != NULL;
}

static void print_keys(const GPtrArray *keys)
{
	const char *titles[] = {_("Bezeichnung"), _("Benutzer"), _("angelegt"), _("gilt bis"),
		_("zuletzt benutzt"), NULL};
	CliTable *table = cli_table_new(titles);

	for (guint i = 0; i < keys->len; i++) {
		const ApiKey *key = g_ptr_array_index(keys, i);
		g_autofree char *created = clock_format_german(key->created);
		g_autofree char *expires = key->expires ? clock_format_german(key->expires) : NULL;
		g_autofree char *used = key->used ? clock_format_german(key->used) : NULL;
		const char *cells[] = {key->label, key->user, created, expires, used};

		cli_table_add(table, cells);
	}
	cli_table_print(table);
}

static bool run_list(Cli *cli, GError **error)
{
	g_autoptr(GPtrArray) keys = api_key_list(office_db(cli->office), error);

	if (!keys)
		return false;
	if (cli->options.json) {
		for (guint i = 0; i < keys->len; i++)
			cli_print_element(cli, result_api_key(g_ptr_array_index(keys, i), NULL));
		cli_finish_array(cli);
	} else if (keys->len == 0) {
		cli_print(_(
			"Es gibt noch keine API-Schlüssel. „amtspost apikey add BEZEICHNUNG --user"
			" NAME“ legt einen an.\n"));
	} else {
		print_keys(keys);
	}
	return true;
}

static bool run_remove(Cli *cli, GError **error)
{
	if (!api_key_remove(office_db(cli->office), cli->arguments[0], cli->actor, error))
		return false;
	if (cli->options.json)
		cli_print_json(cli, json_object());
	else
		cli_print(_("Der API-Schlüssel ist entfernt; Programme kommen damit nicht mehr "
			    "hinein.\n"));
	return true;
}

/* clang-format off */
const CliCommand cli_apikey_commands[] = {
	{"apikey add", "BEZEICHNUNG", 1, 1, "user! expires", run_add,
		N_("legt einen API-Schlüssel an und zeigt ihn dieses eine Mal")},
	{"apikey list", "", 0, 0, "", run_list, N_("zeigt alle API-Schlüssel, ohne die Schlüssel selbst")},
	{"apikey remove", "BEZEICHNUNG", 1, 1, "", run_remove, N_("entfernt einen API-Schlüssel")},
	{0},
};
/* clang-format on */
