/* What both interfaces share of signing in: the report, what is known afterwards, forgetting. */
#include "app/login_internal.h"

#include <string.h>
#include "app/mailbox.h"
#include "app/mailbox_login.h"
#include "app/mailbox_turn.h"
#include "app/sign_in.h"
#include "app/sign_in_record.h"
#include "app/sign_in_report.h"
#include "app/token.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "oauth/oauth.h"

static void login_mailbox_free(LoginMailbox *mailbox)
{
	g_free(mailbox->address);
	g_free(mailbox->check.reason);
	g_free(mailbox);
}

void login_result_clear(LoginResult *result)
{
	g_free(result->account);
	g_free(result->identity);
	g_free(result->imap.reason);
	g_free(result->smtp.reason);
	g_clear_pointer(&result->mailboxes, g_ptr_array_unref);
	g_free(result->token_file);
	*result = (LoginResult){0};
}

void login_clear(Login *login)
{
	g_clear_pointer(&login->account, account_free);
	g_clear_error(&login->problem);
	g_clear_error(&login->kept[MAIL_PROTOCOL_IMAP]);
	g_clear_error(&login->kept[MAIL_PROTOCOL_SMTP]);
}

void login_plan_clear(LoginPlan *plan)
{
	g_free(plan->account);
	g_free(plan->username);
	*plan = (LoginPlan){0};
}

/* The user name of what is stored for ADDRESS, also where its password cannot be read; yours. */
static char *stored_username(Office *office, const Account *account, const char *address)
{
	g_auto(MailboxLogin) login = {0};

	mailbox_login_load(office, account, address, &login, NULL);
	return g_steal_pointer(&login.username);
}

bool login_plan(
	Office *office, const char *user, const char *mailbox, LoginPlan *plan, GError **error)
{
	g_autoptr(Account) account = sign_in_account(office, user, error);
	const char *address;

	if (!account || !settings_require(account, MAIL_PROTOCOL_IMAP, error))
		return false;
	address = mailbox ? login_find_mailbox(account, mailbox, error) : account->address;
	if (!address)
		return false;
	*plan = (LoginPlan){
		.interface = account->interface,
		.account = g_strdup(address),
		.username = mailbox ? stored_username(office, account, address) : NULL,
		.has_smtp = account->smtp.host != NULL && !mailbox,
	};
	return true;
}

bool login_begin(Login *login, const char *user, Interface interface, GError **error)
{
	LoginResult *result = login->result;

	login->account = sign_in_account(login->office, user, error);
	if (!login->account || !settings_require(login->account, MAIL_PROTOCOL_IMAP, error))
		return false;
	if (login->account->interface != interface) {
		failure_set(error, FAILURE_SETTINGS_CHANGED, NULL, "the interface of %s changed",
			login->account->user_name);
		return false;
	}
	result->account = g_strdup(login->account->address);
	result->mailboxes = g_ptr_array_new_with_free_func((GDestroyNotify)login_mailbox_free);
	login_skip(&result->imap, NULL);
	login_skip(&result->smtp, NULL);
	return true;
}

static LoginState state_of(const GError *problem)
{
	/* A server that lies, or that cannot prove itself, was reached. */
	return failure_code(problem) == FAILURE_CODE_RETRY ||
			       failure_is(problem, FAILURE_SERVER_GARBAGE)
		       ? LOGIN_UNCHECKED
		       : LOGIN_FAILED;
}

static bool set_check(LoginCheck *check, const GError *problem)
{
	g_free(check->reason);
	*check = (LoginCheck){.state = problem ? state_of(problem) : LOGIN_OK};
	check->refused = failure_is(problem, FAILURE_LOGIN_NOT_STORED);
	if (problem)
		check->reason = failure_sentence(problem);
	return check->state != LOGIN_FAILED;
}

bool login_note(Login *login, LoginCheck *check, GError *problem)
{
	bool cancelled = failure_is(problem, FAILURE_CANCELLED);
	bool fine = set_check(check, problem);

	if (!fine && (cancelled || !login->problem)) {
		g_clear_error(&login->problem);
		login->problem = g_steal_pointer(&problem);
	}
	g_clear_error(&problem);
	return !cancelled;
}

void login_skip(LoginCheck *check, const char *reason)
{
	g_free(check->reason);
	*check = (LoginCheck){.state = LOGIN_SKIPPED, .reason = g_strdup(reason)};
}

bool login_note_mailbox(Login *login, const char *address, GError *problem)
{
	LoginMailbox *mailbox = g_new0(LoginMailbox, 1);
	bool cancelled = failure_is(problem, FAILURE_CANCELLED);

	mailbox->address = g_strdup(address);
	set_check(&mailbox->check, problem);
	g_ptr_array_add(login->result->mailboxes, mailbox);
	if (cancelled && !login->problem)
		login->problem = g_steal_pointer(&problem);
	g_clear_error(&problem);
	return !cancelled;
}

/* What opening ADDRESS ends with, yours; NULL: it opens. RETRY as for mailbox_open. */
static GError *try_mailbox(const Login *login, const char *address, MailboxRetry *retry)
{
	GError *problem = NULL;

	mailbox_close(mailbox_open(
		login->office, login->account, address, retry, login->cancel, &problem));
	return problem;
}

static bool refuses_user(const GError *problem)
{
	return failure_is(problem, FAILURE_LOGIN_REFUSED) ||
	       failure_is(problem, FAILURE_LOGIN_REFUSED_SHARED);
}

void login_check_mailboxes(Login *login)
{
	const Account *account = login->account;
	const LoginCheck *imap = &login->result->imap;
	MailboxRetry retry = {0};
	bool again = true; /* until the user's own password is refused: that may lock the account */
	g_autoptr(GError) gone = NULL; /* the server is out of reach: asked once, not for each */

	/* Without the main mailbox the others would only repeat its reason. */
	for (guint i = 0; imap->state == LOGIN_OK && i < account->mailboxes->len; i++) {
		const char *address = g_ptr_array_index(account->mailboxes, i);
		GError *problem;

		if (account_find_mailbox(account, address) != address)
			continue;
		problem = gone ? g_error_copy(gone)
			       : try_mailbox(login, address, again ? &retry : NULL);
		if (!gone && problem && failure_code(problem) == FAILURE_CODE_RETRY)
			gone = g_error_copy(problem);
		again &= !refuses_user(problem);
		if (!login_note_mailbox(login, address, problem))
			break;
	}
}

/* The mailboxes that failed, yours; "" for none. */
static char *list_failed(const LoginResult *result)
{
	GString *list = g_string_new(NULL);

	for (guint i = 0; i < result->mailboxes->len; i++) {
		const LoginMailbox *mailbox = g_ptr_array_index(result->mailboxes, i);

		if (mailbox->check.state == LOGIN_FAILED)
			g_string_append_printf(
				list, "%s%s", list->len > 0 ? ", " : "", mailbox->address);
	}
	return g_string_free(list, FALSE);
}

bool login_finish(Login *login, GError **error)
{
	g_autofree char *failed = list_failed(login->result);

	login->result->filled = true;
	if (login->problem) {
		g_propagate_error(error, g_steal_pointer(&login->problem));
		return false;
	}
	if (*failed)
		failure_set(error, FAILURE_MAILBOXES_FAILED, failed, "no right on %s", failed);
	return *failed == '\0';
}

/* ---- what is known ---- */

static void mailbox_status_free(LoginMailboxStatus *status)
{
	g_free(status->address);
	g_free(status->username);
	g_free(status->reason);
	g_free(status);
}

void login_status_clear(LoginStatus *status)
{
	g_clear_pointer(&status->mailboxes, g_ptr_array_unref);
	g_free(status->account);
	g_free(status->identity);
	g_free(status->token_file);
	g_free(status->reason);
	*status = (LoginStatus){0};
}

static LoginUse use_of_token(const TokenStatus *token)
{
	if (!token->problem)
		return LOGIN_USE_GOOD;
	if (!token->present)
		return LOGIN_USE_FIRST;
	return failure_code(token->problem) == FAILURE_CODE_LOGIN ? LOGIN_USE_AGAIN
								  : LOGIN_USE_BLOCKED;
}

static bool fill_office365(
	Office *office, const Account *account, LoginStatus *status, GError **error)
{
	g_auto(TokenStatus) token = {0};
	const GError *told;

	if (!token_status(office, account, true, &token, error))
		return false;
	told = token.problem ? token.problem : token.notice;
	status->use = use_of_token(&token);
	status->identity = g_steal_pointer(&token.identity);
	status->signed_in = token.signed_in;
	status->refreshed = token.refreshed;
	status->expires = token.problem ? 0 : token.expires;
	status->token_file = g_steal_pointer(&token.path);
	if (told)
		status->reason = failure_sentence(told);
	return true;
}

static LoginUse use_of_report(const SignInReport *report)
{
	switch (report->state) {
	case SIGN_IN_OK:
		return LOGIN_USE_GOOD;
	case SIGN_IN_UNKNOWN:
		return LOGIN_USE_UNTRIED;
	case SIGN_IN_FAILED:
		return report->proven ? LOGIN_USE_GOOD : LOGIN_USE_UNTRIED;
	case SIGN_IN_MISSING:
		return LOGIN_USE_FIRST;
	default:
		return LOGIN_USE_AGAIN;
	}
}

static bool fill_standard(
	Office *office, const Account *account, LoginStatus *status, GError **error)
{
	g_auto(SignInReport) report = {0};

	if (!sign_in_report(office, account->user_name, &report, error))
		return false;
	status->use = use_of_report(&report);
	if (status->use != LOGIN_USE_FIRST)
		status->identity = g_strdup(account->imap.username);
	if (report.state == SIGN_IN_OK)
		status->signed_in = report.since;
	else if (report.state != SIGN_IN_FAILED)
		status->refused = report.since;
	status->reason = g_steal_pointer(&report.reason);
	return true;
}

/* Who cannot use mail at all for now, for whatever reason but the sign-in. */
static bool fill_blocked(LoginStatus *status, const GError *problem)
{
	FailureCode code = failure_code(problem);

	status->use = LOGIN_USE_BLOCKED;
	g_free(status->reason);
	status->reason = failure_sentence(problem);
	return code == FAILURE_CODE_SETUP || code == FAILURE_CODE_LOGIN;
}

/* Adds the further mailbox ADDRESS if anything is known of it. */
static bool add_mailbox(Office *office, const Account *account, const char *address,
	GPtrArray *mailboxes, GError **error)
{
	g_auto(MailboxLogin) login = {0};
	g_autoptr(GError) problem = NULL;
	LoginMailboxStatus *status;
	MailboxTurn turn = {0};

	if (!mailbox_login_load(office, account, address, &login, &problem) &&
		!failure_is(problem, FAILURE_MAILBOX_SECRET)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	if (!login.username && !mailbox_turn_recall(office, account, address, &turn, error))
		return false;
	if (!login.username && turn.state != TURN_REFUSED)
		return true;
	status = g_new0(LoginMailboxStatus, 1);
	status->address = g_strdup(address);
	status->username = g_steal_pointer(&login.username);
	status->refused = status->username ? login.since : turn.since;
	status->again = status->username ? 0 : turn.until;
	status->reason = problem ? failure_sentence(problem) : NULL;
	g_ptr_array_add(mailboxes, status);
	return true;
}

/* With Office 365 the user's token alone counts. */
static bool fill_mailboxes(
	Office *office, const Account *account, LoginStatus *status, GError **error)
{
	status->mailboxes = g_ptr_array_new_with_free_func((GDestroyNotify)mailbox_status_free);
	if (account->interface != INTERFACE_STANDARD)
		return true;
	for (guint i = 0; i < account->mailboxes->len; i++) {
		const char *address = g_ptr_array_index(account->mailboxes, i);

		if (!add_mailbox(office, account, address, status->mailboxes, error))
			return false;
	}
	return true;
}

static bool fill_status(Office *office, const Account *account, LoginStatus *status, GError **error)
{
	g_autoptr(Account) unlocked = NULL;
	g_autoptr(GError) problem = NULL;

	status->account = g_strdup(account->address);
	if (account->interface == INTERFACE_STANDARD
			? !fill_standard(office, account, status, error)
			: !fill_office365(office, account, status, error))
		return false;
	unlocked = sign_in_account(office, account->user_name, &problem);
	if ((unlocked && settings_require(account, MAIL_PROTOCOL_IMAP, &problem)) ||
		fill_blocked(status, problem))
		return true;
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

bool login_status(Office *office, const char *user, LoginStatus *status, GError **error)
{
	g_autoptr(Account) account = settings_resolve(office_settings(office), user, error);
	g_auto(LoginStatus) found = {0};

	if (!account || !fill_status(office, account, &found, error) ||
		!fill_mailboxes(office, account, &found, error))
		return false;
	*status = found;
	found = (LoginStatus){0};
	return true;
}

/* ---- forgetting ---- */

/* *REMOVED: one of them was stored. */
static bool remove_passwords(
	Office *office, const char *user, const char *actor, bool *removed, GError **error)
{
	const SettingChange changes[] = {
		{.setting = settings_get_row(SETTING_IMAP_PASSWORD)},
		{.setting = settings_get_row(SETTING_SMTP_PASSWORD)},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
		g_auto(SettingView) view = {0};

		if (!settings_view(office_settings(office), user, changes[i].setting, &view, error))
			return false;
		*removed |= view.set;
	}
	return settings_apply(
		office_settings(office), user, changes, G_N_ELEMENTS(changes), 0, actor, error);
}

static bool remove_mailboxes(Office *office, const Account *account, const char *mailbox,
	const char *actor, bool *removed, GError **error)
{
	bool changed = false;

	if (!mailbox_login_remove(office, account, mailbox, actor, &changed, error))
		return false;
	*removed |= changed;
	return true;
}

static bool remove_all(
	Office *office, const Account *account, const char *actor, bool *removed, GError **error)
{
	g_auto(TokenStatus) token = {0};

	if (!token_status(office, account, false, &token, error) ||
		!token_remove(office, account->user_id, account->user_name, false, actor, error))
		return false;
	*removed |= token.present;
	return account->interface == INTERFACE_OFFICE365 ||
	       remove_passwords(office, account->user_name, actor, removed, error);
}

bool login_remove(Office *office, const char *user, const char *mailbox, const char *actor,
	bool *removed, GError **error)
{
	g_autoptr(Account) account = settings_resolve(office_settings(office), user, error);

	*removed = false;
	return account && (mailbox || remove_all(office, account, actor, removed, error)) &&
	       remove_mailboxes(office, account, mailbox, actor, removed, error);
}

/* ---- consent ---- */

static void login_permission_free(LoginPermission *permission)
{
	g_free(permission->scope);
	g_free(permission);
}

static GPtrArray *list_permissions(const char *scopes)
{
	g_auto(GStrv) names = g_strsplit(scopes, " ", -1);
	GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)login_permission_free);

	for (char **name = names; *name; name++) {
		LoginPermission *permission;

		if (**name == '\0')
			continue;
		permission = g_new0(LoginPermission, 1);
		permission->scope = g_strdup(*name);
		permission->reason = oauth_permission_reason(*name);
		g_ptr_array_add(list, permission);
	}
	return list;
}

GPtrArray *login_consent(Office *office, char **url, char **redirect, GError **error)
{
	g_auto(OauthClient) client = {0};

	if (!settings_resolve_client(office_settings(office), &client, error))
		return NULL;
	*url = oauth_consent_url(&client);
	*redirect = oauth_redirect_uri(&client, 0);
	return list_permissions(client.scopes);
}
