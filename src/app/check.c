/* The order of the steps, and how each is reported. */
#include "app/check_internal.h"

#include "app/sign_in_use.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"

const char *check_step_name(CheckStep step)
{
	static const char *const names[] = {
		[CHECK_SETTINGS] = "settings",
		[CHECK_TOKEN] = "token",
		[CHECK_DNS] = "dns",
		[CHECK_PROXY] = "proxy",
		[CHECK_TCP] = "tcp",
		[CHECK_TLS] = "tls",
		[CHECK_CAPABILITIES] = "capabilities",
		[CHECK_LOGIN] = "login",
		[CHECK_FOLDERS] = "folders",
		[CHECK_SENDER] = "sender",
		[CHECK_SEND] = "send",
		[CHECK_MAILBOX] = "mailbox",
	};

	return names[step];
}

bool check_is_hint(const CheckResult *result)
{
	return result->advice && result->state != CHECK_BAD;
}

/* ---- reporting ---- */

void check_begin(const Check *check, CheckStep step, const char *mailbox)
{
	if (check->begins)
		check->begins(check->protocol, step, mailbox, check->data);
}

/* Settings are judged as they are now, the login has its own record, and the user's mail works
 * although a further mailbox does not. */
static void note_use(const Check *check, const CheckResult *result)
{
	if (result->problem && result->step != CHECK_SETTINGS && result->step != CHECK_LOGIN &&
		result->step != CHECK_MAILBOX)
		sign_in_use_note(check->office, check->account, check->protocol, result->problem);
}

static void end_step(Check *check, CheckResult result)
{
	int64_t now = clock_monotonic();
	g_auto(CheckWithheld) withheld = {0};

	check_withhold(check, &result, &withheld);
	note_use(check, &result);
	result.protocol = check->protocol;
	result.account = check->account->address;
	result.milliseconds = result.state == CHECK_OPEN ? 0 : MAX(now - check->started, 0);
	if (result.problem && !*check->first)
		*check->first = g_error_copy(result.problem);
	check->report(&result, check->data);
	check->started = clock_monotonic();
}

char *check_join_sentences(const char *one, const char *other)
{
	return one && other ? g_strdup_printf("%s %s", one, other) : g_strdup(one ? one : other);
}

void check_set_time(Check *check, int64_t milliseconds)
{
	check->started = clock_monotonic() - milliseconds;
}

static void end_good(Check *check, CheckStep step, const char *mailbox, char *detail, char *advice)
{
	end_step(check, (CheckResult){.step = step,
				.mailbox = mailbox,
				.state = CHECK_GOOD,
				.detail = detail,
				.advice = advice});
	g_free(detail);
	g_free(advice);
}

static void end_bad(Check *check, CheckStep step, const char *mailbox, GError *problem)
{
	g_autofree char *sentence = failure_sentence(problem);
	g_autofree char *plain = failure_advice(problem);
	FailureCall call = {.user = check->account->user_name};
	g_autofree char *advice = failure_fill_advice(plain, &call, mailbox);

	end_step(check, (CheckResult){.step = step,
				.mailbox = mailbox,
				.state = CHECK_BAD,
				.detail = sentence,
				.advice = advice,
				.problem = problem});
	g_error_free(problem);
}

void check_good(Check *check, CheckStep step, char *detail, char *advice)
{
	end_good(check, step, NULL, detail, advice);
}

void check_bad(Check *check, CheckStep step, GError *problem)
{
	end_bad(check, step, NULL, problem);
}

void check_mailbox_good(Check *check, const char *mailbox, char *detail, char *advice)
{
	end_good(check, CHECK_MAILBOX, mailbox, detail, advice);
}

void check_mailbox_bad(Check *check, const char *mailbox, GError *problem)
{
	end_bad(check, CHECK_MAILBOX, mailbox, problem);
}

void check_skip(Check *check, CheckStep step, const char *reason)
{
	end_step(check, (CheckResult){.step = step, .detail = reason});
}

void check_skip_with_hint(Check *check, CheckStep step, const char *reason, char *hint)
{
	end_step(check, (CheckResult){.step = step, .detail = reason, .advice = hint});
	g_free(hint);
}

/* ---- the way ---- */

void check_skip_access(Check *check, const char *reason)
{
	bool imap = check->protocol == MAIL_PROTOCOL_IMAP;

	check_skip(check, imap ? CHECK_FOLDERS : CHECK_SENDER, reason);
	if (!imap && check->send_to)
		check_skip(check, CHECK_SEND, reason);
}

/* Leaves out the steps from FIRST up to the login's end. */
static void skip_from(Check *check, CheckStep first, const char *reason)
{
	for (CheckStep step = first; step <= CHECK_LOGIN; step++)
		check_skip(check, step, reason);
	check_skip_access(check, reason);
}

static void check_protocol(Check *check, bool asked)
{
	check->started = clock_monotonic();
	if (!check_settings(check, asked)) {
		skip_from(check, CHECK_TOKEN,
			_("Nicht geprüft, weil die Einstellungen dafür nicht reichen."));
		return;
	}
	check_token(check);
	if (!check_connect(check))
		skip_from(check, CHECK_LOGIN,
			_("Nicht geprüft, weil keine Verbindung zustande kam."));
	else
		check_login(check);
	mail_session_clear(&check->session);
}

static void check_clear(Check *check)
{
	repeats_free(check->secrets);
	mime_address_free(check->send_to);
	g_free(check->send_to_wire);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Check, check_clear)

bool check_run(Office *office, const CheckRequest *request, CheckReporter *report, void *data,
	const Cancel *cancel, GError **error)
{
	g_autoptr(Account) account =
		settings_resolve(office_settings(office), request->user, error);
	bool both = !request->imap && !request->smtp;
	GError *first = NULL;
	g_auto(Check) check = {
		.office = office,
		.account = account,
		.report = report,
		.begins = request->begins,
		.data = data,
		.cancel = cancel,
		.first = &first,
		.actor = request->actor ? request->actor : request->user,
	};

	if (!account || (request->send_to && !check_read_send_to(request->send_to, &check.send_to,
						     &check.send_to_wire, error)))
		return false;
	if (request->imap || both)
		check_protocol(&check, true);
	check.protocol = MAIL_PROTOCOL_SMTP;
	if ((request->smtp || both) && !cancel_triggered(cancel))
		check_protocol(&check, request->smtp || request->send_to);
	if (cancel_triggered(cancel)) {
		g_clear_error(&first);
		failure_set(&first, FAILURE_CANCELLED, NULL, "cancelled");
	}
	if (first)
		g_propagate_error(error, first);
	return !first;
}
