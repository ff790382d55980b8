/* What the client does in IMAP dialogues, each by one function of imap.h:
 *   open · login USER PASSWORD [AS] · login-token USER TOKEN [HOST PORT] · list · namespaces ·
 *   status FOLDER · status-many FOLDER… · select FOLDER · examine FOLDER · rights FOLDER ·
 *   search [set=…] [since=DATE] [text=…] [message-id=…] · fetch SET · summary SET · flag SET FLAG ·
 *   move SET FOLDER · append FOLDER · noop · close */
#include "dialogue.h"

#include <string.h>
#include "base/clock.h"
#include "failure/failure.h"

static bool run_open(Client *client, char **words, GError **error)
{
	(void)words;
	client->imap = imap_open(dialogue_stream(client), error);
	return client->imap != NULL;
}

static bool run_login(Client *client, char **words, GError **error)
{
	g_autoptr(Secret) secret = NULL;
	SaslIdentity identity = dialogue_identity(words, &secret);

	if (!imap_login(client->imap, &identity, error))
		return false;
	dialogue_note(client, "logged in");
	return true;
}

static bool run_list(Client *client, char **words, GError **error)
{
	g_autoptr(GPtrArray) folders = imap_list(client->imap, error);

	(void)words;
	for (guint i = 0; folders && i < folders->len; i++) {
		const ImapFolder *folder = g_ptr_array_index(folders, i);
		const char *role = imap_role_name(folder->role);
		char delimiter = folder->delimiter ? folder->delimiter : '-';

		dialogue_note(client,
			"folder %s delimiter %c role %s %s messages %" G_GINT64_FORMAT,
			folder->name, delimiter, role ? role : "-",
			folder->selectable ? "selectable" : "not selectable", folder->messages);
	}
	return folders != NULL;
}

static bool run_namespaces(Client *client, char **words, GError **error)
{
	static const char *const kinds[] = {"personal", "others", "shared"};
	g_autoptr(GPtrArray) found = imap_namespaces(client->imap, error);

	(void)words;
	for (guint i = 0; found && i < found->len; i++) {
		const ImapNamespace *name_space = g_ptr_array_index(found, i);

		dialogue_note(client, "%s <%s> %c", kinds[name_space->kind], name_space->prefix,
			name_space->delimiter ? name_space->delimiter : '-');
	}
	if (found)
		dialogue_note(client, "%u namespaces", found->len);
	return found != NULL;
}

static void note_status(Client *client, const ImapStatus *status)
{
	dialogue_note(client, "messages %u next %u validity %u unseen %u", status->messages,
		status->uid_next, status->uid_validity, status->unseen);
}

static bool run_status(Client *client, char **words, GError **error)
{
	ImapStatus status;

	if (!imap_status(client->imap, words[1], &status, error))
		return false;
	note_status(client, &status);
	return true;
}

static bool run_status_many(Client *client, char **words, GError **error)
{
	size_t count = g_strv_length(words + 1);
	g_autofree ImapStatus *statuses = g_new0(ImapStatus, count + 1);

	if (!imap_status_many(client->imap, (const char *const *)words + 1, count, statuses, error))
		return false;
	for (size_t i = 0; i < count; i++)
		note_status(client, &statuses[i]);
	return true;
}

static bool run_select(Client *client, char **words, GError **error)
{
	ImapAccess access = strcmp(words[0], "select") == 0 ? IMAP_READ_WRITE : IMAP_READ_ONLY;
	ImapStatus status;

	if (!imap_select(client->imap, words[1], access, &status, error))
		return false;
	note_status(client, &status);
	if (status.read_only)
		dialogue_note(client, "read only");
	return true;
}

static bool run_rights(Client *client, char **words, GError **error)
{
	g_autofree char *rights = NULL;

	if (!imap_rights(client->imap, words[1], &rights, error))
		return false;
	dialogue_note(client, "rights %s", rights ? rights : "not told");
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
		else if (g_str_has_prefix(*word, "message-id="))
			search.message_id = *word + strlen("message-id=");
		else if (!g_str_has_prefix(*word, "since=") ||
			 !clock_parse(*word + 6, &search.since))
			g_error("search: %s", *word);
	}
	uids = imap_search(client->imap, &search, error);
	if (!uids)
		return false;
	set = imap_uid_set_format((const uint32_t *)(void *)uids->data, uids->len);
	dialogue_note(client, "%u found: %s", uids->len, set);
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
		dialogue_note(client, "message refused: %s", failure_name(problem));
		return true;
	}
	text = g_strescape(body->str, NULL);
	dialogue_note(client,
		"message %u date %" G_GINT64_FORMAT " size %" G_GUINT64_FORMAT "%s%s%s \"%s\"",
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

	dialogue_note(client, "missing: %s%s%s", missing->len > 0 ? set : "none",
		reason ? " because " : "", reason ? reason : "");
}

static bool run_fetch(Client *client, char **words, GError **error)
{
	g_autoptr(GArray) uids = parse_set(words[1]);
	ImapItems items = strcmp(words[0], "fetch") == 0 ? IMAP_ITEMS_RAW : IMAP_ITEMS_SUMMARY;
	g_autoptr(ImapFetch) fetch = imap_fetch_begin(
		client->imap, (const uint32_t *)(void *)uids->data, uids->len, items, error);
	g_autoptr(GError) problem = NULL;
	ImapMessage message;

	while (fetch && imap_fetch_next(fetch, &message, &problem)) {
		if (!take_message(client, fetch, &message, error))
			return false;
	}
	if (problem) {
		if (failure_is(problem, FAILURE_MESSAGE_TOO_LARGE))
			dialogue_note(client, "message %u is too large", message.uid);
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

	if (!imap_add_flag(
		    client->imap, (const uint32_t *)(void *)uids->data, uids->len, words[2], error))
		return false;
	dialogue_note(client, "flagged");
	return true;
}

static bool run_move(Client *client, char **words, GError **error)
{
	g_autoptr(GArray) uids = parse_set(words[1]);

	if (!imap_move(
		    client->imap, (const uint32_t *)(void *)uids->data, uids->len, words[2], error))
		return false;
	dialogue_note(client, "moved");
	return true;
}

static bool run_append(Client *client, char **words, GError **error)
{
	static const char message[] = "Subject: Probe\r\n\r\nHallo\r\n";
	const ImapAppend append = {
		.bytes = message,
		.size = strlen(message),
		.flags = "\\Seen",
		.date = 837593065,
	};
	uint32_t uid = 0;

	if (!imap_append(client->imap, words[1], &append, &uid, error))
		return false;
	dialogue_note(client, "appended as %u", uid);
	return true;
}

static bool run_noop(Client *client, char **words, GError **error)
{
	(void)words;
	if (!imap_noop(client->imap, error))
		return false;
	dialogue_note(client, "noop");
	return true;
}

static bool run_close(Client *client, char **words, GError **error)
{
	(void)words;
	(void)error;
	g_clear_pointer(&client->imap, imap_close);
	dialogue_note(client, "closed");
	return true;
}

static const Action actions[] = {
	{"open", run_open, 1},
	{"login", run_login, 3},
	{"login-token", run_login, 3},
	{"list", run_list, 1},
	{"namespaces", run_namespaces, 1},
	{"status", run_status, 2},
	{"status-many", run_status_many, 2},
	{"select", run_select, 2},
	{"examine", run_select, 2},
	{"rights", run_rights, 2},
	{"search", run_search, 1},
	{"fetch", run_fetch, 2},
	{"summary", run_fetch, 2},
	{"flag", run_flag, 3},
	{"move", run_move, 3},
	{"append", run_append, 2},
	{"noop", run_noop, 1},
	{"close", run_close, 1},
	{0},
};

static void offer(Dialogue *dialogue, const char *capabilities)
{
	g_autofree char *answer = g_strconcat("* CAPABILITY ", capabilities, NULL);

	dialogue_say(dialogue, "* OK ready");
	dialogue_hear(dialogue, "M1 CAPABILITY");
	dialogue_say(dialogue, answer);
	dialogue_say(dialogue, "M1 OK done");
}

static bool is_alive(const Client *client)
{
	return client->imap && imap_is_alive(client->imap);
}

static void note_backoff(Client *client)
{
	if (client->imap && imap_backoff(client->imap) > 0)
		dialogue_note(client, "backoff %u", imap_backoff(client->imap));
}

static void close_session(Client *client)
{
	g_clear_pointer(&client->imap, imap_close);
}

const Protocol dialogue_imap = {"imap", actions, offer, is_alive, note_backoff, close_session};
