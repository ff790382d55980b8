/* audit: who changed what. */
#include "cli/cli_internal.h"

#include "app/words.h"
#include "audit/audit.h"
#include "json/result.h"

/* What visiting rows needs. */
typedef struct Visit {
	Cli *cli;
	CliTable *table; /* NULL with --json */
} Visit;

static bool visit(const AuditRow *row, void *data)
{
	Visit *state = data;

	if (!state->table) {
		cli_print_element(state->cli, result_audit(row));
	} else {
		g_autofree char *time = words_exact_time(row->time);
		const char *cells[] = {
			time, row->actor, words_action(row->action), row->subject, row->detail};

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
