/* What keeps somebody from sending, and the way to mend it. A draft can be written all the same. */
#include "web/page_send.h"

#include <inttypes.h>
#include "app/people.h"
#include "base/i18n.h"
#include "failure/failure.h"

static void write_way(Html *h, const char *path, const char *label)
{
	html(h, "<p class=\"buttons\"><a class=\"kern-btn kern-btn--secondary\" href=\"");
	html_attr(h, path);
	html(h, "\"><span class=\"kern-label\">");
	html_text(h, label);
	html(h, "</span></a></p>\n");
}

/* Settings by their names are for those who may change them; yours. */
static char *tell_missing(const SendView *view, const GError *problem)
{
	g_autofree char *sentence = failure_sentence(problem);
	g_autofree char *advice = failure_advice_on_page(problem);

	if (view->visit->user->admin || !failure_is(problem, FAILURE_SETTING_MISSING) ||
		!view->account->address)
		return g_strdup_printf("%s %s", sentence, advice);
	return g_strdup(_("Der Server für den Versand (SMTP) ist noch nicht eingetragen. Das macht "
			  "ein Administrator."));
}

/* An administrator can switch it on or set the server. */
static void write_missing(Html *h, const SendView *view, const GError *problem)
{
	const User *user = view->visit->user;
	g_autofree char *name = g_uri_escape_string(user->name, NULL, FALSE);
	g_autofree char *path = g_strdup_printf("/benutzer/%s/office", name);
	g_autofree char *told = tell_missing(view, problem);
	g_autofree char *text = g_strdup_printf(
		"%s %s", told, _("Schreiben und speichern können Sie den Entwurf trotzdem."));

	page_alert(h, TONE_WARNING, _("Senden ist noch nicht möglich"), text);
	if (user->admin)
		write_way(h, path, _("Zu Office und E-Mail"));
}

static void write_sign_in(Html *h, const SendView *view, const Person *person)
{
	g_autofree char *path =
		view->id ? g_strdup_printf("/einstellungen?weiter=" SEND_PATH "/%" PRId64, view->id)
			 : g_strdup("/einstellungen?weiter=" SEND_PATH);

	page_alert(h, TONE_WARNING, _("Anmeldung erforderlich"), person->sign_in.reason);
	write_way(h, path, _("Zur Anmeldung; danach geht es hier weiter"));
}

bool send_write_obstacles(Html *h, const SendView *view, GError **error)
{
	const Visit *visit = view->visit;
	g_autoptr(GError) problem = NULL;
	g_autoptr(Person) person = NULL;

	if (!settings_require(view->account, MAIL_PROTOCOL_SMTP, &problem)) {
		write_missing(h, view, problem);
		return true;
	}
	person = people_find(visit->office, visit->user->name, error);
	if (!person)
		return false;
	if (person_needs_help(person) && person->sign_in.state != SIGN_IN_FAILED)
		write_sign_in(h, view, person);
	return true;
}
