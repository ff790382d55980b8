/* Persönliche Einstellungen: the own password for Amtspost; and choosing one anywhere. */
#include "web/page_password.h"

#include <string.h>
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/page_personal.h"

/* Whom a locked user can turn to: another administrator, if there is one. */
static void explain_lock(Db *db, const char *name, GError **problem)
{
	g_autoptr(GError) ignored = NULL;
	bool has = true;

	user_has_administrator(db, &has, &ignored);
	failure_set(problem, has ? FAILURE_USER_LOCKED : FAILURE_USER_LOCKED_ALONE, name,
		"the page's sign-in: locked");
}

void page_explain_try(Db *db, SessionTry outcome, int64_t wait, const char *name, GError **problem)
{
	g_autofree char *minutes = g_strdup_printf(
		ngettext("%d Minute", "%d Minuten", (unsigned long)((wait + 59) / 60)),
		(int)((wait + 59) / 60));

	switch (outcome) {
	case SESSION_TRY_LOCKED:
		explain_lock(db, name, problem);
		break;
	case SESSION_TRY_TOO_OFTEN:
		failure_set(problem, FAILURE_PAGE_TRIES, minutes, "the page's sign-in: too often");
		break;
	default:
		failure_set(problem, FAILURE_PAGE_PASSWORD, NULL, "the page's sign-in: wrong");
	}
}

Secret *page_chosen_password(const Visit *visit, GError **error)
{
	const char *one = visit_field(visit, "kennwort");

	if (strcmp(one, visit_field(visit, "wiederholung")) != 0) {
		failure_set(error, FAILURE_PASSWORDS_DIFFER, NULL, "the repetition differs");
		return NULL;
	}
	return secret_new(one, strlen(one));
}

void page_password_alert(Html *h, const GError *problem)
{
	if (failure_is(problem, FAILURE_PASSWORDS_DIFFER) ||
		failure_is(problem, FAILURE_PASSWORD_INVALID) ||
		failure_is(problem, FAILURE_PAGE_FORMER_PASSWORD))
		page_alert(h, TONE_DANGER, _("Das Kennwort wurde nicht gespeichert."), NULL);
	else if (problem)
		page_alert_failure(h, problem);
}

void page_password_fields(Html *h, const GError *problem)
{
	g_autofree char *invalid = page_field_error(problem, FAILURE_PASSWORD_INVALID);
	g_autofree char *differ = page_field_error(problem, FAILURE_PASSWORDS_DIFFER);

	field_input(h, &(Field){.name = "kennwort",
			       .label = _("Neues Kennwort"),
			       .hint = _("Mindestens 8 Zeichen. Am besten mehrere Wörter."),
			       .type = "password",
			       .autocomplete = "new-password",
			       .error = invalid,
			       .required = true});
	field_input(h, &(Field){.name = "wiederholung",
			       .label = _("Neues Kennwort wiederholen"),
			       .type = "password",
			       .autocomplete = "new-password",
			       .error = differ,
			       .required = true});
}

static bool show(Visit *visit, const GError *problem)
{
	g_autofree char *former = page_field_error(problem, FAILURE_PAGE_FORMER_PASSWORD);
	Html *h = page_personal_begin(visit, PERSONAL_PASSWORD, false);

	page_password_alert(h, problem);
	html(h, "<p>");
	html_text(h, _("Mit diesem Kennwort melden Sie sich an Amtspost an. Mit dem Kennwort Ihres "
		       "Postfachs hat es nichts zu tun."));
	html(h, "</p>\n");
	form_begin(h, visit, PERSONAL_PASSWORD);
	html(h, "<input class=\"kern-sr-only\" type=\"text\" autocomplete=\"username\" "
		"tabindex=\"-1\" aria-hidden=\"true\" readonly value=\"");
	html_attr(h, visit->user->name);
	html(h, "\">\n");
	field_input(h, &(Field){.name = "bisher",
			       .label = _("Bisheriges Kennwort"),
			       .type = "password",
			       .autocomplete = "current-password",
			       .error = former,
			       .required = true});
	page_password_fields(h, problem);
	form_submit(h, _("Kennwort ändern"), "primary", NULL, NULL);
	form_end(h);
	return page_end(visit, h, problem ? 422 : 200);
}

bool page_password_run(Visit *visit, GError **error)
{
	(void)error;
	return show(visit, NULL);
}

/* False with *PROBLEM: the former one is not right. */
static bool check_former(const Visit *visit, PasswordProof *proof, GError **problem)
{
	const char *typed = visit_field(visit, "bisher");
	g_autoptr(Secret) former = secret_new(typed, strlen(typed));
	SessionTry outcome;
	int64_t wait = 0;

	if (!session_try(office_db(visit->office), visit->user->name, former,
		    web_request_peer(visit->request), &outcome, proof, &wait, problem))
		return false;
	if (outcome == SESSION_TRY_WRONG)
		failure_set(problem, FAILURE_PAGE_FORMER_PASSWORD, NULL, "the former one is wrong");
	else if (outcome != SESSION_TRY_OK)
		page_explain_try(
			office_db(visit->office), outcome, wait, visit->user->name, problem);
	return outcome == SESSION_TRY_OK;
}

/* All sessions end with the old password, this one goes on as a new one. */
bool page_password_save(Visit *visit, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(Secret) chosen = page_chosen_password(visit, &problem);
	g_auto(PasswordProof) proof = {0};
	g_autofree char *token = NULL;

	(void)error;
	if (!chosen || !check_former(visit, &proof, &problem) ||
		!session_change_password(office_db(visit->office), &proof, chosen, visit->actor,
			web_request_peer(visit->request), &token, &problem))
		return show(visit, problem);
	visit_set_session(visit, token);
	return visit_redirect(visit, PERSONAL_PASSWORD, "kennwort-geaendert");
}
