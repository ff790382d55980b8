/* audit: who changed what. */
#include "cli/cli_internal.h"

#include <string.h>
#include "audit/audit.h"

/* What visiting rows needs. */
typedef struct Visit {
	Cli *cli;
	CliTable *table; /* NULL with --json */
} Visit;

/* What ACTION is called on screen; later ones, and those of other programs, as they are. */
static const char *action_word(const char *action)
{
	static const struct {
		const char *action;
		const char *word;
	} words[] = {
		{"user.add", N_("Benutzer angelegt")},
		{"user.remove", N_("Benutzer entfernt")},
		{"user.lock", N_("Benutzer gesperrt")},
		{"user.unlock", N_("Benutzer freigegeben")},
		{"user.passwd", N_("Kennwort geändert")},
		{"user.invite", N_("Link zum Wählen des Kennworts erstellt")},
		{"session.start", N_("an der Seite angemeldet")},
		{"session.refused", N_("Anmeldung an der Seite abgelehnt")},
		{"apikey.add", N_("API-Schlüssel angelegt")},
		{"apikey.remove", N_("API-Schlüssel entfernt")},
		{"settings.set", N_("Einstellung geändert")},
		{"settings.unset", N_("Einstellung zurückgesetzt")},
		{"login.password", N_("Kennwort geprüft und gespeichert")},
		{"login.office365", N_("mit Office 365 angemeldet")},
		{"login.remove", N_("Anmeldung entfernt")},
		{"sign-in.refused", N_("Anmeldung abgelehnt")},
		{"sign-in.ok", N_("Anmeldung wieder in Ordnung")},
		{"keyring.new", N_("neue Schlüsseldatei")},
		{"archive.assign", N_("Aktenzeichen geändert")},
		{"archive.delete", N_("E-Mail gelöscht")},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		if (strcmp(words[i].action, action) == 0)
			return _(words[i].word);
	}
	return action;
}

/* Local time with seconds; yours. */
static char *format_time(int64_t seconds)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(seconds);

	return time ? g_date_time_format(time, "%d.%m.%Y %H:%M:%S") : NULL;
}

static bool visit(const AuditRow *row, void *data)
{
	Visit *state = data;

	if (!state->table) {
		cli_print_element(state->cli,
			json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "id", (json_int_t)row->id,
				"time", cli_json_time(row->time), "actor",
				cli_json_text(row->actor), "action", cli_json_text(row->action),
				"subject", cli_json_text(row->subject), "detail",
				cli_json_text(row->detail)));
	} else {
		g_autofree char *time = format_time(row->time);
		const char *cells[] = {
			time, row->actor, action_word(row->action), row->subject, row->detail};

		cli_table_add(state->table, cells);
	}
	return !cancel_triggered(state->cli->cancel);
}

static bool run_audit(Cli *cli, GError **error)
{
	const char *titles[] = {_("Zeit"), _("Wer"), _("Was"), _("Woran"), _("Wie"), NULL};
	Visit state = {.cli = cli};
	int64_t since;
	bool done;

	if (!cli_parse_time(cli->options.since, &since, error))
		return false;
	if (!cli->options.json)
		state.table = cli_table_new(titles);
	done = audit_each(office_db(cli->office), since, visit, &state, error);
	if (state.table)
		cli_table_print(state.table);
	else if (done || cli->printed)
		cli_finish_array(cli);
	return done;
}

/* clang-format off */
const CliCommand cli_audit_commands[] = {
	{"audit", "", 0, 0, "since", run_audit, N_("zeigt das Protokoll der Änderungen")},
	{0},
};
/* clang-format on */
