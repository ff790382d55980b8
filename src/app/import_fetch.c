/* From the session's fetch to the filer's queue: the network side of the first trip. */
#include "app/import_internal.h"

#include <string.h>
#include "failure/failure.h"

/* Exchange hands over this text in place of a mail that it cannot convert; such a stub is small. */
#define STUB_TEXT "Retrieval using the IMAP4 protocol failed for the following message"
#define STUB_LIMIT (16 * 1024)
/* UIDs that one fetch asks for; what is behind follows with the next. */
#define FETCH_UIDS 100000

/* One message on its way. */
typedef struct Transfer {
	ImportRun *run;
	ImportPlan *plan;
	Filer *filer;
	GString *head; /* the first STUB_LIMIT bytes of a small mail */
} Transfer;

/* Whether LINE starts at a line's start in TEXT. */
static bool has_line(const GString *text, const char *line)
{
	size_t length = strlen(line);
	const char *at = text->str;
	const char *end = text->str + text->len;

	while (at && (size_t)(end - at) >= length) {
		if (memcmp(at, line, length) == 0)
			return true;
		at = memchr(at, '\n', (size_t)(end - at));
		if (at)
			at++;
	}
	return false;
}

/* The server's own stub was never sent by anybody: it has no Received header, whatever a mail that
 * came from outside may say in its text. */
static bool is_stub(const Transfer *transfer, uint64_t size)
{
	return size <= STUB_LIMIT && !has_line(transfer->head, "Received:") &&
	       (has_line(transfer->head, STUB_TEXT) ||
		       has_line(transfer->head, "Subject: " STUB_TEXT));
}

static bool filer_failed(GError **error)
{
	/* filer_finish replaces this by the filer's own reason. */
	failure_set(error, FAILURE_STORE, NULL, "the filer has stopped");
	return false;
}

/* Streams the body of MESSAGE into the filer. */
static bool transfer_body(
	Transfer *transfer, ImapFetch *fetch, const ImapMessage *message, GError **error)
{
	const void *data;
	ssize_t got;

	g_string_truncate(transfer->head, 0);
	filer_begin(transfer->filer, message->size);
	while ((got = imap_fetch_read(fetch, &data, error)) > 0) {
		if (message->size <= STUB_LIMIT)
			g_string_append_len(transfer->head, data, got);
		if (!filer_write(transfer->filer, data, (size_t)got))
			return filer_failed(error);
		transfer->run->progress.bytes += (uint64_t)got;
		import_report(transfer->run, false);
	}
	return got == 0;
}

static void list_failure(Transfer *transfer, uint32_t uid, Failure failure)
{
	g_autoptr(GError) reason = NULL;
	g_autofree char *number = g_strdup_printf("%u", uid);

	failure_set(&reason, failure, number, "UID %u", uid);
	import_add_error(transfer->run, &(ImportMiss){
						.mailbox = transfer->plan->folder.mailbox,
						.folder = transfer->plan->folder.name,
						.uid = uid,
						.uid_validity = transfer->plan->folder.uid_validity,
						.problem = reason,
					});
	filer_note_failure(transfer->filer, uid, failure_name(reason));
	import_plan_hand(transfer->plan, uid);
}

/* One message from its start to its end. */
static bool transfer_message(
	Transfer *transfer, ImapFetch *fetch, ImapMessage *message, GError **error)
{
	bool good;

	if (message->has_body && !transfer_body(transfer, fetch, message, error))
		return false;
	if (!imap_fetch_end(fetch, message, error))
		return false;
	if (!message->has_body)
		return true; /* one of imap_fetch_missing */
	if (is_stub(transfer, message->size)) {
		filer_discard(transfer->filer);
		list_failure(transfer, message->uid, FAILURE_MESSAGE_STUB);
		return true;
	}
	/* An answer nobody asked for, or a second one for the same mail. */
	if (!import_plan_hand(transfer->plan, message->uid))
		return filer_discard(transfer->filer) || filer_failed(error);
	good = filer_end(transfer->filer, message->uid, message->internal_date);
	transfer->run->progress.done = transfer->plan->handed_count;
	import_report(transfer->run, false);
	return good || filer_failed(error);
}

/* Mails that brought no body: gone meanwhile, or kept back by the server. */
static bool settle_missing(Transfer *transfer, const GArray *missing, GError **error)
{
	g_autoptr(GArray) present = import_find_uids(transfer->run, missing, error);

	if (!present)
		return false;
	for (guint i = 0; i < missing->len; i++) {
		uint32_t uid = g_array_index(missing, uint32_t, i);
		size_t index = import_uid_index(present, uid);

		if (index < present->len && g_array_index(present, uint32_t, index) == uid)
			list_failure(transfer, uid, FAILURE_MESSAGE_MISSING);
		else if (import_plan_hand(transfer->plan, uid))
			filer_note_gone(transfer->filer, uid);
	}
	return true;
}

/* Fetches what is open, at most FETCH_UIDS; *LEFT says whether more is. */
static bool fetch_some(Transfer *transfer, uint32_t *uid, bool *left, GError **error)
{
	g_autoptr(GArray) open = import_plan_remaining(transfer->plan, FETCH_UIDS);
	g_autoptr(GArray) missing = NULL;
	g_autoptr(ImapFetch) fetch = NULL;
	GError *problem = NULL;
	ImapMessage message = {0};
	const char *reason;

	*left = open->len > 0;
	if (open->len == 0)
		return true;
	fetch = imap_fetch_begin(import_session(transfer->run),
		(const uint32_t *)(void *)open->data, open->len, IMAP_ITEMS_RAW, error);
	if (!fetch)
		return false;
	while (imap_fetch_next(fetch, &message, &problem)) {
		if (!import_check_cancel(transfer->run, &problem) ||
			!import_check_right(transfer->run, &problem) ||
			!transfer_message(transfer, fetch, &message, &problem))
			break;
	}
	if (problem) {
		filer_discard(transfer->filer);
		*uid = message.uid;
		g_propagate_error(error, problem);
		return false;
	}
	missing = g_array_copy((GArray *)imap_fetch_missing(fetch, &reason));
	g_clear_pointer(&fetch, imap_fetch_free);
	return settle_missing(transfer, missing, error);
}

bool import_fetch(ImportRun *run, ImportPlan *plan, Filer *filer, uint32_t *uid, GError **error)
{
	Transfer transfer = {.run = run, .plan = plan, .filer = filer, .head = g_string_new(NULL)};
	bool good = true;
	bool left = true;

	*uid = 0;
	while (good && left)
		good = fetch_some(&transfer, uid, &left, error);
	g_string_free(transfer.head, TRUE);
	return good;
}
