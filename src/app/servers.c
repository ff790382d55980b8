/* Effective servers, counted user by user, since one function alone decides them; the rows of
 * servers_seen beside them. */
#include "app/servers.h"

#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "failure/failure.h"
#include "model/account.h"
#include "user/user.h"

#define SAME_SECONDS (60 * 60) /* in which the same is not written again */
#define DAY (24 * 60 * 60)

static void server_free(ServerInUse *server)
{
	g_free(server->host);
	g_free(server->version);
	g_free(server);
}

static const char *protocol_name(MailProtocol protocol)
{
	return protocol == MAIL_PROTOCOL_IMAP ? "imap" : "smtp";
}

/* The setting's value, borrowed. */
static const char *tls_name(TlsMode tls)
{
	return settings_get_row(SETTING_IMAP_TLS)->choices[tls].value;
}

/* ---- who uses what ---- */

typedef struct Counting {
	Office *office;
	GPtrArray *servers;
	GHashTable *places; /* text of protocol, host, port and TLS -> ServerInUse, borrowed */
	GPtrArray *users;
} Counting;

static void count_endpoint(Counting *counting, const Endpoint *endpoint)
{
	ServerInUse *server;
	char *place;

	if (!endpoint->host)
		return;
	place = g_strdup_printf("%d %s %u %d", (int)endpoint->protocol, endpoint->host,
		endpoint->port, (int)endpoint->tls);
	server = g_hash_table_lookup(counting->places, place);
	if (server) {
		g_free(place);
	} else {
		server = g_new0(ServerInUse, 1);
		*server = (ServerInUse){.protocol = endpoint->protocol,
			.host = g_strdup(endpoint->host),
			.port = endpoint->port,
			.tls = endpoint->tls};
		g_ptr_array_add(counting->servers, server);
		g_hash_table_insert(counting->places, place, server);
	}
	server->users++;
}

/* Who was removed meanwhile does not count. */
static bool count_user(Counting *counting, const User *user, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(Account) account = NULL;

	if (user->locked)
		return true;
	account = settings_resolve(office_settings(counting->office), user->name, &problem);
	if (!account && failure_is(problem, FAILURE_USER_UNKNOWN))
		return true;
	if (!account) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	if (account->interface == INTERFACE_DISABLED)
		return true;
	count_endpoint(counting, &account->imap);
	count_endpoint(counting, &account->smtp);
	return true;
}

static bool list_in(DbTransaction *transaction, void *data, GError **error)
{
	Counting *counting = data;

	counting->users = user_list(transaction, error);
	return counting->users != NULL;
}

static bool count_all(Counting *counting, const Cancel *cancel, GError **error)
{
	for (guint i = 0; i < counting->users->len; i++) {
		if (cancel_triggered(cancel)) {
			failure_set(error, FAILURE_CANCELLED, NULL, "cancelled among the users");
			return false;
		}
		if (!count_user(counting, g_ptr_array_index(counting->users, i), error))
			return false;
	}
	return true;
}

static int compare(const void *a, const void *b)
{
	const ServerInUse *one = *(ServerInUse *const *)a;
	const ServerInUse *other = *(ServerInUse *const *)b;
	int by_host = strcmp(one->host, other->host);

	if (one->protocol != other->protocol)
		return one->protocol < other->protocol ? -1 : 1;
	if (by_host != 0)
		return by_host;
	return one->port != other->port ? (int)one->port - (int)other->port
					: (int)one->tls - (int)other->tls;
}

/* ---- what connections saw ---- */

static bool find_seen(DbTransaction *transaction, ServerInUse *server, GError **error)
{
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT version, coalesce(certificate_end, 0), seen FROM servers_seen"
		" WHERE protocol = $1 AND host = $2 AND port = $3 AND tls = $4",
		db_text(protocol_name(server->protocol)), db_text(server->host),
		db_int(server->port), db_text(tls_name(server->tls)));
	GError *failed = NULL;

	if (!rows)
		return false;
	if (db_rows_next(rows, &failed)) {
		g_free(server->version);
		server->version = g_strdup(db_rows_text(rows, 0));
		server->certificate_end = db_rows_int(rows, 1);
		server->seen = db_rows_int(rows, 2);
	}
	return db_rows_end(failed, error);
}

static bool find_all_seen(DbTransaction *transaction, void *data, GError **error)
{
	const GPtrArray *servers = data;

	for (guint i = 0; i < servers->len; i++) {
		if (!find_seen(transaction, g_ptr_array_index(servers, i), error))
			return false;
	}
	return true;
}

GPtrArray *servers_in_use(Office *office, const Cancel *cancel, GError **error)
{
	g_autoptr(GPtrArray) servers = g_ptr_array_new_with_free_func((GDestroyNotify)server_free);
	g_autoptr(GHashTable) places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Counting counting = {.office = office, .servers = servers, .places = places};
	bool counted;

	if (!db_read(office_db(office), list_in, &counting, error))
		return NULL;
	counted = count_all(&counting, cancel, error) &&
		  db_read(office_db(office), find_all_seen, servers, error);
	g_ptr_array_unref(counting.users);
	if (!counted)
		return NULL;
	g_ptr_array_sort(servers, compare);
	return g_steal_pointer(&servers);
}

bool server_is_weak(const ServerInUse *server)
{
	return server->tls == TLS_MODE_NONE || server->tls == TLS_MODE_1_0 ||
	       server->tls == TLS_MODE_1_1 || g_strcmp0(server->version, "TLSv1") == 0 ||
	       g_strcmp0(server->version, "TLSv1.1") == 0;
}

bool server_certificate_ends(const ServerInUse *server, int64_t now)
{
	return server->certificate_end != 0 &&
	       server->certificate_end < now + (int64_t)SERVER_CERTIFICATE_DAYS * DAY;
}

/* ---- keeping it ---- */

typedef struct Note {
	const Endpoint *endpoint;
	const MailSession *session;
	int64_t size_limit; /* that it told; 0: none */
	int64_t now;
	bool known;
} Note;

static const char *version_of(const Note *note)
{
	return *note->session->tls_version ? note->session->tls_version : NULL;
}

static bool find_size(
	DbTransaction *transaction, const Endpoint *endpoint, int64_t *size, GError **error)
{
	return db_get_int(transaction, size, 0, error,
		"SELECT size_limit FROM servers_seen WHERE protocol = $1 AND host = $2"
		" AND port = $3 AND tls = $4",
		db_text(protocol_name(endpoint->protocol)), db_text(endpoint->host),
		db_int(endpoint->port), db_text(tls_name(endpoint->tls)));
}

static bool compare_size(DbTransaction *transaction, Note *note, GError **error)
{
	int64_t size;

	if (!find_size(transaction, note->endpoint, &size, error))
		return false;
	note->known = note->known && size == note->size_limit;
	return true;
}

static bool compare_in(DbTransaction *transaction, void *data, GError **error)
{
	Note *note = data;
	const Endpoint *endpoint = note->endpoint;
	ServerInUse server = {
		.protocol = endpoint->protocol,
		.host = endpoint->host,
		.port = endpoint->port,
		.tls = endpoint->tls,
	};
	bool found = find_seen(transaction, &server, error);

	note->known = server.seen <= note->now && note->now - server.seen < SAME_SECONDS &&
		      g_strcmp0(server.version, version_of(note)) == 0 &&
		      server.certificate_end == note->session->certificate_end;
	g_free(server.version);
	return found && compare_size(transaction, note, error);
}

static bool note_in(DbTransaction *transaction, void *data, GError **error)
{
	const Note *note = data;
	const Endpoint *endpoint = note->endpoint;
	int64_t end = note->session->certificate_end;

	return db_run(transaction, error,
		"INSERT INTO servers_seen (protocol, host, port, tls, version, certificate_end, "
		"seen, size_limit)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
		" ON CONFLICT (protocol, host, port, tls) DO UPDATE SET version = excluded.version,"
		" certificate_end = excluded.certificate_end, seen = excluded.seen,"
		" size_limit = excluded.size_limit",
		db_text(protocol_name(endpoint->protocol)), db_text(endpoint->host),
		db_int(endpoint->port), db_text(tls_name(endpoint->tls)), db_text(version_of(note)),
		end ? db_int(end) : db_null(), db_int(note->now), db_int(note->size_limit));
}

void servers_note(Office *office, const Endpoint *endpoint, const MailSession *session)
{
	Note note = {.endpoint = endpoint, .session = session, .now = clock_now()};
	g_autoptr(GError) failed = NULL;

	if (!session->seen)
		return;
	if (session->smtp)
		note.size_limit = (int64_t)MIN(smtp_size_limit(session->smtp), (uint64_t)INT64_MAX);
	if (db_read(office_db(office), compare_in, &note, &failed) && !note.known)
		db_write(office_db(office), note_in, &note, &failed);
	if (failed)
		log_warning("what was seen of %s is not on record: %s", endpoint->host,
			failed->message);
}

typedef struct SizeLimit {
	const Endpoint *endpoint;
	int64_t size;
} SizeLimit;

static bool find_size_in(DbTransaction *transaction, void *data, GError **error)
{
	SizeLimit *limit = data;

	return find_size(transaction, limit->endpoint, &limit->size, error);
}

bool servers_size_limit(Office *office, const Endpoint *endpoint, uint64_t *size, GError **error)
{
	SizeLimit limit = {.endpoint = endpoint};

	if (endpoint->host && !db_read(office_db(office), find_size_in, &limit, error))
		return false;
	*size = (uint64_t)limit.size;
	return true;
}
