/* Finding the command, opening the office, running, telling how it ended. */
#include "cli/cli.h"
#include "cli/cli_internal.h"
#include "cli/cli_terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "failure/failure.h"
#include "json/result.h"

static const CliCommand *const tables[] = {
	cli_user_commands,
	cli_settings_commands,
	cli_login_commands,
	cli_check_commands,
	cli_mail_commands,
	cli_archive_commands,
	cli_send_commands,
	cli_apikey_commands,
	cli_audit_commands,
	cli_serve_commands,
	NULL,
};

/* The one that signals reach. */
static Cancel *interrupted;

static void on_signal(int number)
{
	if (cancel_triggered(interrupted)) {
		cli_show_input();
		_exit(128 + number);
	}
	cancel_trigger(interrupted);
}

static void catch_signals(Cancel *cancel)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	interrupted = cancel;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGQUIT, &action, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

/* The words of ARGV before any option, skipping the common options that take a value. */
static GPtrArray *command_words(int argc, char **argv)
{
	GPtrArray *words = g_ptr_array_new();

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--data") == 0 || strcmp(argv[i], "--database") == 0)
			i++;
		else if (argv[i][0] != '-')
			g_ptr_array_add(words, argv[i]);
	}
	return words;
}

/* How many words of ROW the typed WORDS begin with in full; 0: another command. */
static guint match(const CliCommand *row, const GPtrArray *words)
{
	g_auto(GStrv) wanted = g_strsplit(row->words, " ", -1);
	guint count = g_strv_length(wanted);

	for (guint i = 0; i < count; i++) {
		if (i >= words->len || strcmp(g_ptr_array_index(words, i), wanted[i]) != 0)
			return 0;
	}
	return count;
}

static const CliCommand *find_command(const GPtrArray *words, guint *length)
{
	for (const CliCommand *const *table = tables; *table; table++) {
		for (const CliCommand *row = *table; row->words; row++) {
			*length = match(row, words);
			if (*length > 0)
				return row;
		}
	}
	return NULL;
}

static char *default_folder(void)
{
	const char *folder = g_getenv("AMTSPOST_DATA");

	if (folder && *folder)
		return g_strdup(folder);
	return g_build_filename(g_get_user_data_dir(), "amtspost", NULL);
}

static bool check_count(const Cli *cli, const CliCommand *command, GError **error)
{
	g_autofree char *sentence = NULL;

	if (cli->argument_count >= command->least &&
		(command->most < 0 || cli->argument_count <= command->most))
		return true;
	sentence = cli_describe_call(command);
	failure_set(error, FAILURE_USAGE, sentence, "wrong number of arguments: %d",
		cli->argument_count);
	return false;
}

/* An empty folder is a script's unset variable, not the current folder. */
static bool check_folder(const Cli *cli, GError **error)
{
	if (!cli->options.data || *cli->options.data)
		return true;
	failure_set(error, FAILURE_USAGE, _("--data ist leer."), "--data is empty");
	return false;
}

static bool flush_output(GError **error)
{
	/* A reader that has seen enough (head, less) is no failure. */
	if ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE)
		return true;
	failure_set_errno(error, FAILURE_OUTPUT, _("Standardausgabe"), errno);
	return false;
}

static bool run_command(Cli *cli, const CliCommand *command, GError **error)
{
	g_autofree char *folder = NULL;

	if (!check_count(cli, command, error) || !check_folder(cli, error))
		return false;
	folder = cli->options.data ? g_strdup(cli->options.data) : default_folder();
	cli->office = office_open(folder, cli->options.database, error);
	return cli->office && command->run(cli, error) && flush_output(error);
}

/* Whatever else is wrong with ARGV: a program that wants JSON gets its error as JSON. */
static bool asks_for_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--json") == 0)
			return true;
	}
	return false;
}

/* "settings set KEY -1": what stands in the value's place is the value, not an option. A new vector
 * with the value behind "--"; the strings are ARGV's. */
static char **protect_value(int argc, char **argv, int *new_argc)
{
	char **copy = g_new0(char *, (gsize)argc + 2);
	char *value = NULL;
	int count = 0;

	for (int i = 0; i < argc; i++) {
		if (i > 3 && !value && argv[i][0] == '-' && argv[i][1] != '\0' &&
			argv[i][1] != '-' && argv[i - 1][0] != '-' &&
			strcmp(argv[i - 2], "set") == 0 && strcmp(argv[i - 3], "settings") == 0)
			value = argv[i];
		else
			copy[count++] = argv[i];
	}
	if (value) {
		copy[count++] = (char *)"--";
		copy[count++] = value;
	}
	*new_argc = count;
	return copy;
}

/* What is wrong with a first word that begins no command; yours. */
static char *describe_unknown(const char *typed)
{
	g_autoptr(GString) seconds = g_string_new(NULL);

	if (!typed)
		return g_strdup(_("Der Befehl fehlt."));
	for (const CliCommand *const *table = tables; *table; table++) {
		for (const CliCommand *row = *table; row->words; row++) {
			size_t length = strlen(typed);

			if (strncmp(row->words, typed, length) == 0 && row->words[length] == ' ')
				g_string_append_printf(seconds, "%s%s", seconds->len ? ", " : "",
					row->words + length + 1);
		}
	}
	if (seconds->len == 0)
		return g_strdup_printf(_("Den Befehl „%s“ gibt es nicht."), typed);
	return g_strdup_printf(_("Hinter „%s“ fehlt eines von: %s."), typed, seconds->str);
}

static bool answer(Cli *cli, const CliCommand *command, const GPtrArray *words, GError **error)
{
	const char *typed = words->len > 0 ? words->pdata[0] : NULL;
	g_autofree char *sentence = NULL;

	if (cli->options.version)
		cli_print("amtspost %s\n", AMTSPOST_VERSION);
	else if (cli->options.help || g_strcmp0(typed, "help") == 0)
		cli_print_help(command, tables);
	else if (command)
		return run_command(cli, command, error);
	else {
		sentence = describe_unknown(typed);
		failure_set(error, FAILURE_USAGE, sentence, "%s", sentence);
		return false;
	}
	return flush_output(error);
}

static bool run(Cli *cli, int argc, char **argv, GError **error)
{
	g_autoptr(GPtrArray) words = command_words(argc, argv);
	guint length = 0;
	const CliCommand *command = find_command(words, &length);
	bool json = asks_for_json(argc, argv);
	g_autofree char **spread = cli_spread_lists(command, argv, &argc);
	bool parsed = cli_parse(cli, command, argc, spread, error);

	cli->options.json = json;
	cli->command = command;
	if (!parsed)
		return false;
	if (cli->options.verbose)
		log_set_level(LOG_LEVEL_DEBUG);
	cli->arguments += length;
	cli->argument_count -= (int)length;
	return answer(cli, command, words, error);
}

/* Programs read the error in the JSON document, where one can be written; people on standard error.
 */
static void tell_failure(Cli *cli, const GError *error)
{
	FailureCall call = cli_call(cli);
	g_autofree char *sentence = failure_sentence(error);
	g_autofree char *advice = failure_advice_for(error, &call);
	g_autofree char *safe = text_for_terminal(sentence);
	g_autofree char *safe_advice = text_for_terminal(advice);
	g_autofree char *detail = text_for_terminal(error->message);

	if (cli->options.json && !ferror(stdout)) {
		if (!cli->printed)
			cli_print_json(
				cli, json_pack("{s:o}", "error", result_error(error, &call)));
		fflush(stdout);
		return;
	}
	fflush(stdout);
	if (cli->explained)
		return;
	if (!cli->told)
		fprintf(stderr, "%s\n", safe);
	fprintf(stderr, "%s\n", safe_advice);
	if (cli->options.verbose || failure_code(error) != FAILURE_CODE_INPUT)
		fprintf(stderr, "(%s: %s)\n", _("technisch"), detail);
}

/* Who types: behind sudo the person, not root. Yours. */
static char *describe_actor(void)
{
	const char *person = geteuid() == 0 ? g_getenv("SUDO_USER") : NULL;

	if (!person || !*person || text_has_control(person))
		person = g_get_user_name();
	return g_strdup_printf("cli:%s", person);
}

int cli_main(int argc, char **argv)
{
	g_autoptr(Cancel) cancel = cancel_new();
	g_autofree char *actor = describe_actor();
	Cli cli = {.cancel = cancel, .actor = actor};
	g_autofree char **arguments = NULL;
	g_autoptr(GError) error = NULL;
	int status = 0;

	catch_signals(cancel);
	i18n_start();
	arguments = protect_value(argc, argv, &argc);
	if (!run(&cli, argc, arguments, &error)) {
		tell_failure(&cli, error);
		status = failure_status(error);
	}
	office_close(cli.office);
	cli_options_clear(&cli.options);
	return status;
}
