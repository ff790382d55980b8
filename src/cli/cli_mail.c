/* folders, messages, import: mails on the server. */
#include "cli/cli_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>
#include "app/folders.h"
#include "app/import.h"
#include "app/messages.h"
#include "app/sign_in.h"
#include "app/words.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/cli_login.h"
#include "cli/cli_terminal.h"
#include "failure/failure.h"
#include "json/result.h"

/* For people, who see the mailbox beside it. */
static char *people_reason(const FolderView *view)
{
	return view->whole ? g_strdup(_("das ganze Postfach ist ausgeblendet"))
			   : words_hidden(view);
}

static void print_folders(const GPtrArray *views)
{
	const char *titles[] = {_("Postfach"), _("Ordner"), _("E-Mails"), _("Hinweis"), NULL};
	CliTable *table = cli_table_new(titles);

	for (guint i = 0; i < views->len; i++) {
		const FolderView *view = g_ptr_array_index(views, i);
		g_autofree char *reason = people_reason(view);
		g_autofree char *count =
			view->messages < 0 ? NULL : g_strdup_printf("%" PRId64, view->messages);
		const char *cells[] = {view->mailbox, view->name, count, reason ? reason : ""};

		cli_table_add(table, cells);
	}
	cli_table_print(table);
}

/* What the list leaves out. */
static void print_hidden(const FolderList *list)
{
	if (list->hidden > 0)
		cli_print(ngettext("%u Ordner ist ausgeblendet; --all zeigt ihn.\n",
				  "%u Ordner sind ausgeblendet; --all zeigt sie.\n", list->hidden),
			list->hidden);
	if (list->hidden_mailboxes > 0)
		cli_print(ngettext("%u Postfach ist ganz ausgeblendet; --all zeigt es.\n",
				  "%u Postfächer sind ganz ausgeblendet; --all zeigt sie.\n",
				  list->hidden_mailboxes),
			list->hidden_mailboxes);
}

static void print_unmatched(const GPtrArray *entries)
{
	g_autoptr(GString) line = g_string_new(_("Auf keinen Ordner passen: "));

	if (!entries || entries->len == 0)
		return;
	for (guint i = 0; i < entries->len; i++)
		g_string_append_printf(
			line, "%s„%s“", i ? ", " : "", (const char *)g_ptr_array_index(entries, i));
	cli_print_line(line->str);
}

static void print_folder_list(Cli *cli, const FolderList *list)
{
	if (!cli->options.json) {
		print_folders(list->views);
		print_hidden(list);
		print_unmatched(list->unmatched);
		return;
	}
	for (guint i = 0; i < list->views->len; i++)
		cli_print_element(cli, result_folder(g_ptr_array_index(list->views, i)));
	cli_finish_array(cli);
}

static bool folders_once(Cli *cli, GError **error)
{
	const char *mailbox;
	g_auto(FolderList) list = {0};
	bool listed;

	if (!cli_single_mailbox(cli, &mailbox, error))
		return false;
	cli_show_notice(cli);
	listed = folders_list(cli->office, cli->options.user, mailbox, cli->options.all,
		cli->cancel, &list, error);
	cli_clear_notice(cli);
	if (!listed)
		return false;
	print_folder_list(cli, &list);
	if (!list.failed)
		return true;
	for (guint i = 0; i < list.problems->len; i++)
		cli_say(g_ptr_array_index(list.problems, i));
	failure_set(error, FAILURE_MAILBOXES_FAILED, list.failed, "no right on %s", list.failed);
	return false;
}

static void print_messages(const GPtrArray *views)
{
	const char *titles[] = {
		_("UID"), _("Datum"), _("Von"), _("Betreff"), _("Größe"), _("Archiv"), NULL};
	CliTable *table = cli_table_new(titles);

	for (guint i = 0; i < views->len; i++) {
		const MessageView *view = g_ptr_array_index(views, i);
		g_autofree char *uid = g_strdup_printf("%u", view->uid);
		g_autofree char *date = clock_format_german(view->date);
		g_autofree char *size = words_size(view->size);
		const char *cells[] = {uid, date, view->from, view->subject, size,
			view->imported ? _("bereits im Archiv") : ""};

		cli_table_add(table, cells);
	}
	cli_table_print(table);
	cli_print(ngettext("%u E-Mail\n", "%u E-Mails\n", views->len), views->len);
}

static bool messages_once(Cli *cli, GError **error)
{
	MessageQuery query = {.user = cli->options.user, .text = cli->options.search};
	g_autoptr(GPtrArray) views = NULL;
	int64_t limit;

	if (!cli_single_mailbox(cli, &query.mailbox, error) ||
		!cli_parse_number(cli->options.limit, 0, &limit, error))
		return false;
	if (cli->options.folders[1]) {
		failure_set(error, FAILURE_USAGE, _("--folder ist hier nur einmal möglich."),
			"--folder given twice");
		return false;
	}
	query.folder = cli->options.folders[0];
	query.limit = (size_t)limit;
	cli_show_notice(cli);
	views = messages_list(cli->office, &query, cli->cancel, error);
	cli_clear_notice(cli);
	if (!views)
		return false;
	if (!cli->options.json) {
		print_messages(views);
		return true;
	}
	for (guint i = 0; i < views->len; i++)
		cli_print_element(cli, result_message(g_ptr_array_index(views, i)));
	cli_finish_array(cli);
	return true;
}

/* ---- import ---- */

/* Letters of the progress line, less than a terminal is wide. */
#define PROGRESS_WIDTH 78

static void show_progress(const ImportProgress *progress, void *data)
{
	g_autofree char *text = words_progress(progress, PROGRESS_WIDTH);
	g_autofree char *safe = text_for_terminal(text);
	g_autofree char *line =
		g_utf8_substring(safe, 0, MIN(g_utf8_strlen(safe, -1), PROGRESS_WIDTH));

	(void)data;
	fprintf(stderr, "\r\033[K%s", line);
	fflush(stderr);
}

/* Where it happened, "info@amt.example, INBOX, UID 7", and why. Of a whole mailbox the reason tells
 * which. */
static void print_miss(const ImportError *miss)
{
	g_autofree char *uid = miss->uid ? g_strdup_printf(", UID %u", miss->uid) : g_strdup("");
	bool told = !miss->folder && strstr(miss->reason, miss->mailbox);
	g_autofree char *line =
		told ? g_strdup_printf("  %s", miss->reason)
		     : g_strdup_printf("  %s%s%s%s: %s", miss->mailbox, miss->folder ? ", " : "",
			       miss->folder ? miss->folder : "", uid, miss->reason);

	cli_print_line(line);
}

/* What shares one advice stands together, the advice below. */
static void print_import_errors(const Cli *cli, const ImportResult *result)
{
	const GPtrArray *errors = result->errors;
	FailureCall call = cli_call(cli);
	g_autoptr(GPtrArray) advices = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) told = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < errors->len; i++) {
		const ImportError *miss = g_ptr_array_index(errors, i);

		g_ptr_array_add(advices,
			miss->advice ? failure_fill_advice(miss->advice, &call, miss->mailbox)
				     : g_strdup(""));
	}
	for (guint i = 0; i < errors->len; i++) {
		char *advice = g_ptr_array_index(advices, i);
		g_autofree char *line = g_strdup_printf("    %s", advice);

		if (!g_hash_table_add(told, advice))
			continue;
		for (guint j = i; j < errors->len; j++) {
			if (strcmp(g_ptr_array_index(advices, j), advice) == 0)
				print_miss(g_ptr_array_index(errors, j));
		}
		if (*advice)
			cli_print_line(line);
	}
}

static void print_case_conflicts(const ImportResult *result)
{
	for (guint i = 0; i < result->case_conflicts->len; i++) {
		g_autofree char *line =
			g_strdup_printf(_("  Das Aktenzeichen blieb, wie es war: E-Mail %s"),
				(const char *)g_ptr_array_index(result->case_conflicts, i));

		cli_print_line(line);
	}
}

/* Nothing was looked at. */
static void print_all_hidden(const Cli *cli, const ImportResult *result)
{
	FailureCall call = cli_call(cli);
	g_autofree char *line = NULL;
	g_autofree char *filled = NULL;

	if (result->hidden_mailboxes > 0)
		line = g_strdup(_("Nichts zu importieren: Alle Ordner sind ausgeblendet; „amtspost "
				  "folders --user NAME --all“ zeigt sie mit dem Grund."));
	else if (result->hidden == 1)
		line = g_strdup(_("Nichts zu importieren: Der einzige Ordner ist ausgeblendet; "
				  "„amtspost folders --user NAME --all“ zeigt ihn mit dem Grund."));
	else
		line = g_strdup_printf(
			_("Nichts zu importieren: Alle %" PRIu64 " Ordner sind ausgeblendet; "
			  "„amtspost folders --user NAME --all“ zeigt sie mit dem Grund."),
			result->hidden);
	filled = failure_fill_advice(line, &call, NULL);
	cli_print_line(filled);
}

/* Nothing was new: what that means depends on what was asked. */
static void print_nothing_new(
	const Cli *cli, const ImportRequest *request, const ImportResult *result)
{
	bool hidden = result->hidden > 0 || result->hidden_mailboxes > 0;

	if (hidden && result->folders == 0 && !request->folders)
		print_all_hidden(cli, result);
	else if (request->since)
		cli_print(_("Seit diesem Tag liegt dort keine E-Mail vor.\n"));
	else
		cli_print(ngettext("Nichts Neues: %" PRIu64
				   " Ordner ist auf dem Stand des Archivs.\n",
				  "Nichts Neues: %" PRIu64
				  " Ordner sind auf dem Stand des Archivs.\n",
				  result->folders),
			result->folders);
}

static void print_counts(const ImportResult *result)
{
	g_autofree char *size = words_size(result->bytes);
	g_autofree char *time = words_seconds(result->ms_listed);

	cli_print(ngettext("Neu im Archiv: %" PRIu64 " E-Mail (%s) in %s.",
			  "Neu im Archiv: %" PRIu64 " E-Mails (%s) in %s.", result->imported),
		result->imported, size, time);
	cli_print(_(" Schon bekannt: %" PRIu64 ". Nicht importiert: %" PRIu64 "."), result->known,
		result->failed - result->failed_mailboxes - result->failed_folders -
			result->unmarked);
	if (result->failed_folders > 0)
		cli_print(ngettext(" Nicht gelesen: %" PRIu64 " Ordner.",
				  " Nicht gelesen: %" PRIu64 " Ordner.", result->failed_folders),
			result->failed_folders);
	if (result->failed_mailboxes > 0)
		cli_print(ngettext(" Nicht geöffnet: %" PRIu64 " Postfach.",
				  " Nicht geöffnet: %" PRIu64 " Postfächer.",
				  result->failed_mailboxes),
			result->failed_mailboxes);
	cli_print("\n");
	if (result->acted > 0)
		cli_print(ngettext("Auf dem Server danach gekennzeichnet oder verschoben: %" PRIu64
				   " E-Mail (Einstellung import.after).\n",
				  "Auf dem Server danach gekennzeichnet oder verschoben: %" PRIu64
				  " E-Mails (Einstellung import.after).\n",
				  result->acted),
			result->acted);
}

static void print_result(
	const Cli *cli, const ImportRequest *request, const ImportResult *result, bool failed)
{
	bool nothing = result->imported == 0 && result->failed == 0 && result->known == 0;

	/* Of a run that failed before it looked at anything the failure alone tells. */
	if (nothing && !failed)
		print_nothing_new(cli, request, result);
	else if (!nothing)
		print_counts(result);
	if (request->case_number && nothing && !failed)
		cli_print(_(
			"Das Aktenzeichen wurde nicht vergeben, weil nichts Neues abgelegt wurde; "
			"„amtspost archive assign NR --case …“ trägt es nach.\n"));
	print_import_errors(cli, result);
	print_case_conflicts(result);
}

/* Whether the report tells already what PROBLEM is about. */
static bool is_listed(const ImportResult *result, const char *sentence)
{
	for (guint i = 0; i < result->errors->len; i++) {
		const ImportError *miss = g_ptr_array_index(result->errors, i);

		if (strcmp(miss->reason, sentence) == 0)
			return true;
	}
	return false;
}

static void print_people(
	Cli *cli, const ImportRequest *request, const ImportResult *result, const GError *problem)
{
	g_autofree char *sentence = problem ? failure_sentence(problem) : NULL;

	print_result(cli, request, result, problem != NULL);
	cli->explained = problem &&
			 (failure_is(problem, FAILURE_SOME_FAILED) || is_listed(result, sentence));
	if (!cli->explained)
		return;
	fflush(stdout);
	cli_say(sentence);
}

static bool read_request(const Cli *cli, ImportRequest *request, GError **error)
{
	request->user = cli->options.user;
	request->mailboxes = (const char *const *)cli->options.mailboxes;
	request->folders = (const char *const *)cli->options.folders;
	request->case_number = cli->options.case_number;
	request->actor = cli->actor;
	request->uids = cli->options.uids;
	return cli_parse_time(cli->options.since, &request->since, error);
}

static bool import_once(Cli *cli, GError **error)
{
	FailureCall call = cli_call(cli);
	ImportRequest request = {0};
	g_auto(ImportResult) result;
	bool lively = cli_is_lively(cli);
	GError *problem = NULL;

	import_result_init(&result);
	if (!read_request(cli, &request, error))
		return false;
	import_run(cli->office, &request, lively ? show_progress : NULL, NULL, cli->cancel, &result,
		&problem);
	cli_clear_notice(cli);
	if (cli->options.json)
		cli_print_json(cli, result_import(&result, problem, &call));
	else if (!(cli->asks && problem && sign_in_helps(problem)))
		print_people(cli, &request, &result, problem);
	if (problem)
		g_propagate_error(error, problem);
	return !problem;
}

static bool run_folders(Cli *cli, GError **error)
{
	return cli_run_signed_in(cli, folders_once, error);
}

static bool run_messages(Cli *cli, GError **error)
{
	return cli_run_signed_in(cli, messages_once, error);
}

static bool run_import(Cli *cli, GError **error)
{
	return cli_run_signed_in(cli, import_once, error);
}

/* clang-format off */
const CliCommand cli_mail_commands[] = {
	{"folders", "", 0, 0, "user! mailbox all", run_folders,
		N_("zeigt die Ordner eines Postfachs")},
	{"messages", "", 0, 0, "user! mailbox folder! search limit", run_messages,
		N_("zeigt die E-Mails eines Ordners")},
	{"import", "", 0, 0, "user! mailbox folder uids since case", run_import,
		N_("legt E-Mails aus den Postfächern im Archiv ab")},
	{0},
};
/* clang-format on */
