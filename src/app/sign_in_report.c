/* The state of a user's sign-in, from the settings and what is on record. */
#include "app/sign_in_report.h"

#include "app/sign_in.h"
#include "app/sign_in_record.h"
#include "app/sign_in_use.h"
#include "app/token.h"
#include "base/i18n.h"
#include "failure/failure.h"

void sign_in_report_clear(SignInReport *report)
{
	g_free(report->reason);
	g_free(report->last_failure_reason);
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
		[SIGN_IN_FAILED] = "failed",
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

/* What is found out about one user. */
typedef struct Judgement {
	SignInRecord record;
	SignInUse imap;
	SignInUse smtp;
	char *notice; /* what to know although the sign-in holds */
	int64_t since;
} Judgement;

static void judgement_clear(Judgement *judgement)
{
	sign_in_use_clear(&judgement->imap);
	sign_in_use_clear(&judgement->smtp);
	g_free(judgement->notice);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Judgement, judgement_clear)

/* How the last uses ended; who cannot send needs help as well. */
static bool recall_uses(
	Office *office, const Account *account, Judgement *judgement, GError **error)
{
	return sign_in_use_recall(office, account, MAIL_PROTOCOL_IMAP, &judgement->imap, error) &&
	       (!account->smtp.host || sign_in_use_recall(office, account, MAIL_PROTOCOL_SMTP,
					       &judgement->smtp, error));
}

/* Asks nobody, but otherwise goes the way of a sign-in. */
static bool judge(Office *office, const char *user, Judgement *judgement, GError **error)
{
	g_autoptr(Account) account = settings_resolve(office_settings(office), user, error);
	SignInRecord *record = &judgement->record;

	if (!account || !recall_uses(office, account, judgement, error) ||
		!settings_require(account, MAIL_PROTOCOL_IMAP, error) ||
		!sign_in_recall(office, account, MAIL_PROTOCOL_IMAP, record, error))
		return false;
	judgement->since = record->since;
	return account->interface == INTERFACE_OFFICE365
		       ? judge_token(office, account, record, &judgement->notice, &judgement->since,
				 error)
		       : judge_password(account, record, error);
}

static bool is_our_fault(const GError *problem)
{
	return failure_code(problem) != FAILURE_CODE_SETUP &&
	       failure_code(problem) != FAILURE_CODE_LOGIN;
}

/* ---- what is told ---- */

/* Sign-ins from before uses were recorded count, too. */
static void tell_uses(const Judgement *judgement, SignInReport *report)
{
	const SignInUse *use = judgement->smtp.failing && !judgement->imap.failing
				       ? &judgement->smtp
				       : &judgement->imap;

	report->last_success = judgement->imap.succeeded;
	if (report->last_success == 0 && judgement->record.verdict == VERDICT_GOOD)
		report->last_success = judgement->record.since;
	report->last_failure = use->failed;
	if (use->problem)
		report->last_failure_reason = failure_sentence(use->problem);
}

static void tell_unusable(int64_t since, const GError *problem, SignInReport *report)
{
	report->state = state_of(problem);
	if (report->state == SIGN_IN_REFUSED || report->state == SIGN_IN_EXPIRED)
		report->since = since;
	report->reason = failure_sentence(problem);
}

static void tell_usable(Judgement *judgement, SignInReport *report)
{
	report->proven = judgement->record.verdict == VERDICT_GOOD;
	if ((judgement->imap.failing || judgement->smtp.failing) && report->last_failure_reason) {
		report->state = SIGN_IN_FAILED;
		report->since = report->last_failure;
		report->reason = g_strdup(report->last_failure_reason);
	} else if (report->proven) {
		report->state = SIGN_IN_OK;
		report->since = judgement->record.since;
		report->reason = g_steal_pointer(&judgement->notice);
	} else if (report->last_success || report->last_failure) {
		report->reason = g_strdup(_("Seit der Änderung noch nicht versucht."));
	} else {
		report->reason =
			g_strdup(_("Die Anmeldung wurde noch nicht verwendet. Geprüft wird beim "
				   "nächsten Verwenden oder mit „Verbindung prüfen“."));
	}
}

bool sign_in_report(Office *office, const char *user, SignInReport *report, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_auto(Judgement) judgement = {0};
	bool usable = judge(office, user, &judgement, &problem);

	if (!usable && is_our_fault(problem)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	*report = (SignInReport){0};
	tell_uses(&judgement, report);
	if (usable)
		tell_usable(&judgement, report);
	else
		tell_unusable(judgement.since, problem, report);
	return true;
}
