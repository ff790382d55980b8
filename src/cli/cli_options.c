/* Options: one table, a parser by GLib, and the help made from both. */
#include "cli/cli_internal.h"

#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "failure/failure.h"

typedef struct OptionRow {
	const char *name;
	GOptionArg type;
	size_t offset;
	const char *value; /* N_(…), NULL for switches */
	const char *help;  /* N_(…) */
	bool common;	   /* of every command */
} OptionRow;

#define AT(field) offsetof(CliOptions, field)

/* FILENAME takes the bytes as they are, whatever the locale; they are checked for UTF-8 afterwards.
 */
/* clang-format off */
static const OptionRow rows[] = {
	{"data", G_OPTION_ARG_FILENAME, AT(data), N_("ORDNER"),
		N_("Datenordner (sonst $AMTSPOST_DATA, sonst $XDG_DATA_HOME/amtspost)"), true},
	{"database", G_OPTION_ARG_FILENAME, AT(database), N_("URL"),
		N_("Datenbank, sqlite:PFAD (sonst im Datenordner)"), true},
	{"json", G_OPTION_ARG_NONE, AT(json), NULL, N_("Ausgabe als JSON-Dokument für Programme"), true},
	{"quiet", G_OPTION_ARG_NONE, AT(quiet), NULL, N_("keine Fortschrittsanzeige"), true},
	{"verbose", G_OPTION_ARG_NONE, AT(verbose), NULL,
		N_("technische Meldungen auf der Standardfehlerausgabe"), true},
	{"help", G_OPTION_ARG_NONE, AT(help), NULL, N_("diese Hilfe"), true},
	{"version", G_OPTION_ARG_NONE, AT(version), NULL, N_("Fassung des Programms"), true},
	{"user", G_OPTION_ARG_FILENAME, AT(user), N_("NAME"), N_("Benutzer"), false},
	{"mailbox", G_OPTION_ARG_FILENAME_ARRAY, AT(mailboxes), N_("ADRESSE"), N_("Postfach"), false},
	{"folder", G_OPTION_ARG_FILENAME_ARRAY, AT(folders), N_("NAME"), N_("Ordner"), false},
	{"from", G_OPTION_ARG_FILENAME, AT(from), N_("ADRESSE"),
		N_("Postfach, aus dem gesendet wird (sonst das eigene)"), false},
	{"to", G_OPTION_ARG_FILENAME_ARRAY, AT(to), N_("ADRESSE"), N_("Empfänger"), false},
	{"cc", G_OPTION_ARG_FILENAME_ARRAY, AT(cc), N_("ADRESSE"), N_("Empfänger in Kopie"), false},
	{"bcc", G_OPTION_ARG_FILENAME_ARRAY, AT(bcc), N_("ADRESSE"),
		N_("Empfänger in Blindkopie"), false},
	{"subject", G_OPTION_ARG_FILENAME, AT(subject), N_("TEXT"), N_("Betreff"), false},
	{"attach", G_OPTION_ARG_FILENAME_ARRAY, AT(attach), N_("DATEI"), N_("Anlage"), false},
	{"reply", G_OPTION_ARG_FILENAME, AT(reply), N_("NR"),
		N_("Antwort auf diese E-Mail des Archivs"), false},
	{"send-to", G_OPTION_ARG_FILENAME, AT(send_to), N_("ADRESSE"),
		N_("an diese Adresse eine Testnachricht senden"), false},
	{"eml", G_OPTION_ARG_FILENAME_ARRAY, AT(eml), N_("DATEI"),
		N_("fertige E-Mail aus einer Datei"), false},
	{"uids", G_OPTION_ARG_FILENAME, AT(uids), N_("AUSWAHL"),
		N_("einzelne E-Mails eines Ordners, z. B. 4,6:8"), false},
	{"since", G_OPTION_ARG_FILENAME, AT(since), N_("DATUM"), N_("ab diesem Tag (2026-11-23)"), false},
	{"case", G_OPTION_ARG_FILENAME, AT(case_number), N_("AKTENZEICHEN"), N_("Aktenzeichen"), false},
	{"search", G_OPTION_ARG_FILENAME, AT(search), N_("TEXT"), N_("nur E-Mails mit diesem Text"), false},
	{"limit", G_OPTION_ARG_FILENAME, AT(limit), N_("ZAHL"), N_("höchstens so viele"), false},
	{"output", G_OPTION_ARG_FILENAME, AT(output), N_("PFAD"), N_("Ziel der Ausgabe"), false},
	{"reason", G_OPTION_ARG_FILENAME, AT(reason), N_("TEXT"), N_("Grund, für das Protokoll"), false},
	{"display-name", G_OPTION_ARG_FILENAME, AT(display_name), N_("TEXT"), N_("Anzeigename"), false},
	{"password-file", G_OPTION_ARG_FILENAME, AT(password_file), N_("DATEI"),
		N_("Datei mit dem Kennwort"), false},
	{"admin", G_OPTION_ARG_NONE, AT(admin), NULL, N_("Administrator"), false},
	{"archive", G_OPTION_ARG_NONE, AT(archive), NULL, N_("Recht Archiv: sieht alle E-Mails"), false},
	{"no-admin", G_OPTION_ARG_NONE, AT(no_admin), NULL, N_("kein Administrator mehr"), false},
	{"no-archive", G_OPTION_ARG_NONE, AT(no_archive), NULL, N_("ohne das Recht Archiv"), false},
	{"all", G_OPTION_ARG_NONE, AT(all), NULL, N_("auch ausgeblendete, mit dem Grund"), false},
	{"username", G_OPTION_ARG_FILENAME, AT(username), N_("TEXT"),
		N_("Benutzername des Postfachs, sonst seine Adresse"), false},
	{"expires", G_OPTION_ARG_FILENAME, AT(expires), N_("DATUM"),
		N_("gilt bis zum Beginn dieses Tages (2026-11-23); sonst, bis er entfernt wird"), false},
	{"new", G_OPTION_ARG_NONE, AT(new), NULL, N_("neue Anmeldung, auch wenn die bisherige gilt"), false},
	{"listen", G_OPTION_ARG_FILENAME, AT(listen), N_("ADRESSE:PORT"),
		N_("wo die Weboberfläche erreichbar ist (sonst 127.0.0.1:8025)"), false},
	{"tls-cert", G_OPTION_ARG_FILENAME, AT(tls_cert), N_("DATEI"),
		N_("Zertifikat der Weboberfläche (PEM)"), false},
	{"tls-key", G_OPTION_ARG_FILENAME, AT(tls_key), N_("DATEI"),
		N_("Schlüssel des Zertifikats (PEM)"), false},
	{"trusted-proxy", G_OPTION_ARG_FILENAME, AT(trusted_proxy), N_("ADRESSEN"),
		N_("Reverse-Proxys, deren Angaben zu Browser und Verschlüsselung gelten"), false},
	{"dry-run", G_OPTION_ARG_NONE, AT(dry_run), NULL, N_("nur prüfen, nichts ändern"), false},
};
/* clang-format on */

/* Whether COMMAND takes the option NAME; *REQUIRED as its row says. */
static bool takes(const CliCommand *command, const char *name, bool *required)
{
	g_auto(GStrv) names = g_strsplit(command ? command->options : "", " ", -1);

	for (char **option = names; *option; option++) {
		size_t length = strlen(*option);

		*required = length > 0 && (*option)[length - 1] == '!';
		if (*required)
			(*option)[length - 1] = '\0';
		if (strcmp(*option, name) == 0)
			return true;
	}
	*required = false;
	return false;
}

static GArray *make_entries(CliOptions *options, const CliCommand *command)
{
	GArray *entries = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		GOptionEntry entry = {
			.long_name = rows[i].name,
			.arg = rows[i].type,
			.arg_data = (char *)options + rows[i].offset,
		};
		bool required;

		if (rows[i].common || takes(command, rows[i].name, &required))
			g_array_append_val(entries, entry);
	}
	return entries;
}

static void usage_error(GError **error, const char *sentence)
{
	failure_set(error, FAILURE_USAGE, sentence, "%s", sentence);
}

/* GLib's parser speaks of an option last; what stands behind '=' might be a secret. */
static void translate_option_error(const GError *problem, GError **error)
{
	const char *option = strrchr(problem->message, ' ');
	g_autofree char *name = g_strdup(option ? option + 1 : problem->message);
	g_autofree char *sentence = NULL;

	name[strcspn(name, "=")] = '\0';
	if (g_error_matches(problem, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION))
		sentence =
			g_strdup_printf(_("Die Option %s gibt es bei diesem Befehl nicht."), name);
	else
		sentence = g_strdup_printf(
			_("Der Wert der Option %s fehlt oder ist unzulässig."), name);
	usage_error(error, sentence);
}

static bool check_text(const char *text, GError **error)
{
	if (!text || g_utf8_validate(text, -1, NULL))
		return true;
	usage_error(error, _("Ein Argument ist kein gültiges UTF-8."));
	return false;
}

/* The texts that ROW's option was given, NULL-terminated; borrowed. SINGLE is room for one. */
static char **given_texts(const Cli *cli, const OptionRow *row, char *single[2])
{
	const void *field = (const char *)&cli->options + row->offset;

	if (row->type == G_OPTION_ARG_FILENAME_ARRAY && *(char **const *)field)
		return *(char **const *)field;
	single[0] = row->type == G_OPTION_ARG_FILENAME ? *(char *const *)field : NULL;
	single[1] = NULL;
	return single;
}

/* Required options are there, and all text is UTF-8. */
static bool check_options(const Cli *cli, const CliCommand *command, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		char *single[2];
		char **texts = given_texts(cli, &rows[i], single);
		bool required;

		if (takes(command, rows[i].name, &required) && required && !*texts) {
			g_autofree char *sentence =
				g_strdup_printf(_("Die Option --%s fehlt."), rows[i].name);

			usage_error(error, sentence);
			return false;
		}
		for (; *texts; texts++) {
			if (!check_text(*texts, error))
				return false;
		}
	}
	return true;
}

/* Takes the "--" that ends the options out of ARGUMENTS; answers how many are left. */
static int drop_mark(char **arguments)
{
	int count = 0;
	bool dropped = false;

	for (char **argument = arguments; *argument; argument++) {
		if (!dropped && strcmp(*argument, "--") == 0)
			dropped = true;
		else
			arguments[count++] = *argument;
	}
	arguments[count] = NULL;
	return count;
}

/* The row of a list option that ARGUMENT ("--to", "--to=…") gives; NULL: it gives none. *OPEN: its
 * value follows. */
static const OptionRow *find_list(const CliCommand *command, const char *argument, bool *open)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		size_t length = strlen(rows[i].name);
		bool required;

		if (rows[i].type != G_OPTION_ARG_FILENAME_ARRAY ||
			!takes(command, rows[i].name, &required) ||
			!g_str_has_prefix(argument, "--") ||
			strncmp(argument + 2, rows[i].name, length) != 0 ||
			(argument[2 + length] != '\0' && argument[2 + length] != '='))
			continue;
		*open = argument[2 + length] == '\0';
		return &rows[i];
	}
	return NULL;
}

char **cli_spread_lists(const CliCommand *command, char *const *argv, int *argc)
{
	g_autoptr(GPtrArray) spread = g_ptr_array_new();
	const OptionRow *list = NULL;
	bool open = false;

	for (; *argv; argv++) {
		bool is_word = **argv != '-' || strcmp(*argv, "-") == 0;

		if (!is_word && !open)
			list = find_list(command, *argv, &open);
		else if (is_word && list && !open && command && command->most == 0) {
			g_autofree char *name = g_strconcat("--", list->name, NULL);

			g_ptr_array_add(spread, (char *)g_intern_string(name));
		} else
			open = false;
		g_ptr_array_add(spread, *argv);
	}
	*argc = (int)spread->len;
	g_ptr_array_add(spread, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&spread), FALSE);
}

bool cli_parse(Cli *cli, const CliCommand *command, int argc, char **argv, GError **error)
{
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GArray) entries = make_entries(&cli->options, command);
	g_autoptr(GError) problem = NULL;

	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_add_main_entries(context, (GOptionEntry *)(void *)entries->data, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &problem)) {
		translate_option_error(problem, error);
		return false;
	}
	cli->arguments = argv + 1;
	cli->argument_count = drop_mark(cli->arguments);
	return cli->options.help || check_options(cli, command, error);
}

void cli_options_clear(CliOptions *options)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		void *field = (char *)options + rows[i].offset;

		if (rows[i].type == G_OPTION_ARG_FILENAME)
			g_clear_pointer((char **)field, g_free);
		else if (rows[i].type == G_OPTION_ARG_FILENAME_ARRAY)
			g_clear_pointer((char ***)field, g_strfreev);
	}
}

static void print_option(const OptionRow *row, bool required)
{
	g_autofree char *left = g_strdup_printf(
		"--%s%s%s", row->name, row->value ? " " : "", row->value ? _(row->value) : "");

	printf("  %-28s%s%s\n", left, _(row->help), required ? _(" (nötig)") : "");
}

static void print_command_help(const CliCommand *command)
{
	printf("%s: amtspost %s%s%s [%s]\n\n%s\n\n", _("Aufruf"), command->words,
		*command->arguments ? " " : "", command->arguments, _("OPTIONEN"),
		_(command->summary));
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		bool required;

		if (takes(command, rows[i].name, &required))
			print_option(&rows[i], required);
	}
}

void cli_print_help(const CliCommand *command, const CliCommand *const *tables)
{
	if (command) {
		print_command_help(command);
	} else {
		printf(_("Aufruf: amtspost [OPTIONEN] BEFEHL …\n\n"));
		for (; *tables; tables++) {
			for (const CliCommand *row = *tables; row->words; row++)
				printf("  %-20s %s\n", row->words, _(row->summary));
		}
		printf(_("\n„amtspost BEFEHL --help“ erklärt einen Befehl.\n"));
	}
	printf(_("\nFür alle Befehle:\n"));
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (rows[i].common)
			print_option(&rows[i], false);
	}
}

char *cli_describe_call(const CliCommand *command)
{
	GString *call = g_string_new("amtspost ");

	g_string_append(call, command->words);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		bool required;

		if (takes(command, rows[i].name, &required) && required)
			g_string_append_printf(call, " --%s %s", rows[i].name,
				rows[i].value ? _(rows[i].value) : "");
	}
	if (*command->arguments)
		g_string_append_printf(call, " %s", command->arguments);
	return g_string_free(call, FALSE);
}

bool cli_parse_number(const char *text, int64_t fallback, int64_t *number, GError **error)
{
	guint64 value;

	*number = fallback;
	if (!text)
		return true;
	if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT64, &value, NULL)) {
		g_autofree char *sentence =
			g_strdup_printf(_("„%s“ ist keine positive ganze Zahl."), text);

		usage_error(error, sentence);
		return false;
	}
	*number = (int64_t)value;
	return true;
}

bool cli_parse_time(const char *text, int64_t *seconds, GError **error)
{
	*seconds = 0;
	if (!text || clock_parse(text, seconds))
		return true;
	g_autofree char *sentence = g_strdup_printf(_("„%s“ ist kein Datum wie 2026-11-23."), text);

	usage_error(error, sentence);
	return false;
}

bool cli_single_mailbox(const Cli *cli, const char **mailbox, GError **error)
{
	char **mailboxes = cli->options.mailboxes;

	*mailbox = mailboxes ? mailboxes[0] : NULL;
	if (!mailboxes || !mailboxes[1])
		return true;
	failure_set(error, FAILURE_USAGE, _("--mailbox ist hier nur einmal möglich."),
		"--mailbox given twice");
	return false;
}
