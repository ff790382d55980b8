/* Signing in with Office 365: the present token if it holds, else the walk through the browser
 * (login_walk.c); the check of who that was, and real logins afterwards. */
#include "app/login_internal.h"

#include <string.h>
#include "app/sign_in.h"
#include "app/sign_in_record.h"
#include "app/token.h"
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"

/* ---- the logins afterwards ---- */

static bool log_in(Login *login, MailProtocol protocol, GError **error)
{
	g_auto(MailSession) session = {0};
	const Account *account = login->account;

	if (protocol == MAIL_PROTOCOL_IMAP)
		session.imap = sign_in_imap(login->office, account, login->cancel, error);
	else
		session.smtp = sign_in_smtp(login->office, account, login->cancel, error);
	return session.imap || session.smtp;
}

/* Reports what IMAP said (PROBLEM, taken), and asks SMTP and the further mailboxes. */
static void check_rest(Login *login, GError *problem)
{
	LoginResult *result = login->result;
	GError *again = problem ? g_error_copy(problem) : NULL;

	if (!login_note(login, &result->imap, problem) ||
		!login_note_mailbox(login, login->account->address, again))
		return;
	if (login->account->smtp.host) {
		GError *smtp_problem = NULL;

		log_in(login, MAIL_PROTOCOL_SMTP, &smtp_problem);
		if (!login_note(login, &result->smtp, smtp_problem))
			return;
	} else {
		login_skip(
			&result->smtp, _("Für diesen Benutzer ist kein SMTP-Server eingetragen."));
	}
	login_check_mailboxes(login);
}

/* ---- who was it? ---- */

static bool refuse_person(
	Login *login, const OauthGrant *grant, GError *imap_problem, GError **error)
{
	const char *account = login->account->address;
	const char *why = imap_problem ? imap_problem->message : "not confirmed";
	g_autofree char *subject = NULL;

	if (grant->identity) {
		subject = g_strdup_printf(
			_("„%s“, eingetragen ist aber „%s“"), grant->identity, account);
		failure_set(error, FAILURE_OAUTH_WRONG_PERSON, subject,
			"signed in as %s, not %s: %s", grant->identity, account, why);
	} else if (imap_problem && failure_code(imap_problem) != FAILURE_CODE_LOGIN) {
		g_propagate_error(error, g_error_copy(imap_problem));
	} else {
		failure_set(error, FAILURE_OAUTH_UNKNOWN_PERSON, account,
			"no identity was told: %s", why);
	}
	return false;
}

/* Whether what was granted is ACCOUNT's: by name, else by its mailbox, which opens, and the
 * person's word. IMAP_PROBLEM is what the mail server said. */
static bool check_person(Login *login, const LoginUi *ui, const OauthGrant *grant,
	GError *imap_problem, GError **error)
{
	bool asked = grant->identity && !text_is_same(grant->identity, login->account->address);

	if (grant->identity && !asked)
		return true;
	if (imap_problem)
		return refuse_person(login, grant, imap_problem, error);
	if (!asked)
		return true;
	if (ui->confirm && ui->confirm(grant->identity, login->account->address, ui->data))
		return true;
	if (!cancel_triggered(login->cancel))
		return refuse_person(login, grant, NULL, error);
	failure_set(error, FAILURE_CANCELLED, NULL, "cancelled at the question");
	return false;
}

static void try_imap(Login *login, const OauthGrant *grant, GError **error)
{
	g_auto(MailSession) session = {0};
	SignInTry order = {
		.account = login->account,
		.protocol = MAIL_PROTOCOL_IMAP,
		.username = login->account->address,
		.token = grant->access_token,
	};

	sign_in_try(&order, login->cancel, &session, error);
}

/* Ten minutes may have passed in the browser: who was locked, and a changed account, count now. */
static bool check_still(const Login *login, GError **error)
{
	const Account *before = login->account;
	g_autoptr(Account) now = sign_in_account(login->office, before->user_name, error);

	if (!now || !settings_require(now, MAIL_PROTOCOL_IMAP, error))
		return false;
	if (now->interface == before->interface && text_is_same(now->address, before->address) &&
		g_strcmp0(now->oauth.authority, before->oauth.authority) == 0 &&
		g_strcmp0(now->oauth.tenant, before->oauth.tenant) == 0 &&
		g_strcmp0(now->oauth.id, before->oauth.id) == 0)
		return true;
	failure_set(error, FAILURE_SETTINGS_CHANGED, NULL,
		"account or client of %s changed during the sign-in", before->user_name);
	return false;
}

/* From GRANT to a stored sign-in; nothing is stored if it fails. *IMAP_PROBLEM: what the mail
 * server said to a sign-in that is good all the same. */
static bool keep_grant(Login *login, const LoginUi *ui, const OauthGrant *grant,
	GError **imap_problem, GError **error)
{
	try_imap(login, grant, imap_problem);
	if (failure_is(*imap_problem, FAILURE_CANCELLED)) {
		g_propagate_error(error, g_steal_pointer(imap_problem));
		return false;
	}
	return check_person(login, ui, grant, *imap_problem, error) && check_still(login, error) &&
	       token_store(
		       login->office, login->account, grant, login->actor, login->cancel, error);
}

/* Whether PROBLEM is a reason why somebody cannot sign in, not just bad luck of the moment. */
static bool tells_something(const GError *problem)
{
	return failure_code(problem) == FAILURE_CODE_LOGIN ||
	       failure_code(problem) == FAILURE_CODE_SETUP;
}

static bool sign_in_anew(Login *login, const LoginUi *ui, bool force, GError **error)
{
	g_auto(OauthGrant) grant = {0};
	g_autoptr(GError) imap_problem = NULL;
	g_autoptr(GError) problem = NULL;

	if (!login_walk(login, ui, force, &grant, &problem) ||
		!keep_grant(login, ui, &grant, &imap_problem, &problem)) {
		if (tells_something(problem))
			token_note_failed_login(
				login->office, login->account, problem, login->actor);
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	login->result->identity = g_strdup(grant.identity);
	if (!imap_problem)
		sign_in_remember(login->office, login->account, MAIL_PROTOCOL_IMAP, VERDICT_GOOD);
	check_rest(login, g_steal_pointer(&imap_problem));
	return true;
}

/* Whether the present token holds, after it was refreshed if need be. With a failure that a new
 * sign-in would not mend: ERROR. */
static bool holds(Login *login, const LoginUi *ui, bool *held, GError **error)
{
	g_autoptr(Secret) token = NULL;
	g_autoptr(GError) problem = NULL;
	g_auto(TokenStatus) status = {0};
	const Account *account = login->account;

	if (ui->check)
		ui->check(true, ui->data);
	*held = token_get(login->office, account, NULL, login->cancel, &token, &problem);
	if (!*held && sign_in_helps(problem))
		return true;
	if (!*held) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	log_in(login, MAIL_PROTOCOL_IMAP, &problem);
	*held = !problem || !sign_in_helps(problem);
	if (!*held)
		return true;
	if (!token_status(login->office, account, false, &status, error))
		return false;
	login->result->identity = g_steal_pointer(&status.identity);
	check_rest(login, g_steal_pointer(&problem));
	return true;
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
	g_auto(TokenStatus) status = {0};
	bool held = false;

	if (!login_begin(&login, user, INTERFACE_OFFICE365, error) ||
		(!force && !holds(&login, ui, &held, error)))
		return false;
	if (!held && (!token_check_place(office, login.account, error) ||
			     !sign_in_anew(&login, ui, force, error)))
		return false;
	if (!token_status(office, login.account, false, &status, error))
		return false;
	result->present = held;
	result->stored = true;
	result->token_file = g_steal_pointer(&status.path);
	return login_finish(&login, error);
}
