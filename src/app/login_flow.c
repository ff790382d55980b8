/* The page's way through a sign-in with Office 365. Between the halves everything may have changed:
 * the account is resolved afresh and compared with the one at the beginning. */
#include "app/login_flow.h"

#include "app/login_internal.h"
#include "app/token.h"
#include "failure/failure.h"

struct LoginFlow {
	Account *account; /* as it was at the beginning */
	OauthFlow *flow;
	OauthGrant grant; /* filled while a person is asked */
	bool asks;
};

void login_flow_free(LoginFlow *flow)
{
	if (!flow)
		return;
	account_free(flow->account);
	oauth_flow_free(flow->flow);
	oauth_grant_clear(&flow->grant);
	g_free(flow);
}

const char *login_flow_url(const LoginFlow *flow)
{
	return oauth_flow_url(flow->flow);
}

const char *login_flow_account(const LoginFlow *flow)
{
	return flow->account->address;
}

bool login_flow_asks(const LoginFlow *flow)
{
	return flow->asks;
}

const char *login_flow_identity(const LoginFlow *flow)
{
	return flow->grant.identity;
}

bool login_flow_is_over(const LoginFlow *flow)
{
	return flow->asks ? oauth_flow_time_left(flow->flow) == 0 : oauth_flow_is_over(flow->flow);
}

bool login_flow_redirect(Office *office, char **redirect_uri, GError **error)
{
	g_auto(OauthClient) client = {0};

	if (!settings_resolve_client(office_settings(office), &client, error))
		return false;
	*redirect_uri = g_steal_pointer(&client.redirect_uri);
	return true;
}

/* ---- the first half ---- */

/* LOGIN's account goes into the flow. */
static LoginFlow *make_flow(Login *login, const char *redirect_uri, bool force)
{
	LoginFlow *made = g_new0(LoginFlow, 1);
	const OauthClient *client = &login->account->oauth;
	g_autofree char *registered = oauth_redirect_uri(client, 0);

	made->flow = oauth_flow_new(
		client, redirect_uri ? redirect_uri : registered, login->account->address, force);
	made->account = g_steal_pointer(&login->account);
	return made;
}

bool login_flow_begin(Office *office, const char *user, bool force, const char *redirect_uri,
	const char *actor, const Cancel *cancel, LoginResult *result, LoginFlow **flow,
	GError **error)
{
	g_auto(Login) login = {
		.office = office,
		.actor = actor,
		.cancel = cancel,
		.result = result,
	};
	bool held = false;

	*flow = NULL;
	if (!login_begin(&login, user, INTERFACE_OFFICE365, error) ||
		(!force && !login_holds(&login, &held, error)))
		return false;
	if (held)
		return login_finish_token(&login, true, error);
	if (!token_check_place(office, login.account, error))
		return false;
	*flow = make_flow(&login, redirect_uri, force);
	return true;
}

/* ---- the second half ---- */

/* LOGIN with FLOW's account as it is now. */
static bool resume(Login *login, const LoginFlow *flow, GError **error)
{
	return login_begin(login, flow->account->user_name, INTERFACE_OFFICE365, error) &&
	       login_check_same(flow->account, login->account, error);
}

/* GRANT is good: stored, and the servers asked. Takes IMAP_PROBLEM. */
static bool keep(Login *login, const OauthGrant *grant, GError *imap_problem, GError **error)
{
	if (!login_keep_grant(login, grant, error)) {
		g_clear_error(&imap_problem);
		return false;
	}
	login_finish_grant(login, grant, imap_problem);
	return true;
}

static bool redeem(Login *login, LoginFlow *flow, GError **error)
{
	g_autoptr(GError) imap_problem = NULL;

	if (!oauth_flow_redeem(
		    flow->flow, &login->account->oauth, login->cancel, &flow->grant, error) ||
		!login_judge_grant(login, &flow->grant, &flow->asks, &imap_problem, error))
		return false;
	return flow->asks || keep(login, &flow->grant, g_steal_pointer(&imap_problem), error);
}

/* Puts PROBLEM (taken) on record. */
static bool fail(Login *login, GError *problem, GError **error)
{
	if (login->account)
		login_note_failed(login, problem);
	g_propagate_error(error, problem);
	return false;
}

bool login_flow_finish(Office *office, LoginFlow *flow, const char *redirect, const char *actor,
	const Cancel *cancel, LoginResult *result, bool *ask, GError **error)
{
	g_auto(Login) login = {
		.office = office,
		.actor = actor,
		.cancel = cancel,
		.result = result,
	};
	GError *problem = NULL;

	*ask = false;
	if (!oauth_flow_take(flow->flow, redirect, &problem)) {
		/* What is not for this flow is nobody's failed sign-in. */
		if (!failure_is(problem, FAILURE_OAUTH_STATE) &&
			!failure_is(problem, FAILURE_OAUTH_NO_REDIRECT) &&
			resume(&login, flow, NULL))
			return fail(&login, problem, error);
		g_propagate_error(error, problem);
		return false;
	}
	if (!resume(&login, flow, &problem) || !redeem(&login, flow, &problem))
		return fail(&login, problem, error);
	*ask = flow->asks;
	return flow->asks || login_finish_token(&login, false, error);
}

/* ---- the question ---- */

static bool check_time(const LoginFlow *flow, GError **error)
{
	if (oauth_flow_time_left(flow->flow) > 0)
		return true;
	failure_set(error, FAILURE_OAUTH_UNFINISHED, flow->account->address,
		"the question was answered too late");
	return false;
}

bool login_flow_answer(Office *office, LoginFlow *flow, bool meant, const char *actor,
	const Cancel *cancel, LoginResult *result, GError **error)
{
	g_auto(Login) login = {
		.office = office,
		.actor = actor,
		.cancel = cancel,
		.result = result,
	};
	GError *problem = NULL;

	g_assert(flow->asks);
	flow->asks = false;
	if (!resume(&login, flow, &problem) || !check_time(flow, &problem) ||
		!(meant || login_refuse_person(&login, &flow->grant, NULL, &problem)) ||
		!keep(&login, &flow->grant, NULL, &problem))
		return fail(&login, problem, error);
	return login_finish_token(&login, false, error);
}
