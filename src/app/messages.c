/* Mails of one folder: their headers are read in the parse worker like any other foreign bytes. */
#include "app/messages.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>
#include "app/folder_key.h"
#include "app/mail_pool.h"
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
	g_free(view->message_id);
	g_free(view->in_reply_to);
	g_free(view->filed_by);
	g_free(view->case_number);
	g_free(view);
}

static void show_content(MessageView *view, const MailContent *content)
{
	g_free(view->subject);
	g_free(view->from);
	view->subject = g_strdup(content->subject);
	view->from = g_strdup(content->from);
	view->message_id = g_strdup(content->message_id);
	view->in_reply_to = g_strdup(content->in_reply_to);
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

/* Size and header of a mail may come apart from each other. */
static void merge_view(MessageView *view, MessageView *other)
{
	view->size = MAX(view->size, other->size);
	view->seen |= other->seen;
	if (*view->subject || *view->from || view->message_id)
		return;
	view->date = other->date ? other->date : view->date;
	g_free(view->subject);
	g_free(view->from);
	view->subject = g_steal_pointer(&other->subject);
	view->from = g_steal_pointer(&other->from);
	view->message_id = g_steal_pointer(&other->message_id);
	view->in_reply_to = g_steal_pointer(&other->in_reply_to);
}

/* Sorts VIEWS, which it takes; yours: each UID once. */
static GPtrArray *order_views(GPtrArray *views)
{
	GPtrArray *ordered = g_ptr_array_new_with_free_func((GDestroyNotify)message_view_free);

	g_ptr_array_sort(views, compare_newest_first);
	for (guint i = 0; i < views->len; i++) {
		MessageView *view = g_steal_pointer(&views->pdata[i]);
		MessageView *last = ordered->len > 0 ? ordered->pdata[ordered->len - 1] : NULL;

		if (!last || last->uid != view->uid) {
			g_ptr_array_add(ordered, view);
			continue;
		}
		merge_view(last, view);
		message_view_free(view);
	}
	g_ptr_array_unref(views);
	return ordered;
}

/* ---- what is on file ---- */

static void show_filed(MessageView *view, const ArchiveFiled *filed)
{
	view->imported = true;
	view->mail_id = filed->mail_id;
	view->filed_by = g_strdup(filed->filed_by);
	view->filed_at = filed->filed_at;
	view->case_number = g_strdup(filed->case_number);
}

/* VIEWS stand by falling UIDs, what is filed by rising ones. */
static bool mark_imported(
	Office *office, const ArchiveFolder *folder, GPtrArray *views, GError **error)
{
	g_autofree uint32_t *uids = g_new(uint32_t, views->len + 1);
	Archive *archive = office_archive(office, error);
	g_autoptr(GArray) filed = NULL;
	guint next = views->len;

	for (guint i = 0; i < views->len; i++)
		uids[i] = ((MessageView *)g_ptr_array_index(views, i))->uid;
	filed = archive ? archive_filed(archive, folder, uids, views->len, error) : NULL;
	for (guint i = 0; filed && i < filed->len; i++) {
		const ArchiveFiled *one = &g_array_index(filed, ArchiveFiled, i);

		while (next > 0 && uids[next - 1] < one->uid)
			next--;
		if (next > 0 && uids[next - 1] == one->uid)
			show_filed(g_ptr_array_index(views, next - 1), one);
	}
	return filed != NULL;
}

/* ---- one page ---- */

/* Keeps the last LIMIT of UIDS (nullable), whatever a server answered. */
static GArray *keep_last(GArray *uids, size_t limit)
{
	if (uids && uids->len > limit)
		g_array_remove_range(uids, 0, uids->len - (guint)limit);
	return uids;
}

/* UIDs, ascending, of the page of QUERY in the selected folder; *TOTAL that match. */
static GArray *find_uids(ImapSession *session, const MessageQuery *query, const ImapStatus *status,
	size_t *total, GError **error)
{
	ImapSearch search = {.text = query->text};
	GArray *uids;
	size_t end, start;

	/* Without words the mails' places in the folder tell which they are: there may be a
	 * hundred thousand. */
	if (!query->text && query->limit > 0) {
		*total = status->messages;
		if (*total <= query->skip)
			return g_array_new(FALSE, FALSE, sizeof(uint32_t));
		search.last = (uint32_t)(*total - query->skip);
		search.first =
			search.last > query->limit ? search.last - (uint32_t)query->limit + 1 : 1;
		return keep_last(imap_search(session, &search, error), query->limit);
	}
	uids = imap_search(session, &search, error);
	if (!uids)
		return NULL;
	*total = uids->len;
	end = uids->len > query->skip ? uids->len - query->skip : 0;
	start = query->limit && end > query->limit ? end - query->limit : 0;
	g_array_set_size(uids, (guint)end);
	if (start > 0)
		g_array_remove_range(uids, 0, (guint)start);
	return uids;
}

/* The page of QUERY in the selected folder. */
static bool list_selected(ImapSession *session, const MessageQuery *query, const ImapStatus *status,
	MessagePage *page, const Cancel *cancel, GError **error)
{
	g_autoptr(MimeWorker) worker = mime_worker_new();
	g_autoptr(GArray) uids = find_uids(session, query, status, &page->total, error);
	g_autoptr(ImapFetch) fetch = NULL;

	page->views = g_ptr_array_new_with_free_func((GDestroyNotify)message_view_free);
	if (!uids)
		return false;
	fetch = imap_fetch_begin(session, (const uint32_t *)(const void *)uids->data, uids->len,
		IMAP_ITEMS_SUMMARY, error);
	if (!fetch || !fetch_headers(fetch, page->views, worker, cancel, error))
		return false;
	page->views = order_views(g_steal_pointer(&page->views));
	return true;
}

void message_page_clear(MessagePage *page)
{
	g_clear_pointer(&page->views, g_ptr_array_unref);
	g_clear_pointer(&page->mailbox, g_free);
	g_clear_pointer(&page->folder, g_free);
}

/* QUERY's account, yours, and its mailbox as the settings spell it, borrowed from there. */
static Account *find_account(
	Office *office, const MessageQuery *query, const char **address, GError **error)
{
	g_autoptr(Account) account = sign_in_account(office, query->user, error);

	if (!account || !settings_require(account, MAIL_PROTOCOL_IMAP, error) ||
		!(*address = mailbox_find(account, query->mailbox, error)))
		return NULL;
	return g_steal_pointer(&account);
}

bool messages_page(Office *office, const MessageQuery *query, const Cancel *cancel,
	MessagePage *page, GError **error)
{
	const char *address;
	g_autoptr(Account) account = find_account(office, query, &address, error);
	g_autofree char *server = NULL;
	Mailbox *mailbox;
	ArchiveFolder folder;
	ImapStatus status;
	bool listed;

	if (!account)
		return false;
	mailbox = mail_pool_take(office, account, address, cancel, error);
	listed = mailbox && mailbox_enter(mailbox, query->folder, &page->folder, &status, error) &&
		 list_selected(mailbox_session(mailbox), query, &status, page, cancel, error);
	mail_pool_give(office, account, mailbox);
	if (!listed)
		return false;
	page->mailbox = g_strdup(address);
	page->uid_validity = status.uid_validity;
	server = folder_key_server(account);
	folder = folder_key_make(account, server, address, page->folder, status.uid_validity);
	return mark_imported(office, &folder, page->views, error);
}

GPtrArray *messages_list(
	Office *office, const MessageQuery *query, const Cancel *cancel, GError **error)
{
	g_auto(MessagePage) page = {0};

	return messages_page(office, query, cancel, &page, error) ? g_steal_pointer(&page.views)
								  : NULL;
}

/* ---- one mail ---- */

static bool copy_body(ImapFetch *fetch, int file, uint64_t *size, GError **error)
{
	const void *data;
	ssize_t got;

	*size = 0;
	while ((got = imap_fetch_read(fetch, &data, error)) > 0) {
		if (pwrite(file, data, (size_t)got, (off_t)*size) != got) {
			failure_set_errno(error, FAILURE_INTERNAL, NULL, errno);
			return false;
		}
		*size += (uint64_t)got;
	}
	return got == 0;
}

static bool miss(GError **error, uint32_t uid)
{
	failure_set(error, FAILURE_MESSAGE_GONE, NULL, "UID %u: no body came", uid);
	return false;
}

/* The bytes of the mail UID of the selected folder into FILE. */
static bool fetch_one(ImapSession *session, uint32_t uid, int file, uint64_t *size, GError **error)
{
	g_autoptr(ImapFetch) fetch = imap_fetch_begin(session, &uid, 1, IMAP_ITEMS_RAW, error);
	GError *problem = NULL;
	ImapMessage message;
	bool came = false;

	if (!fetch)
		return false;
	while (imap_fetch_next(fetch, &message, &problem)) {
		if (message.has_body && message.size > MESSAGE_PREVIEW_LIMIT) {
			failure_set(error, FAILURE_PREVIEW_LARGE, NULL, "UID %u: %" PRIu64 " bytes",
				uid, message.size);
			return false;
		}
		if ((message.has_body && !copy_body(fetch, file, size, error)) ||
			!imap_fetch_end(fetch, &message, error))
			return false;
		came |= message.has_body && message.uid == uid;
	}
	if (problem)
		g_propagate_error(error, problem);
	return !problem && (came || miss(error, uid));
}

static bool check_same(
	const ImapStatus *status, uint32_t uid_validity, const char *folder, GError **error)
{
	if (status->uid_validity == uid_validity)
		return true;
	failure_set(error, FAILURE_FOLDER_RENEWED, folder, "UIDVALIDITY %u is %u now", uid_validity,
		status->uid_validity);
	return false;
}

MailView *message_preview(Office *office, const MessageQuery *query, uint32_t uid,
	uint32_t uid_validity, const Cancel *cancel, GError **error)
{
	const char *address;
	g_autoptr(Account) account = find_account(office, query, &address, error);
	g_auto(Descriptor) file = memfd_create("mail", MFD_CLOEXEC);
	g_autoptr(MimeWorker) worker = mime_worker_new();
	g_autofree char *name = NULL;
	Mailbox *mailbox;
	MailView *view = NULL;
	ImapStatus status;
	uint64_t size = 0;
	bool fetched;

	if (!account)
		return NULL;
	if (file < 0) {
		failure_set_errno(error, FAILURE_INTERNAL, NULL, errno);
		return NULL;
	}
	mailbox = mail_pool_take(office, account, address, cancel, error);
	fetched = mailbox && mailbox_enter(mailbox, query->folder, &name, &status, error) &&
		  check_same(&status, uid_validity, name, error) &&
		  fetch_one(mailbox_session(mailbox), uid, file, &size, error);
	mail_pool_give(office, account, mailbox);
	return fetched && mime_worker_view(
				  worker, file, (MimeRange){.size = size}, &view, cancel, error)
		       ? view
		       : NULL;
}
