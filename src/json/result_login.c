/* Signing in: what answered, what is on record, what an administrator consents to. */
#include "json/result.h"

/* What programs read for the reason: a word where it is ours, else the sentence. */
static json_t *reason_json(const LoginCheck *check)
{
	switch (check->state) {
	case LOGIN_UNCHECKED:
		return json_string("unchecked");
	case LOGIN_SKIPPED:
		return json_string("skipped");
	default:
		return result_text(check->reason);
	}
}

static json_t *check_json(const LoginCheck *check)
{
	json_t *ok = check->state == LOGIN_OK	    ? json_true()
		     : check->state == LOGIN_FAILED ? json_false()
						    : json_null();

	return json_pack("{s:o, s:o, s:o}", "ok", ok, "reason", reason_json(check), "message",
		result_text(check->reason));
}

static json_t *mailboxes_json(const GPtrArray *mailboxes)
{
	json_t *list = json_array();

	for (guint i = 0; i < mailboxes->len; i++) {
		const LoginMailbox *mailbox = g_ptr_array_index(mailboxes, i);
		json_t *entry = check_json(&mailbox->check);

		json_object_set_new(entry, "address", result_text(mailbox->address));
		json_array_append_new(list, entry);
	}
	return list;
}

json_t *result_login(const LoginResult *result, const GError *problem, const FailureCall *call)
{
	json_t *document = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "account",
		result_text(result->account), "identity", result_text(result->identity), "imap",
		check_json(&result->imap), "smtp", check_json(&result->smtp), "mailboxes",
		mailboxes_json(result->mailboxes), "token_file", result_text(result->token_file));

	if (problem)
		json_object_set_new(document, "error", result_error(problem, call));
	return document;
}

static json_t *mailbox_status_json(const LoginMailboxStatus *status)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b}", "address", result_text(status->address),
		"username", result_text(status->username), "refused", result_time(status->refused),
		"again", result_time(status->again), "reason", result_text(status->reason),
		"usable", status->refused == 0 && !status->reason);
}

static json_t *mailbox_statuses_json(const GPtrArray *statuses)
{
	json_t *list = json_array();

	for (guint i = 0; i < statuses->len; i++)
		json_array_append_new(list, mailbox_status_json(g_ptr_array_index(statuses, i)));
	return list;
}

json_t *result_login_status(const LoginStatus *status)
{
	bool usable = status->use == LOGIN_USE_GOOD || status->use == LOGIN_USE_UNTRIED;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "account",
		result_text(status->account), "identity", result_text(status->identity),
		"signed_in", result_time(status->signed_in), "refreshed",
		result_time(status->refreshed), "expires", result_time(status->expires),
		"token_file", result_text(status->token_file), "reason",
		result_text(status->reason), "usable", usable, "mailboxes",
		mailbox_statuses_json(status->mailboxes));
}

json_t *result_login_removed(bool removed)
{
	return json_pack("{s:b}", "removed", removed);
}

static json_t *permissions_json(const GPtrArray *permissions)
{
	json_t *list = json_array();

	for (guint i = 0; i < permissions->len; i++) {
		const LoginPermission *permission = g_ptr_array_index(permissions, i);

		json_array_append_new(
			list, json_pack("{s:o, s:o}", "scope", result_text(permission->scope),
				      "reason", result_text(permission->reason)));
	}
	return list;
}

json_t *result_consent(const GPtrArray *permissions, const char *url, const char *redirect)
{
	return json_pack("{s:o, s:o, s:o}", "consent_url", result_text(url), "redirect_uri",
		result_text(redirect), "permissions", permissions_json(permissions));
}
