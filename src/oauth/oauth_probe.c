/* Whether the authorization endpoint knows the client and its redirect, found out without a person:
 * prompt=none (OpenID Connect Core section 3.1.2.1) makes it redirect at once, where it may. */
#include "oauth/oauth_internal.h"

#include <string.h>
#include "base/clock.h"

/* Any port stands for the free one that a sign-in will choose. */
#define PROBE_PORT 49152

/* An authority's page of refusal has no form that is agreed upon but for Microsoft's number. */
static void set_page_error(
	const OauthSubject *subject, const HttpAnswer *answer, int64_t number, GError **error)
{
	static const char redirect_name[] = "invalid_redirect_uri";
	const char *page = secret_text(answer->body);
	g_autofree char *status = g_strdup_printf("HTTP %d", answer->status);
	OauthError problem = {.name = status, .number = number};

	/* RFC 7591 section 3.2.2, in lack of a word for this place */
	if (number == 0 && g_strstr_len(page, (gssize)secret_size(answer->body), redirect_name))
		problem.name = redirect_name;
	oauth_error_set(subject, &problem, error);
}

/* The number of "AADSTS50011: …" in a page; 0: none. */
static int64_t find_number(const HttpAnswer *answer)
{
	const char *page = secret_text(answer->body);
	const char *place = g_strstr_len(page, (gssize)secret_size(answer->body), "AADSTS");
	size_t digits = place ? strspn(place + strlen("AADSTS"), "0123456789") : 0;

	return digits > 0 && place[strlen("AADSTS") + digits] == ':' ? oauth_error_number(place)
								     : 0;
}

/* What a redirect to ourselves brings: that somebody would have to sign in first is no error. */
static bool take_redirect(OauthFlow *flow, const char *location, GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (oauth_flow_take(flow, location, &problem) ||
		failure_code(problem) == FAILURE_CODE_LOGIN)
		return true;
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

/* Whether LOCATION (NULL: none) is our redirect, and not only begins like it. */
static bool leads_back(const OauthFlow *flow, const char *location)
{
	size_t length = strlen(flow->redirect_uri);

	return location && strncmp(location, flow->redirect_uri, length) == 0 &&
	       memchr("?#", location[length], 3);
}

static bool judge(OauthFlow *flow, const HttpAnswer *answer, GError **error)
{
	OauthSubject subject = {&flow->client, flow->account, flow->registered_uri};
	int64_t number = find_number(answer);

	if (leads_back(flow, answer->location))
		return take_redirect(flow, answer->location, error);
	if (answer->status == 429 || answer->status >= 500) {
		failure_set(error, FAILURE_OAUTH_BUSY, flow->client.authority,
			"%s answers with status %d", flow->client.authority, answer->status);
		return false;
	}
	if (number == 0 && answer->status < 400)
		return true;
	set_page_error(&subject, answer, number, error);
	return false;
}

bool oauth_probe(const OauthClient *client, const char *account, const Cancel *cancel,
	int64_t *ahead, GError **error)
{
	g_autofree char *redirect = oauth_redirect_uri(client, PROBE_PORT);
	g_autoptr(OauthFlow) flow = oauth_flow_new(client, redirect, account, false);
	g_autofree char *url = g_strconcat(oauth_flow_url(flow), "&prompt=none", NULL);
	g_auto(HttpAnswer) answer = {0};
	OauthSubject subject = {client, account, redirect};
	GError *problem = NULL;
	HttpRequest request = {
		.url = url,
		.proxy = &client->proxy,
		.ca_file = client->ca_file,
		.timeout = client->timeout,
	};

	*ahead = 0;
	if (!http_send(&request, cancel, &answer, &problem)) {
		oauth_network_error(&subject, problem, error);
		return false;
	}
	if (answer.date > 0)
		*ahead = answer.date - clock_now();
	return judge(flow, &answer, error);
}
