/* user …: the people. */
#include "cli/cli_internal.h"

#include <errno.h>
#include <stdio.h>
#include "app/people.h"
#include "app/words.h"
#include "base/clock.h"
#include "base/file.h"
#include "failure/failure.h"
#include "json/result.h"
#include "user/user_session.h"

#define ROW_ERRORS_SHOWN 200
#define HELPLESS_SHOWN 50

static void add_person_row(CliTable *table, const Person *person)
{
	const char *cells[] = {person->user->name, person->user->display_name,
		words_interface(person->interface), person->account,
		words_sign_in(person->sign_in.state), words_yes_no(person->user->admin),
		words_yes_no(person->user->archive), words_yes_no(person->user->locked)};

	cli_table_add(table, cells);
}

static CliTable *people_table(void)
{
	const char *titles[] = {_("Benutzer"), _("Name"), _("Schnittstelle"), _("Kontoname"),
		_("Anmeldung"), _("Administrator"), _("Archiv"), _("gesperrt"), NULL};

	return cli_table_new(titles);
}

/* When mail worked last, and when and why it did not, unless that was told before. */
static void print_uses(const SignInReport *sign_in)
{
	g_autofree char *success = clock_format_german(sign_in->last_success);
	g_autofree char *failure = clock_format_german(sign_in->last_failure);

	if (sign_in->last_success)
		cli_print(_("Zuletzt gelungen: %s\n"), success);
	if (!sign_in->last_failure || sign_in->state == SIGN_IN_FAILED)
		return;
	cli_print(_("Zuletzt gescheitert: %s\n"), failure);
	if (sign_in->last_failure_reason)
		cli_print_line(sign_in->last_failure_reason);
}

/* Since when and why the sign-in is as it is. */
static void print_sign_in(const Person *person)
{
	const SignInReport *sign_in = &person->sign_in;
	g_autofree char *since = sign_in->since ? clock_format_german(sign_in->since) : NULL;

	cli_print("\n");
	if (since && sign_in->state == SIGN_IN_FAILED)
		cli_print(_("Anmeldung: %s (%s)\n"), words_sign_in(sign_in->state), since);
	else if (since)
		cli_print(_("Anmeldung: %s seit %s\n"), words_sign_in(sign_in->state), since);
	else
		cli_print(_("Anmeldung: %s\n"), words_sign_in(sign_in->state));
	if (sign_in->reason)
		cli_print_line(sign_in->reason);
	print_uses(sign_in);
}

/* Prints the user NAME as it is now. */
static bool show(Cli *cli, const char *name, GError **error)
{
	g_autoptr(Person) person = people_find(cli->office, name, error);

	if (!person)
		return false;
	if (cli->options.json) {
		cli_print_json(cli, result_user(person));
	} else {
		CliTable *table = people_table();

		add_person_row(table, person);
		cli_table_print(table);
		print_sign_in(person);
	}
	return true;
}

static bool run_add(Cli *cli, GError **error)
{
	g_autoptr(User) user = g_new0(User, 1);
	g_autoptr(Secret) password = NULL;

	user->name = g_strdup(cli->arguments[0]);
	user->display_name = g_strdup(cli->options.display_name);
	user->admin = cli->options.admin;
	user->archive = cli->options.archive;
	if (!user_check_display_name(user->display_name, error))
		return false;
	if (cli->options.password_file &&
		!(password = cli_read_secret(cli, cli->options.password_file, NULL, error)))
		return false;
	return people_add(cli->office, user, password, cli->actor, error) &&
	       show(cli, user->name, error);
}

/* Whoever cannot use mail although it is switched on, with the reason. */
static void print_helpless(const GPtrArray *people)
{
	guint count = 0;

	for (guint i = 0; i < people->len; i++) {
		const Person *person = g_ptr_array_index(people, i);
		g_autofree char *line = NULL;

		if (!person_needs_help(person))
			continue;
		if (count++ == 0)
			cli_print(_("\nBraucht Hilfe:\n"));
		if (count > HELPLESS_SHOWN)
			continue;
		line = g_strdup_printf("  %s: %s", person->user->name, person->sign_in.reason);
		cli_print_line(line);
	}
	if (count > HELPLESS_SHOWN)
		cli_print(_("  … und %u weitere; mit --json sind es alle.\n"),
			count - HELPLESS_SHOWN);
}

static bool run_list(Cli *cli, GError **error)
{
	g_autoptr(GPtrArray) people = people_list(cli->office, error);
	CliTable *table;

	if (!people)
		return false;
	if (cli->options.json) {
		for (guint i = 0; i < people->len; i++)
			cli_print_element(cli, result_user(g_ptr_array_index(people, i)));
		cli_finish_array(cli);
		return true;
	}
	if (people->len == 0) {
		cli_print(_(
			"Es gibt noch keine Benutzer. „amtspost user add NAME“ legt einen an.\n"));
		return true;
	}
	table = people_table();
	for (guint i = 0; i < people->len; i++)
		add_person_row(table, g_ptr_array_index(people, i));
	cli_table_print(table);
	print_helpless(people);
	return true;
}

static bool run_show(Cli *cli, GError **error)
{
	return show(cli, cli->arguments[0], error);
}

/* The command line may do it: it can undo it, too. HAD: somebody could sign in as an administrator
 * before. */
static void warn_of_lock_out(const Cli *cli, bool had)
{
	g_autoptr(GError) ignored = NULL;
	bool has;

	if (had && user_has_administrator(office_db(cli->office), &has, &ignored) && !has)
		fprintf(stderr, "%s\n",
			_("Achtung: An der Weboberfläche kann sich jetzt kein Administrator mehr "
			  "anmelden. „amtspost user unlock NAME“ gibt einen gesperrten frei, "
			  "„amtspost user passwd NAME“ setzt ein neues Kennwort."));
}

static bool run_lock(Cli *cli, GError **error)
{
	bool had;

	if (!user_has_administrator(office_db(cli->office), &had, error) ||
		!people_set_locked(
			cli->office, cli->arguments[0], true, PEOPLE_MAY_ALL, cli->actor, error) ||
		!show(cli, cli->arguments[0], error))
		return false;
	warn_of_lock_out(cli, had);
	return true;
}

static bool run_unlock(Cli *cli, GError **error)
{
	return people_set_locked(
		       cli->office, cli->arguments[0], false, PEOPLE_MAY_ALL, cli->actor, error) &&
	       show(cli, cli->arguments[0], error);
}

static bool refuse_both(GError **error)
{
	failure_set(error, FAILURE_USAGE, _("Ein Recht lässt sich nur entweder geben oder nehmen."),
		"a right and its end");
	return false;
}

/* Left out: it stays. */
static bool run_change(Cli *cli, GError **error)
{
	const CliOptions *options = &cli->options;
	const bool admin = options->admin;
	const bool archive = options->archive;
	const PersonChange change = {
		.display_name = options->display_name,
		.admin = options->admin || options->no_admin ? &admin : NULL,
		.archive = options->archive || options->no_archive ? &archive : NULL,
	};
	bool had, changed;

	if ((options->admin && options->no_admin) || (options->archive && options->no_archive))
		return refuse_both(error);
	if (!user_has_administrator(office_db(cli->office), &had, error) ||
		!people_change(cli->office, cli->arguments[0], &change, PEOPLE_MAY_ALL, cli->actor,
			&changed, error) ||
		!show(cli, cli->arguments[0], error))
		return false;
	warn_of_lock_out(cli, had);
	return true;
}

static void say_done(Cli *cli, const char *sentence)
{
	if (cli->options.json)
		cli_print_json(cli, json_object());
	else
		cli_print("%s\n", sentence);
}

static bool run_remove(Cli *cli, GError **error)
{
	bool had;

	if (!user_has_administrator(office_db(cli->office), &had, error) ||
		!people_remove(cli->office, cli->arguments[0], PEOPLE_MAY_ALL, cli->actor, error))
		return false;
	say_done(cli,
		_("Der Benutzer ist entfernt. Seine abgelegten und gesendeten E-Mails bleiben im "
		  "Archiv; was im Postausgang noch wartete, wird nicht mehr gesendet."));
	warn_of_lock_out(cli, had);
	return true;
}

static bool run_passwd(Cli *cli, GError **error)
{
	g_autoptr(Person) person = people_find(cli->office, cli->arguments[0], error);
	g_autoptr(Secret) password = NULL;

	if (!person)
		return false;
	password = cli_read_secret(cli, cli->options.password_file, _("Neues Kennwort"), error);
	if (!password ||
		!people_set_password(cli->office, cli->arguments[0], password, cli->actor, error))
		return false;
	say_done(cli, _("Das Kennwort ist geändert."));
	return true;
}

static bool run_invite(Cli *cli, GError **error)
{
	g_autoptr(Person) person = people_find(cli->office, cli->arguments[0], error);
	/* Before the link is made, so that it is not promised for longer than it holds. */
	int64_t expires = clock_now() + INVITATION_SECONDS;
	g_autofree char *until = clock_format_german(expires);
	g_autofree char *token = NULL;
	g_autofree char *path = NULL;

	if (!person || !invitation_make(office_db(cli->office), person->user->name, cli->actor,
			       &token, error))
		return false;
	path = g_strconcat("/einladung?k=", token, NULL);
	if (cli->options.json)
		cli_print_json(cli, result_invitation(person->user->name, path, expires));
	else
		cli_print(_("%s\nHängen Sie dies an die Adresse der Seite an und geben Sie den "
			    "Link nur"
			    " %s: Wer ihn öffnet, wählt das Kennwort.\nEr gilt einmal, bis %s.\n"),
			path, person->user->name, until);
	return true;
}

static void print_imported(Cli *cli, const GPtrArray *people)
{
	if (cli->options.json) {
		for (guint i = 0; i < people->len; i++)
			cli_print_element(cli, result_user(g_ptr_array_index(people, i)));
		cli_finish_array(cli);
		return;
	}
	if (cli->options.dry_run)
		cli_print(ngettext("Die Datei ist in Ordnung: %u Benutzer würde angelegt.\n",
				  "Die Datei ist in Ordnung: %u Benutzer würden angelegt.\n",
				  people->len),
			people->len);
	else
		cli_print(ngettext("%u Benutzer ist angelegt.\n", "%u Benutzer sind angelegt.\n",
				  people->len),
			people->len);
}

/* Yours, with NUL behind *SIZE bytes. */
static char *read_csv(const char *path, size_t *size, GError **error)
{
	char *csv = file_read(path, PEOPLE_CSV_LIMIT, size);

	if (!csv && errno == EFBIG)
		failure_set_errno(error, FAILURE_CSV_TOO_LARGE, path, errno);
	else if (!csv)
		failure_set_errno(error, FAILURE_INPUT_UNREADABLE, path, errno);
	return csv;
}

/* The failure's own sentence, which follows, has a single one already. */
static void print_row_errors(const GPtrArray *row_errors)
{
	guint shown = row_errors->len > 1 ? MIN(row_errors->len, ROW_ERRORS_SHOWN) : 0;

	for (guint i = 0; i < shown; i++) {
		const RowError *row_error = g_ptr_array_index(row_errors, i);
		g_autofree char *line =
			g_strdup_printf(_("Zeile %u: %s"), row_error->line, row_error->sentence);

		cli_print_line(line);
	}
	if (row_errors->len > ROW_ERRORS_SHOWN)
		cli_print(_("… und %u weitere\n"), row_errors->len - ROW_ERRORS_SHOWN);
}

static bool run_import(Cli *cli, GError **error)
{
	FailureCall call = cli_call(cli);
	g_autoptr(GPtrArray) row_errors =
		g_ptr_array_new_with_free_func((GDestroyNotify)row_error_free);
	g_autoptr(GPtrArray) people = NULL;
	g_autoptr(GError) problem = NULL;
	size_t size;
	g_autofree char *csv = read_csv(cli->arguments[0], &size, error);

	if (!csv)
		return false;
	people = people_import(
		cli->office, csv, size, cli->options.dry_run, cli->actor, row_errors, &problem);
	if (people) {
		print_imported(cli, people);
		return true;
	}
	if (!cli->options.json)
		print_row_errors(row_errors);
	else if (row_errors->len > 0)
		cli_print_json(cli, result_row_errors(row_errors, problem, &call));
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

/* clang-format off */
const CliCommand cli_user_commands[] = {
	{"user add", "NAME", 1, 1, "admin archive display-name password-file", run_add,
		N_("legt einen Benutzer an")},
	{"user list", "", 0, 0, "", run_list, N_("zeigt alle Benutzer")},
	{"user show", "NAME", 1, 1, "", run_show, N_("zeigt einen Benutzer")},
	{"user change", "NAME", 1, 1, "display-name admin no-admin archive no-archive", run_change,
		N_("ändert Anzeigenamen und Rechte eines Benutzers")},
	{"user lock", "NAME", 1, 1, "", run_lock, N_("sperrt einen Benutzer")},
	{"user unlock", "NAME", 1, 1, "", run_unlock, N_("gibt einen Benutzer wieder frei")},
	{"user remove", "NAME", 1, 1, "", run_remove,
		N_("entfernt einen Benutzer; seine abgelegten E-Mails bleiben")},
	{"user passwd", "NAME", 1, 1, "password-file", run_passwd,
		N_("setzt das Kennwort (Standardeingabe oder --password-file)")},
	{"user invite", "NAME", 1, 1, "", run_invite,
		N_("erstellt einen Link, unter dem ein Benutzer sein Kennwort wählt")},
	{"user import", "DATEI.csv", 1, 1, "dry-run", run_import,
		N_("legt viele Benutzer aus einer CSV-Datei an")},
	{0},
};
/* clang-format on */
