/* The login and what it gives access to: folders, rights, further mailboxes, senders. */
#include "app/check_internal.h"

#include <string.h>
#include "app/hidden.h"
#include "app/mailbox.h"
#include "app/sign_in.h"
#include "base/i18n.h"
#include "failure/failure.h"

/* ---- rights ---- */

/* What the user may do in a folder. */
typedef struct Rights {
	bool known;
	bool flag;
	bool move;
} Rights;

static bool has_all(const char *rights, const char *letters)
{
	return strspn(letters, rights) == strlen(letters);
}

/* RFC 4314 section 2.1; "d" is the one letter that older servers have for "t" and "e". */
static bool ask_rights(Mailbox *mailbox, const char *folder, Rights *rights, GError **error)
{
	g_autofree char *name = mailbox_server_name(mailbox, folder, error);
	g_autofree char *letters = NULL;
	ImapStatus status;

	if (!name || !mailbox_select(mailbox, folder, IMAP_READ_WRITE, &status, error) ||
		!imap_rights(mailbox_session(mailbox), name, &letters, error))
		return false;
	*rights = (Rights){
		.known = letters || status.read_only,
		.flag = letters && strchr(letters, 'w') && !status.read_only,
		.move = letters && (has_all(letters, "te") || strchr(letters, 'd')) &&
			!status.read_only,
	};
	if (!letters && !status.read_only)
		*rights = (Rights){.known = false, .flag = true, .move = true};
	return true;
}

static const char *yes_or_no(bool yes)
{
	return yes ? _("ja") : _("nein");
}

/* "lesen: ja, kennzeichnen: ja, verschieben: nein"; yours. */
static char *describe_rights(const Rights *rights)
{
	if (!rights->known)
		return g_strdup(_("lesen: ja; kennzeichnen und verschieben: vermutlich ja (der "
				  "Server nennt keine einzelnen Rechte)"));
	return g_strdup_printf(_("lesen: ja; kennzeichnen: %s; verschieben: %s"),
		yes_or_no(rights->flag), yes_or_no(rights->move));
}

/* What import.after asks for and the rights do not give; NULL: nothing. Yours. */
static char *advise_on_rights(const Account *account, const Rights *rights)
{
	bool lacks = account->after == AFTER_MOVE ? !rights->move
						  : account->after != AFTER_NONE && !rights->flag;

	return lacks ? g_strdup(_("Nach dem Import soll auf dem Server gekennzeichnet oder "
				  "verschoben werden; dazu fehlt hier das Recht."))
		     : NULL;
}

/* The folder whose rights stand for the mailbox: INBOX, else the first that can be opened; NULL:
 * there is none. Borrowed. */
static const char *main_folder(const GPtrArray *folders)
{
	const char *first = NULL;

	for (guint i = 0; i < folders->len; i++) {
		const ImapFolder *folder = g_ptr_array_index(folders, i);

		if (!folder->selectable)
			continue;
		if (g_ascii_strcasecmp(folder->name, "INBOX") == 0)
			return folder->name;
		first = first ? first : folder->name;
	}
	return first;
}

/* ---- a mailbox ---- */

/* What the server lacks that makes us do it otherwise; yours, "" for nothing. */
static char *describe_lack(const ImapSession *session)
{
	static const struct {
		ImapCapability capability;
		const char *name;
	} wishes[] = {
		{IMAP_CAP_MOVE, "MOVE"},
		{IMAP_CAP_UIDPLUS, "UIDPLUS"},
		{IMAP_CAP_SPECIAL_USE, "SPECIAL-USE"},
		{IMAP_CAP_NAMESPACE, "NAMESPACE"},
		{IMAP_CAP_ESEARCH, "ESEARCH"},
		{IMAP_CAP_LIST_STATUS, "LIST-STATUS"},
	};
	GString *list = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(wishes); i++) {
		if (!imap_has(session, wishes[i].capability))
			g_string_append_printf(
				list, "%s%s", list->len > 0 ? ", " : "", wishes[i].name);
	}
	return g_string_free(list, FALSE);
}

/* How many of ADDRESS' FOLDERS the import leaves out; *ALL: that hold mails. */
static guint count_hidden(
	const Account *account, const char *address, GPtrArray *folders, guint *all)
{
	g_autoptr(HiddenRules) rules = hidden_rules_new(account);
	g_autoptr(GPtrArray) marked = hidden_list_marked(folders);
	bool whole = hidden_rules_match_mailbox(rules, address) != NULL;
	guint hidden = 0;

	*all = 0;
	for (guint i = 0; i < folders->len; i++) {
		const ImapFolder *folder = g_ptr_array_index(folders, i);

		if (!folder->selectable)
			continue;
		*all += 1;
		hidden += whole || hidden_rules_match(rules, folder, marked) ? 1 : 0;
	}
	return hidden;
}

/* Lists the folders of MAILBOX, which is ADDRESS', and asks for its rights: DETAIL and ADVICE,
 * yours. */
static bool look_into(Check *check, Mailbox *mailbox, const char *address, char **detail,
	char **advice, GError **error)
{
	g_autoptr(GPtrArray) folders = mailbox_list(mailbox, error);
	const char *folder = folders ? main_folder(folders) : NULL;
	g_autofree char *rights_text = NULL;
	Rights rights = {0};
	guint hidden, all;

	if (!folders)
		return false;
	if (!folder) {
		failure_set(error, FAILURE_FOLDERS_NONE, address,
			"%s: of %u folders none can be selected", address, folders->len);
		return false;
	}
	if (!ask_rights(mailbox, folder, &rights, error))
		return false;
	hidden = count_hidden(check->account, address, folders, &all);
	rights_text = describe_rights(&rights);
	*detail = g_strdup_printf(ngettext("%u Ordner, davon ausgeblendet: %u; %s",
					  "%u Ordner, davon ausgeblendet: %u; %s", all),
		all, hidden, rights_text);
	*advice = advise_on_rights(check->account, &rights);
	return true;
}

/* The steps of a mailbox that a server does not answer for any more would only repeat it. */
static bool is_gone(const GError *problem)
{
	return failure_code(problem) == FAILURE_CODE_RETRY ||
	       failure_code(problem) == FAILURE_CODE_CANCELLED;
}

static bool check_folders(Check *check)
{
	g_autoptr(Mailbox) mailbox = mailbox_adopt(g_steal_pointer(&check->session.imap));
	g_autofree char *lack = describe_lack(mailbox_session(mailbox));
	GError *problem = NULL;
	char *detail = NULL;
	char *advice = NULL;
	char *whole;

	check_begin(check, CHECK_FOLDERS, NULL);
	if (!look_into(check, mailbox, check->account->address, &detail, &advice, &problem)) {
		bool gone = is_gone(problem);

		check_bad(check, CHECK_FOLDERS, problem);
		return !gone;
	}
	whole = *lack ? g_strdup_printf(_("%s; dem Server fehlt: %s"), detail, lack)
		      : g_strdup(detail);
	g_free(detail);
	check_good(check, CHECK_FOLDERS, whole, advice);
	return true;
}

/* By which way MAILBOX was opened; yours. */
static char *describe_way(const Check *check, const Mailbox *mailbox)
{
	const char *detail = mailbox_way_detail(mailbox);

	switch (mailbox_way(mailbox)) {
	case MAILBOX_WAY_OWN:
		return g_strdup_printf(
			_("geöffnet mit eigenen Zugangsdaten (Benutzername %s)"), detail);
	case MAILBOX_WAY_NAMESPACE:
		return g_strdup_printf(_("geöffnet im Namensraum anderer Benutzer („%s“)"), detail);
	case MAILBOX_WAY_AUTHORIZED:
		return g_strdup_printf(_("geöffnet mit der Anmeldung von %s, die der Server dafür "
					 "zulässt"),
			detail);
	case MAILBOX_WAY_TOKEN:
		return g_strdup_printf(_("geöffnet mit dem Token von %s"), detail);
	default:
		return g_strdup_printf(
			_("geöffnet mit der Anmeldung von %s"), check->account->address);
	}
}

static bool check_shared(Check *check, const char *address, MailboxRetry *retry)
{
	g_autoptr(Mailbox) mailbox = NULL;
	GError *problem = NULL;
	char *detail = NULL;
	char *advice = NULL;
	bool gone;

	check_begin(check, CHECK_MAILBOX, address);
	mailbox = mailbox_open(
		check->office, check->account, address, retry, check->cancel, &problem);
	if (mailbox && look_into(check, mailbox, address, &detail, &advice, &problem)) {
		g_autofree char *way = describe_way(check, mailbox);

		check_mailbox_good(check, address, g_strdup_printf("%s; %s", way, detail), advice);
		g_free(detail);
		return true;
	}
	gone = is_gone(problem);
	check_mailbox_bad(check, address, problem);
	return !gone;
}

/* ---- a sender ---- */

static char *describe_sender(const Check *check, const char *address)
{
	if (check->account->interface == INTERFACE_OFFICE365)
		return g_strdup_printf(_("%s wird als Absender angenommen; ob das Recht dazu da "
					 "ist, sagt Microsoft erst beim Versenden"),
			address);
	return g_strdup_printf(_("%s wird als Absender angenommen"), address);
}

/* Who was not logged in where a login is offered was refused for want of it. Takes PROBLEM. */
static GError *blame_login(const Check *check, GError *problem)
{
	GError *told = NULL;

	if (check->has_credentials || !failure_is(problem, FAILURE_SENDER_REFUSED) ||
		!smtp_has(check->session.smtp, SMTP_CAP_AUTH))
		return problem;
	failure_set(
		&told, FAILURE_LOGIN_MISSING, check->account->user_name, "%s", problem->message);
	g_error_free(problem);
	return told;
}

/* Whether mail from ADDRESS would be taken; MAILBOX: it is a further one. */
static bool check_sender(Check *check, const char *address, bool mailbox)
{
	GError *problem = NULL;
	bool gone;

	check_begin(check, mailbox ? CHECK_MAILBOX : CHECK_SENDER, mailbox ? address : NULL);
	if (smtp_try_sender(check->session.smtp, address, check->account->address, &problem)) {
		char *detail = describe_sender(check, address);

		if (mailbox)
			check_mailbox_good(check, address, detail, NULL);
		else
			check_good(check, CHECK_SENDER, detail, NULL);
		check->takes_sender |= !mailbox;
		return true;
	}
	problem = blame_login(check, problem);
	gone = is_gone(problem) || !smtp_is_alive(check->session.smtp);
	if (mailbox)
		check_mailbox_bad(check, address, problem);
	else
		check_bad(check, CHECK_SENDER, problem);
	return !gone;
}

/* ---- the login ---- */

/* The main address, and a mail from it if one is asked for. */
static bool check_main_sender(Check *check)
{
	bool going = check_sender(check, check->account->address, false);

	if (!check->send_to)
		return going;
	if (check->takes_sender)
		return check_send(check);
	check_skip(check, CHECK_SEND,
		_("Nicht gesendet, weil der Server den Absender nicht angenommen hat."));
	return going;
}

/* As long as the server answers. */
static void check_mailboxes(Check *check)
{
	const Account *account = check->account;
	bool imap = check->protocol == MAIL_PROTOCOL_IMAP;
	MailboxRetry retry = {0};
	bool going = imap ? check_folders(check) : check_main_sender(check);

	for (guint i = 0; going && i < account->mailboxes->len; i++) {
		const char *address = g_ptr_array_index(account->mailboxes, i);

		if (account_find_mailbox(account, address) != address)
			continue;
		going = imap ? check_shared(check, address, &retry)
			     : check_sender(check, address, true);
	}
}

/* Who signed in, and how; yours. */
static char *describe_login(const Check *check)
{
	const Account *account = check->account;
	const Endpoint *endpoint = account_endpoint(account, check->protocol);
	const char *mechanism = mail_session_mechanism(&check->session);

	if (account->interface == INTERFACE_OFFICE365)
		return g_strdup_printf(
			_("Angemeldet als %s mit OAuth 2.0 (%s)"), account->address, mechanism);
	return g_strdup_printf(endpoint->credentials_are_global
				       ? _("Angemeldet als %s (gemeinsame Anmeldung aus der "
					   "Systemsteuerung) mit %s")
				       : _("Angemeldet als %s mit %s"),
		endpoint->username, mechanism);
}

/* Whoever opens a mailbox unasked has not said whose it is, nor whether the credentials hold. */
static void skip_open_login(Check *check)
{
	if (check->has_credentials)
		check_skip_with_hint(check, CHECK_LOGIN,
			_("Der Server öffnet das Postfach ohne Anmeldung."),
			g_strdup(_("Die hinterlegte Anmeldung wurde nicht gebraucht und nicht "
				   "geprüft. Ein Administrator sollte prüfen, ob Servername und "
				   "Port stimmen.")));
	else
		check_skip(check, CHECK_LOGIN, _("Der Server öffnet das Postfach ohne Anmeldung."));
}

void check_login(Check *check)
{
	bool office365 = check->account->interface == INTERFACE_OFFICE365;
	GError *problem = NULL;

	if (office365 && !check->has_credentials) {
		check_skip(check, CHECK_LOGIN,
			_("Nicht geprüft, weil es keine gültige Anmeldung gibt (Schritt Token)."));
		check_skip_access(check, _("Nicht geprüft, weil niemand angemeldet ist."));
		return;
	}
	check_begin(check, CHECK_LOGIN, NULL);
	if (!sign_in_open(check->office, check->account, check->protocol, true, check->cancel,
		    &check->session, &problem)) {
		check_bad(check, CHECK_LOGIN, problem);
		check_skip_access(check, _("Nicht geprüft, weil niemand angemeldet ist."));
		return;
	}
	if (mail_session_is_open(&check->session))
		skip_open_login(check);
	else if (check->has_credentials)
		check_good(check, CHECK_LOGIN, describe_login(check), NULL);
	else
		check_skip(check, CHECK_LOGIN,
			_("Es ist keine Anmeldung hinterlegt; gesendet wird ohne."));
	check_mailboxes(check);
}
