/* The client's actions, each by one function of imap.h:
 *   open · login USER PASSWORD [AS] · list · namespaces · status FOLDER · status-many FOLDER… ·
 *   select FOLDER · examine FOLDER · search [set=…] [since=DATE] [text=…] · fetch SET · summary SET
 * · flag SET FLAG · move SET FOLDER · noop · close */
#include "dialogue.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "failure/failure.h"
#include "imap/imap.h"

/* Longer than any dialogue takes; one that hangs fails by it. */
#define TIMEOUT_SECONDS 2

typedef struct Client {
	ImapSession *session;
	int descriptor; /* until it is open */
	GPtrArray *lines;
} Client;

static void note(Client *client, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void note(Client *client, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(client->lines, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

static bool run_open(Client *client, char **words, GError **error)
{
	(void)words;
	client->session =
		imap_open(stream_open_socket(client->descriptor, TIMEOUT_SECONDS, NULL), error);
	client->descriptor = -1;
	return client->session != NULL;
}

static bool run_login(Client *client, char **words, GError **error)
{
	g_autoptr(Secret) password = secret_new(words[2], strlen(words[2]));
	SaslIdentity identity = {words[1], words[3], password};

	if (!imap_login(client->session, &identity, error))
		return false;
	note(client, "logged in");
	return true;
}

static bool run_list(Client *client, char **words, GError **error)
{
	g_autoptr(GPtrArray) folders = imap_list(client->session, error);

	(void)words;
	for (guint i = 0; folders && i < folders->len; i++) {
		const ImapFolder *folder = g_ptr_array_index(folders, i);
		const char *role = imap_role_name(folder->role);
		char delimiter = folder->delimiter ? folder->delimiter : '-';

		note(client, "folder %s delimiter %c role %s %s messages %" G_GINT64_FORMAT,
			folder->name, delimiter, role ? role : "-",
			folder->selectable ? "selectable" : "not selectable", folder->messages);
	}
	return folders != NULL;
}

static bool run_namespaces(Client *client, char **words, GError **error)
{
	static const char *const kinds[] = {"personal", "others", "shared"};
	g_autoptr(GPtrArray) found = imap_namespaces(client->session, error);

	(void)words;
	for (guint i = 0; found && i < found->len; i++) {
		const ImapNamespace *name_space = g_ptr_array_index(found, i);

		note(client, "%s <%s> %c", kinds[name_space->kind], name_space->prefix,
			name_space->delimiter ? name_space->delimiter : '-');
	}
	if (found)
		note(client, "%u namespaces", found->len);
	return found != NULL;
}

static void note_status(Client *client, const ImapStatus *status)
{
	note(client, "messages %u next %u validity %u unseen %u", status->messages,
		status->uid_next, status->uid_validity, status->unseen);
}

static bool run_status(Client *client, char **words, GError **error)
{
	ImapStatus status;

	if (!imap_status(client->session, words[1], &status, error))
		return false;
	note_status(client, &status);
	return true;
}

static bool run_status_many(Client *client, char **words, GError **error)
{
	size_t count = g_strv_length(words + 1);
	g_autofree ImapStatus *statuses = g_new0(ImapStatus, count + 1);

	if (!imap_status_many(
		    client->session, (const char *const *)words + 1, count, statuses, error))
		return false;
	for (size_t i = 0; i < count; i++)
		note_status(client, &statuses[i]);
	return true;
}

static bool run_select(Client *client, char **words, GError **error)
{
	ImapAccess access = strcmp(words[0], "select") == 0 ? IMAP_READ_WRITE : IMAP_READ_ONLY;
	ImapStatus status;

	if (!imap_select(client->session, words[1], access, &status, error))
		return false;
	note_status(client, &status);
	return true;
}

static bool run_search(Client *client, char **words, GError **error)
{
	ImapSearch search = {0};
	g_autoptr(GArray) uids = NULL;
	g_autofree char *set = NULL;

	for (char **word = words + 1; *word; word++) {
		if (g_str_has_prefix(*word, "set="))
			search.uid_set = *word + 4;
		else if (g_str_has_prefix(*word, "text="))
			search.text = *word + 5;
		else if (!g_str_has_prefix(*word, "since=") ||
			 !clock_parse(*word + 6, &search.since))
			g_error("search: %s", *word);
	}
	uids = imap_search(client->session, &search, error);
	if (!uids)
		return false;
	set = imap_uid_set_format((const uint32_t *)(void *)uids->data, uids->len);
	note(client, "%u found: %s", uids->len, set);
	return true;
}

static GArray *parse_set(const char *text)
{
	g_autoptr(GError) error = NULL;
	GArray *uids = imap_uid_set_parse(text, 1000000, &error);

	if (!uids)
		g_error("%s", error->message);
	return uids;
}

/* Reads one message and notes it. A failure of it alone is noted and is none of the fetch. */
static bool take_message(Client *client, ImapFetch *fetch, ImapMessage *message, GError **error)
{
	g_autoptr(GString) body = g_string_new(NULL);
	g_autoptr(GError) problem = NULL;
	g_autofree char *text = NULL;
	const void *data;
	ssize_t size;

	while ((size = imap_fetch_read(fetch, &data, error)) > 0)
		g_string_append_len(body, data, size);
	if (size < 0)
		return false;
	if (!imap_fetch_end(fetch, message, &problem)) {
		if (failure_code(problem) != FAILURE_CODE_REFUSED) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
		note(client, "message refused: %s", failure_name(problem));
		return true;
	}
	text = g_strescape(body->str, NULL);
	note(client, "message %u date %" G_GINT64_FORMAT " size %" G_GUINT64_FORMAT "%s%s%s \"%s\"",
		message->uid, message->internal_date, message->rfc822_size,
		message->seen ? " seen" : "", message->flagged ? " flagged" : "",
		message->has_body ? "" : " without body", text);
	return true;
}

static void note_missing(Client *client, const ImapFetch *fetch)
{
	const char *reason;
	const GArray *missing = imap_fetch_missing(fetch, &reason);
	g_autofree char *set =
		imap_uid_set_format((const uint32_t *)(void *)missing->data, missing->len);

	note(client, "missing: %s%s%s", missing->len > 0 ? set : "none", reason ? " because " : "",
		reason ? reason : "");
}

static bool run_fetch(Client *client, char **words, GError **error)
{
	g_autoptr(GArray) uids = parse_set(words[1]);
	ImapItems items = strcmp(words[0], "fetch") == 0 ? IMAP_ITEMS_RAW : IMAP_ITEMS_SUMMARY;
	g_autoptr(ImapFetch) fetch = imap_fetch_begin(
		client->session, (const uint32_t *)(void *)uids->data, uids->len, items, error);
	g_autoptr(GError) problem = NULL;
	ImapMessage message;

	while (fetch && imap_fetch_next(fetch, &message, &problem)) {
		if (!take_message(client, fetch, &message, error))
			return false;
	}
	if (problem) {
		if (failure_is(problem, FAILURE_MESSAGE_TOO_LARGE))
			note(client, "message %u is too large", message.uid);
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	if (fetch)
		note_missing(client, fetch);
	return fetch != NULL;
}

static bool run_flag(Client *client, char **words, GError **error)
{
	g_autoptr(GArray) uids = parse_set(words[1]);

	if (!imap_add_flag(client->session, (const uint32_t *)(void *)uids->data, uids->len,
		    words[2], error))
		return false;
	note(client, "flagged");
	return true;
}

static bool run_move(Client *client, char **words, GError **error)
{
	g_autoptr(GArray) uids = parse_set(words[1]);

	if (!imap_move(client->session, (const uint32_t *)(void *)uids->data, uids->len, words[2],
		    error))
		return false;
	note(client, "moved");
	return true;
}

static bool run_noop(Client *client, char **words, GError **error)
{
	(void)words;
	if (!imap_noop(client->session, error))
		return false;
	note(client, "noop");
	return true;
}

static bool run_close(Client *client, char **words, GError **error)
{
	(void)words;
	(void)error;
	g_clear_pointer(&client->session, imap_close);
	note(client, "closed");
	return true;
}

static const struct {
	const char *name;
	bool (*run)(Client *client, char **words, GError **error);
	unsigned words; /* at least */
} actions[] = {
	{"open", run_open, 1},
	{"login", run_login, 3},
	{"list", run_list, 1},
	{"namespaces", run_namespaces, 1},
	{"status", run_status, 2},
	{"status-many", run_status_many, 2},
	{"select", run_select, 2},
	{"examine", run_select, 2},
	{"search", run_search, 1},
	{"fetch", run_fetch, 2},
	{"summary", run_fetch, 2},
	{"flag", run_flag, 3},
	{"move", run_move, 3},
	{"noop", run_noop, 1},
	{"close", run_close, 1},
};

static bool run_action(Client *client, const char *line, GError **error)
{
	g_auto(GStrv) words = NULL;
	int count;

	if (!g_shell_parse_argv(line, &count, &words, NULL))
		g_error("not an action: %s", line);
	for (size_t i = 0; i < G_N_ELEMENTS(actions); i++) {
		if (strcmp(words[0], actions[i].name) == 0 && (unsigned)count >= actions[i].words)
			return actions[i].run(client, words, error);
	}
	g_error("not an action: %s", line);
}

/* The failure's name, and whether the session outlives it, which the header promises to tell. */
static void note_failure(Client *client, const GError *error)
{
	bool alive = client->session && imap_is_alive(client->session);

	note(client, "failure %s%s", failure_name(error), alive ? ", still alive" : "");
	if (client->session && imap_backoff(client->session) > 0)
		note(client, "backoff %u", imap_backoff(client->session));
}

void dialogue_run_client(int descriptor, const GPtrArray *todo, GPtrArray *lines)
{
	Client client = {.descriptor = descriptor, .lines = lines};
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < todo->len && !error; i++) {
		if (!run_action(&client, g_ptr_array_index(todo, i), &error))
			note_failure(&client, error);
	}
	g_clear_pointer(&client.session, imap_close);
}
