/* The start page, signing in and out, the first administrator, invitations. */
#include <string.h>
#include "app/people_page.h"
#include "app/servers.h"
#include "app/words.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/again.h"
#include "web/page.h"
#include "web/page_password.h"
#include "web/page_start_mail.h"
#include "web/web_internal.h"

#define SERVERS_NAMED 5 /* on a card */

/* ---- the start page: what needs doing ---- */

typedef struct Todo {
	Html *h;
	Visit *visit;
	unsigned count;
} Todo;

static void open_card(Todo *todo, const char *heading, const char *text)
{
	html(todo->h, "<section><h2 class=\"kern-heading-small\">");
	html_text(todo->h, heading);
	html(todo->h, "</h2><p>");
	html_text(todo->h, text);
	html(todo->h, "</p>");
	todo->count++;
}

static void close_card(Todo *todo, const char *path, const char *label)
{
	if (path) {
		html(todo->h, "<p><a class=\"kern-link\" href=\"");
		html_attr(todo->h, path);
		html(todo->h, "\">");
		html_text(todo->h, label);
		html(todo->h, "</a></p>");
	}
	html(todo->h, "</section>\n");
}

static void write_step(
	Html *h, int64_t missing, const char *text, const char *path, const char *label)
{
	if (!missing)
		return;
	html(h, "<li>");
	html_text(h, text);
	html(h, " <a class=\"kern-link\" href=\"");
	html_attr(h, path);
	html(h, "\">");
	html_text(h, label);
	html(h, "</a></li>");
}

/* What an administrator does first, until it is done. */
static bool tell_first_steps(Todo *todo, GError **error)
{
	const User *user = todo->visit->user;
	FirstSteps steps;

	if (!user->admin)
		return true;
	if (!people_first_steps(todo->visit->office, user->id, &steps, error))
		return false;
	if (!steps.server && !steps.people && !steps.invited)
		return true;
	open_card(todo, _("Nächste Schritte"), _("So wird Amtspost eingerichtet:"));
	html(todo->h, "<ol>");
	write_step(todo->h, steps.server, _("Den Mailserver für alle eintragen."),
		"/systemsteuerung/schnittstellen", _("Zur Systemsteuerung"));
	write_step(todo->h, steps.people,
		_("Benutzer anlegen, viele auf einmal aus einer CSV-Datei."), "/benutzer-import",
		_("Zum CSV-Import"));
	write_step(todo->h, steps.invited,
		_("Benutzer einladen, damit sie ein Kennwort für Amtspost wählen."), "/benutzer",
		_("Zur Benutzerverwaltung"));
	html(todo->h, "</ol>");
	close_card(todo, NULL, NULL);
	return true;
}

static void tell_switched_off(Todo *todo)
{
	const User *user = todo->visit->user;
	g_autofree char *name = g_uri_escape_string(user->name, NULL, FALSE);
	g_autofree char *path = g_strdup_printf("/benutzer/%s/office", name);

	open_card(todo, _("E-Mail ist für Sie noch nicht eingeschaltet"),
		user->admin ? _("Verwenden Sie selbst E-Mail, so schalten Sie die Schnittstelle in "
				"der Benutzerverwaltung unter „Office und E-Mail“ ein.")
			    : _("Ein Administrator kann die Schnittstelle in der "
				"Benutzerverwaltung unter „Office und E-Mail“ einschalten."));
	close_card(todo, user->admin ? path : NULL, _("Zu Office und E-Mail"));
}

static void tell_own_sign_in(Todo *todo, const Person *person)
{
	const SignInReport *report = &person->sign_in;

	if (strcmp(person->interface, "disabled") == 0) {
		tell_switched_off(todo);
	} else if (report->state == SIGN_IN_FAILED) {
		open_card(todo,
			report->proven ? _("E-Mail hat zuletzt nicht funktioniert")
				       : _("Anmeldung noch nicht geprüft"),
			report->reason);
		close_card(todo, report->proven ? "/importieren" : "/einstellungen",
			report->proven ? _("Noch einmal versuchen") : _("Zur Anmeldung"));
	} else if (person_needs_help(person)) {
		open_card(todo, _("Anmeldung erforderlich"), report->reason);
		close_card(todo, "/einstellungen", _("Zur Anmeldung"));
	} else if (report->state == SIGN_IN_UNKNOWN) {
		open_card(todo, _("Anmeldung noch nicht geprüft"), report->reason);
		close_card(todo, "/einstellungen", _("Zur Anmeldung"));
	}
}

static void tell_helpless(Todo *todo)
{
	int count = atomic_load(&todo->visit->web->helpless);
	g_autofree char *text = NULL;

	if (!todo->visit->user->admin || count == 0)
		return;
	text = g_strdup_printf(
		ngettext("%d Benutzer kann E-Mail gerade nicht verwenden.",
			"%d Benutzer können E-Mail gerade nicht verwenden.", (unsigned long)count),
		count);
	open_card(todo, _("Benutzer brauchen Hilfe"), text);
	close_card(todo, "/braucht-hilfe", _("Wer und warum"));
}

/* "Angemeldet am Postfach …"; NULL: not known to be so. Yours. */
static char *describe_sign_in(const Person *person)
{
	return person->sign_in.state == SIGN_IN_OK && person->account
		       ? g_strdup_printf(_("Angemeldet am Postfach %s."), person->account)
		       : NULL;
}

/* A card that names the servers of which IS_ONE holds. */
static void tell_servers(Todo *todo, const GPtrArray *servers,
	bool (*is_one)(const ServerInUse *, int64_t), const char *heading)
{
	g_autoptr(GString) names = g_string_new(NULL);
	int64_t now = clock_now();
	guint count = 0;

	for (guint i = 0; i < servers->len; i++) {
		const ServerInUse *server = servers->pdata[i];

		if (!is_one(server, now) || count++ >= SERVERS_NAMED)
			continue;
		g_string_append_printf(
			names, "%s%s:%u", names->len ? ", " : "", server->host, server->port);
	}
	if (count == 0)
		return;
	if (count > SERVERS_NAMED)
		g_string_append(names, " …");
	open_card(todo, heading, names->str);
	close_card(todo, "/zustand", _("Zum Zustand"));
}

static bool is_weak(const ServerInUse *server, int64_t now)
{
	(void)now;
	return server_is_weak(server);
}

static void tell_encryption(Todo *todo)
{
	int64_t as_of;
	g_autoptr(GPtrArray) servers = web_servers(todo->visit->web, &as_of);

	if (!todo->visit->user->admin || !servers)
		return;
	tell_servers(
		todo, servers, is_weak, _("TLS unter 1.2 oder keine Verschlüsselung in Gebrauch"));
	tell_servers(
		todo, servers, server_certificate_ends, _("Zertifikat eines Servers läuft ab"));
}

static bool run_start(Visit *visit, GError **error)
{
	const Page page = {.title = _("Startseite"), .here = "/", .wide = true};
	g_autoptr(Person) person = people_find(visit->office, visit->user->name, error);
	Todo todo = {.visit = visit};
	bool looks;

	if (!person)
		return false;
	todo.h = page_begin(visit, &page);
	html(todo.h, "<div class=\"cardset\">\n");
	if (!tell_first_steps(&todo, error)) {
		html_free(todo.h);
		return false;
	}
	tell_own_sign_in(&todo, person);
	page_start_mail_cards(todo.h, visit, &todo.count);
	tell_helpless(&todo);
	tell_encryption(&todo);
	html(todo.h, "</div>\n");
	looks = page_start_new_mails(todo.h, person);
	if (todo.count == 0) {
		g_autofree char *sign_in = describe_sign_in(person);

		page_alert(todo.h, TONE_SUCCESS,
			looks ? _("Sonst ist nichts zu tun.") : _("Es ist nichts zu tun."),
			sign_in);
	}
	return page_end(visit, todo.h, 200);
}

/* ---- signing in ---- */

/* What the page of signing in shows beyond its fields. */
typedef struct SignInPage {
	const GError *problem;
	const char *next;   /* where to afterwards; NULL: the start page */
	const char *name;   /* who, as far as it is known */
	const Form *picked; /* what is carried there; NULL: nothing */
} SignInPage;

static bool write_sign_in_page(Visit *visit, const SignInPage *show, unsigned status)
{
	const Page page = {.title = _("Anmelden")};
	const GError *problem = show->problem;
	g_autofree char *wrong = page_field_error(problem, FAILURE_PAGE_PASSWORD);
	Html *h = page_begin(visit, &page);

	if (wrong)
		page_alert(h, TONE_DANGER, _("Die Anmeldung ist nicht gelungen."), NULL);
	else if (problem)
		page_alert_failure(h, problem);
	form_begin(h, visit, "/anmelden");
	html(h, "<input type=\"hidden\" name=\"weiter\" value=\"");
	html_attr(h, show->next ? show->next : "/");
	html(h, "\">\n");
	if (show->picked)
		again_write(h, show->picked);
	field_input(h, &(Field){.name = "benutzer",
			       .label = _("Benutzername"),
			       .value = show->name,
			       .autocomplete = "username",
			       .required = true});
	field_input(h, &(Field){.name = "kennwort",
			       .label = _("Kennwort"),
			       .hint = _("Das Kennwort für Amtspost, nicht das Ihres Postfachs."),
			       .type = "password",
			       .autocomplete = "current-password",
			       .error = wrong,
			       .required = true});
	form_submit(h, _("Anmelden"), "primary", NULL, NULL);
	form_end(h);
	return page_end(visit, h, status);
}

static bool show_sign_in(Visit *visit, const GError *problem)
{
	g_autoptr(Form) picked = visit->form ? again_read(visit->form) : NULL;
	const SignInPage page = {
		.problem = problem,
		.next = visit_next(visit),
		.name = visit_field(visit, "benutzer"),
		.picked = picked,
	};

	return write_sign_in_page(visit, &page, problem ? 403 : 200);
}

bool page_ask_to_sign_in(Visit *visit, const Form *picked)
{
	const SignInPage page = {
		.next = visit->origin,
		.name = picked ? form_get(picked, AGAIN_WHO) : NULL,
		.picked = picked,
	};

	/* A draft is kept with the sign-in. */
	visit->notice =
		picked && form_get(picked, "entwurf") ? "entwurf-wartet" : "sitzung-beendet";
	return write_sign_in_page(visit, &page, 403);
}

/* The new session behind TOKEN takes over what the former one of the same user left; *CARRIED:
 * there is something. */
static bool carry_on(Visit *visit, const char *token, bool *carried, GError **error)
{
	g_autoptr(Form) picked = again_read(visit->form);
	const char *next = visit_next(visit);
	g_autofree char *path = next ? g_uri_unescape_string(next, NULL) : NULL;
	g_autoptr(Session) session = NULL;

	*carried = false;
	if (!picked || !path)
		return true;
	session = session_find(office_db(visit->office), token, error);
	if (!session)
		return !*error;
	if (g_strcmp0(form_get(picked, AGAIN_WHO), session->user->name) != 0)
		return true;
	sign_ins_carry(visit->web->sign_ins, session, path, g_steal_pointer(&picked));
	*carried = true;
	return true;
}

static bool run_sign_in_form(Visit *visit, GError **error)
{
	(void)error;
	if (visit->user)
		return visit_redirect(visit, "/", NULL);
	return show_sign_in(visit, NULL);
}

static bool run_sign_in(Visit *visit, GError **error)
{
	Db *db = office_db(visit->office);
	const char *peer = web_request_peer(visit->request);
	const char *typed = visit_field(visit, "kennwort");
	/* No name has blanks around it: they come with what was copied. */
	g_autofree char *name = g_strstrip(g_strdup(visit_field(visit, "benutzer")));
	g_autoptr(Secret) password = secret_new(typed, strlen(typed));
	g_autoptr(GError) problem = NULL;
	g_auto(PasswordProof) proof = {0};
	g_autofree char *token = NULL;
	const char *next = visit_next(visit);
	SessionTry outcome;
	int64_t wait = 0;
	bool carried;

	if (!session_try(db, name, password, peer, &outcome, &proof, &wait, error))
		return false;
	if (outcome != SESSION_TRY_OK) {
		page_explain_try(db, outcome, wait, name, &problem);
		return show_sign_in(visit, problem);
	}
	/* A session that somebody planted in this browser ends here. */
	if (visit_session_token(visit) && !session_end(db, visit_session_token(visit), error))
		return false;
	if (!session_start(db, &proof, peer, &token, &problem)) {
		if (failure_is(problem, FAILURE_PAGE_PASSWORD))
			return show_sign_in(visit, problem);
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	if (!carry_on(visit, token, &carried, error))
		return false;
	visit_set_session(visit, token);
	return visit_redirect(visit, next ? next : "/", carried ? "wieder-angemeldet" : NULL);
}

static bool run_sign_out(Visit *visit, GError **error)
{
	if (!session_end(office_db(visit->office), visit_session_token(visit), error))
		return false;
	visit_set_session(visit, NULL);
	return visit_redirect(visit, "/anmelden", "abgemeldet");
}

/* ---- choosing a password: the first administrator, and who is invited ---- */

static void write_secret_field(Html *h, const char *secret)
{
	html(h, "<input type=\"hidden\" name=\"k\" value=\"");
	html_attr(h, secret);
	html(h, "\">\n");
}

/* The link's secret, of the address or of the form. */
static const char *link_secret(const Visit *visit)
{
	const char *secret =
		visit->form ? visit_field(visit, "k") : web_request_query(visit->request, "k");

	return secret ? secret : "";
}

static bool is_setup(const Web *web, const Visit *visit)
{
	return web->setup && strcmp(web->setup, link_secret(visit)) == 0;
}

static bool refuse_setup(GError **error)
{
	failure_set(error, FAILURE_SETUP_OVER, NULL, "the set-up link is over");
	return false;
}

/* An administrator may have come in another way meanwhile. */
static bool check_setup(Visit *visit, GError **error)
{
	Web *web = visit->web;
	bool has, open;

	if (!user_has_administrator(office_db(visit->office), &has, error))
		return false;
	pthread_mutex_lock(&web->lock);
	/* For good: one who is locked later is no reason to open it again. */
	if (has)
		g_clear_pointer(&web->setup, g_free);
	open = is_setup(web, visit);
	pthread_mutex_unlock(&web->lock);
	return open || refuse_setup(error);
}

/* Yours, until the first administrator is there: nobody else can use it meanwhile. */
static char *take_setup(Visit *visit)
{
	Web *web = visit->web;
	char *taken = NULL;

	pthread_mutex_lock(&web->lock);
	if (is_setup(web, visit))
		taken = g_steal_pointer(&web->setup);
	pthread_mutex_unlock(&web->lock);
	return taken;
}

static void give_setup_back(Web *web, char *taken)
{
	pthread_mutex_lock(&web->lock);
	web->setup = taken;
	pthread_mutex_unlock(&web->lock);
}

static bool show_setup(Visit *visit, const GError *problem)
{
	const Page page = {.title = _("Erste Einrichtung")};
	Html *h = page_begin(visit, &page);

	page_password_alert(h, problem);
	html(h, "<p>");
	html_text(h,
		_("Sie richten das Konto des ersten Administrators ein. Danach gilt diese Adresse "
		  "nicht mehr."));
	html(h, "</p>\n");
	form_begin(h, visit, "/einrichten");
	write_secret_field(h, link_secret(visit));
	field_input(h, &(Field){.name = "benutzer",
			       .label = _("Benutzername"),
			       .value = visit_field(visit, "benutzer"),
			       .autocomplete = "username",
			       .required = true});
	field_input(h, &(Field){.name = "name",
			       .label = _("Anzeigename (freiwillig)"),
			       .value = visit_field(visit, "name"),
			       .autocomplete = "name"});
	page_password_fields(h, problem);
	form_submit(h, _("Administrator anlegen"), "primary", NULL, NULL);
	form_end(h);
	return page_end(visit, h, problem ? 422 : 200);
}

static bool run_setup_form(Visit *visit, GError **error)
{
	return check_setup(visit, error) && show_setup(visit, NULL);
}

static bool add_first_administrator(Visit *visit, GError **error)
{
	const char *display_name = visit_field(visit, "name");
	g_autoptr(Secret) password = page_chosen_password(visit, error);
	g_autoptr(User) user = g_new0(User, 1);

	if (!password)
		return false;
	user->name = g_strdup(visit_field(visit, "benutzer"));
	user->display_name = *display_name ? g_strdup(display_name) : NULL;
	user->admin = true;
	return people_add(visit->office, user, password, "setup", error);
}

static bool run_setup(Visit *visit, GError **error)
{
	g_autofree char *taken = NULL;
	g_autoptr(GError) problem = NULL;

	if (!check_setup(visit, error))
		return false;
	taken = take_setup(visit);
	if (!taken)
		return refuse_setup(error);
	if (!add_first_administrator(visit, &problem)) {
		give_setup_back(visit->web, g_steal_pointer(&taken));
		return show_setup(visit, problem);
	}
	return visit_redirect(visit, "/anmelden", "kennwort");
}

static User *invited_user(const Visit *visit, GError **error)
{
	g_autoptr(GError) problem = NULL;
	User *user = invitation_find(office_db(visit->office), link_secret(visit), &problem);

	if (problem)
		g_propagate_error(error, g_steal_pointer(&problem));
	else if (!user)
		failure_set(error, FAILURE_INVITATION_OVER, NULL, "no such invitation");
	return user;
}

static bool show_invitation(Visit *visit, const User *user, const GError *problem)
{
	const Page page = {.title = _("Kennwort wählen")};
	Html *h = page_begin(visit, &page);

	page_password_alert(h, problem);
	html(h, "<p>");
	html_printf(h, _("Wählen Sie ein Kennwort für Amtspost. Ihr Benutzername ist „%s“."),
		user->name);
	html(h, "</p>\n");
	form_begin(h, visit, "/einladung");
	write_secret_field(h, link_secret(visit));
	html(h, "<input class=\"kern-sr-only\" type=\"text\" autocomplete=\"username\" "
		"tabindex=\"-1\" "
		"aria-hidden=\"true\" readonly value=\"");
	html_attr(h, user->name);
	html(h, "\">\n");
	page_password_fields(h, problem);
	form_submit(h, _("Kennwort speichern"), "primary", NULL, NULL);
	form_end(h);
	return page_end(visit, h, problem ? 422 : 200);
}

static bool run_invitation_form(Visit *visit, GError **error)
{
	g_autoptr(User) user = invited_user(visit, error);

	return user && show_invitation(visit, user, NULL);
}

static bool run_invitation(Visit *visit, GError **error)
{
	g_autoptr(User) user = invited_user(visit, error);
	g_autoptr(GError) problem = NULL;
	g_autoptr(Secret) password = NULL;

	if (!user)
		return false;
	password = page_chosen_password(visit, &problem);
	if (!password ||
		!invitation_use(office_db(visit->office), link_secret(visit), password, &problem))
		return show_invitation(visit, user, problem);
	return visit_redirect(visit, "/anmelden", "kennwort");
}

const Route route_start[] = {
	{WEB_GET, "/", ROLE_PERSON, WEB_AT_ONCE, 0, run_start},
	{WEB_GET, "/anmelden", ROLE_ANYBODY, WEB_AT_ONCE, 0, run_sign_in_form},
	{WEB_POST, "/anmelden", ROLE_ANYBODY, WEB_AS_JOB, 0, run_sign_in},
	{WEB_POST, "/abmelden", ROLE_PERSON, WEB_AS_JOB, 0, run_sign_out},
	{WEB_GET, "/einrichten", ROLE_ANYBODY, WEB_AT_ONCE, 0, run_setup_form},
	{WEB_POST, "/einrichten", ROLE_ANYBODY, WEB_AS_JOB, 0, run_setup},
	{WEB_GET, "/einladung", ROLE_ANYBODY, WEB_AT_ONCE, 0, run_invitation_form},
	{WEB_POST, "/einladung", ROLE_ANYBODY, WEB_AS_JOB, 0, run_invitation},
	{0},
};
