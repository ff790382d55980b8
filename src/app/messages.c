/* Mails of one folder: their headers are read in the parse worker like any other foreign bytes. */
#include "app/messages.h"

#include <errno.h>
#include <sys/mman.h>
#include "app/folder_key.h"
#include "app/mailbox.h"
#include "app/sign_in.h"
#include "base/file.h"
#include "failure/failure.h"
#include "mime/mime.h"

/* What one message's header block may take; the rest is not read. */
#define HEADER_LIMIT (64 * 1024)

/* The header blocks of a batch, one behind the other in a memory file for the worker. */
typedef struct HeaderBatch {
	Descriptor file;
	MimeRange ranges[MIME_BATCH_MAILS];
	MessageView *views[MIME_BATCH_MAILS]; /* borrowed */
	size_t count;
	uint64_t end;
} HeaderBatch;

static void header_batch_clear(HeaderBatch *batch)
{
	descriptor_close(&batch->file);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeaderBatch, header_batch_clear)

void message_view_free(MessageView *view)
{
	if (!view)
		return;
	g_free(view->subject);
	g_free(view->from);
	g_free(view);
}

static void show_content(MessageView *view, const MailContent *content)
{
	g_free(view->subject);
	g_free(view->from);
	view->subject = g_strdup(content->subject);
	view->from = g_strdup(content->from);
	if (content->has_date)
		view->date = content->date;
}

/* Reads the batch in the worker; a header that kills it is shown empty. */
static bool read_batch(HeaderBatch *batch, MimeWorker *worker, const Cancel *cancel, GError **error)
{
	MailContent *contents[MIME_BATCH_MAILS] = {NULL};
	g_autoptr(GError) problem = NULL;
	bool done = batch->count == 0 || mime_worker_read(worker, batch->file, batch->ranges,
						 batch->count, contents, cancel, &problem);

	for (size_t i = 0; i < batch->count; i++) {
		if (contents[i])
			show_content(batch->views[i], contents[i]);
		mail_content_free(contents[i]);
	}
	batch->count = 0;
	batch->end = 0;
	if (done || failure_is(problem, FAILURE_PARSER_DIED))
		return true;
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

/* Appends the current message's header block to the batch. */
static bool keep_header(HeaderBatch *batch, ImapFetch *fetch, MessageView *view, GError **error)
{
	uint64_t start = batch->end;
	const void *data;
	ssize_t got;

	while ((got = imap_fetch_read(fetch, &data, error)) > 0) {
		size_t room = HEADER_LIMIT - (size_t)(batch->end - start);
		size_t size = MIN((size_t)got, room);

		if (pwrite(batch->file, data, size, (off_t)batch->end) != (ssize_t)size) {
			failure_set_errno(error, FAILURE_INTERNAL, NULL, errno);
			return false;
		}
		batch->end += size;
	}
	batch->ranges[batch->count] = (MimeRange){.offset = start, .size = batch->end - start};
	batch->views[batch->count++] = view;
	return got == 0;
}

static bool fetch_headers(ImapFetch *fetch, GPtrArray *views, MimeWorker *worker,
	const Cancel *cancel, GError **error)
{
	g_auto(HeaderBatch) batch = {.file = memfd_create("headers", MFD_CLOEXEC)};
	GError *problem = NULL;
	ImapMessage message;

	if (batch.file < 0) {
		failure_set_errno(error, FAILURE_INTERNAL, NULL, errno);
		return false;
	}
	while (imap_fetch_next(fetch, &message, &problem)) {
		MessageView *view = g_new0(MessageView, 1);

		view->subject = g_strdup("");
		view->from = g_strdup("");
		g_ptr_array_add(views, view);
		if ((message.has_body && !keep_header(&batch, fetch, view, error)) ||
			!imap_fetch_end(fetch, &message, error))
			return false;
		view->uid = message.uid;
		view->size = message.rfc822_size;
		view->seen = message.seen;
		view->date = message.internal_date;
		if (batch.count == MIME_BATCH_MAILS && !read_batch(&batch, worker, cancel, error))
			return false;
	}
	if (problem) {
		g_propagate_error(error, problem);
		return false;
	}
	return read_batch(&batch, worker, cancel, error);
}

static int compare_newest_first(const void *left, const void *right)
{
	const MessageView *one = *(MessageView *const *)left;
	const MessageView *other = *(MessageView *const *)right;

	return one->uid < other->uid ? 1 : one->uid > other->uid ? -1 : 0;
}

static bool mark_imported(Office *office, ArchiveFolder *folder, GPtrArray *views, GError **error)
{
	g_autofree uint32_t *uids = g_new(uint32_t, views->len + 1);
	g_autofree bool *filed = g_new0(bool, views->len + 1);
	Archive *archive = office_archive(office, error);

	for (guint i = 0; i < views->len; i++)
		uids[i] = ((MessageView *)g_ptr_array_index(views, i))->uid;
	if (!archive || !archive_folder_open(archive, folder, error) ||
		!archive_folder_filed(archive, folder, uids, views->len, filed, error))
		return false;
	for (guint i = 0; i < views->len; i++)
		((MessageView *)g_ptr_array_index(views, i))->imported = filed[i];
	return true;
}

/* The views of the newest matching mails of the selected folder. */
static GPtrArray *list_selected(ImapSession *session, const MessageQuery *query, MimeWorker *worker,
	const Cancel *cancel, GError **error)
{
	g_autoptr(GPtrArray) views =
		g_ptr_array_new_with_free_func((GDestroyNotify)message_view_free);
	g_autoptr(GArray) uids = imap_search(session, &(ImapSearch){.text = query->text}, error);
	g_autoptr(ImapFetch) fetch = NULL;
	guint skip;

	if (!uids)
		return NULL;
	skip = query->limit && uids->len > query->limit ? uids->len - (guint)query->limit : 0;
	fetch = imap_fetch_begin(session, &g_array_index(uids, uint32_t, skip), uids->len - skip,
		IMAP_ITEMS_SUMMARY, error);
	if (!fetch || !fetch_headers(fetch, views, worker, cancel, error))
		return NULL;
	g_ptr_array_sort(views, compare_newest_first);
	return g_steal_pointer(&views);
}

/* Opens MAILBOX at the folder of QUERY; *NAME, yours, is how the mailbox spells it. */
static Mailbox *open_folder(Office *office, const Account *account, const char *address,
	const MessageQuery *query, char **name, ImapStatus *status, const Cancel *cancel,
	GError **error)
{
	g_autoptr(Mailbox) mailbox = mailbox_open(office, account, address, NULL, cancel, error);
	g_autoptr(GError) problem = NULL;
	bool hint;

	if (!mailbox)
		return NULL;
	*name = g_strdup(mailbox_call_folder(query->folder));
	if (mailbox_select(mailbox, *name, IMAP_READ_ONLY, status, &problem))
		return g_steal_pointer(&mailbox);
	if (!failure_is(problem, FAILURE_FOLDER_UNKNOWN)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return NULL;
	}
	g_free(*name);
	*name = mailbox_spell_folder(mailbox, query->folder, &hint, error);
	return *name && mailbox_select(mailbox, *name, IMAP_READ_ONLY, status, error)
		       ? g_steal_pointer(&mailbox)
		       : NULL;
}

GPtrArray *messages_list(
	Office *office, const MessageQuery *query, const Cancel *cancel, GError **error)
{
	g_autoptr(Account) account = sign_in_account(office, query->user, error);
	g_autoptr(Mailbox) mailbox = NULL;
	g_autoptr(MimeWorker) worker = mime_worker_new();
	g_autoptr(GPtrArray) views = NULL;
	g_autofree char *server = NULL;
	g_autofree char *name = NULL;
	const char *address;
	ArchiveFolder folder = {0};
	ImapStatus status;

	if (!account || !settings_require(account, MAIL_PROTOCOL_IMAP, error) ||
		!(address = mailbox_find(account, query->mailbox, error)))
		return NULL;
	mailbox = open_folder(office, account, address, query, &name, &status, cancel, error);
	views = mailbox ? list_selected(mailbox_session(mailbox), query, worker, cancel, error)
			: NULL;
	if (!views)
		return NULL;
	server = folder_key_server(account);
	folder = folder_key_make(account, server, address, name, status.uid_validity);
	if (!mark_imported(office, &folder, views, error))
		return NULL;
	return g_steal_pointer(&views);
}
