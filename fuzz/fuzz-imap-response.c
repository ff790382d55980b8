/* Fuzzes a whole session: the first byte says how the server's bytes are cut, the rest is what it
 * says to opening, login, folders, search, fetch and changes. Every failure must be one of the
 * catalogue that a server can cause, and what it yields must keep its promises. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "failure/failure.h"
#include "imap/imap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool right)
{
	if (!right)
		abort();
}

/* Takes note of how an action ended: after a broken connection the session must be dead. */
static bool check(const ImapSession *session, bool done, GError **error)
{
	require(done == (*error == NULL));
	if (done)
		return imap_is_alive(session);
	require(!failure_is(*error, FAILURE_INTERNAL));
	switch (failure_code(*error)) {
	case FAILURE_CODE_PROTOCOL:
	case FAILURE_CODE_RETRY:
		require(!imap_is_alive(session));
		break;
	default:
		break;
	}
	g_clear_error(error);
	return imap_is_alive(session);
}

static bool drive_login(ImapSession *session)
{
	g_autoptr(Secret) password = secret_new("geheim", 6);
	SaslIdentity identity = {"m\xc3\xbcller", NULL, password};
	GError *error = NULL;

	return check(session, imap_login(session, &identity, &error), &error);
}

static bool drive_folder(ImapSession *session, const char *name)
{
	ImapStatus status;
	GError *error = NULL;

	return check(session, imap_status(session, name, &status, &error), &error) &&
	       check(session, imap_select(session, name, IMAP_READ_ONLY, &status, &error), &error);
}

static bool drive_folders(ImapSession *session)
{
	GError *error = NULL;
	g_autoptr(GPtrArray) folders = imap_list(session, &error);

	if (!check(session, folders != NULL, &error))
		return false;
	for (guint i = 0; folders && i < folders->len && i < 3; i++) {
		const ImapFolder *folder = g_ptr_array_index(folders, i);

		require(g_utf8_validate(folder->name, -1, NULL));
		if (!drive_folder(session, folder->name))
			return false;
	}
	return true;
}

static bool drive_namespaces(ImapSession *session)
{
	GError *error = NULL;
	g_autoptr(GPtrArray) found = imap_namespaces(session, &error);

	return check(session, found != NULL, &error);
}

static bool drive_statuses(ImapSession *session)
{
	static const char *const names[] = {"INBOX", "Entw\xc3\xbcrfe", "a b"};
	ImapStatus statuses[3];
	GError *error = NULL;

	return check(session, imap_status_many(session, names, 3, statuses, &error), &error);
}

static bool drive_search(ImapSession *session)
{
	const ImapSearch search = {.uid_set = "1:*",
		.since = 86400,
		.text = "Stra\xc3\x9f"
			"e"};
	GError *error = NULL;
	g_autoptr(GArray) uids = imap_search(session, &search, &error);

	for (guint i = 1; uids && i < uids->len; i++)
		require(g_array_index(uids, uint32_t, i - 1) < g_array_index(uids, uint32_t, i));
	return check(session, uids != NULL, &error);
}

/* Reads one message as far as there are bytes; false: the session is over. */
static bool drive_message(ImapSession *session, ImapFetch *fetch, uint64_t announced)
{
	GError *error = NULL;
	ImapMessage message;
	const void *data;
	uint64_t read = 0;
	ssize_t size;

	while ((size = imap_fetch_read(fetch, &data, &error)) > 0)
		read += (uint64_t)size;
	if (size < 0)
		return check(session, false, &error);
	require(read == announced);
	return check(session, imap_fetch_end(fetch, &message, &error), &error);
}

static bool drive_fetch(ImapSession *session, ImapItems items)
{
	static const uint32_t uids[] = {1, 2, 3, 5, 7, 4294967295u};
	GError *error = NULL;
	g_autoptr(ImapFetch) fetch =
		imap_fetch_begin(session, uids, G_N_ELEMENTS(uids), items, &error);
	ImapMessage message;

	while (imap_fetch_next(fetch, &message, &error)) {
		if (!drive_message(session, fetch, message.has_body ? message.size : 0))
			return false;
	}
	if (!error)
		require(imap_fetch_missing(fetch, NULL)->len <= G_N_ELEMENTS(uids));
	return check(session, !error, &error);
}

static bool drive_changes(ImapSession *session)
{
	static const uint32_t uids[] = {1, 3};
	GError *error = NULL;

	return check(session, imap_add_flag(session, uids, 2, "\\Seen", &error), &error) &&
	       check(session, imap_move(session, uids, 2, "Ablage", &error), &error) &&
	       check(session, imap_noop(session, &error), &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) input = g_bytes_new(data + (size > 0), size - (size > 0));
	g_autoptr(GError) error = NULL;
	g_autoptr(ImapSession) session = imap_open(
		stream_open_memory(input, size > 0 && data[0] ? data[0] : 100000), &error);

	require((session == NULL) == (error != NULL));
	if (!session)
		return 0;
	if (drive_login(session) && drive_folders(session) && drive_namespaces(session) &&
		drive_statuses(session) && drive_search(session) &&
		drive_fetch(session, IMAP_ITEMS_RAW) && drive_fetch(session, IMAP_ITEMS_SUMMARY))
		drive_changes(session);
	return 0;
}
