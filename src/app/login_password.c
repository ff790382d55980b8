/* Signing in with Standard: each password is tried at its own server, and stored unless refused. */
#include "app/login_internal.h"

#include "app/sign_in_record.h"
#include "app/sign_in_use.h"
#include "audit/audit.h"
#include "base/i18n.h"
#include "failure/failure.h"

/* The keys of one protocol's credentials. */
typedef struct Keys {
	MailProtocol protocol;
	SettingKey username;
	SettingKey password;
} Keys;

static const Keys imap_keys = {MAIL_PROTOCOL_IMAP, SETTING_IMAP_USERNAME, SETTING_IMAP_PASSWORD};
static const Keys smtp_keys = {MAIL_PROTOCOL_SMTP, SETTING_SMTP_USERNAME, SETTING_SMTP_PASSWORD};

/* What is tried with one protocol. */
typedef struct Try {
	const Keys *keys;
	const char *typed; /* a new user name, "": the account; NULL: the one that is stored */
	const Secret *password;
} Try;

/* The user name that holds beside an own password; yours. */
static bool own_username(const Login *login, const Try *try, char **username, GError **error)
{
	const Keys *keys = try->keys;
	g_auto(SettingView) view = {0};

	if (try->typed) {
		*username = g_strdup(*try->typed ? try->typed : login->account->address);
		return true;
	}
	if (!settings_view(office_settings(login->office), login->account->user_name,
		    settings_get_row(keys->username), &view, error))
		return false;
	*username = g_strdup(view.stored && *view.stored ? view.stored : login->account->address);
	return true;
}

bool login_keeps(const GError *problem)
{
	FailureCode code = problem ? failure_code(problem) : FAILURE_CODE_RETRY;

	return code == FAILURE_CODE_RETRY || code == FAILURE_CODE_SETUP ||
	       failure_is(problem, FAILURE_SERVER_GARBAGE);
}

/* PROBLEM (taken), if it is a refusal of USERNAME's password, as what it is at a sign-in: the
 * former password stays. */
static GError *word(GError *problem, const char *username)
{
	GError *told = NULL;

	if (!failure_is(problem, FAILURE_LOGIN_REFUSED))
		return problem;
	failure_set(&told, FAILURE_LOGIN_NOT_STORED, username, "%s", problem->message);
	g_error_free(problem);
	return told;
}

/* Adds to CHANGES what stores TRY. */
static void add_changes(const Try *try, GArray *changes)
{
	SettingChange password = {
		.setting = settings_get_row(try->keys->password),
		.secret = try->password,
	};
	SettingChange username = {
		.setting = settings_get_row(try->keys->username),
		.value = try->typed && *try->typed ? try->typed : NULL,
	};

	g_array_append_val(changes, password);
	if (try->typed)
		g_array_append_val(changes, username);
}

/* Tries it and adds to CHANGES what is to be stored. False: cancelled. */
static bool try_password(
	Login *login, const Try *try, LoginCheck *check, GArray *changes, GError **error)
{
	g_autofree char *username = NULL;
	g_auto(MailSession) session = {0};
	SignInTry order = {
		.account = login->account,
		.protocol = try->keys->protocol,
		.password = try->password,
	};
	GError *problem = NULL;

	if (!own_username(login, try, &username, error))
		return false;
	order.username = username;
	sign_in_try(&order, login->cancel, &session, &problem);
	problem = word(problem, username);
	if (failure_is(problem, FAILURE_SMTP_AUTH_MISSING)) {
		g_error_free(problem);
		login_skip(check, _("Dieser SMTP-Server verlangt keine Anmeldung."));
		return true;
	}
	if (login_keeps(problem)) {
		add_changes(try, changes);
		g_clear_error(&login->kept[order.protocol]);
		login->kept[order.protocol] = problem ? g_error_copy(problem) : NULL;
	}
	if (login_note(login, check, problem))
		return true;
	g_propagate_error(error, g_steal_pointer(&login->problem));
	return false;
}

/* From here on the account is as it is stored: with the passwords that were given. */
static bool reload(Login *login, GError **error)
{
	Account *account =
		settings_resolve(office_settings(login->office), login->account->user_name, error);

	if (!account)
		return false;
	account_free(login->account);
	login->account = account;
	return true;
}

static void remember_one(const Login *login, MailProtocol protocol, const LoginCheck *check)
{
	if (check->state == LOGIN_OK)
		sign_in_remember(login->office, login->account, protocol, VERDICT_GOOD);
	if (check->state == LOGIN_OK || login->kept[protocol])
		sign_in_use_note(login->office, login->account, protocol, login->kept[protocol]);
}

/* Puts on record what was said to the password that is stored now. */
static void remember(const Login *login)
{
	remember_one(login, MAIL_PROTOCOL_IMAP, &login->result->imap);
	remember_one(login, MAIL_PROTOCOL_SMTP, &login->result->smtp);
}

static bool store(Login *login, const GArray *changes, GError **error)
{
	if (changes->len > 0 &&
		!settings_apply(office_settings(login->office), login->account->user_name,
			(const SettingChange *)(void *)changes->data, changes->len, 0, login->actor,
			error))
		return false;
	login->result->stored = changes->len > 0;
	if (!reload(login, error))
		return false;
	remember(login);
	return true;
}

/* How CHECK ended, for the audit log, which is read in two languages. */
static const char *outcome(const LoginCheck *check)
{
	static const char *const words[] = {
		[LOGIN_OK] = "ok",
		[LOGIN_FAILED] = "refused",
		[LOGIN_UNCHECKED] = "unchecked",
		[LOGIN_SKIPPED] = "skipped",
	};

	return words[check->state];
}

static bool audit_in(DbTransaction *transaction, void *data, GError **error)
{
	const Login *login = data;
	const LoginResult *result = login->result;
	g_autofree char *detail = g_strdup_printf(
		"imap: %s, smtp: %s", outcome(&result->imap), outcome(&result->smtp));

	return audit_add(transaction, login->actor,
		result->stored ? "login.password" : "sign-in.refused", login->account->user_name,
		detail, error);
}

static bool try_both(Login *login, const LoginCredentials *given, GArray *changes, GError **error)
{
	LoginResult *result = login->result;
	const Try imap = {&imap_keys, given->imap_username, given->imap_password};
	const Try smtp = {&smtp_keys, given->smtp_username, given->smtp_password};

	if (!own_username(login, &imap, &result->identity, error) ||
		!try_password(login, &imap, &result->imap, changes, error))
		return false;
	if (login->account->smtp.host)
		return try_password(login, &smtp, &result->smtp, changes, error);
	login_skip(&result->smtp,
		_("Es ist kein SMTP-Server eingetragen; das kann ein Administrator ändern."));
	return true;
}

/* The main mailbox's line of the report is what IMAP said. */
static void add_main_mailbox(Login *login)
{
	const LoginCheck *imap = &login->result->imap;
	LoginMailbox *mailbox = g_new0(LoginMailbox, 1);

	mailbox->address = g_strdup(login->account->address);
	mailbox->check = (LoginCheck){imap->state, g_strdup(imap->reason), imap->refused};
	g_ptr_array_add(login->result->mailboxes, mailbox);
}

static bool check_password(SettingKey key, const Secret *password, GError **error)
{
	if (secret_size(password) > 0)
		return settings_check_secret(settings_get_row(key), password, error);
	failure_set(error, FAILURE_PASSWORD_EMPTY, NULL, "an empty password");
	return false;
}

bool login_with_credentials(Office *office, const char *user, const LoginCredentials *given,
	const char *actor, const Cancel *cancel, LoginResult *result, GError **error)
{
	g_auto(Login) login = {
		.office = office,
		.actor = actor,
		.cancel = cancel,
		.result = result,
	};
	g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(SettingChange));

	if (!check_password(SETTING_IMAP_PASSWORD, given->imap_password, error) ||
		!check_password(SETTING_SMTP_PASSWORD, given->smtp_password, error) ||
		!login_begin(&login, user, INTERFACE_STANDARD, error) ||
		!try_both(&login, given, changes, error) || !store(&login, changes, error) ||
		!db_write(office_db(office), audit_in, &login, error))
		return false;
	add_main_mailbox(&login);
	login_check_mailboxes(&login);
	return login_finish(&login, error);
}

bool login_with_password(Office *office, const char *user, const Secret *imap, const Secret *smtp,
	const char *actor, const Cancel *cancel, LoginResult *result, GError **error)
{
	const LoginCredentials given = {
		.imap_password = imap,
		.smtp_password = smtp ? smtp : imap,
	};

	return login_with_credentials(office, user, &given, actor, cancel, result, error);
}
