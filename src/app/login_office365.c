/* Signing in with Office 365 at the command line: the present token if it holds, else the walk
 * through the browser (login_walk.c), while the caller waits. */
#include "app/login_internal.h"

#include "app/token.h"
#include "failure/failure.h"

/* Whether the person says that GRANT is meant. */
static bool confirm(Login *login, const LoginUi *ui, const OauthGrant *grant, GError **error)
{
	if (ui->confirm && ui->confirm(grant->identity, login->account->address, ui->data))
		return true;
	if (!cancel_triggered(login->cancel))
		return login_refuse_person(login, grant, NULL, error);
	failure_set(error, FAILURE_CANCELLED, NULL, "cancelled at the question");
	return false;
}

/* From the browser to a stored sign-in; nothing is stored if it fails. *IMAP_PROBLEM: what the mail
 * server said to a sign-in that is good all the same. */
static bool obtain_grant(Login *login, const LoginUi *ui, bool force, OauthGrant *grant,
	GError **imap_problem, GError **error)
{
	bool ask;

	return login_walk(login, ui, force, grant, error) &&
	       login_judge_grant(login, grant, &ask, imap_problem, error) &&
	       (!ask || confirm(login, ui, grant, error)) && login_keep_grant(login, grant, error);
}

static bool sign_in_anew(Login *login, const LoginUi *ui, bool force, GError **error)
{
	g_auto(OauthGrant) grant = {0};
	g_autoptr(GError) imap_problem = NULL;
	g_autoptr(GError) problem = NULL;

	if (!obtain_grant(login, ui, force, &grant, &imap_problem, &problem)) {
		login_note_failed(login, problem);
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	login_finish_grant(login, &grant, g_steal_pointer(&imap_problem));
	return true;
}

static bool try_present(Login *login, const LoginUi *ui, bool *held, GError **error)
{
	if (ui->check)
		ui->check(true, ui->data);
	return login_holds(login, held, error);
}

bool login_with_office365(Office *office, const char *user, bool force, const LoginUi *ui,
	const char *actor, const Cancel *cancel, LoginResult *result, GError **error)
{
	g_auto(Login) login = {
		.office = office,
		.actor = actor,
		.cancel = cancel,
		.result = result,
	};
	bool held = false;

	if (!login_begin(&login, user, INTERFACE_OFFICE365, error) ||
		(!force && !try_present(&login, ui, &held, error)))
		return false;
	if (!held && (!token_check_place(office, login.account, error) ||
			     !sign_in_anew(&login, ui, force, error)))
		return false;
	return login_finish_token(&login, held, error);
}
