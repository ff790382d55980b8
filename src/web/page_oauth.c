/* Signing in with Office 365: the button, the way to the identity provider and back.
 *
 * A form's POST must not lead to another origin: browsers hold "form-action 'self'" against every
 * redirect behind it. So the POST leads (303) to a page of our own, which goes on by itself: its
 * Refresh header is a navigation of its own and not the form's, needs no script, and the policy has
 * nothing against it. The page's link is for browsers that do not follow it. Where the redirect
 * does not lead back here, the page stays, and its field takes the address. */
#include "web/page_personal.h"

#include <string.h>
#include "app/login_flow.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "model/endpoint.h"
#include "oauth/oauth.h"
#include "web/web_internal.h"

/* ---- the personal page's part ---- */

static void write_buttons(Html *h, const Visit *visit, const LoginStatus *status, const char *next)
{
	html(h, "<div class=\"split\">\n");
	form_begin(h, visit, PERSONAL_OAUTH);
	page_personal_next(h, next);
	form_submit(h, _("Authentifizierung"), "primary", NULL, NULL);
	form_end(h);
	html(h, "<details class=\"menu\"><summary><span class=\"kern-sr-only\">");
	html_text(h, _("Weitere Möglichkeiten"));
	html(h, "</span></summary><ul><li>\n");
	form_begin(h, visit, PERSONAL_OAUTH);
	page_personal_next(h, next);
	form_submit(h, _("Neue Authentifizierung"), "tertiary", "neu", "true");
	form_end(h);
	html(h, "</li>\n");
	if (status->token_file) {
		html(h, "<li><a href=\"#tokendatei\">");
		html_text(h, _("Gehe zu Tokendatei"));
		html(h, "</a></li>\n");
	}
	html(h, "</ul></details></div>\n");
}

/* "3 Tage" since SECONDS; yours. */
static char *age_of(int64_t seconds)
{
	int64_t minutes = MAX(clock_now() - seconds, 0) / 60;
	int64_t hours = minutes / 60;
	int64_t days = hours / 24;

	if (days > 0)
		return g_strdup_printf(
			ngettext("%d Tag", "%d Tage", (unsigned long)days), (int)days);
	if (hours > 0)
		return g_strdup_printf(
			ngettext("%d Stunde", "%d Stunden", (unsigned long)hours), (int)hours);
	return g_strdup_printf(
		ngettext("%d Minute", "%d Minuten", (unsigned long)minutes), (int)minutes);
}

static void write_age(Html *h, const LoginStatus *status)
{
	int64_t written = MAX(status->signed_in, status->refreshed);
	g_autofree char *age = written ? age_of(written) : NULL;
	g_autofree char *time = written ? clock_format_german(written) : NULL;

	if (!age)
		return;
	description_open(h, _("Alter"));
	html_printf(h, _("%s (geschrieben am %s)"), age, time);
	description_close(h);
}

static void write_token_file(Html *h, const Visit *visit, const LoginStatus *status)
{
	g_autofree char *expires = status->expires ? clock_format_german(status->expires) : NULL;

	html(h, "<section id=\"tokendatei\"><h2 class=\"kern-heading-medium\">");
	html_text(h, _("Tokendatei"));
	html(h, "</h2>\n");
	description_begin(h);
	description_text(h, _("Pfad"), status->token_file);
	write_age(h, status);
	description_text(
		h, _("Ausgestellt für"), status->identity ? status->identity : status->account);
	description_open(h, _("Gültig bis"));
	if (expires)
		html_printf(h, _("%s; die Anmeldung wird von selbst erneuert"), expires);
	else
		html_text(h, _("gilt nicht mehr"));
	description_close(h);
	description_end(h);
	html(h, "<details class=\"fold\"><summary>");
	html_text(h, _("Tokendatei löschen"));
	html(h, "</summary><p>");
	html_text(h, _("Damit endet Ihre Anmeldung bei Office 365. Importieren und versenden "
		       "können Sie danach erst wieder nach einer neuen Authentifizierung."));
	html(h, "</p>\n");
	form_button(
		h, visit, PERSONAL_REMOVE, _("Endgültig löschen"), "secondary kern-btn--danger");
	html(h, "</details></section>\n");
}

static void write_pending(Html *h)
{
	html(h, "<p><a class=\"kern-link\" href=\"" PERSONAL_OAUTH "\">");
	html_text(h, _("Begonnene Anmeldung fortsetzen"));
	html(h, "</a></p>\n");
}

void page_oauth_show(Html *h, const Visit *visit, const LoginStatus *status, const char *next)
{
	g_auto(SignInLook) look = {0};

	write_buttons(h, visit, status, next);
	if (sign_ins_look(visit->web->sign_ins, visit->session, &look))
		write_pending(h);
	if (status->token_file)
		write_token_file(h, visit, status);
}

/* ---- where the browser comes back to ---- */

/* Registered is http://localhost, with any port; identity providers take http://127.0.0.1 for
 * something else, and so do browsers with their cookies. */
#define REGISTERED_HOST "localhost"
#define NUMBER_HOST "127.0.0.1"

/* Where the browser would come back to if it came to this host; NULL: the Host header is none.
 * Yours. */
static GUri *own_callback(const Visit *visit)
{
	const char *host = web_request_header(visit->request, "Host");
	g_autofree char *address = g_strconcat("http://", host, OAUTH_REDIRECT_PATH, NULL);
	g_autoptr(GUri) uri = host ? g_uri_parse(address, G_URI_FLAGS_NONE, NULL) : NULL;

	return uri && g_uri_get_host(uri) && *g_uri_get_host(uri) && !g_uri_get_userinfo(uri) &&
			       strcmp(g_uri_get_path(uri), OAUTH_REDIRECT_PATH) == 0 &&
			       !g_uri_get_query(uri) && !g_uri_get_fragment(uri)
		       ? g_steal_pointer(&uri)
		       : NULL;
}

static int port_of(GUri *uri, bool secure)
{
	int port = g_uri_get_port(uri);

	return port > 0 ? port : secure ? 443 : 80;
}

/* Whether REDIRECT_URI is the place that the browser asks right now. */
static bool leads_here(const Visit *visit, const char *redirect_uri)
{
	g_autoptr(GUri) uri = g_uri_parse(redirect_uri, G_URI_FLAGS_NONE, NULL);
	g_autoptr(GUri) here = own_callback(visit);
	bool secure = uri && strcmp(g_uri_get_scheme(uri), "https") == 0;

	return uri && here && g_uri_get_host(uri) &&
	       strcmp(g_uri_get_path(uri), OAUTH_REDIRECT_PATH) == 0 &&
	       g_ascii_strcasecmp(g_uri_get_host(uri), g_uri_get_host(here)) == 0 &&
	       port_of(uri, secure) == port_of(here, secure);
}

/* The address with HOST instead; yours. */
static char *with_host(GUri *uri, const char *host)
{
	return g_uri_join(G_URI_FLAGS_NONE, "http", NULL, host, g_uri_get_port(uri),
		OAUTH_REDIRECT_PATH, NULL, NULL);
}

static bool is_number(GUri *uri)
{
	return strcmp(g_uri_get_host(uri), NUMBER_HOST) == 0;
}

/* What is configured; else ourselves where the browser is on this machine; else NULL: nowhere that
 * it would find. *HERE: it comes back by itself. */
static bool find_redirect(const Visit *visit, char **redirect_uri, bool *here, GError **error)
{
	g_autoptr(GUri) uri = own_callback(visit);

	if (!login_flow_redirect(visit->office, redirect_uri, error))
		return false;
	if (!*redirect_uri && uri && !web_request_is_secure(visit->request) &&
		host_is_loopback(g_uri_get_host(uri))) {
		*redirect_uri =
			is_number(uri) ? with_host(uri, REGISTERED_HOST) : g_uri_to_string(uri);
		*here = true;
	} else {
		*here = *redirect_uri && leads_here(visit, *redirect_uri);
	}
	return true;
}

/* ---- going there ---- */

/* Begins a sign-in, or tells how the present one holds. NEXT is nullable. */
static bool begin(Visit *visit, bool force, bool repeated, const char *next)
{
	g_autofree char *redirect_uri = NULL;
	g_autoptr(LoginFlow) flow = NULL;
	g_auto(LoginResult) result = {0};
	GError *problem = NULL;
	bool here = false;
	SignIn *sign_in;

	if (!find_redirect(visit, &redirect_uri, &here, &problem) ||
		!login_flow_begin(visit->office, visit->user->name, force, redirect_uri,
			visit->actor, web_request_cancel(visit->request), &result, &flow,
			&problem) ||
		!flow)
		return page_personal_end(visit, &result, problem, next);
	sign_in = g_new0(SignIn, 1);
	*sign_in = (SignIn){
		.flow = g_steal_pointer(&flow),
		.next = g_strdup(next),
		.leads_here = here,
		.repeated = repeated,
	};
	sign_ins_put(visit->web->sign_ins, visit->session, sign_in);
	return visit_redirect(visit, PERSONAL_OAUTH, NULL);
}

bool page_oauth_begin(Visit *visit, GError **error)
{
	(void)error;
	return begin(visit, visit_has(visit, "neu"), false, visit_next(visit));
}

static void write_link(Html *h, const SignInLook *look)
{
	html(h, "<p><a class=\"kern-btn kern-btn--primary\" href=\"");
	html_attr(h, look->url);
	html(h, "\"");
	/* The page with the field stays open. */
	if (!look->leads_here)
		html(h, " target=\"_blank\" rel=\"noopener\"");
	html(h, "><span class=\"kern-label\">");
	html_text(h, _("Weiter zum Anmeldedienst"));
	html(h, "</span></a></p>\n");
}

static void write_paste(Html *h, const Visit *visit)
{
	html(h, "<p>");
	html_text(h, _("Nach der Anmeldung leitet der Anmeldedienst den Browser zu einer Adresse, "
		       "die vielleicht keine Seite zeigt. Das ist in Ordnung: Kopieren Sie dann "
		       "die ganze Adresse aus der Adresszeile und fügen Sie sie hier ein. Das ist "
		       "zehn Minuten lang möglich."));
	html(h, "</p>\n");
	form_begin(h, visit, PERSONAL_PASTE);
	field_input(h, &(Field){.name = "adresse",
			       .label = _("Adresse nach der Anmeldung"),
			       .required = true});
	form_submit(h, _("Anmeldung abschließen"), "primary", NULL, NULL);
	form_end(h);
}

static void write_question(Html *h, const Visit *visit, const SignInLook *look)
{
	g_autofree char *heading = g_strdup_printf(_("Angemeldet hat sich „%s“"), look->identity);
	g_autofree char *text =
		g_strdup_printf(_("Eingetragen ist der Kontoname „%s“. Das Postfach lässt sich mit "
				  "dieser Anmeldung "
				  "öffnen. Gespeichert ist noch nichts. Ist das richtig?"),
			look->account);

	page_alert(h, TONE_WARNING, heading, text);
	form_begin(h, visit, PERSONAL_CONFIRM);
	html(h, "<div class=\"buttons\">");
	form_submit(h, _("Ja, diese Anmeldung verwenden"), "primary", "antwort", "ja");
	form_submit(h, _("Nein, nicht speichern"), "secondary", "antwort", "nein");
	html(h, "</div>\n");
	form_end(h);
}

static bool show_lead(Visit *visit, const SignInLook *look, const GError *problem)
{
	Html *h = page_personal_begin(visit, PERSONAL_PATH, false);

	if (problem)
		page_alert_failure(h, problem);
	if (look->asks) {
		write_question(h, visit, look);
		return page_end(visit, h, 200);
	}
	html(h, "<p>");
	html_printf(h, _("Melden Sie sich beim Anmeldedienst als „%s“ an."), look->account);
	html(h, "</p>\n");
	write_link(h, look);
	if (!look->leads_here)
		write_paste(h, visit);
	return page_end(visit, h, problem ? 422 : 200);
}

bool page_oauth_lead(Visit *visit, GError **error)
{
	g_auto(SignInLook) look = {0};
	g_autofree char *refresh = NULL;

	(void)error;
	if (!sign_ins_look(visit->web->sign_ins, visit->session, &look))
		return visit_redirect(visit, PERSONAL_PATH, NULL);
	if (look.leads_here && !look.asks) {
		refresh = g_strdup_printf("0; url=%s", look.url);
		web_response_header(visit->response, "Refresh", refresh);
	}
	return show_lead(visit, &look, NULL);
}

/* ---- coming back ---- */

/* Gives SIGN_IN (taken) back: it still waits. */
static void put_back(const Visit *visit, SignIn *sign_in)
{
	sign_ins_put_back(visit->web->sign_ins, visit->session, sign_in);
}

/* This session's sign-in in the state that ASKS names, yours; else NULL with FAILURE_OAUTH_STATE.
 */
static SignIn *take(const Visit *visit, bool asks, GError **error)
{
	g_autoptr(SignIn) sign_in = sign_ins_take(visit->web->sign_ins, visit->session);

	if (sign_in && login_flow_asks(sign_in->flow) == asks)
		return g_steal_pointer(&sign_in);
	failure_set(error, FAILURE_OAUTH_STATE, NULL, "no sign-in of this session waits for that");
	if (sign_in)
		put_back(visit, g_steal_pointer(&sign_in));
	return NULL;
}

/* REDIRECT ends SIGN_IN (taken), or is not for it: then false with *ERROR, and it still waits. */
static bool finish(Visit *visit, SignIn *sign_in, const char *redirect, GError **error)
{
	g_autoptr(SignIn) waiting = sign_in;
	g_auto(LoginResult) result = {0};
	g_autoptr(GError) problem = NULL;
	bool ask;

	login_flow_finish(visit->office, sign_in->flow, redirect, visit->actor,
		web_request_cancel(visit->request), &result, &ask, &problem);
	if (failure_is(problem, FAILURE_OAUTH_STATE) ||
		failure_is(problem, FAILURE_OAUTH_NO_REDIRECT)) {
		put_back(visit, g_steal_pointer(&waiting));
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	if (ask) {
		put_back(visit, g_steal_pointer(&waiting));
		return visit_redirect(visit, PERSONAL_OAUTH, NULL);
	}
	if (failure_is(problem, FAILURE_OAUTH_CODE_USED) && !sign_in->repeated)
		return begin(visit, true, true, sign_in->next);
	return page_personal_end(visit, &result, g_steal_pointer(&problem), sign_in->next);
}

/* The query's parts that count (RFC 6749 section 4.1.2), as a query again; yours. */
static char *rebuild_query(const Visit *visit)
{
	static const char *const names[] = {"state", "code", "error", "error_description"};
	GString *query = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *value = web_request_query(visit->request, names[i]);

		if (!value)
			continue;
		g_string_append_printf(query, "%s%s=", query->len > 0 ? "&" : "", names[i]);
		g_string_append_uri_escaped(query, value, NULL, FALSE);
	}
	return g_string_free(query, FALSE);
}

static void free_wiped(char *text)
{
	secret_wipe(text, strlen(text));
	g_free(text);
}

/* Who is not signed in here is by the number of this machine, or nowhere. */
static bool lead_to_number(Visit *visit, const char *query)
{
	g_autoptr(GUri) uri = own_callback(visit);
	g_autofree char *place = NULL;
	char *target;

	if (web_request_is_secure(visit->request) || !uri ||
		strcmp(g_uri_get_host(uri), REGISTERED_HOST) != 0)
		return visit_redirect(visit, "/anmelden", NULL);
	place = with_host(uri, NUMBER_HOST);
	target = g_strconcat(place, "?", query, NULL);
	visit_redirect(visit, target, NULL);
	free_wiped(target);
	return true;
}

static bool come_back(Visit *visit, const char *query, GError **error)
{
	SignIn *sign_in = take(visit, false, error);

	return sign_in && finish(visit, sign_in, query, error);
}

bool page_oauth_callback(Visit *visit, GError **error)
{
	char *query = rebuild_query(visit);
	bool done = visit->user ? come_back(visit, query, error) : lead_to_number(visit, query);

	free_wiped(query);
	return done;
}

bool page_oauth_paste(Visit *visit, GError **error)
{
	SignIn *sign_in = take(visit, false, error);
	g_autofree char *address = g_strstrip(g_strdup(visit_field(visit, "adresse")));
	g_autoptr(GError) problem = NULL;
	g_auto(SignInLook) look = {0};

	if (!sign_in)
		return false;
	if (finish(visit, sign_in, address, &problem))
		return true;
	if (sign_ins_look(visit->web->sign_ins, visit->session, &look))
		return show_lead(visit, &look, problem);
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

bool page_oauth_confirm(Visit *visit, GError **error)
{
	g_autoptr(SignIn) sign_in = take(visit, true, error);
	bool meant = strcmp(visit_field(visit, "antwort"), "ja") == 0;
	g_auto(LoginResult) result = {0};
	GError *problem = NULL;

	if (!sign_in)
		return false;
	login_flow_answer(visit->office, sign_in->flow, meant, visit->actor,
		web_request_cancel(visit->request), &result, &problem);
	return page_personal_end(visit, &result, problem, sign_in->next);
}
