/* login …: signing in, by password or through the browser, and what is known of it. */
#include "cli/cli_login.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "app/login.h"
#include "app/sign_in.h"
#include "base/clock.h"
#include "base/text.h"
#include "failure/failure.h"

/* Whether there is a person to ask. */
static bool has_person(const Cli *cli)
{
	return !cli->options.json && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* A sentence or more for people beside the command's output. */
static void say(const char *text)
{
	g_autofree char *safe = text_for_terminal(text);

	fprintf(stderr, "%s\n", safe);
}

/* ---- the report ---- */

static json_t *check_json(const LoginCheck *check)
{
	json_t *ok = check->state == LOGIN_OK	    ? json_true()
		     : check->state == LOGIN_FAILED ? json_false()
						    : json_null();

	return json_pack("{s:o, s:o, s:o}", "ok", ok, "reason",
		check->state == LOGIN_UNCHECKED ? json_string("unchecked")
						: cli_json_text(check->reason),
		"message", cli_json_text(check->reason));
}

static json_t *mailboxes_json(const GPtrArray *mailboxes)
{
	json_t *list = json_array();

	for (guint i = 0; i < mailboxes->len; i++) {
		const LoginMailbox *mailbox = g_ptr_array_index(mailboxes, i);
		json_t *entry = check_json(&mailbox->check);

		json_object_set_new(entry, "address", cli_json_text(mailbox->address));
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *result_json(const LoginResult *result, const GError *problem)
{
	json_t *document = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "account",
		cli_json_text(result->account), "identity", cli_json_text(result->identity), "imap",
		check_json(&result->imap), "smtp", check_json(&result->smtp), "mailboxes",
		mailboxes_json(result->mailboxes), "token_file", cli_json_text(result->token_file));

	if (problem)
		json_object_set_new(document, "error", cli_json_error(problem));
	return document;
}

/* What stands behind the name of a protocol or mailbox; yours. */
static char *check_word(const LoginCheck *check, const char *good)
{
	switch (check->state) {
	case LOGIN_OK:
		return g_strdup(good);
	case LOGIN_UNCHECKED:
		return g_strdup_printf(
			_("noch nicht geprüft, weil der Server nicht zu erreichen war. %s"),
			check->reason);
	default:
		return g_strdup(check->reason ? check->reason : "–");
	}
}

static void print_check(const char *name, const LoginCheck *check, const char *good)
{
	g_autofree char *word = check_word(check, good);
	g_autofree char *line = g_strdup_printf("  %s: %s", name, word);

	cli_print_line(line);
}

static void print_result(const LoginResult *result, bool failed)
{
	g_autofree char *title =
		g_strdup_printf(failed ? _("Anmeldung von %s:") : _("Angemeldet als %s."),
			result->identity ? result->identity : result->account);

	cli_print_line(title);
	print_check("IMAP", &result->imap, _("Anmeldung in Ordnung"));
	print_check("SMTP", &result->smtp, _("Anmeldung in Ordnung"));
	for (guint i = 0; i < result->mailboxes->len; i++) {
		const LoginMailbox *mailbox = g_ptr_array_index(result->mailboxes, i);
		g_autofree char *name = g_strdup_printf(_("Postfach %s"), mailbox->address);

		print_check(name, &mailbox->check, _("geöffnet"));
	}
	if (result->token_file) {
		g_autofree char *line = g_strdup_printf(_("  Tokendatei: %s"), result->token_file);

		cli_print_line(line);
	}
}

/* ---- a password ---- */

/* Two lines of standard input: IMAP's password and SMTP's, which may be missing (NULL). */
static bool read_passwords(Secret **imap, Secret **smtp, GError **error)
{
	char *text = cli_read_text(NULL, error);
	char *second;

	if (!text)
		return false;
	second = strchr(text, '\n');
	*imap = cli_take_line(text, second ? (size_t)(second - text) : strlen(text));
	if (second && second[1] != '\0')
		*smtp = cli_take_line(second + 1, strcspn(second + 1, "\n"));
	secret_wipe(text, strlen(text));
	g_free(text);
	return true;
}

/* Asks for both; an empty second answer means the same. */
static bool ask_passwords(const Cli *cli, Secret **imap, Secret **smtp, GError **error)
{
	*imap = cli_read_secret(cli, NULL, _("Kennwort für IMAP"), error);
	if (!*imap)
		return false;
	*smtp = cli_read_secret(cli, NULL, _("Kennwort für SMTP (leer: dasselbe)"), error);
	if (*smtp && secret_size(*smtp) == 0)
		g_clear_pointer(smtp, secret_free);
	return *smtp || !*error;
}

static bool sign_in_standard(Cli *cli, LoginResult *result, GError **error)
{
	g_autoptr(Secret) imap = NULL;
	g_autoptr(Secret) smtp = NULL;
	GError *problem = NULL;

	if (has_person(cli) ? !ask_passwords(cli, &imap, &smtp, &problem)
			    : !read_passwords(&imap, &smtp, &problem)) {
		g_propagate_error(error, problem);
		return false;
	}
	if (has_person(cli))
		say(_("Die Anmeldung wird bei den Servern geprüft …"));
	return login_with_password(
		cli->office, cli->options.user, imap, smtp, cli->actor, cli->cancel, result, error);
}

/* ---- the browser ---- */

/* Whoever pastes a redirect sees nothing of it, and no terminal cuts it at 4,096 letters. */
static void hide_input(struct termios *before)
{
	struct termios hidden;

	if (tcgetattr(STDIN_FILENO, before) != 0)
		return;
	hidden = *before;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
	hidden.c_cc[VMIN] = 1;
	hidden.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
}

typedef struct Asking {
	Cli *cli;
	struct termios terminal; /* as it was before input was hidden */
} Asking;

static void show_address(const char *url, bool listens, void *data)
{
	Cli *cli = ((Asking *)data)->cli;

	if (cli->options.json) {
		cli_print_json(cli, json_pack("{s:s}", "authorize_url", url));
		fflush(stdout);
		cli->printed = false;
		return;
	}
	say(_("Bitte öffnen Sie diese Adresse im Browser und melden Sie sich dort an:"));
	fprintf(stderr, "%s\n", url);
	if (!has_person(cli))
		return;
	say(listens ? _("Danach geht es hier von selbst weiter. Läuft der Browser auf einem "
			"anderen "
			"Rechner, fügen Sie die Adresse, zu der er am Ende geleitet wird, hier ein "
			"(sie wird nicht angezeigt) und drücken Sie die Eingabetaste.")
		    : _("Fügen Sie die Adresse, zu der Sie danach geleitet werden, hier ein (sie "
			"wird nicht angezeigt) und drücken Sie die Eingabetaste."));
}

static void correct(const char *sentence, void *data)
{
	(void)data;
	say(sentence);
	say(_("Bitte fügen Sie die ganze Adresse aus der Adresszeile des Browsers ein."));
}

static void go_on(void *data)
{
	const Asking *asking = data;

	if (has_person(asking->cli))
		say(_("Die Anmeldung wird geprüft …"));
}

static bool ask_yes(const char *question)
{
	char answer[16] = "";

	fprintf(stderr, "%s [j/N] ", question);
	if (!fgets(answer, sizeof answer, stdin))
		return false;
	return strchr("jJyY", answer[0]) && answer[0] != '\0';
}

static bool confirm(const char *identity, const char *account, void *data)
{
	g_autofree char *question = g_strdup_printf(
		_("Angemeldet hat sich „%s“. Das Postfach „%s“ lässt sich damit öffnen. Ist das "
		  "richtig?"),
		identity, account);
	g_autofree char *safe = text_for_terminal(question);
	const Asking *asking = data;

	tcsetattr(STDIN_FILENO, TCSAFLUSH, &asking->terminal);
	return ask_yes(safe);
}

static bool sign_in_office365(Cli *cli, bool force, LoginResult *result, GError **error)
{
	Asking asking = {.cli = cli};
	bool person = has_person(cli);
	LoginUi ui = {
		.show_address = show_address,
		.confirm = person ? confirm : NULL,
		.correct = person ? correct : NULL,
		.go_on = go_on,
		.input = STDIN_FILENO,
		.data = &asking,
	};
	bool done;

	if (person)
		hide_input(&asking.terminal);
	done = login_with_office365(
		cli->office, cli->options.user, force, &ui, cli->actor, cli->cancel, result, error);
	if (person)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &asking.terminal);
	return done;
}

/* ---- the commands ---- */

static bool sign_in(Cli *cli, LoginResult *result, GError **error)
{
	Interface interface;

	if (!login_find_interface(cli->office, cli->options.user, &interface, error))
		return false;
	return interface == INTERFACE_OFFICE365
		       ? sign_in_office365(cli, cli->options.new, result, error)
		       : sign_in_standard(cli, result, error);
}

static bool refuse_mailbox(const Cli *cli, GError **error)
{
	if (!cli->options.mailboxes)
		return true;
	failure_set(error, FAILURE_SHARED_NOT_YET, cli->options.mailboxes[0],
		"login --mailbox is not there yet");
	return false;
}

static bool run_login(Cli *cli, GError **error)
{
	g_auto(LoginResult) result = {0};
	GError *problem = NULL;

	if (!refuse_mailbox(cli, error))
		return false;
	sign_in(cli, &result, &problem);
	if (result.filled && cli->options.json)
		cli_print_json(cli, result_json(&result, problem));
	else if (result.filled)
		print_result(&result, problem != NULL);
	if (problem)
		g_propagate_error(error, problem);
	return !problem;
}

bool cli_run_signed_in(Cli *cli, CliRun *command, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_auto(LoginResult) result = {0};
	g_autofree char *sentence = NULL;

	if (command(cli, &problem))
		return true;
	if (!has_person(cli) || !sign_in_helps(problem)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	sentence = failure_sentence(problem);
	say(sentence);
	say(_("Für das, was Sie vorhaben, ist eine Anmeldung nötig; danach geht es damit weiter."));
	if (!sign_in(cli, &result, error) && !(result.filled && result.imap.state != LOGIN_FAILED))
		return false;
	g_clear_error(error);
	print_result(&result, false);
	return command(cli, error);
}

static json_t *status_json(const LoginStatus *status)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "account",
		cli_json_text(status->account), "identity", cli_json_text(status->identity),
		"signed_in", cli_json_time(status->signed_in), "refreshed",
		cli_json_time(status->refreshed), "expires", cli_json_time(status->expires),
		"token_file", cli_json_text(status->token_file), "reason",
		cli_json_text(status->reason), "usable", status->usable);
}

static void print_time(const char *format, int64_t seconds)
{
	g_autofree char *time = seconds ? clock_format_german(seconds) : NULL;
	g_autofree char *line = time ? g_strdup_printf("%s: %s", format, time) : NULL;

	if (line)
		cli_print_line(line);
}

static void print_text(const char *name, const char *value)
{
	g_autofree char *line = value ? g_strdup_printf("%s: %s", name, value) : NULL;

	if (line)
		cli_print_line(line);
}

static void print_status(const LoginStatus *status)
{
	cli_print_line(
		status->usable ? _("Die Anmeldung gilt.") : _("Es ist eine neue Anmeldung nötig."));
	if (status->reason)
		cli_print_line(status->reason);
	print_text(_("Kontoname"), status->account);
	print_text(_("Angemeldet als"), status->identity);
	print_time(_("Angemeldet seit"), status->signed_in);
	print_time(_("Zuletzt erneuert"), status->refreshed);
	print_time(_("Zugriff bis (wird von selbst erneuert)"), status->expires);
	print_text(_("Tokendatei"), status->token_file);
}

static bool run_status(Cli *cli, GError **error)
{
	g_auto(LoginStatus) status = {0};

	if (!login_status(cli->office, cli->options.user, &status, error))
		return false;
	if (cli->options.json)
		cli_print_json(cli, status_json(&status));
	else
		print_status(&status);
	return true;
}

static bool run_remove(Cli *cli, GError **error)
{
	if (!login_remove(cli->office, cli->options.user, cli->actor, error))
		return false;
	if (cli->options.json)
		cli_print_json(cli, json_object());
	else
		cli_print_line(_("Die gespeicherte Anmeldung ist entfernt."));
	return true;
}

static json_t *permissions_json(const GPtrArray *permissions)
{
	json_t *list = json_array();

	for (guint i = 0; i < permissions->len; i++) {
		const LoginPermission *permission = g_ptr_array_index(permissions, i);

		json_array_append_new(
			list, json_pack("{s:o, s:o}", "scope", cli_json_text(permission->scope),
				      "reason", cli_json_text(permission->reason)));
	}
	return list;
}

static void print_consent(const GPtrArray *permissions, const char *url, const char *redirect)
{
	cli_print_line(
		_("Ein Administrator Ihrer Organisation stimmt unter dieser Adresse für alle "
		  "Benutzer zu:"));
	cli_print_line(url);
	print_text(_("Registrierte Umleitungsadresse"), redirect);
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
		cli_print_json(cli, json_pack("{s:o, s:o, s:o}", "consent_url", cli_json_text(url),
					    "redirect_uri", cli_json_text(redirect), "permissions",
					    permissions_json(permissions)));
	else
		print_consent(permissions, url, redirect);
	return true;
}

/* clang-format off */
const CliCommand cli_login_commands[] = {
	{"login status", "", 0, 0, "user!", run_status,
		N_("zeigt, wer angemeldet ist, bis wann, und was die letzte Erneuerung ergab")},
	{"login remove", "", 0, 0, "user!", run_remove,
		N_("entfernt die gespeicherte Anmeldung")},
	{"login consent", "", 0, 0, "", run_consent,
		N_("zeigt die Adresse für die Zustimmung eines Administrators und wofür sie nötig ist")},
	{"login", "", 0, 0, "user! new mailbox", run_login,
		N_("meldet einen Benutzer bei seinen Mailservern an")},
	{0},
};
/* clang-format on */
