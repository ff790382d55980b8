/* A table by user and session; under one lock, which nobody holds while asking a server. */
#include "web/sign_ins.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include "base/clock.h"
#include "oauth/oauth.h"

#define KEPT_MILLISECONDS (OAUTH_FLOW_SECONDS * INT64_C(1000))

/* What one session has. */
typedef struct Entry {
	int64_t since; /* monotonic milliseconds */
	SignIn *sign_in;
	SignInEnd *end;
	Form *typed;
	char *path; /* whose form that is */
} Entry;

struct SignIns {
	pthread_mutex_t lock;
	GHashTable *entries; /* key of a session -> Entry */
};

void sign_in_free(SignIn *sign_in)
{
	if (!sign_in)
		return;
	login_flow_free(sign_in->flow);
	g_free(sign_in->next);
	g_free(sign_in);
}

void sign_in_end_free(SignInEnd *end)
{
	if (!end)
		return;
	login_result_clear(&end->result);
	g_clear_error(&end->problem);
	g_free(end->next);
	form_free(end->typed);
	g_free(end);
}

void sign_in_look_clear(SignInLook *look)
{
	g_free(look->url);
	g_free(look->account);
	g_free(look->identity);
	*look = (SignInLook){0};
}

static void entry_free(Entry *entry)
{
	sign_in_free(entry->sign_in);
	sign_in_end_free(entry->end);
	form_free(entry->typed);
	g_free(entry->path);
	g_free(entry);
}

SignIns *sign_ins_new(void)
{
	SignIns *sign_ins = g_new0(SignIns, 1);

	pthread_mutex_init(&sign_ins->lock, NULL);
	sign_ins->entries =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)entry_free);
	return sign_ins;
}

void sign_ins_free(SignIns *sign_ins)
{
	if (!sign_ins)
		return;
	g_hash_table_unref(sign_ins->entries);
	pthread_mutex_destroy(&sign_ins->lock);
	g_free(sign_ins);
}

/* Yours: the token of its forms is what only this session has. */
static char *key_of(const Session *session)
{
	return g_strdup_printf("%" PRId64 ":%s", session->user->id, session->csrf);
}

static gboolean is_over(void *key, void *value, void *data)
{
	const Entry *entry = value;

	(void)key;
	(void)data;
	return clock_monotonic() - entry->since >= KEPT_MILLISECONDS ||
	       (!entry->end && !entry->typed &&
		       (!entry->sign_in || login_flow_is_over(entry->sign_in->flow)));
}

static void remove_oldest(GHashTable *entries)
{
	GHashTableIter iterator;
	void *key, *value;
	const char *oldest = NULL;
	int64_t since = INT64_MAX;

	g_hash_table_iter_init(&iterator, entries);
	while (g_hash_table_iter_next(&iterator, &key, &value)) {
		const Entry *entry = value;

		if (entry->since >= since)
			continue;
		since = entry->since;
		oldest = key;
	}
	if (oldest)
		g_hash_table_remove(entries, oldest);
}

/* A new entry for SESSION, borrowed. */
static Entry *renew(SignIns *sign_ins, const Session *session)
{
	char *key = key_of(session);
	Entry *entry = g_new0(Entry, 1);

	if (g_hash_table_size(sign_ins->entries) >= SIGN_INS_LIMIT &&
		!g_hash_table_contains(sign_ins->entries, key))
		remove_oldest(sign_ins->entries);
	entry->since = clock_monotonic();
	g_hash_table_replace(sign_ins->entries, key, entry);
	return entry;
}

static Entry *find(SignIns *sign_ins, const Session *session)
{
	g_autofree char *key = key_of(session);

	return g_hash_table_lookup(sign_ins->entries, key);
}

void sign_ins_put(SignIns *sign_ins, const Session *session, SignIn *sign_in)
{
	pthread_mutex_lock(&sign_ins->lock);
	renew(sign_ins, session)->sign_in = sign_in;
	pthread_mutex_unlock(&sign_ins->lock);
}

void sign_ins_put_back(SignIns *sign_ins, const Session *session, SignIn *sign_in)
{
	const Entry *entry;

	pthread_mutex_lock(&sign_ins->lock);
	entry = find(sign_ins, session);
	if (entry && entry->sign_in)
		sign_in_free(sign_in);
	else
		renew(sign_ins, session)->sign_in = sign_in;
	pthread_mutex_unlock(&sign_ins->lock);
}

SignIn *sign_ins_take(SignIns *sign_ins, const Session *session)
{
	SignIn *sign_in = NULL;
	Entry *entry;

	pthread_mutex_lock(&sign_ins->lock);
	entry = find(sign_ins, session);
	if (entry)
		sign_in = g_steal_pointer(&entry->sign_in);
	pthread_mutex_unlock(&sign_ins->lock);
	return sign_in;
}

bool sign_ins_look(SignIns *sign_ins, const Session *session, SignInLook *look)
{
	const Entry *entry;
	const SignIn *sign_in;

	pthread_mutex_lock(&sign_ins->lock);
	entry = find(sign_ins, session);
	sign_in = entry ? entry->sign_in : NULL;
	if (sign_in && login_flow_is_over(sign_in->flow))
		sign_in = NULL;
	if (sign_in)
		*look = (SignInLook){
			.asks = login_flow_asks(sign_in->flow),
			.leads_here = sign_in->leads_here,
			.url = g_strdup(login_flow_url(sign_in->flow)),
			.account = g_strdup(login_flow_account(sign_in->flow)),
			.identity = g_strdup(login_flow_identity(sign_in->flow)),
		};
	pthread_mutex_unlock(&sign_ins->lock);
	return sign_in != NULL;
}

void sign_ins_end(SignIns *sign_ins, const Session *session, SignInEnd *end)
{
	pthread_mutex_lock(&sign_ins->lock);
	renew(sign_ins, session)->end = end;
	pthread_mutex_unlock(&sign_ins->lock);
}

SignInEnd *sign_ins_told(SignIns *sign_ins, const Session *session)
{
	SignInEnd *end = NULL;
	Entry *entry;

	pthread_mutex_lock(&sign_ins->lock);
	entry = find(sign_ins, session);
	if (entry)
		end = g_steal_pointer(&entry->end);
	pthread_mutex_unlock(&sign_ins->lock);
	return end;
}

void sign_ins_carry(SignIns *sign_ins, const Session *session, const char *path, Form *typed)
{
	Entry *entry;

	pthread_mutex_lock(&sign_ins->lock);
	entry = renew(sign_ins, session);
	entry->typed = typed;
	entry->path = g_strdup(path);
	pthread_mutex_unlock(&sign_ins->lock);
}

Form *sign_ins_carried(SignIns *sign_ins, const Session *session, const char *path)
{
	Form *typed = NULL;
	Entry *entry;

	pthread_mutex_lock(&sign_ins->lock);
	entry = find(sign_ins, session);
	if (entry && entry->typed && strcmp(entry->path, path) == 0)
		typed = g_steal_pointer(&entry->typed);
	pthread_mutex_unlock(&sign_ins->lock);
	return typed;
}

void sign_ins_sweep(SignIns *sign_ins)
{
	pthread_mutex_lock(&sign_ins->lock);
	g_hash_table_foreach_remove(sign_ins->entries, is_over, NULL);
	pthread_mutex_unlock(&sign_ins->lock);
}
