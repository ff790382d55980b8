/* check: the way that mail takes, step by step, as a report for people or programs. It holds
 * nothing secret and can be passed on as it is. */
#include "cli/cli_internal.h"

#include <stdio.h>
#include <string.h>
#include "app/check.h"
#include "app/words.h"
#include "base/clock.h"
#include "cli/cli_terminal.h"
#include "failure/failure.h"
#include "json/result.h"

/* Letters of a line, as mail programs leave it alone, and of the column before the text. */
#define LINE_WIDTH 78
#define TEXT_COLUMN 14

typedef struct Report {
	Cli *cli;
	bool started;
	MailProtocol protocol; /* of the last step */
	unsigned bad;
	/* Steps that were left out for one reason are told together. */
	GString *left_out; /* "Proxy, Anmeldung" */
	char *reason;
} Report;

/* Prints TEXT behind HEAD, which fills the first column, wrapped, with all further lines below its
 * beginning. */
static void print_wrapped(const char *head, const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	g_autoptr(GString) line = g_string_new(head);
	long used = TEXT_COLUMN;

	for (char **word = words; *word; word++) {
		long length = g_utf8_strlen(*word, -1);

		if (used > TEXT_COLUMN && used + 1 + length > LINE_WIDTH) {
			cli_print_line(line->str);
			g_string_printf(line, "%*s", TEXT_COLUMN, "");
			used = TEXT_COLUMN;
		}
		g_string_append_printf(line, "%s%s", used > TEXT_COLUMN ? " " : "", *word);
		used += length + (used > TEXT_COLUMN ? 1 : 0);
	}
	cli_print_line(line->str);
}

/* WORD in the first column, TEXT in the second. */
static void print_columns(const char *word, const char *text)
{
	long blanks = MAX(TEXT_COLUMN - 2 - g_utf8_strlen(word, -1), 1);
	g_autofree char *head = g_strdup_printf("  %s%*s", word, (int)blanks, "");

	print_wrapped(head, text);
}

static void print_below(const char *name, const char *text)
{
	g_autofree char *line = name ? g_strdup_printf("%s: %s", name, text) : g_strdup(text);

	print_columns("", line);
}

/* Takes the step into those that are told together. */
static void leave_out(Report *report, const CheckResult *result)
{
	if (report->left_out->len > 0)
		g_string_append(report->left_out, ", ");
	g_string_append(report->left_out, words_check_step(result->step));
	g_free(report->reason);
	report->reason = g_strdup(result->detail);
}

static void print_left_out(Report *report)
{
	if (report->left_out->len == 0)
		return;
	print_columns("–", report->left_out->str);
	if (report->reason)
		print_below(NULL, report->reason);
	g_string_truncate(report->left_out, 0);
}

static void print_step(const CheckResult *result)
{
	g_autofree char *time = words_duration(result->milliseconds);
	g_autofree char *title = g_strdup_printf("%s%s%s (%s)", words_check_step(result->step),
		result->mailbox ? " " : "", result->mailbox ? result->mailbox : "", time);

	print_columns(result->state == CHECK_GOOD ? _("in Ordnung") : _("FEHLER"), title);
	print_below(NULL, result->detail);
	if (result->advice)
		print_below(_("Rat"), result->advice);
	if (result->problem)
		print_below(_("Technisch"), result->problem->message);
}

static void print_result(Report *report, const CheckResult *result)
{
	bool open = result->state == CHECK_OPEN;

	if (!open || g_strcmp0(report->reason, result->detail) != 0)
		print_left_out(report);
	if (open)
		leave_out(report, result);
	else
		print_step(result);
}

static void print_head(const Cli *cli)
{
	g_autofree char *time = clock_format_german(clock_now());
	g_autofree char *line = g_strdup_printf(_("Verbindung von %s am %s, Amtspost %s"),
		cli->options.user, time, AMTSPOST_VERSION);

	cli_print_line(line);
}

static void print_text(Report *report, const CheckResult *result)
{
	cli_clear_notice(report->cli);
	if (!report->started)
		print_head(report->cli);
	if (!report->started || report->protocol != result->protocol) {
		print_left_out(report);
		cli_print_line("");
		cli_print_line(words_protocol(result->protocol));
	}
	report->started = true;
	report->protocol = result->protocol;
	print_result(report, result);
	fflush(stdout);
	cli_show_notice(report->cli);
}

static void print_end(Report *report)
{
	g_autofree char *line =
		report->bad == 0
			? g_strdup(_("Alles in Ordnung."))
			: g_strdup_printf(ngettext("%u Schritt ist gescheitert.",
						  "%u Schritte sind gescheitert.", report->bad),
				  report->bad);

	print_left_out(report);
	cli_print_line("");
	cli_print_line(line);
}

/* ---- the command ---- */

static void take_result(const CheckResult *result, void *data)
{
	Report *report = data;

	report->bad += result->state == CHECK_BAD ? 1 : 0;
	if (report->cli->options.json) {
		cli_print_element(report->cli, result_check(result));
		fflush(stdout);
	} else {
		print_text(report, result);
	}
}

static bool read_protocols(const Cli *cli, CheckRequest *request, GError **error)
{
	for (int i = 0; i < cli->argument_count; i++) {
		bool imap = strcmp(cli->arguments[i], "imap") == 0;
		bool smtp = strcmp(cli->arguments[i], "smtp") == 0;

		if (!imap && !smtp) {
			failure_set(error, FAILURE_USAGE,
				_("Geprüft werden kann „imap“ oder „smtp“, ohne Angabe beides."),
				"neither imap nor smtp");
			return false;
		}
		request->imap |= imap;
		request->smtp |= smtp;
	}
	return true;
}

static bool run_check(Cli *cli, GError **error)
{
	CheckRequest request = {.user = cli->options.user};
	g_autoptr(GString) left_out = g_string_new(NULL);
	Report report = {.cli = cli, .left_out = left_out};
	bool good;

	if (!read_protocols(cli, &request, error))
		return false;
	cli_show_notice(cli);
	good = check_run(cli->office, &request, take_result, &report, cli->cancel, error);
	cli_clear_notice(cli);
	if (cli->options.json && cli->printed)
		cli_finish_array(cli);
	else if (report.started)
		print_end(&report);
	g_free(report.reason);
	cli->explained = report.started && !cancel_triggered(cli->cancel);
	return good;
}

/* clang-format off */
const CliCommand cli_check_commands[] = {
	{"check", "[imap] [smtp]", 0, 2, "user!", run_check,
		N_("prüft die Verbindung zu den Mailservern Schritt für Schritt")},
	{0},
};
/* clang-format on */
