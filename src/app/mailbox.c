/* Opening mailboxes: the ways in their order. What lies below another user's namespace is renamed
 * in mailbox_names.c. */
#include "app/mailbox_internal.h"

#include <string.h>
#include "app/mailbox_login.h"
#include "app/mailbox_turn.h"
#include "app/sign_in.h"
#include "app/sign_in_try.h"
#include "app/token.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"

/* One opening. */
typedef struct Opening {
	Office *office;
	const Account *account;
	const char *address;
	MailboxRetry *retry; /* NULL: leaves alone what was refused before */
	const Cancel *cancel;
	Mailbox *mailbox; /* gets the session */
} Opening;

void mailbox_close(Mailbox *mailbox)
{
	if (!mailbox)
		return;
	imap_close(mailbox->session);
	g_free(mailbox->way_detail);
	mailbox_names_clear(mailbox);
	g_free(mailbox->address);
	g_free(mailbox);
}

Mailbox *mailbox_adopt(ImapSession *session)
{
	Mailbox *mailbox = g_new0(Mailbox, 1);

	mailbox->session = session;
	return mailbox;
}

ImapSession *mailbox_session(const Mailbox *mailbox)
{
	return mailbox->session;
}

MailboxWay mailbox_way(const Mailbox *mailbox)
{
	return mailbox->way;
}

const char *mailbox_way_detail(const Mailbox *mailbox)
{
	return mailbox->way_detail;
}

/* Always true: it was opened. */
static bool note_way(const Opening *opening, MailboxWay way, const char *detail)
{
	opening->mailbox->way = way;
	opening->mailbox->way_detail = g_strdup(detail);
	return true;
}

const char *mailbox_find(const Account *account, const char *mailbox, GError **error)
{
	const char *address = account_find_mailbox(account, mailbox);

	if (!address)
		failure_set(error, FAILURE_MAILBOX_UNKNOWN, mailbox, "%s: not a mailbox of %s",
			mailbox, account->user_name);
	return address;
}

bool mailbox_is_refused(const GError *problem)
{
	return failure_is(problem, FAILURE_MAILBOX_DENIED) ||
	       failure_is(problem, FAILURE_MAILBOX_DENIED_BEFORE) ||
	       failure_is(problem, FAILURE_MAILBOX_NOT_TRIED) ||
	       failure_is(problem, FAILURE_MAILBOX_LOST) ||
	       failure_is(problem, FAILURE_MAILBOX_LOGIN_REFUSED) ||
	       failure_is(problem, FAILURE_MAILBOX_SECRET);
}

static bool refuse_mailbox(const Opening *opening, const char *why, GError **error)
{
	GError *problem = NULL;

	failure_set(&problem, FAILURE_MAILBOX_DENIED, opening->address, "%s: %s", opening->address,
		why);
	mailbox_advise_denied(problem, opening->account, opening->address, true);
	g_propagate_error(error, problem);
	return false;
}

static bool open_main(const Opening *opening, GError **error)
{
	g_auto(MailSession) session = {0};

	if (!sign_in_open(opening->office, opening->account, MAIL_PROTOCOL_IMAP,
		    opening->retry != NULL, opening->cancel, &session, error))
		return false;
	opening->mailbox->session = g_steal_pointer(&session.imap);
	return true;
}

static bool try_login(const Opening *opening, const SignInTry *order, GError **error)
{
	g_auto(MailSession) session = {0};

	if (!sign_in_try(order, opening->cancel, &session, error))
		return false;
	if (mail_session_is_open(&session))
		return refuse_mailbox(opening, "greeted with PREAUTH, whose mailbox it is", error);
	opening->mailbox->session = g_steal_pointer(&session.imap);
	return true;
}

/* ---- Office 365 ---- */

/* Exchange accepts the login also without a right on the mailbox, and says so at the first command
 * that needs it. */
static bool try_token(const Opening *opening, const SignInTry *order, GError **error)
{
	Mailbox *mailbox = opening->mailbox;
	g_autoptr(GError) problem = NULL;
	ImapStatus status;

	if (!try_login(opening, order, error))
		return false;
	if (imap_status(mailbox->session, "INBOX", &status, &problem) ||
		failure_code(problem) == FAILURE_CODE_REFUSED)
		return true;
	g_clear_pointer(&mailbox->session, imap_close);
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

/* Whether PROBLEM says that the token, good as it is, has no right on the mailbox. */
static bool lacks_right(const GError *problem)
{
	return failure_is(problem, FAILURE_OAUTH_TOKEN_REFUSED) ||
	       failure_is(problem, FAILURE_LOGIN_NOT_CONNECTED);
}

/* Whether the user's own mailbox opens with another token than TOKEN now: then it was the token,
 * and *FRESH, yours, is the one to try. */
static bool find_fresh_token(
	const Opening *opening, const Secret *token, Secret **fresh, GError **error)
{
	g_autoptr(ImapSession) session =
		sign_in_imap(opening->office, opening->account, opening->cancel, error);

	return session &&
	       token_get(opening->office, opening->account, NULL, opening->cancel, fresh, error) &&
	       strcmp(secret_text(token), secret_text(*fresh)) != 0;
}

static bool open_with_token(const Opening *opening, GError **error)
{
	g_autoptr(Secret) token = NULL;
	g_autoptr(Secret) fresh = NULL;
	g_autoptr(GError) problem = NULL;
	g_autoptr(GError) other = NULL;
	SignInTry order = {
		.account = opening->account,
		.protocol = MAIL_PROTOCOL_IMAP,
		.username = opening->address,
	};

	if (!token_get(opening->office, opening->account, NULL, opening->cancel, &token, error))
		return false;
	order.token = token;
	if (try_token(opening, &order, &problem))
		return note_way(opening, MAILBOX_WAY_TOKEN, opening->account->address);
	if (lacks_right(problem) && find_fresh_token(opening, token, &fresh, &other)) {
		g_clear_error(&problem);
		order.token = fresh;
		if (try_token(opening, &order, &problem))
			return note_way(opening, MAILBOX_WAY_TOKEN, opening->account->address);
	}
	/* Where the user's own mailbox does not open either, that is the matter. */
	if (other)
		g_propagate_error(error, g_steal_pointer(&other));
	else if (lacks_right(problem))
		refuse_mailbox(opening, problem->message, error);
	else
		g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

/* ---- Standard ---- */

static bool refuse_login(
	const Opening *opening, const MailboxLogin *login, const char *why, GError **error)
{
	GError *problem = NULL;

	failure_set(&problem, FAILURE_MAILBOX_LOGIN_REFUSED, opening->address, "%s", why);
	mailbox_advise_login(problem, opening->account, opening->address, login->username);
	g_propagate_error(error, problem);
	return false;
}

static bool open_with_own(const Opening *opening, const MailboxLogin *login, GError **error)
{
	g_autoptr(GError) problem = NULL;
	SignInTry order = {
		.account = opening->account,
		.protocol = MAIL_PROTOCOL_IMAP,
		.username = login->username,
		.password = login->password,
	};
	bool opened = try_login(opening, &order, &problem) &&
		      note_way(opening, MAILBOX_WAY_OWN, login->username);

	if (opened || failure_is(problem, FAILURE_LOGIN_REFUSED))
		mailbox_login_note(
			opening->office, opening->account, opening->address, login, !opened);
	if (failure_is(problem, FAILURE_LOGIN_REFUSED))
		refuse_login(opening, login, problem->message, error);
	else if (problem)
		g_propagate_error(error, g_steal_pointer(&problem));
	return opened;
}

/* By the user's own sign-in, if the mailbox lies in another user's namespace; *FOUND tells. */
static bool open_in_namespace(const Opening *opening, bool *found, GError **error)
{
	Mailbox *mailbox = opening->mailbox;

	*found = false;
	if (!open_main(opening, error) ||
		!mailbox_names_find(mailbox, opening->account, opening->address, error))
		return false;
	*found = mailbox->root != NULL;
	if (!*found)
		g_clear_pointer(&mailbox->session, imap_close);
	return true;
}

/* The server has no way for one user to open another's mailbox. */
static bool refuse_mechanism(const Opening *opening, const char *why, GError **error)
{
	GError *problem = NULL;

	failure_set(&problem, FAILURE_MAILBOX_DENIED, opening->address, "%s: %s", opening->address,
		why);
	mailbox_advise_denied(problem, opening->account, opening->address, false);
	g_propagate_error(error, problem);
	return false;
}

static bool refuse_for_now(const Opening *opening, const MailboxTurn *turn, GError **error)
{
	g_autofree char *since = clock_format_hour(turn->since);
	g_autofree char *until = clock_format_hour(turn->until);
	/* Follows on "Der Server hat den Zugriff auf das Postfach". */
	g_autofree char *subject =
		g_strdup_printf(_("„%s“ um %s abgelehnt; Amtspost fragt erst um %s wieder"),
			opening->address, since, until);
	GError *problem = NULL;

	failure_set(&problem, FAILURE_MAILBOX_DENIED_BEFORE, subject,
		"%s: refused before; not tried again yet", opening->address);
	failure_set_remedy(problem, opening->account->user_name);
	g_propagate_error(error, problem);
	return false;
}

/* Whether it is the mailbox's turn to be tried. */
static bool take_turn(const Opening *opening, GError **error)
{
	bool again = opening->retry && !opening->retry->spent;
	GError *problem = NULL;
	MailboxTurn turn;

	if (!mailbox_turn_take(
		    opening->office, opening->account, opening->address, again, &turn, error))
		return false;
	if (turn.state == TURN_REFUSED)
		return refuse_for_now(opening, &turn, error);
	if (turn.state == TURN_ASK)
		return true;
	failure_set(&problem, FAILURE_MAILBOX_NOT_TRIED, opening->address,
		"%s: not tried, since the server refused another mailbox", opening->address);
	failure_set_remedy(problem, opening->account->user_name);
	g_propagate_error(error, problem);
	return false;
}

static bool open_authorized(const Opening *opening, GError **error)
{
	const Endpoint *endpoint = &opening->account->imap;
	g_autoptr(GError) problem = NULL;
	SignInTry order = {
		.account = opening->account,
		.protocol = MAIL_PROTOCOL_IMAP,
		.username = endpoint->username,
		.password = endpoint->password,
		.authorize_as = opening->address,
	};

	if (!endpoint->password)
		return refuse_mailbox(opening, "nobody to be authorized", error);
	if (!take_turn(opening, error))
		return false;
	if (try_login(opening, &order, &problem)) {
		mailbox_turn_note(opening->office, opening->account, opening->address, false);
		return note_way(opening, MAILBOX_WAY_AUTHORIZED, endpoint->username);
	}
	/* A server that does not say that it was the authorization may count a failed login. */
	if (failure_is(problem, FAILURE_LOGIN_REFUSED)) {
		mailbox_turn_note(opening->office, opening->account, opening->address, true);
		if (opening->retry)
			opening->retry->spent = true;
	}
	if (failure_is(problem, FAILURE_LOGIN_MECHANISM))
		return refuse_mechanism(opening, problem->message, error);
	if (failure_is(problem, FAILURE_LOGIN_REFUSED) ||
		failure_is(problem, FAILURE_MAILBOX_DENIED))
		return refuse_mailbox(opening, problem->message, error);
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

static bool open_shared(const Opening *opening, GError **error)
{
	g_auto(MailboxLogin) login = {0};
	bool found;

	if (!mailbox_login_load(opening->office, opening->account, opening->address, &login, error))
		return false;
	if (login.password && login.refused && !opening->retry)
		return refuse_login(opening, &login,
			"its own credentials were refused before; not tried again", error);
	if (login.password)
		return open_with_own(opening, &login, error);
	if (!open_in_namespace(opening, &found, error))
		return false;
	if (found)
		return note_way(opening, MAILBOX_WAY_NAMESPACE, opening->mailbox->root);
	return open_authorized(opening, error);
}

Mailbox *mailbox_open(Office *office, const Account *account, const char *address,
	MailboxRetry *retry, const Cancel *cancel, GError **error)
{
	g_autoptr(Mailbox) mailbox = g_new0(Mailbox, 1);
	Opening opening = {
		.office = office,
		.account = account,
		.address = address,
		.retry = retry,
		.cancel = cancel,
		.mailbox = mailbox,
	};
	bool opened;

	if (!settings_require(account, MAIL_PROTOCOL_IMAP, error))
		return NULL;
	mailbox->address = g_strdup(address);
	if (text_is_same(address, account->address))
		opened = open_main(&opening, error);
	else if (account->interface == INTERFACE_OFFICE365)
		opened = open_with_token(&opening, error);
	else
		opened = open_shared(&opening, error);
	return opened ? g_steal_pointer(&mailbox) : NULL;
}
