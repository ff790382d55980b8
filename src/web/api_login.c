/* The API's rows about signing in to a mailbox. */
#include "app/login.h"
#include "json/result.h"
#include "web/api.h"

/* Standard: "imap_password", "smtp_password". */
static bool sign_in_standard(Visit *visit, const char *user, const json_t *body, GError **error)
{
	g_autoptr(Secret) imap = NULL;
	g_autoptr(Secret) smtp = NULL;
	g_auto(LoginResult) result = {0};

	return api_need_secret(body, "imap_password", &imap, error) &&
	       api_take_secret(body, "smtp_password", &smtp, error) &&
	       login_with_password(visit->office, user, imap, smtp, visit->actor,
		       web_request_cancel(visit->request), &result, error) &&
	       api_answer(visit, 200, result_login(&result, NULL, NULL));
}

static bool run_login(Visit *visit, GError **error)
{
	const char *user = api_asked_user(visit, error);
	json_t *body = user ? api_body(visit, error) : NULL;
	bool done = body && sign_in_standard(visit, user, body, error);

	json_decref(body);
	return done;
}

static bool run_login_status(Visit *visit, GError **error)
{
	const char *user = api_asked_user(visit, error);
	g_auto(LoginStatus) status = {0};

	return user && login_status(visit->office, user, &status, error) &&
	       api_answer(visit, 200, result_login_status(&status));
}

static bool run_login_remove(Visit *visit, GError **error)
{
	const char *user = api_asked_user(visit, error);
	const char *mailbox = web_request_query(visit->request, "mailbox");
	bool removed;

	return user && login_remove(visit->office, user, mailbox, visit->actor, &removed, error) &&
	       api_answer(visit, 200, result_login_removed(removed));
}

/* clang-format off */
const Route route_api_login[] = {
	{WEB_GET, API "/login", ROLE_PERSON, WEB_AT_ONCE, 0, run_login_status,
		"Sign-in state of a user's mailbox", "user", NULL, "LoginStatus"},
	{WEB_POST, API "/login", ROLE_PERSON, WEB_AS_JOB, 0, run_login,
		"Check and store passwords (Standard)", "user", "imap_password! smtp_password", "Login"},
	{WEB_DELETE, API "/login", ROLE_PERSON, WEB_AS_JOB, 0, run_login_remove,
		"Forget the sign-in", "user mailbox", NULL, "LoginRemoved"},
	{0},
};
/* clang-format on */
