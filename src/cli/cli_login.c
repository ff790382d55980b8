/* login …: signing in, by password or through the browser, and what is known of it. */
#include "cli/cli_login.h"

#include <stdio.h>
#include <unistd.h>
#include "app/login.h"
#include "app/sign_in.h"
#include "app/words.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/cli_terminal.h"
#include "failure/failure.h"
#include "json/result.h"

/* ---- the report ---- */

/* Where a report's lines go: standard output, or beside another command's output. */
typedef void Teller(const char *line);

static void tell_check(Teller *tell, const char *name, const LoginCheck *check, const char *good)
{
	g_autofree char *word = words_login_check(check, good);
	g_autofree char *line = g_strdup_printf("  %s: %s", name, word);

	tell(line);
}

/* How it went as a whole; yours. */
static char *result_title(const LoginResult *result, bool failed)
{
	if (result->present && (result->stored || !failed))
		return g_strdup_printf(
			_("Die bisherige Anmeldung als %s gilt noch. Eine neue beginnt mit --new."),
			result->identity ? result->identity : result->account);
	return words_login_result(result, failed);
}

static void tell_mailboxes(Teller *tell, const LoginResult *result)
{
	/* Where IMAP failed, the main mailbox has nothing to add. */
	guint first = result->imap.state == LOGIN_OK ? 0 : 1;

	for (guint i = first; i < result->mailboxes->len; i++) {
		const LoginMailbox *mailbox = g_ptr_array_index(result->mailboxes, i);
		g_autofree char *name = g_strdup_printf(_("Postfach %s"), mailbox->address);

		tell_check(tell, name, &mailbox->check, _("geöffnet"));
	}
}

static void tell_result(Teller *tell, const LoginResult *result, bool failed)
{
	g_autofree char *title = result_title(result, failed);

	tell(title);
	tell_check(tell, "IMAP", &result->imap, _("Anmeldung in Ordnung"));
	tell_check(tell, "SMTP", &result->smtp, _("Anmeldung in Ordnung"));
	tell_mailboxes(tell, result);
	if (result->token_file) {
		g_autofree char *line = g_strdup_printf(_("  Tokendatei: %s"), result->token_file);

		tell(line);
	}
}

/* ---- a password ---- */

/* Asks for both; an empty second answer means the same. */
static bool ask_passwords(
	const Cli *cli, const LoginPlan *plan, Secret **imap, Secret **smtp, GError **error)
{
	g_autofree char *prompt =
		g_strdup_printf(_("Kennwort von %s für den Empfang (IMAP)"), plan->account);

	*imap = cli_ask_secret(cli, prompt, error);
	if (!*imap)
		return false;
	if (!plan->has_smtp || secret_size(*imap) == 0)
		return true;
	*smtp = cli_ask_secret(cli, _("Kennwort für den Versand (SMTP), leer: dasselbe"), error);
	if (!*smtp)
		return false;
	if (secret_size(*smtp) == 0)
		g_clear_pointer(smtp, secret_free);
	return true;
}

static bool sign_in_standard(Cli *cli, const LoginPlan *plan, LoginResult *result, GError **error)
{
	g_autoptr(Secret) imap = NULL;
	g_autoptr(Secret) smtp = NULL;
	bool person = cli_has_person(cli);

	if (person ? !ask_passwords(cli, plan, &imap, &smtp, error)
		   : !cli_read_secrets(&imap, &smtp, error))
		return false;
	if (person && secret_size(imap) > 0)
		cli_say(_("Die Anmeldung wird bei den Servern geprüft …"));
	return login_with_password(
		cli->office, cli->options.user, imap, smtp, cli->actor, cli->cancel, result, error);
}

/* The same for a further mailbox's own credentials. */
static bool sign_in_mailbox(Cli *cli, const LoginPlan *plan, LoginResult *result, GError **error)
{
	g_autoptr(Secret) password = NULL;
	g_autoptr(Secret) more = NULL;
	bool person = cli_has_person(cli);

	if (person ? !ask_passwords(cli, plan, &password, &more, error)
		   : !cli_read_secrets(&password, &more, error))
		return false;
	if (person && secret_size(password) > 0)
		cli_say(_("Die Anmeldung wird beim Server geprüft …"));
	return login_with_mailbox(cli->office, cli->options.user, plan->account,
		cli->options.username, password, cli->actor, cli->cancel, result, error);
}

/* ---- the browser ---- */

static void show_address(const char *url, bool listens, void *data)
{
	Cli *cli = data;

	if (cli->options.json) {
		cli_print_json(cli, json_pack("{s:s}", "authorize_url", url));
		fflush(stdout);
		cli->printed = false;
		return;
	}
	cli_say(_("Bitte öffnen Sie diese Adresse im Browser und melden Sie sich dort an:"));
	fprintf(stderr, "%s\n", url);
	if (listens)
		cli_say(_("Danach geht es hier von selbst weiter. Amtspost wartet zehn Minuten; "
			  "Strg+C bricht ab."));
	if (cli_has_person(cli))
		cli_say(listens ? _("Läuft der Browser auf einem anderen Rechner, fügen Sie die "
				    "Adresse, zu der er am Ende geleitet wird, hier ein (sie wird "
				    "nicht angezeigt) und drücken Sie die Eingabetaste.")
				: _("Fügen Sie die Adresse, zu der der Browser danach geleitet "
				    "wird, hier ein (sie wird nicht angezeigt) und drücken Sie "
				    "die Eingabetaste. Strg+C bricht ab."));
}

static void begin_again(const char *sentence, void *data)
{
	const Cli *cli = data;

	if (cli->options.json)
		return;
	cli_say(sentence);
	cli_say(_("Bitte verwenden Sie die neue Adresse, die nun folgt."));
}

static void correct(const char *sentence, void *data)
{
	(void)data;
	cli_say(sentence);
	cli_say(_("Bitte fügen Sie die ganze Adresse aus der Adresszeile des Browsers ein."));
}

static void check(bool before, void *data)
{
	const Cli *cli = data;

	if (!cli->options.json && !cli->options.quiet)
		cli_say(before ? _("Die bisherige Anmeldung wird geprüft …")
			       : _("Die neue Anmeldung wird geprüft …"));
}

static bool confirm(const char *identity, const char *account, void *data)
{
	g_autofree char *question = g_strdup_printf(
		_("Angemeldet hat sich „%s“. Das Postfach „%s“ lässt sich damit öffnen. Ist das "
		  "richtig?"),
		identity, account);

	cli_show_input();
	return cli_ask_yes(data, question);
}

static bool sign_in_office365(Cli *cli, bool force, LoginResult *result, GError **error)
{
	bool person = cli_has_person(cli);
	LoginUi ui = {
		.show_address = show_address,
		.confirm = person ? confirm : NULL,
		.correct = person ? correct : NULL,
		.begin_again = begin_again,
		.check = check,
		.input = STDIN_FILENO,
		.data = cli,
	};
	bool done;

	if (isatty(STDIN_FILENO))
		cli_hide_input();
	done = login_with_office365(
		cli->office, cli->options.user, force, &ui, cli->actor, cli->cancel, result, error);
	cli_show_input();
	return done;
}

/* ---- the commands ---- */

/* MAILBOX: NULL, or the further one whose own credentials it is about. AGAIN: the password was
 * refused, the user name stays. */
static bool sign_in(Cli *cli, const char *mailbox, bool again, LoginResult *result, GError **error)
{
	g_auto(LoginPlan) plan = {0};

	if (!login_plan(cli->office, cli->options.user, mailbox, &plan, error))
		return false;
	if (again && plan.username && !text_is_same(plan.username, plan.account) &&
		!cli->options.username)
		cli->options.username = g_steal_pointer(&plan.username);
	if (plan.interface == INTERFACE_OFFICE365)
		return sign_in_office365(cli, cli->options.new, result, error);
	return mailbox ? sign_in_mailbox(cli, &plan, result, error)
		       : sign_in_standard(cli, &plan, result, error);
}

static bool check_username(const Cli *cli, const char *mailbox, GError **error)
{
	if (!cli->options.username || mailbox)
		return true;
	failure_set(error, FAILURE_USAGE,
		_("--username gibt es nur zusammen mit --mailbox; der Benutzername des Hauptkontos "
		  "ist die Einstellung imap.username."),
		"--username without --mailbox");
	return false;
}

static bool run_login(Cli *cli, GError **error)
{
	FailureCall call = cli_call(cli);
	g_auto(LoginResult) result = {0};
	GError *problem = NULL;
	const char *mailbox;

	if (!cli_single_mailbox(cli, &mailbox, error) || !check_username(cli, mailbox, error))
		return false;
	sign_in(cli, mailbox, false, &result, &problem);
	if (result.filled && cli->options.json)
		cli_print_json(cli, result_login(&result, problem, &call));
	else if (result.filled)
		tell_result(cli_print_line, &result, problem != NULL);
	cli->told = result.filled;
	if (problem)
		g_propagate_error(error, problem);
	return !problem;
}

/* Why a command cannot go on, and what follows. */
static void explain_sign_in(const Cli *cli, const GError *problem)
{
	FailureCall call = cli_call(cli);
	g_autofree char *sentence = failure_sentence(problem);
	g_autofree char *advice = failure_advice_for(problem, &call);

	cli_say(sentence);
	if (failure_actor(problem) != ACTOR_CLERK)
		cli_say(advice);
	cli_say(_("Dafür müssen Sie sich anmelden; danach geht es von selbst weiter."));
}

/* Whose credentials PROBLEM asks for: a further mailbox's, or (NULL) the user's own. */
static const char *mailbox_of(const GError *problem)
{
	return failure_is(problem, FAILURE_MAILBOX_LOGIN_REFUSED) ||
			       failure_is(problem, FAILURE_MAILBOX_SECRET)
		       ? failure_subject(problem)
		       : NULL;
}

bool cli_run_signed_in(Cli *cli, CliRun *command, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_auto(LoginResult) result = {0};
	bool person = cli_has_person(cli);

	cli->asks = person;
	if (command(cli, &problem))
		return true;
	cli->asks = false;
	if (!person || !sign_in_helps(problem)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	explain_sign_in(cli, problem);
	if (!sign_in(cli, mailbox_of(problem), true, &result, error) &&
		!(result.filled && result.imap.state != LOGIN_FAILED))
		return false;
	g_clear_error(error);
	tell_result(cli_say, &result, false);
	return command(cli, error);
}

static void print_time(const char *name, int64_t seconds)
{
	g_autofree char *time = seconds ? clock_format_german(seconds) : NULL;
	g_autofree char *line = time ? g_strdup_printf("%s: %s", name, time) : NULL;

	if (line)
		cli_print_line(line);
}

static void print_text(const char *name, const char *value)
{
	g_autofree char *line = value ? g_strdup_printf("%s: %s", name, value) : NULL;

	if (line)
		cli_print_line(line);
}

/* Yours: what is known of the mailbox. */
static char *mailbox_words(const LoginMailboxStatus *status)
{
	g_autofree char *refused = status->refused ? clock_format_german(status->refused) : NULL;
	g_autofree char *again = status->again ? clock_format_hour(status->again) : NULL;

	if (status->reason)
		return g_strdup(status->reason);
	if (!status->username)
		return g_strdup_printf(
			_("Zugriff abgelehnt am %s; Amtspost fragt erst um %s wieder"), refused,
			again);
	if (refused)
		return g_strdup_printf(_("eigene Zugangsdaten von „%s“, abgelehnt am %s"),
			status->username, refused);
	return g_strdup_printf(_("eigene Zugangsdaten von „%s“"), status->username);
}

static void print_mailbox_status(const LoginMailboxStatus *status)
{
	g_autofree char *name = g_strdup_printf(_("Postfach %s"), status->address);
	g_autofree char *words = mailbox_words(status);

	print_text(name, words);
}

static void print_status(const LoginStatus *status)
{
	bool good = status->use == LOGIN_USE_GOOD;

	cli_print_line(words_login_use(status));
	if (status->reason)
		cli_print_line(status->reason);
	print_text(_("Kontoname"), status->account);
	if (good)
		print_text(_("Angemeldet als"), status->identity);
	print_time(_("Angemeldet seit"), good ? status->signed_in : 0);
	print_time(_("Abgelehnt am"), status->refused);
	print_time(_("Zuletzt erneuert"), status->refreshed);
	print_time(_("Zugriff bis (wird von selbst erneuert)"), status->expires);
	print_text(_("Tokendatei"), status->token_file);
	for (guint i = 0; i < status->mailboxes->len; i++)
		print_mailbox_status(g_ptr_array_index(status->mailboxes, i));
}

static bool run_status(Cli *cli, GError **error)
{
	g_auto(LoginStatus) status = {0};

	if (!login_status(cli->office, cli->options.user, &status, error))
		return false;
	if (cli->options.json)
		cli_print_json(cli, result_login_status(&status));
	else
		print_status(&status);
	return true;
}

static bool run_remove(Cli *cli, GError **error)
{
	const char *mailbox;
	bool removed;

	if (!cli_single_mailbox(cli, &mailbox, error) ||
		!login_remove(cli->office, cli->options.user, mailbox, cli->actor, &removed, error))
		return false;
	if (cli->options.json)
		cli_print_json(cli, result_login_removed(removed));
	else
		cli_print_line(removed ? _("Die gespeicherte Anmeldung ist entfernt.")
				       : _("Es war keine Anmeldung gespeichert."));
	return true;
}

static void print_consent(const GPtrArray *permissions, const char *url, const char *redirect)
{
	cli_print_line(
		_("Ein Administrator Ihrer Organisation stimmt unter dieser Adresse für alle "
		  "Benutzer zu:"));
	cli_print_line(url);
	print_text(_("Registrierte Umleitungsadresse"), redirect);
	cli_print_line(
		_("Danach zeigt der Browser womöglich, dass die Seite nicht erreichbar ist; die "
		  "Zustimmung gilt trotzdem."));
	cli_print_line(_("Amtspost bittet um diese Berechtigungen:"));
	for (guint i = 0; i < permissions->len; i++) {
		const LoginPermission *permission = g_ptr_array_index(permissions, i);
		g_autofree char *line = g_strdup_printf("  %s: %s", permission->scope,
			permission->reason ? permission->reason
					   : _("von einem Administrator hinzugefügt."));

		cli_print_line(line);
	}
}

static bool run_consent(Cli *cli, GError **error)
{
	g_autofree char *url = NULL;
	g_autofree char *redirect = NULL;
	g_autoptr(GPtrArray) permissions = login_consent(cli->office, &url, &redirect, error);

	if (!permissions)
		return false;
	if (cli->options.json)
		cli_print_json(cli, result_consent(permissions, url, redirect));
	else
		print_consent(permissions, url, redirect);
	return true;
}

/* clang-format off */
const CliCommand cli_login_commands[] = {
	{"login status", "", 0, 0, "user!", run_status,
		N_("zeigt, wer angemeldet ist, bis wann, und was die letzte Erneuerung ergab")},
	{"login remove", "", 0, 0, "user! mailbox", run_remove,
		N_("entfernt die gespeicherte Anmeldung")},
	{"login consent", "", 0, 0, "", run_consent,
		N_("zeigt die Adresse für die Zustimmung eines Administrators und wofür sie nötig ist")},
	{"login", "", 0, 0, "user! new mailbox username", run_login,
		N_("meldet einen Benutzer bei seinen Mailservern an")},
	{0},
};
/* clang-format on */
