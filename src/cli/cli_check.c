/* check: the way that mail takes, step by step, as a report for people or programs. It holds
 * nothing secret and can be passed on as it is. */
#include "cli/cli_internal.h"

#include <stdio.h>
#include <string.h>
#include "app/check.h"
#include "app/words.h"
#include "base/clock.h"
#include "cli/cli_check_summary.h"
#include "cli/cli_terminal.h"
#include "failure/failure.h"
#include "json/result.h"

/* The column before the text. */
#define TEXT_COLUMN 14

typedef struct Report {
	Cli *cli;
	bool started;
	MailProtocol protocol; /* of the last step */
	unsigned bad;
	unsigned hints;
	bool cancelled;
	CliCheckSummary *summary;
	/* Steps that were left out for one reason are told together. */
	GString *left_out; /* "Proxy, Anmeldung" */
	char *reason;
} Report;

/* ---- for people ---- */

/* WORD in the first column, TEXT in the second. */
static void print_columns(const char *word, const char *text)
{
	long blanks = MAX(TEXT_COLUMN - 2 - g_utf8_strlen(word, -1), 1);
	g_autofree char *head = g_strdup_printf("  %s%*s", word, (int)blanks, "");

	cli_print_wrapped(head, TEXT_COLUMN, text);
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

/* How a step ended, for the first column. */
static const char *mark_of(const CheckResult *result)
{
	if (check_is_hint(result))
		return _("HINWEIS");
	return result->state == CHECK_GOOD ? _("in Ordnung") : _("FEHLER");
}

/* "Anmeldung (12 ms)"; yours. */
static char *title_of(const CheckResult *result)
{
	const char *label = words_check_step(result->step);
	g_autofree char *time = words_duration(result->milliseconds);

	if (result->state == CHECK_OPEN)
		return g_strdup(label);
	return g_strdup_printf("%s%s%s (%s)", label, result->mailbox ? " " : "",
		result->mailbox ? result->mailbox : "", time);
}

static void print_step(const CheckResult *result)
{
	g_autofree char *title = title_of(result);

	print_columns(mark_of(result), title);
	print_below(NULL, result->detail);
	if (result->advice)
		print_below(_("Rat"), result->advice);
	if (result->problem)
		print_below(_("Technisch"), result->problem->message);
}

static void print_result(Report *report, const CheckResult *result)
{
	bool open = result->state == CHECK_OPEN && !result->advice;

	if (!open || g_strcmp0(report->reason, result->detail) != 0)
		print_left_out(report);
	if (open)
		leave_out(report, result);
	else
		print_step(result);
}

static void print_head(const Cli *cli)
{
	g_autofree char *time = clock_format_zone(clock_now());
	g_autofree char *line =
		g_strdup_printf(_("Verbindung von %s am %s, Rechner %s, Amtspost %s"),
			cli->options.user, time, g_get_host_name(), AMTSPOST_VERSION);

	cli_print_wrapped("", 0, line);
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

/* "Alles in Ordnung; 2 Hinweise."; yours. */
static char *describe_end(const Report *report)
{
	g_autofree char *steps =
		report->bad == 0
			? g_strdup(report->cancelled ? _("Abgebrochen") : _("Alles in Ordnung"))
			: g_strdup_printf(ngettext("%u Schritt ist gescheitert",
						  "%u Schritte sind gescheitert", report->bad),
				  report->bad);
	g_autofree char *hints =
		report->hints == 0
			? NULL
			: g_strdup_printf(ngettext("; %u Hinweis", "; %u Hinweise", report->hints),
				  report->hints);

	return g_strdup_printf("%s%s.", steps, hints ? hints : "");
}

static void print_end(Report *report, int64_t milliseconds)
{
	g_autofree char *end = describe_end(report);

	print_left_out(report);
	cli_print_line("");
	cli_check_summary_print(report->summary, milliseconds);
	cli_print_line("");
	cli_print_line(end);
}

/* ---- the command ---- */

static void take_result(const CheckResult *result, void *data)
{
	Report *report = data;

	report->bad += result->state == CHECK_BAD ? 1 : 0;
	report->hints += check_is_hint(result) ? 1 : 0;
	cli_check_summary_take(report->summary, result);
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

/* A test mail takes SMTP. */
static bool read_request(const Cli *cli, CheckRequest *request, GError **error)
{
	if (!read_protocols(cli, request, error))
		return false;
	if (!request->send_to || request->smtp || !request->imap)
		return true;
	failure_set(error, FAILURE_USAGE,
		_("Eine Testnachricht (--send-to) geht nur, wenn auch „smtp“ geprüft wird."),
		"--send-to without smtp");
	return false;
}

static bool run_check(Cli *cli, GError **error)
{
	CheckRequest request = {
		.user = cli->options.user, .send_to = cli->options.send_to, .actor = cli->actor};
	g_autoptr(GString) left_out = g_string_new(NULL);
	g_autoptr(CliCheckSummary) summary = cli_check_summary_new();
	Report report = {.cli = cli, .left_out = left_out, .summary = summary};
	int64_t started = clock_monotonic();
	bool good;

	if (!read_request(cli, &request, error))
		return false;
	cli_show_notice(cli);
	good = check_run(cli->office, &request, take_result, &report, cli->cancel, error);
	cli_clear_notice(cli);
	report.cancelled = cancel_triggered(cli->cancel);
	if (cli->options.json && cli->printed)
		cli_finish_array(cli);
	else if (report.started)
		print_end(&report, clock_monotonic() - started);
	g_free(report.reason);
	cli->explained = report.started && !report.cancelled;
	return good;
}

/* clang-format off */
const CliCommand cli_check_commands[] = {
	{"check", "[imap] [smtp]", 0, 2, "user! send-to", run_check,
		N_("prüft die Verbindung zu den Mailservern Schritt für Schritt")},
	{0},
};
/* clang-format on */
