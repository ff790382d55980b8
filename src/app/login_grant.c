/* What both ways of signing in with Office 365 share, the command line's and the page's: whether
 * the present token holds, whose a granted one is, keeping it, real logins afterwards. */
#include "app/login_internal.h"

#include "app/sign_in.h"
#include "app/sign_in_record.h"
#include "app/sign_in_use.h"
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
static void check_servers(Login *login, GError *problem)
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
		login_skip(&result->smtp, _("Es ist kein SMTP-Server eingetragen; das kann ein "
					    "Administrator ändern."));
	}
	login_check_mailboxes(login);
}

bool login_holds(Login *login, bool *held, GError **error)
{
	g_autoptr(Secret) token = NULL;
	g_autoptr(GError) problem = NULL;
	g_auto(TokenStatus) status = {0};
	const Account *account = login->account;

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
	check_servers(login, g_steal_pointer(&problem));
	return true;
}

/* ---- who was it? ---- */

bool login_refuse_person(
	const Login *login, const OauthGrant *grant, const GError *imap_problem, GError **error)
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

bool login_judge_grant(
	Login *login, const OauthGrant *grant, bool *ask, GError **imap_problem, GError **error)
{
	bool other = grant->identity && !text_is_same(grant->identity, login->account->address);

	try_imap(login, grant, imap_problem);
	if (failure_is(*imap_problem, FAILURE_CANCELLED)) {
		g_propagate_error(error, g_steal_pointer(imap_problem));
		return false;
	}
	*ask = other && !*imap_problem;
	if (!*imap_problem || (grant->identity && !other))
		return true;
	return login_refuse_person(login, grant, *imap_problem, error);
}

/* ---- keeping it ---- */

bool login_check_same(const Account *before, const Account *now, GError **error)
{
	if (now->interface == before->interface && text_is_same(now->address, before->address) &&
		g_strcmp0(now->oauth.authority, before->oauth.authority) == 0 &&
		g_strcmp0(now->oauth.tenant, before->oauth.tenant) == 0 &&
		g_strcmp0(now->oauth.id, before->oauth.id) == 0)
		return true;
	failure_set(error, FAILURE_SETTINGS_CHANGED, NULL,
		"account or client of %s changed during the sign-in", before->user_name);
	return false;
}

/* Who was locked, and a changed account, count now. */
static bool check_still(const Login *login, GError **error)
{
	const Account *before = login->account;
	g_autoptr(Account) now = sign_in_account(login->office, before->user_name, error);

	return now && settings_require(now, MAIL_PROTOCOL_IMAP, error) &&
	       login_check_same(before, now, error);
}

/* Mails that wait for the sign-in go now; where that fails, with their next try. */
static void hasten_mails(const Login *login)
{
	Outbox *outbox = office_outbox(login->office, NULL);

	if (outbox)
		outbox_hasten(outbox, login->account->user_id, NULL);
}

bool login_keep_grant(Login *login, const OauthGrant *grant, GError **error)
{
	if (!check_still(login, error) || !token_store(login->office, login->account, grant,
						  login->actor, login->cancel, error))
		return false;
	hasten_mails(login);
	return true;
}

void login_finish_grant(Login *login, const OauthGrant *grant, GError *imap_problem)
{
	login->result->identity = g_strdup(grant->identity);
	if (!imap_problem)
		sign_in_remember(login->office, login->account, MAIL_PROTOCOL_IMAP, VERDICT_GOOD);
	sign_in_use_note(login->office, login->account, MAIL_PROTOCOL_IMAP, imap_problem);
	check_servers(login, imap_problem);
}

/* Whether PROBLEM is a reason why somebody cannot sign in, not just bad luck of the moment. */
static bool tells_something(const GError *problem)
{
	return failure_code(problem) == FAILURE_CODE_LOGIN ||
	       failure_code(problem) == FAILURE_CODE_SETUP;
}

void login_note_failed(const Login *login, const GError *problem)
{
	if (tells_something(problem))
		token_note_failed_login(login->office, login->account, problem, login->actor);
}

bool login_finish_token(Login *login, bool held, GError **error)
{
	g_auto(TokenStatus) status = {0};

	if (!token_status(login->office, login->account, false, &status, error))
		return false;
	login->result->present = held;
	login->result->stored = true;
	login->result->token_file = g_steal_pointer(&status.path);
	return login_finish(login, error);
}
