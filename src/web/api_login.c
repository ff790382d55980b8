/* The API's rows about signing in to a mailbox: with passwords, or with Office 365, where one
 * request answers the address to open and another brings the one that the browser was led to. */
#include "app/login_flow.h"
#include "base/text.h"
#include "failure/failure.h"
#include "json/result.h"
#include "web/api.h"
#include "web/web_internal.h"

/* ---- Standard: "imap_password", "smtp_password" ---- */

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

/* ---- Office 365: in halves, as pages do it ---- */

/* What stands for the session to which a waiting sign-in belongs: programs have none, and may sign
 * in several people. So it is who asks (with which session, if there is one), and for whom. */
typedef struct Owner {
	User user;
	Session session;
} Owner;

/* The session is borrowed from OWNER, which stays where it is. */
static const Session *owner_set(Owner *owner, const Visit *visit, const char *user)
{
	g_autofree char *folded = text_fold(user);

	owner->user.id = visit->user->id;
	owner->session.user = &owner->user;
	/* A page's has no blank. */
	owner->session.csrf =
		g_strdup_printf("%s %s", visit->session ? visit->session->csrf : "", folded);
	return &owner->session;
}

static void owner_clear(Owner *owner)
{
	g_free(owner->session.csrf);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Owner, owner_clear)

/* The first half: the address to open; or all of it, if the present sign-in holds. */
static bool begin(Visit *visit, const char *user, bool force, GError **error)
{
	g_auto(Owner) owner = {0};
	g_auto(LoginResult) result = {0};
	g_autoptr(LoginFlow) flow = NULL;
	json_t *document;
	SignIn *sign_in;

	if (!login_flow_begin(visit->office, user, force, NULL, visit->actor,
		    web_request_cancel(visit->request), &result, &flow, error))
		return false;
	if (!flow)
		return api_answer(visit, 200, result_login(&result, NULL, NULL));
	document = json_pack("{s:s}", "authorize_url", login_flow_url(flow));
	sign_in = g_new0(SignIn, 1);
	sign_in->flow = g_steal_pointer(&flow);
	sign_ins_put(visit->web->sign_ins, owner_set(&owner, visit, user), sign_in);
	return api_answer(visit, 200, document);
}

/* What REDIRECT does to FLOW. Nobody can be asked here: whoever signed in under another name than
 * the account's is refused. */
static bool finish_flow(const Visit *visit, LoginFlow *flow, const char *redirect,
	LoginResult *result, GError **error)
{
	const Cancel *cancel = web_request_cancel(visit->request);
	bool ask;

	if (!login_flow_finish(
		    visit->office, flow, redirect, visit->actor, cancel, result, &ask, error))
		return false;
	if (!ask)
		return true;
	login_result_clear(result);
	return login_flow_answer(visit->office, flow, false, visit->actor, cancel, result, error);
}

/* The second half. */
static bool finish(Visit *visit, const char *user, const char *redirect, GError **error)
{
	SignIns *sign_ins = visit->web->sign_ins;
	g_auto(Owner) owner = {0};
	const Session *session = owner_set(&owner, visit, user);
	g_autoptr(SignIn) sign_in = sign_ins_take(sign_ins, session);
	g_autofree char *address = g_strstrip(g_strdup(redirect));
	g_auto(LoginResult) result = {0};
	g_autoptr(GError) problem = NULL;

	if (!sign_in) {
		failure_set(error, FAILURE_OAUTH_STATE, NULL, "no sign-in of this program waits");
		return false;
	}
	if (finish_flow(visit, sign_in->flow, address, &result, &problem))
		return api_answer(visit, 200, result_login(&result, NULL, NULL));
	if (failure_is(problem, FAILURE_OAUTH_STATE) ||
		failure_is(problem, FAILURE_OAUTH_NO_REDIRECT))
		sign_ins_put_back(sign_ins, session, g_steal_pointer(&sign_in));
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

static bool sign_in_office365(Visit *visit, const char *user, const json_t *body, GError **error)
{
	bool force = json_is_true(json_object_get(body, "new"));
	const char *redirect;

	return api_take_text(body, "redirected", &redirect, error) &&
	       (redirect ? finish(visit, user, redirect, error) : begin(visit, user, force, error));
}

/* ---- both ---- */

static bool run_login(Visit *visit, GError **error)
{
	const char *user = api_asked_user(visit, error);
	json_t *body = user ? api_body(visit, error) : NULL;
	g_auto(LoginPlan) plan = {0};
	bool done;

	if (!body)
		return false;
	done = login_plan(visit->office, user, NULL, &plan, error) &&
	       (plan.interface == INTERFACE_OFFICE365 ? sign_in_office365 : sign_in_standard)(
		       visit, user, body, error);
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
	{WEB_POST, API "/login", ROLE_PERSON, WEB_AS_ERRAND, 0, run_login,
		"Sign in. Standard: imap_password is checked and stored. Office 365: unless the present sign-in holds "
		"(or with new), authorize_url is to be opened; where it leads to is sent as redirected",
		"user", "imap_password smtp_password new:boolean redirected", "Login|LoginAddress"},
	{WEB_DELETE, API "/login", ROLE_PERSON, WEB_AS_JOB, 0, run_login_remove,
		"Forget the sign-in", "user mailbox", NULL, "LoginRemoved"},
	{0},
};
/* clang-format on */
