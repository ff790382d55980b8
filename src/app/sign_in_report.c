/* The state of a user's sign-in, from the settings and what is on record. */
#include "app/sign_in_report.h"

#include "app/sign_in.h"
#include "app/sign_in_record.h"
#include "app/token.h"
#include "base/i18n.h"
#include "failure/failure.h"

void sign_in_report_clear(SignInReport *report)
{
	g_free(report->reason);
	*report = (SignInReport){0};
}

const char *sign_in_state_name(SignInState state)
{
	static const char *const names[] = {
		[SIGN_IN_UNKNOWN] = "unknown",
		[SIGN_IN_OK] = "ok",
		[SIGN_IN_MISSING] = "missing",
		[SIGN_IN_EXPIRED] = "expired",
		[SIGN_IN_REFUSED] = "refused",
		[SIGN_IN_DISABLED] = "disabled",
		[SIGN_IN_INCOMPLETE] = "incomplete",
	};

	return names[state];
}

/* The state that a use of mail would end in with PROBLEM. */
static SignInState state_of(const GError *problem)
{
	switch (failure_of(problem)) {
	case FAILURE_INTERFACE_DISABLED:
		return SIGN_IN_DISABLED;
	case FAILURE_SETTING_MISSING:
	case FAILURE_SETTING_MISSING_GLOBAL:
		return SIGN_IN_INCOMPLETE;
	case FAILURE_LOGIN_MISSING:
	case FAILURE_SECRET_UNREADABLE:
	case FAILURE_TOKEN_MISSING:
	case FAILURE_TOKEN_OTHER_ACCOUNT:
		return SIGN_IN_MISSING;
	case FAILURE_LOGIN_REFUSED_BEFORE:
	case FAILURE_LOGIN_REFUSED_SHARED_BEFORE:
	case FAILURE_OAUTH_TOKEN_REFUSED:
		return SIGN_IN_REFUSED;
	default:
		return failure_code(problem) == FAILURE_CODE_LOGIN ? SIGN_IN_EXPIRED
								   : SIGN_IN_REFUSED;
	}
}

static bool judge_password(const Account *account, const SignInRecord *record, GError **error)
{
	if (record->verdict == VERDICT_REFUSED) {
		sign_in_refuse(account, MAIL_PROTOCOL_IMAP, true, "refused before", error);
		return false;
	}
	if (account->imap.password || record->verdict == VERDICT_GOOD)
		return true;
	failure_set(error, FAILURE_LOGIN_MISSING, account->user_name, "no credentials");
	return false;
}

/* *NOTICE, yours: what to know although the sign-in holds. */
static bool judge_token(Office *office, const Account *account, const SignInRecord *record,
	char **notice, int64_t *since, GError **error)
{
	g_auto(TokenStatus) status = {0};

	if (!token_status(office, account, false, &status, error))
		return false;
	if (status.notice)
		*notice = failure_sentence(status.notice);
	*since = status.problem ? status.failed : record->since;
	if (!status.problem && record->verdict == VERDICT_REFUSED)
		failure_set(&status.problem, FAILURE_OAUTH_TOKEN_REFUSED, account->address,
			"refused before");
	if (!status.problem)
		return true;
	g_propagate_error(error, g_steal_pointer(&status.problem));
	return false;
}

/* Asks nobody, but otherwise goes the way of a sign-in. */
static bool judge(Office *office, const char *user, SignInRecord *record, char **notice,
	int64_t *since, GError **error)
{
	g_autoptr(Account) account = settings_resolve(office_settings(office), user, error);

	if (!account || !settings_require(account, MAIL_PROTOCOL_IMAP, error) ||
		!sign_in_recall(office, account, MAIL_PROTOCOL_IMAP, record, error))
		return false;
	*since = record->since;
	return account->interface == INTERFACE_OFFICE365
		       ? judge_token(office, account, record, notice, since, error)
		       : judge_password(account, record, error);
}

static bool is_our_fault(const GError *problem)
{
	return failure_code(problem) != FAILURE_CODE_SETUP &&
	       failure_code(problem) != FAILURE_CODE_LOGIN;
}

bool sign_in_report(Office *office, const char *user, SignInReport *report, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *notice = NULL;
	SignInRecord record = {0};
	int64_t since = 0;
	bool usable = judge(office, user, &record, &notice, &since, &problem);

	if (!usable && is_our_fault(problem)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	*report = (SignInReport){0};
	if (!usable) {
		report->state = state_of(problem);
		if (report->state == SIGN_IN_REFUSED || report->state == SIGN_IN_EXPIRED)
			report->since = since;
		report->reason = failure_sentence(problem);
	} else if (record.verdict == VERDICT_GOOD) {
		report->state = SIGN_IN_OK;
		report->since = record.since;
		report->reason = g_steal_pointer(&notice);
	} else {
		report->reason =
			g_strdup(_("Entweder hat der Server beim Prüfen nicht geantwortet, oder "
				   "die Anmeldung wurde noch nicht verwendet. Geprüft wird beim "
				   "nächsten Verwenden oder mit „Verbindung prüfen“; bleibt es "
				   "dabei, hilft ein Administrator."));
	}
	return true;
}
