/* The last net under the check: what a step is about to tell is searched for everything secret that
 * the account holds, whoever brought it there. The layers below have searched what their own peers
 * said for what those were told. */
#include "app/check_internal.h"

#include <string.h>
#include "app/mailbox_login.h"
#include "app/token.h"
#include "failure/failure.h"

/* ---- what is searched for ---- */

static void hide_endpoint(const Endpoint *endpoint, Repeats *secrets)
{
	const Proxy *proxy = &endpoint->proxy;
	g_autofree char *port = g_strdup_printf("%u", endpoint->port);
	g_autofree char *proxy_port = g_strdup_printf("%u", proxy->port);

	repeats_add_secret(secrets, endpoint->password);
	repeats_add_secret(secrets, proxy->password);
	repeats_add_name(secrets, endpoint->host);
	repeats_add_name(secrets, port);
	repeats_add_name(secrets, endpoint->username);
	repeats_add_name(secrets, endpoint->ca_file);
	repeats_add_name(secrets, proxy->host);
	repeats_add_name(secrets, proxy_port);
	repeats_add_name(secrets, proxy->username);
}

static void hide_client(const OauthClient *client, Repeats *secrets)
{
	repeats_add_secret(secrets, client->secret);
	repeats_add_secret(secrets, client->proxy.password);
	repeats_add_name(secrets, client->authority);
	repeats_add_name(secrets, client->tenant);
	repeats_add_name(secrets, client->id);
	repeats_add_name(secrets, client->redirect_uri);
}

static void hide_mailbox(const Check *check, const char *address, Repeats *secrets)
{
	g_auto(MailboxLogin) login = {0};
	g_autoptr(GError) unreadable = NULL;

	if (mailbox_login_load(check->office, check->account, address, &login, &unreadable))
		repeats_add_secret(secrets, login.password);
	repeats_add_name(secrets, address);
	repeats_add_name(secrets, login.username);
}

static Repeats *secrets_of(const Check *check)
{
	const Account *account = check->account;
	Repeats *secrets = repeats_new();

	hide_endpoint(&account->imap, secrets);
	hide_endpoint(&account->smtp, secrets);
	hide_client(&account->oauth, secrets);
	repeats_add_name(secrets, account->user_name);
	repeats_add_name(secrets, account->address);
	repeats_add_name(secrets, account->token_folder);
	repeats_add_name(secrets, account->after_folder);
	for (guint i = 0; i < account->mailboxes->len; i++)
		hide_mailbox(check, g_ptr_array_index(account->mailboxes, i), secrets);
	return secrets;
}

/* ---- searching ---- */

void check_withhold_clear(CheckWithheld *withheld)
{
	g_clear_pointer(&withheld->detail, g_free);
	g_clear_pointer(&withheld->advice, g_free);
	g_clear_error(&withheld->problem);
}

static bool repeats(const Check *check, const char *text)
{
	return text && repeats_in_report(check->secrets, text);
}

/* PROBLEM without what repeats a secret; NULL: nothing does. Yours. */
static GError *withhold_problem(const Check *check, const GError *problem)
{
	bool message = problem && repeats(check, problem->message);
	bool subject = problem && repeats(check, failure_subject(problem));
	g_autofree char *advice = problem ? failure_advice(problem) : NULL;
	bool remedy = repeats(check, advice);
	GError *told;

	if (!message && !subject && !remedy)
		return NULL;
	told = g_error_copy(problem);
	if (message) {
		g_free(told->message);
		told->message = g_strdup(REPEATS_WITHHELD);
	}
	if (subject)
		failure_set_subject(told, REPEATS_WITHHELD);
	if (remedy)
		failure_set_remedy(told, NULL);
	return told;
}

void check_withhold(Check *check, CheckResult *result, CheckWithheld *withheld)
{
	if (!check->secrets)
		check->secrets = secrets_of(check);
	/* Each step may have refreshed them. */
	token_hide(check->office, check->account, check->secrets);
	withheld->problem = withhold_problem(check, result->problem);
	if (withheld->problem)
		result->problem = withheld->problem;
	if (repeats(check, result->detail)) {
		withheld->detail = withheld->problem ? failure_sentence(withheld->problem)
						     : g_strdup(REPEATS_WITHHELD);
		result->detail = withheld->detail;
	}
	if (repeats(check, result->advice)) {
		withheld->advice = withheld->problem ? failure_advice(withheld->problem)
						     : g_strdup(REPEATS_WITHHELD);
		result->advice = withheld->advice;
	}
}
