/* Requests to the token endpoint: the form, its answer as a grant, and what else can come back. */
#include "oauth/oauth_internal.h"

#include <malloc.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"

/* Where the server answers that it cannot just now. */
#define TRIES 3
#define FIRST_WAIT 500 /* milliseconds, three times as long each time */
/* Seconds not to ask again: told by the server at most so long, after a loop so long. */
#define PAUSE_LIMIT (60 * 60)
#define LOOP_PAUSE (10 * 60)
/* Of a token whose life is not told. */
#define USUAL_LIFE 3600
#define LIFE_LIMIT (INT64_C(400) * 24 * 3600)
/* Seconds after a cancellation: what the authority grants just now would be lost with the answer.
 */
#define GRACE 5
#define TRACE_LIMIT 80
#define REFRESH_TOKEN "refresh_token"

/* Jansson's memory held tokens. */
static void free_wiped(void *memory)
{
	if (memory)
		secret_wipe(memory, malloc_usable_size(memory));
	free(memory);
}

void oauth_start_library(void)
{
	json_set_alloc_funcs(malloc, free_wiped);
}

void oauth_grant_clear(OauthGrant *grant)
{
	secret_free(grant->access_token);
	secret_free(grant->refresh_token);
	g_free(grant->identity);
	*grant = (OauthGrant){0};
}

static size_t encoded_size(const OauthForm *form)
{
	size_t size = 1;

	for (; form->name; form++)
		size += form->value ? strlen(form->name) + 3 * strlen(form->value) + 2 : 0;
	return size;
}

/* VALUE percent-encoded at TEXT; answers its end. */
static char *encode(char *text, const char *value)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *value; value++) {
		unsigned char byte = (unsigned char)*value;

		if (g_ascii_isalnum(byte) || strchr("-._~", byte)) {
			*text++ = (char)byte;
			continue;
		}
		*text++ = '%';
		*text++ = digits[byte >> 4];
		*text++ = digits[byte & 15];
	}
	return text;
}

/* FORM as application/x-www-form-urlencoded, in memory that does not move; yours. */
static Secret *encode_form(const OauthForm *form)
{
	size_t room = encoded_size(form);
	char *text = g_malloc(room);
	char *end = text;
	Secret *body;

	for (; form->name; form++) {
		if (!form->value)
			continue;
		if (end > text)
			*end++ = '&';
		end = encode(end, form->name);
		*end++ = '=';
		end = encode(end, form->value);
	}
	body = secret_new(text, (size_t)(end - text));
	secret_wipe(text, room);
	g_free(text);
	return body;
}

Repeats *oauth_secrets(const OauthClient *client, const char *account)
{
	Repeats *secrets = repeats_new();

	repeats_add_secret(secrets, client->secret);
	repeats_add_secret(secrets, client->proxy.password);
	repeats_add_name(secrets, client->authority);
	repeats_add_name(secrets, client->tenant);
	repeats_add_name(secrets, client->id);
	repeats_add_name(secrets, client->proxy.host);
	repeats_add_name(secrets, client->proxy.username);
	repeats_add_name(secrets, account);
	return secrets;
}

/* The same with what FORM sends; yours. */
static Repeats *secrets_of(const OauthSubject *subject, const OauthForm *form)
{
	Repeats *secrets = oauth_secrets(subject->client, subject->account);

	for (; form->name; form++) {
		g_autoptr(Secret) secret = NULL;

		if (form->value && form->secret)
			secret = secret_new(form->value, strlen(form->value));
		else
			repeats_add_name(secrets, form->value);
		repeats_add_secret(secrets, secret);
	}
	return secrets;
}

static const char *get_string(json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* Tokens are of visible ASCII (RFC 6749 appendix A.12); NULL for anything else. Yours. */
static Secret *get_token(json_t *object, const char *name)
{
	const char *text = get_string(object, name);
	size_t length = text ? strlen(text) : 0;

	if (length == 0 || length > OAUTH_TOKEN_LIMIT)
		return NULL;
	for (const char *at = text; *at; at++) {
		if (!g_ascii_isgraph(*at))
			return NULL;
	}
	return secret_new(text, length);
}

/* Some servers send it as a text. */
static int64_t get_life(json_t *object)
{
	json_t *value = json_object_get(object, "expires_in");
	const char *text = json_string_value(value);
	int64_t life = USUAL_LIFE;
	char *end;

	if (json_is_number(value)) {
		life = (int64_t)CLAMP(json_number_value(value), 0, (double)LIFE_LIMIT);
	} else if (text) {
		life = g_ascii_strtoll(text, &end, 10);
		life = end > text ? life : USUAL_LIFE;
	}
	return CLAMP(life, 0, LIFE_LIMIT);
}

static bool refuse_garbage(
	const OauthSubject *subject, int status, const char *what, GError **error)
{
	failure_set(error, FAILURE_OAUTH_GARBAGE, subject->client->authority,
		"%s answers with status %d and %s", subject->client->authority, status, what);
	return false;
}

static bool take_grant(
	const OauthSubject *subject, json_t *object, OauthGrant *grant, GError **error)
{
	const char *type = get_string(object, "token_type");
	Secret *access = get_token(object, "access_token");
	Secret *refresh = get_token(object, REFRESH_TOKEN);
	bool spoilt = !refresh && json_is_string(json_object_get(object, REFRESH_TOKEN));

	if (!access || spoilt || !type || g_ascii_strcasecmp(type, "Bearer") != 0) {
		secret_free(access);
		secret_free(refresh);
		return refuse_garbage(subject, 200, "no bearer token", error);
	}
	grant->access_token = access;
	grant->refresh_token = refresh;
	grant->issued = clock_now();
	grant->expires = grant->issued + get_life(object);
	grant->identity = oauth_identity(get_string(object, "id_token"));
	return true;
}

/* Appends NAME's value to TRACE if it is what an id or a time looks like. */
static void append_trace(GString *trace, json_t *object, const char *name, const Repeats *secrets)
{
	const char *value = get_string(object, name);

	if (!value || !*value || strlen(value) > TRACE_LIMIT ||
		repeats_in_text(secrets, value, strlen(value)))
		return;
	for (const char *at = value; *at; at++) {
		if (!g_ascii_isalnum(*at) && !strchr("-:. +", *at))
			return;
	}
	g_string_append_printf(trace, "%s%s %s", trace->len > 0 ? ", " : "", name, value);
}

/* The error that OBJECT tells of, with what of it may be repeated. */
static void set_error(const OauthSubject *subject, const OauthForm *form, json_t *object,
	OauthOutcome *outcome, GError **error)
{
	json_t *code = json_array_get(json_object_get(object, "error_codes"), 0);
	const char *description = get_string(object, "error_description");
	g_autoptr(Repeats) secrets = secrets_of(subject, form);
	g_autoptr(GString) trace = g_string_new(NULL);
	OauthError problem = {.name = oauth_error_name(secrets, get_string(object, "error"))};
	Failure failure;

	append_trace(trace, object, "timestamp", secrets);
	append_trace(trace, object, "trace_id", secrets);
	append_trace(trace, object, "correlation_id", secrets);
	problem.trace = trace->len > 0 ? trace->str : NULL;
	problem.number =
		json_is_integer(code) ? json_integer_value(code) : oauth_error_number(description);
	problem.description = repeats_withhold(secrets, description);
	failure = oauth_error_failure(&problem);
	outcome->busy = failure == FAILURE_OAUTH_BUSY;
	if (failure == FAILURE_OAUTH_LOOP)
		outcome->pause = LOOP_PAUSE;
	oauth_error_set(subject, &problem, error);
}

static bool refuse_busy(
	const OauthSubject *subject, int status, OauthOutcome *outcome, GError **error)
{
	outcome->busy = true;
	failure_set(error, FAILURE_OAUTH_BUSY, subject->client->authority,
		"%s answers with status %d", subject->client->authority, status);
	return false;
}

bool oauth_take_answer(const OauthSubject *subject, const OauthForm *form, const HttpAnswer *answer,
	OauthGrant *grant, OauthOutcome *outcome, GError **error)
{
	json_t *object = json_loadb(
		secret_text(answer->body), secret_size(answer->body), JSON_REJECT_DUPLICATES, NULL);
	bool taken = false;

	*outcome = (OauthOutcome){.retry_after = answer->retry_after};
	if (answer->status == 200 && json_is_object(object))
		taken = take_grant(subject, object, grant, error);
	else if (answer->status == 429 || answer->status >= 500)
		refuse_busy(subject, answer->status, outcome, error);
	else if (answer->status >= 400 && get_string(object, "error"))
		set_error(subject, form, object, outcome, error);
	else
		refuse_garbage(subject, answer->status, "no JSON of a token endpoint", error);
	json_decref(object);
	return taken;
}

static bool is_of_proxy(const GError *problem)
{
	return failure_is(problem, FAILURE_PROXY_UNREACHABLE) ||
	       failure_is(problem, FAILURE_PROXY_REFUSED) ||
	       failure_is(problem, FAILURE_PROXY_NOT_HTTP) ||
	       failure_is(problem, FAILURE_PROXY_NOT_SOCKS) ||
	       failure_is(problem, FAILURE_PROXY_NAME_TEMPORARY);
}

void oauth_network_error(const OauthSubject *subject, GError *problem, GError **error)
{
	FailureCode code = failure_code(problem);
	Failure failure =
		code == FAILURE_CODE_PROTOCOL ? FAILURE_OAUTH_GARBAGE : FAILURE_OAUTH_UNREACHABLE;

	if ((code != FAILURE_CODE_RETRY && code != FAILURE_CODE_PROTOCOL) || is_of_proxy(problem)) {
		g_propagate_error(error, problem);
		return;
	}
	failure_set(error, failure, subject->client->authority, "%s", problem->message);
	g_error_free(problem);
}

static bool try_once(const OauthSubject *subject, const OauthForm *form, const Cancel *cancel,
	OauthGrant *grant, OauthOutcome *outcome, GError **error)
{
	g_autofree char *url = oauth_url(subject->client, "/oauth2/v2.0/token");
	g_autoptr(Secret) body = encode_form(form);
	g_auto(HttpAnswer) answer = {0};
	GError *problem = NULL;
	HttpRequest request = {
		.url = url,
		.form = body,
		.proxy = &subject->client->proxy,
		.ca_file = subject->client->ca_file,
		.timeout = subject->client->timeout,
		.grace = GRACE,
	};

	*outcome = (OauthOutcome){.retry_after = -1};
	if (http_send(&request, cancel, &answer, &problem))
		return oauth_take_answer(subject, form, &answer, grant, outcome, error);
	oauth_network_error(subject, problem, error);
	return false;
}

static void pause_for(int64_t milliseconds, const Cancel *cancel)
{
	struct pollfd place = {.fd = cancel_descriptor(cancel), .events = POLLIN};

	poll(&place, 1, (int)milliseconds);
}

/* FORM with the client's own id and secret before it; yours, its texts are not. */
static OauthForm *with_client(const OauthClient *client, const OauthForm *form)
{
	size_t count = 0;
	OauthForm *whole;

	while (form[count].name)
		count++;
	whole = g_new0(OauthForm, count + 3);
	whole[0] = (OauthForm){"client_id", client->id, false};
	whole[1] = (OauthForm){
		"client_secret", client->secret ? secret_text(client->secret) : NULL, true};
	memcpy(whole + 2, form, count * sizeof *form);
	return whole;
}

bool oauth_request(const OauthSubject *subject, const OauthForm *form, const Cancel *cancel,
	OauthGrant *grant, int64_t *pause, GError **error)
{
	g_autofree OauthForm *whole = with_client(subject->client, form);
	int64_t wait = FIRST_WAIT;
	OauthOutcome outcome;

	*pause = 0;
	for (unsigned try = 1;; try++, wait *= 3) {
		g_autoptr(GError) problem = NULL;

		if (try_once(subject, whole, cancel, grant, &outcome, &problem))
			return true;
		if (!outcome.busy || try == TRIES || outcome.retry_after > 0 ||
			cancel_triggered(cancel)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			break;
		}
		pause_for(wait, cancel);
	}
	*pause = outcome.retry_after > 0 ? MIN(outcome.retry_after, PAUSE_LIMIT) : outcome.pause;
	return false;
}
