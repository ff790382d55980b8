/* The API's row for sending: a mail as a JSON object, or a finished one; both are queued durably.
 */
#include <pthread.h>
#include <string.h>
#include "app/viewing.h"
#include "base/hash.h"
#include "failure/failure.h"
#include "web/api_outbox.h"
#include "web/web_internal.h"

#define KEY_LIMIT 200
#define LARGE ((size_t)8 * 1024 * 1024) /* of several such bodies one is worked on at a time */
#define WAITING_LIMIT 10000 /* mails of one user: a program that has run wild ends here */
/* What stands around the content in JSON: escapes, members. */
#define BODY_LIMIT ((size_t)OUTBOX_CONTENT_LIMIT + (size_t)1024 * 1024)

/* A request to send. */
typedef struct Order {
	const char *case_number; /* NULL: none */
	char *key;		 /* as in the outbox; NULL: none */
	char digest[SHA256_HEX_SIZE];
	int milliseconds; /* to wait for the end */
} Order;

static void order_clear(Order *order)
{
	g_free(order->key);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Order, order_clear)

/* ---- repetitions ---- */

static bool read_order(const Visit *visit, Order *order, GError **error)
{
	const char *key = web_request_header(visit->request, "Idempotency-Key");

	order->case_number = web_request_query(visit->request, "case");
	if (key && (!*key || strlen(key) > KEY_LIMIT || !g_utf8_validate(key, -1, NULL))) {
		failure_set(error, FAILURE_API_PARAMETER, "Idempotency-Key",
			"Idempotency-Key: empty, above %d bytes or no UTF-8", KEY_LIMIT);
		return false;
	}
	order->key = key ? g_strconcat(OUTBOX_KEY_API, key, NULL) : NULL;
	return api_check_own(visit, web_request_query(visit->request, "user"), error) &&
	       api_outbox_read_wait(visit, &order->milliseconds, error);
}

static void digest_part(Sha256 *hash, const void *data, size_t size)
{
	uint64_t length = size;

	sha256_update(hash, &length, sizeof(length));
	sha256_update(hash, data, size);
}

static int digest_piece(const char *bytes, size_t size, void *hash)
{
	sha256_update(hash, bytes, size);
	return 0;
}

static void finish_digest(Sha256 *hash, Order *order)
{
	uint8_t digest[SHA256_SIZE];

	sha256_finish(hash, digest);
	sha256_to_hex(digest, order->digest);
}

/* The members' order is no matter. */
static void digest_body(Order *order, const json_t *body)
{
	g_autoptr(Sha256) hash = sha256_new();
	const char *case_number = order->case_number ? order->case_number : "";

	digest_part(hash, case_number, strlen(case_number));
	json_dump_callback(body, digest_piece, hash, JSON_SORT_KEYS | JSON_COMPACT);
	finish_digest(hash, order);
}

static void digest_bytes(Order *order, const char *bytes, size_t size)
{
	g_autoptr(Sha256) hash = sha256_new();
	const char *case_number = order->case_number ? order->case_number : "";

	digest_part(hash, case_number, strlen(case_number));
	digest_part(hash, bytes, size);
	finish_digest(hash, order);
}

static bool check_room(const Visit *visit, Outbox *outbox, GError **error)
{
	OutboxCounts counts;
	uint64_t waiting;

	if (!outbox_count(outbox, visit->user->id, &counts, error))
		return false;
	waiting = counts.queued + counts.sending + counts.waiting;
	if (waiting < WAITING_LIMIT)
		return true;
	failure_set(error, FAILURE_OUTBOX_FULL, "10.000", "%" G_GUINT64_FORMAT " waiting", waiting);
	return false;
}

/* What the key's first request queued; *ID 0: it is new, and there is room for it. */
static bool find_former(const Visit *visit, const Order *order, int64_t *id, GError **error)
{
	Outbox *outbox = office_outbox(visit->office, error);

	*id = 0;
	if (!outbox || (order->key && !outbox_find_key(outbox, visit->user->id, order->key,
					      order->digest, id, error)))
		return false;
	return *id != 0 || check_room(visit, outbox, error);
}

/* ---- a mail as an object ---- */

static void free_files(GArray *files)
{
	for (guint i = 0; i < files->len; i++)
		g_free((void *)g_array_index(files, MimeFile, i).data);
	g_array_unref(files);
}

/* As the command does with a path. */
static const char *last_part(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

/* ATTACHMENT's content is in FILES then, no longer in it. */
static bool add_file(GArray *files, json_t *attachment, GError **error)
{
	MimeFile file = {0};
	gsize size;

	if (!api_need_text(attachment, "name", &file.name, error) ||
		!api_take_text(attachment, "type", &file.type, error))
		return false;
	file.name = last_part(file.name);
	file.data = api_need_bytes(attachment, "content", &size, error);
	if (!file.data)
		return false;
	file.size = size;
	g_array_append_val(files, file);
	json_object_del(attachment, "content");
	return true;
}

static bool add_files(GArray *files, const json_t *body, GError **error)
{
	json_t *attachments = json_object_get(body, "attachments");

	for (size_t i = 0; i < json_array_size(attachments); i++) {
		if (!add_file(files, json_array_get(attachments, i), error))
			return false;
	}
	return true;
}

/* "reply": the number of a mail in the archive. */
static bool take_reply(const json_t *body, int64_t *id, GError **error)
{
	const json_t *reply = json_object_get(body, "reply");
	g_autofree char *told = NULL;

	*id = json_integer_value(reply);
	if (!reply || json_is_null(reply) || *id > 0)
		return true;
	told = g_strdup_printf("%" G_GINT64_FORMAT, *id);
	failure_set(error, FAILURE_MAIL_UNKNOWN, told, "no mail %s", told);
	return false;
}

static bool take_words(const json_t *body, const Order *order, SendMail *mail, GError **error)
{
	if (!api_take_text(body, "from", &mail->from, error) ||
		!api_take_text(body, "subject", &mail->subject, error) ||
		!api_take_text(body, "text", &mail->text, error) ||
		!api_take_text(body, "case", &mail->case_number, error))
		return false;
	if (!mail->case_number)
		mail->case_number = order->case_number;
	mail->key = order->key;
	mail->digest = order->digest;
	return take_reply(body, &mail->reply_to, error);
}

static bool queue_mail(
	Visit *visit, const json_t *body, const Order *order, int64_t *id, GError **error)
{
	g_autofree const char **to = api_take_texts(body, "to");
	g_autofree const char **cc = api_take_texts(body, "cc");
	g_autofree const char **bcc = api_take_texts(body, "bcc");
	SendMail mail = {.to = to, .cc = cc, .bcc = bcc};
	g_auto(Viewing) viewing = {0};
	GArray *files = g_array_new(FALSE, FALSE, sizeof(MimeFile));
	bool queued = take_words(body, order, &mail, error) && add_files(files, body, error) &&
		      viewing_open(visit->office, visit->user, &viewing, error);

	mail.files = (const MimeFile *)(const void *)files->data;
	mail.file_count = files->len;
	queued = queued && send_queue(visit->office, visit->user->name, viewing_viewer(&viewing),
				   &mail, id, web_request_cancel(visit->request), error);
	free_files(files);
	return queued;
}

static bool take_mail(Visit *visit, const json_t *body, Order *order, int64_t *id, GError **error)
{
	const char *user;

	if (!api_take_text(body, "user", &user, error) || !api_check_own(visit, user, error))
		return false;
	if (order->key)
		digest_body(order, body);
	return find_former(visit, order, id, error) &&
	       (*id != 0 || queue_mail(visit, body, order, id, error));
}

static bool send_object(Visit *visit, Order *order, int64_t *id, GError **error)
{
	json_t *body = api_body(visit, error);
	bool taken = body && take_mail(visit, body, order, id, error);

	json_decref(body);
	return taken;
}

/* ---- a finished mail ---- */

static bool send_finished(Visit *visit, Order *order, int64_t *id, GError **error)
{
	SendReady mail = {.key = order->key, .digest = order->digest};

	mail.bytes = web_request_body(visit->request, &mail.size);
	if (order->key)
		digest_bytes(order, mail.bytes, mail.size);
	return find_former(visit, order, id, error) &&
	       (*id != 0 || send_queue_ready(visit->office, visit->user->name, &mail, 1,
				    order->case_number, id, error));
}

/* ---- both ---- */

/* Taken apart, a large body has several times its size. */
static pthread_mutex_t large = PTHREAD_MUTEX_INITIALIZER;

static bool queue(Visit *visit, Order *order, int64_t *id, GError **error)
{
	const char *type = web_request_header(visit->request, "Content-Type");
	bool finished = type && g_ascii_strncasecmp(type, "message/rfc822", 14) == 0;
	bool queued;
	size_t size;

	web_request_body(visit->request, &size);
	if (size > LARGE)
		pthread_mutex_lock(&large);
	queued = (finished ? send_finished : send_object)(visit, order, id, error);
	if (size > LARGE)
		pthread_mutex_unlock(&large);
	return queued;
}

static bool run_send(Visit *visit, GError **error)
{
	g_auto(Order) order = {0};
	int64_t id;

	return read_order(visit, &order, error) && queue(visit, &order, &id, error) &&
	       api_outbox_answer(visit, id, order.milliseconds, error);
}

/* clang-format off */
const Route route_api_send[] = {
	{WEB_POST, API "/send", ROLE_PERSON, WEB_AS_WAIT, BODY_LIMIT, run_send,
		"Queue a mail, durably; it is sent at once. wait: so many seconds, up to 30, for its end. The content of "
		"attachments is base64; reply: the answered mail's id in the archive. A repetition with its "
		"Idempotency-Key queues nothing anew and answers what became of it",
		"user case wait",
		"user from to:list cc:list bcc:list subject text case reply:integer attachments:objects message/rfc822",
		"OutboxMail"},
	{0},
};
/* clang-format on */
