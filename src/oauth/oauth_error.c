/* What the errors of an authority mean. The error's name decides what happens next; Microsoft's
 * number, where there is one, which sentence says it. */
#include "oauth/oauth_internal.h"

#include <inttypes.h>
#include <string.h>
#include "base/i18n.h"
#include "base/text.h"

#define NUMBER_MARK "AADSTS"
/* Characters of them in messages and sentences. */
#define DESCRIPTION_LIMIT 300
#define NAME_LIMIT 100

typedef struct NumberRow {
	int64_t number;
	Failure failure;
} NumberRow;

static const NumberRow numbers[] = {
	{50173, FAILURE_OAUTH_REVOKED},
	{700082, FAILURE_OAUTH_EXPIRED},
	{70008, FAILURE_OAUTH_EXPIRED},
	{70043, FAILURE_OAUTH_POLICY},
	{700084, FAILURE_OAUTH_SPA},
	{54005, FAILURE_OAUTH_CODE_USED},
	{501481, FAILURE_OAUTH_CODE_USED},
	{50076, FAILURE_OAUTH_INTERACTION},
	{50079, FAILURE_OAUTH_INTERACTION},
	{50074, FAILURE_OAUTH_INTERACTION},
	{65001, FAILURE_OAUTH_CONSENT},
	{65004, FAILURE_OAUTH_DECLINED},
	{90094, FAILURE_OAUTH_ADMIN_CONSENT},
	{90095, FAILURE_OAUTH_ADMIN_CONSENT},
	{50105, FAILURE_OAUTH_NOT_ASSIGNED},
	{53000, FAILURE_OAUTH_DEVICE},
	{53001, FAILURE_OAUTH_DEVICE},
	{53003, FAILURE_OAUTH_DEVICE},
	{50053, FAILURE_OAUTH_ACCOUNT_LOCKED},
	{50055, FAILURE_OAUTH_PASSWORD_EXPIRED},
	{50057, FAILURE_OAUTH_ACCOUNT_DISABLED},
	{50126, FAILURE_OAUTH_PASSWORD_WRONG},
	{50034, FAILURE_OAUTH_ACCOUNT_FOREIGN},
	{50020, FAILURE_OAUTH_ACCOUNT_FOREIGN},
	{50011, FAILURE_OAUTH_REDIRECT},
	{7000218, FAILURE_OAUTH_SECRET_EXPECTED},
	{7000215, FAILURE_OAUTH_SECRET_WRONG},
	{7000222, FAILURE_OAUTH_SECRET_EXPIRED},
	{700025, FAILURE_OAUTH_SECRET_NEEDLESS},
	{50194, FAILURE_OAUTH_SINGLE_TENANT},
	{700016, FAILURE_OAUTH_APPLICATION},
	{90002, FAILURE_OAUTH_TENANT},
	{90033, FAILURE_OAUTH_BUSY},
	{90024, FAILURE_OAUTH_BUSY},
	{50196, FAILURE_OAUTH_LOOP},
};

typedef struct NameRow {
	const char *name;
	Failure failure;
	bool alone; /* no number changes what it means */
} NameRow;

/* clang-format off */
/* RFC 6749 sections 4.1.2.1 and 5.2, OpenID Connect Core section 3.1.2.6. */
static const NameRow names[] = {
	{"temporarily_unavailable", FAILURE_OAUTH_BUSY, true},
	{"server_error", FAILURE_OAUTH_BUSY, true},
	{"invalid_grant", FAILURE_OAUTH_SIGN_IN, false},
	{"login_required", FAILURE_OAUTH_SIGN_IN, false},
	{"account_selection_required", FAILURE_OAUTH_SIGN_IN, false},
	{"interaction_required", FAILURE_OAUTH_INTERACTION, false},
	{"consent_required", FAILURE_OAUTH_CONSENT, false},
	{"access_denied", FAILURE_OAUTH_DECLINED, false},
	{"invalid_redirect_uri", FAILURE_OAUTH_REDIRECT, false}, /* RFC 7591 section 3.2.2 */
};
/* clang-format on */

int64_t oauth_error_number(const char *description)
{
	const char *place = description ? strstr(description, NUMBER_MARK) : NULL;

	return place ? g_ascii_strtoll(place + strlen(NUMBER_MARK), NULL, 10) : 0;
}

const char *oauth_error_name(const Repeats *secrets, const char *name)
{
	return name && repeats_in_text(secrets, name, strlen(name)) ? "error" : name;
}

Failure oauth_error_failure(const OauthError *problem)
{
	Failure failure = FAILURE_OAUTH_SETUP;

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (strcmp(names[i].name, problem->name) != 0)
			continue;
		failure = names[i].failure;
		if (names[i].alone)
			return failure;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		if (numbers[i].number == problem->number)
			return numbers[i].failure;
	}
	return failure;
}

/* What the sentence of FAILURE names; NAME is the error's. */
static const char *subject_of(const OauthSubject *subject, const char *name, Failure failure)
{
	switch (failure) {
	case FAILURE_OAUTH_REDIRECT:
		return subject->redirect_uri ? subject->redirect_uri : "";
	case FAILURE_OAUTH_APPLICATION:
		return subject->client->id;
	case FAILURE_OAUTH_TENANT:
	case FAILURE_OAUTH_SINGLE_TENANT:
		return subject->client->tenant;
	case FAILURE_OAUTH_BUSY:
		return subject->client->authority;
	case FAILURE_OAUTH_SETUP:
		return name;
	default:
		return subject->account;
	}
}

/* Yours: the first line of what the authority says, at most LIMIT characters; "" for nothing. */
static char *shorten(const char *text, long limit)
{
	g_autofree char *line = NULL;
	g_autofree char *safe = NULL;

	if (!text)
		return g_strdup("");
	line = g_strndup(text, strcspn(text, "\r\n"));
	safe = text_for_terminal(line);
	return g_utf8_substring(safe, 0, MIN(g_utf8_strlen(safe, -1), limit));
}

void oauth_error_set(const OauthSubject *subject, const OauthError *problem, GError **error)
{
	Failure failure = oauth_error_failure(problem);
	g_autofree char *name = shorten(problem->name, NAME_LIMIT);
	g_autofree char *description = shorten(problem->description, DESCRIPTION_LIMIT);
	g_autofree char *number =
		problem->number > 0 ? g_strdup_printf(" " NUMBER_MARK "%" PRId64, problem->number)
				    : g_strdup("");

	failure_set(error, failure, subject_of(subject, name, failure), "%s answers %s%s%s%s%s%s%s",
		subject->client->authority, name, number, *description ? ": " : "", description,
		problem->trace ? " (" : "", problem->trace ? problem->trace : "",
		problem->trace ? ")" : "");
}
