/* Finished messages on their way into the outbox: their header says who and to whom. */
#include "app/send_internal.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"

/* What is queued together. */
typedef struct Batch {
	GPtrArray *readies; /* MimeReady * */
	GPtrArray *writers; /* OutboxWriter * */
	GArray *orders;	    /* OutboxOrder, borrowing from the account and the readies */
} Batch;

static void batch_clear(Batch *batch)
{
	g_clear_pointer(&batch->readies, g_ptr_array_unref);
	g_clear_pointer(&batch->writers, g_ptr_array_unref);
	g_clear_pointer(&batch->orders, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Batch, batch_clear)

static void batch_start(Batch *batch)
{
	batch->readies = g_ptr_array_new_with_free_func((GDestroyNotify)mime_ready_free);
	batch->writers = g_ptr_array_new_with_free_func((GDestroyNotify)outbox_writer_free);
	batch->orders = g_array_new(FALSE, TRUE, sizeof(OutboxOrder));
}

static bool check_recipients(const MimeReady *ready, GError **error)
{
	g_autofree char *limit = g_strdup_printf("%d", OUTBOX_RECIPIENT_LIMIT);

	if (ready->recipients->len <= OUTBOX_RECIPIENT_LIMIT)
		return true;
	failure_set(error, FAILURE_RECIPIENTS_MANY, limit, "%u recipients", ready->recipients->len);
	return false;
}

static bool write_content(Batch *batch, Outbox *outbox, const MimeReady *ready, GError **error)
{
	OutboxWriter *writer = outbox_writer_new(outbox);

	g_ptr_array_add(batch->writers, writer);
	return outbox_writer_write(writer, ready->content->data, ready->content->len, error);
}

/* Who else is said to have sent it is the user, too. */
static bool check_senders(const Account *account, const MimeReady *ready, GError **error)
{
	for (guint i = 0; i < ready->senders->len; i++) {
		if (!send_find_sender(account, ready->senders->pdata[i], error))
			return false;
	}
	return true;
}

/* The sender is the header's, so it has to be one of the user's. */
static bool add_mail(Batch *batch, Outbox *outbox, const Account *account, const SendReady *mail,
	const char *case_number, GError **error)
{
	MimeReady *ready = mime_ready_read(mail->bytes, mail->size, clock_now(), error);
	OutboxOrder order;

	if (!ready)
		return false;
	g_ptr_array_add(batch->readies, ready);
	order = (OutboxOrder){
		.user_id = account->user_id,
		.user = account->user_name,
		.sender = send_find_sender(account, ready->from->address, error),
		.recipients = (const char *const *)ready->recipients->pdata,
		.fields = ready->fields->data,
		.recipient_count = ready->recipients->len,
		.subject = ready->subject,
		.message_id = ready->message_id,
		.case_number = case_number && *case_number ? case_number : NULL,
		.has_8bit = ready->has_8bit,
		.has_utf8 = ready->has_utf8,
		.wants_sent_copy = send_wants_copy(account),
		.key = mail->key,
		.digest = mail->digest,
		.actor = mail->actor,
	};
	if (!order.sender || !check_senders(account, ready, error) ||
		!check_recipients(ready, error) || !write_content(batch, outbox, ready, error))
		return false;
	g_array_append_val(batch->orders, order);
	return true;
}

bool send_queue_ready(Office *office, const char *user, const SendReady *mails, size_t count,
	const char *case_number, int64_t *ids, GError **error)
{
	g_autoptr(Account) account = send_account(office, user, case_number, error);
	Outbox *outbox = account ? office_outbox(office, error) : NULL;
	g_auto(Batch) batch = {0};

	if (!outbox)
		return false;
	batch_start(&batch);
	for (size_t i = 0; i < count; i++) {
		GError *problem = NULL;

		if (!add_mail(&batch, outbox, account, &mails[i], case_number, &problem)) {
			g_autofree char *file =
				mails[i].name ? g_strdup_printf(_("Datei: %s."), mails[i].name)
					      : NULL;

			if (file)
				failure_set_remedy(problem, file);
			g_propagate_error(error, problem);
			return false;
		}
	}
	return outbox_queue(outbox, (OutboxWriter *const *)batch.writers->pdata,
		(const OutboxOrder *)(const void *)batch.orders->data, count, ids, error);
}
