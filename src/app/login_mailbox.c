/* Credentials of its own for a further mailbox: tried at the server, and stored unless refused. */
#include "app/login_internal.h"

#include "app/mailbox.h"
#include "app/mailbox_login.h"
#include "audit/audit.h"
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"

const char *login_find_mailbox(const Account *account, const char *mailbox, GError **error)
{
	const char *address = mailbox_find(account, mailbox, error);
	const char *reason = NULL;

	if (!address)
		return NULL;
	if (account->interface != INTERFACE_STANDARD)
		reason = _(
			"Mit Office 365 hat ein weiteres Postfach keine eigenen Zugangsdaten; die "
			"Anmeldung am Hauptkonto öffnet es mit.");
	else if (text_is_same(address, account->address))
		reason = _("Das ist das Hauptpostfach; für seine Anmeldung entfällt --mailbox.");
	if (reason)
		failure_set(
			error, FAILURE_USAGE, reason, "%s has no credentials of its own", address);
	return reason ? NULL : address;
}

static bool audit_refusal_in(DbTransaction *transaction, void *data, GError **error)
{
	const Login *login = data;

	return audit_add(transaction, login->actor, "sign-in.refused", login->account->user_name,
		login->result->identity, error);
}

/* Stores what was tried with PROBLEM as the outcome, or puts its refusal on record. */
static bool keep(Login *login, const char *address, const SignInTry *order, const GError *problem,
	GError **error)
{
	Office *office = login->office;

	login->result->stored = login_keeps(problem);
	return login->result->stored
		       ? mailbox_login_store(office, login->account, address, order->username,
				 order->password, login->actor, error)
		       : db_write(office_db(office), audit_refusal_in, login, error);
}

/* Tries what ORDER says, keeps it unless refused, and reports on ADDRESS. */
static bool try_mailbox(Login *login, const char *address, const SignInTry *order, GError **error)
{
	g_auto(MailSession) session = {0};
	GError *problem = NULL;

	if (sign_in_try(order, login->cancel, &session, &problem) && mail_session_is_open(&session))
		failure_set(&problem, FAILURE_MAILBOX_DENIED, address,
			"greeted with PREAUTH, whose mailbox it is");
	problem = login_word(problem, order->username);
	if (failure_is(problem, FAILURE_CANCELLED)) {
		g_propagate_error(error, problem);
		return false;
	}
	if (!keep(login, address, order, problem, error)) {
		g_clear_error(&problem);
		return false;
	}
	login_note_mailbox(login, address, problem ? g_error_copy(problem) : NULL);
	login_note(login, &login->result->imap, problem);
	login_skip(&login->result->smtp, _("Versendet wird mit der Anmeldung des Hauptkontos."));
	return true;
}

static char *check_username(const char *username, const char *address, GError **error)
{
	return username ? settings_normalise(
				  settings_get_row(SETTING_IMAP_USERNAME), username, error)
			: g_strdup(address);
}

bool login_with_mailbox(Office *office, const char *user, const char *mailbox, const char *username,
	const Secret *password, const char *actor, const Cancel *cancel, LoginResult *result,
	GError **error)
{
	g_auto(Login) login = {
		.office = office,
		.actor = actor,
		.cancel = cancel,
		.result = result,
	};
	SignInTry order = {.protocol = MAIL_PROTOCOL_IMAP, .password = password};
	const char *address;

	if (secret_size(password) == 0) {
		failure_set(error, FAILURE_PASSWORD_EMPTY, NULL, "an empty password");
		return false;
	}
	if (!settings_check_secret(settings_get_row(SETTING_IMAP_PASSWORD), password, error) ||
		!login_begin(&login, user, INTERFACE_STANDARD, error) ||
		!(address = login_find_mailbox(login.account, mailbox, error)) ||
		!(result->identity = check_username(username, address, error)))
		return false;
	order.account = login.account;
	order.username = result->identity;
	return try_mailbox(&login, address, &order, error) && login_finish(&login, error);
}

/* ---- what is stored ---- */

static void login_own_free(LoginOwn *own)
{
	g_free(own->address);
	g_free(own->username);
	g_free(own);
}

static bool add_own(Office *office, const Account *account, const char *address, GPtrArray *list,
	GError **error)
{
	g_auto(MailboxLogin) stored = {0};
	g_autoptr(GError) problem = NULL;
	LoginOwn *own;

	if (!mailbox_login_load(office, account, address, &stored, &problem) &&
		!failure_is(problem, FAILURE_SECRET_UNREADABLE)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	own = g_new0(LoginOwn, 1);
	own->address = g_strdup(address);
	own->username = problem ? g_strdup(address) : g_steal_pointer(&stored.username);
	own->refused = problem || (own->username && stored.refused);
	g_ptr_array_add(list, own);
	return true;
}

GPtrArray *login_list_mailboxes(Office *office, const char *user, GError **error)
{
	g_autoptr(Account) account = settings_resolve(office_settings(office), user, error);
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)login_own_free);

	if (!account)
		return NULL;
	for (guint i = 0; account->interface == INTERFACE_STANDARD && i < account->mailboxes->len;
		i++) {
		const char *address = g_ptr_array_index(account->mailboxes, i);

		if (account_find_mailbox(account, address) == address &&
			!add_own(office, account, address, list, error))
			return NULL;
	}
	return g_steal_pointer(&list);
}
