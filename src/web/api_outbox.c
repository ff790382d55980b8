/* The API's rows about the outbox. Each sees one's own mails there, whatever their rights: to whom
 * somebody writes is told to nobody else. */
#include "web/api_outbox.h"

#include <inttypes.h>
#include <string.h>
#include "base/clock.h"
#include "failure/failure.h"
#include "json/result.h"
#include "web/download_mail.h"
#include "web/web_internal.h"

#define WAIT_SECONDS 30
#define LOOK_TIME 50 /* milliseconds between looks at a mail whose end is waited for */
#define MAILS_AT_ONCE ((size_t)200)

static bool refuse_parameter(const char *name, GError **error)
{
	failure_set(error, FAILURE_API_PARAMETER, name, "%s: no such value", name);
	return false;
}

/* The outbox, for what is one's own. */
static Outbox *open_outbox(const Visit *visit, GError **error)
{
	return api_check_own(visit, web_request_query(visit->request, "user"), error)
		       ? office_outbox(visit->office, error)
		       : NULL;
}

/* A number of the query, from LEAST to MOST; *NUMBER stays where it is not there. */
static bool read_number(const Visit *visit, const char *name, guint64 least, guint64 most,
	uint64_t *number, GError **error)
{
	const char *text = web_request_query(visit->request, name);
	guint64 value;

	if (!text)
		return true;
	if (!g_ascii_string_to_unsigned(text, 10, least, most, &value, NULL))
		return refuse_parameter(name, error);
	*number = value;
	return true;
}

static bool read_id(const Visit *visit, int64_t *id, GError **error)
{
	*id = download_number(visit->part);
	if (*id == 0)
		failure_set(error, FAILURE_OUTBOX_UNKNOWN, visit->part, "no id: %s", visit->part);
	return *id != 0;
}

/* ---- waiting ---- */

bool api_outbox_read_wait(const Visit *visit, int *milliseconds, GError **error)
{
	uint64_t seconds = 0;

	if (!read_number(visit, "wait", 0, WAIT_SECONDS, &seconds, error))
		return false;
	*milliseconds = (int)seconds * 1000;
	return true;
}

/* A copy that failed once is made later; nobody waits for that. */
static bool is_copying(OutboxCopy copy, const char *reason)
{
	return copy == OUTBOX_COPY_PENDING && !reason;
}

/* Whether nothing more is going to happen with MAIL soon. */
static bool is_over(const OutboxMail *mail)
{
	if (mail->state == OUTBOX_QUEUED || mail->state == OUTBOX_SENDING)
		return false;
	return mail->state != OUTBOX_SENT ||
	       (!is_copying(mail->sent_copy, mail->copy_reason) &&
		       !is_copying(mail->archive_copy, mail->archive_reason));
}

/* MAIL (taken; nullable) as it is at its end, or when MILLISECONDS are over; yours. */
static OutboxMail *wait_for(const Visit *visit, OutboxMail *mail, int milliseconds, GError **error)
{
	int64_t end = clock_monotonic() + milliseconds;
	const Cancel *cancel = web_request_cancel(visit->request);
	Waits *waits = visit->web->waits;

	if (!mail || milliseconds == 0 || is_over(mail) || !waits_take(waits, visit->user->id))
		return mail;
	while (mail && !is_over(mail) && clock_monotonic() < end &&
		!cancel_wait(cancel, LOOK_TIME)) {
		Outbox *outbox = office_outbox(visit->office, error);
		int64_t id = mail->id;

		outbox_mail_free(mail);
		mail = outbox ? outbox_get(outbox, id, visit->user->id, error) : NULL;
	}
	waits_give(waits, visit->user->id);
	return mail;
}

static OutboxMail *find_own(const Visit *visit, int64_t id, GError **error)
{
	Outbox *outbox = open_outbox(visit, error);

	return outbox ? outbox_get(outbox, id, visit->user->id, error) : NULL;
}

bool api_outbox_answer(Visit *visit, int64_t id, int milliseconds, GError **error)
{
	g_autoptr(OutboxMail) mail = find_own(visit, id, error);
	g_autofree char *path = NULL;

	sender_wake(visit->web->sender);
	mail = wait_for(visit, g_steal_pointer(&mail), milliseconds, error);
	if (!mail)
		return false;
	path = g_strdup_printf(API "/outbox/%" PRId64, id);
	web_response_header(visit->response, "Location", path);
	return api_answer(
		visit, milliseconds > 0 && is_over(mail) ? 200 : 202, result_outbox(mail));
}

/* ---- looking ---- */

/* Appends MAILS to TEXT, behind COUNT others. */
static void append_mails(GString *text, const GPtrArray *mails, size_t count)
{
	for (guint i = 0; i < mails->len; i++) {
		json_t *document = result_outbox(mails->pdata[i]);
		g_autofree char *one = result_write(document);

		json_decref(document);
		g_string_append(text, count + i > 0 ? ",\n" : "");
		g_string_append(text, one);
	}
}

/* Mails are taken out of the database some at a time and sent in between, so that a slow program
 * keeps neither memory nor a transaction. LIMIT 0: all. */
static bool answer_list(Visit *visit, Outbox *outbox, int64_t before, size_t limit, GError **error)
{
	bool begun = false;
	size_t count = 0;
	size_t asked, got;

	do {
		g_autoptr(GString) text = g_string_new(begun ? "" : "[");
		g_autoptr(GPtrArray) mails = NULL;

		asked = limit ? MIN(limit - count, MAILS_AT_ONCE) : MAILS_AT_ONCE;
		mails = outbox_list(outbox, visit->user->id, before, asked, begun ? NULL : error);
		if (!mails && begun)
			web_response_break(visit->response);
		if (!mails)
			return begun;
		got = mails->len;
		append_mails(text, mails, count);
		if (!begun)
			web_response_start(visit->response, "application/json");
		begun = true;
		if (!web_response_write(visit->response, text->str, text->len))
			return true;
		count += got;
		before = got > 0 ? ((const OutboxMail *)mails->pdata[got - 1])->id : before;
	} while (got == asked && count != limit);
	web_response_write(visit->response, "]\n", 2);
	return true;
}

static bool run_list(Visit *visit, GError **error)
{
	Outbox *outbox = open_outbox(visit, error);
	uint64_t limit = 0;
	uint64_t before = 0;

	if (!outbox || !read_number(visit, "limit", 1, G_MAXINT32, &limit, error) ||
		!read_number(visit, "before", 1, INT64_MAX, &before, error))
		return false;
	web_response_header(visit->response, "Cache-Control", "no-store");
	return answer_list(visit, outbox, (int64_t)before, (size_t)limit, error);
}

static bool run_look(Visit *visit, GError **error)
{
	g_autoptr(OutboxMail) mail = NULL;
	int milliseconds;
	int64_t id;

	if (!read_id(visit, &id, error) || !api_outbox_read_wait(visit, &milliseconds, error))
		return false;
	mail = wait_for(visit, find_own(visit, id, error), milliseconds, error);
	return mail && api_answer(visit, 200, result_outbox(mail));
}

/* ---- changing ---- */

static bool run_retry(Visit *visit, GError **error)
{
	Outbox *outbox = open_outbox(visit, error);
	int milliseconds;
	int64_t id;

	return outbox && read_id(visit, &id, error) &&
	       api_outbox_read_wait(visit, &milliseconds, error) &&
	       outbox_retry(outbox, id, visit->user->id, visit->actor, error) &&
	       api_outbox_answer(visit, id, milliseconds, error);
}

static bool run_cancel(Visit *visit, GError **error)
{
	Outbox *outbox = open_outbox(visit, error);
	g_autoptr(OutboxMail) mail = NULL;
	int64_t id;

	if (!outbox || !read_id(visit, &id, error) ||
		!outbox_cancel(outbox, id, visit->user->id, visit->actor, error))
		return false;
	mail = outbox_get(outbox, id, visit->user->id, error);
	return mail && api_answer(visit, 200, result_outbox(mail));
}

/* The ids of one's own mails that are not sent yet or lack a copy, the oldest first; yours. */
static GArray *pick_open(const Visit *visit, Outbox *outbox, GError **error)
{
	g_autoptr(GPtrArray) mails = NULL;
	GArray *ids;

	if (!outbox_recover(outbox, NULL, error))
		return NULL;
	mails = outbox_list_open(outbox, error);
	if (!mails)
		return NULL;
	ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	for (guint i = 0; i < mails->len; i++) {
		const OutboxMail *mail = mails->pdata[i];

		if (mail->user_id == visit->user->id)
			g_array_append_val(ids, mail->id);
	}
	return ids;
}

/* Whoever goes away ends it as with the command; what is not sent stays. */
static bool work_off(const Visit *visit, const GArray *ids, GError **error)
{
	const OutboxPick pick = {
		.user_id = visit->user->id,
		.ids = (const int64_t *)(const void *)ids->data,
		.id_count = ids->len,
		.all_waiting = true,
	};

	return ids->len == 0 ||
	       send_work(visit->office, &pick, true, web_request_cancel(visit->request), error);
}

/* What the mails' server said is the answer, not a failure of the request. */
static bool run_run(Visit *visit, GError **error)
{
	Outbox *outbox = open_outbox(visit, error);
	g_autoptr(GArray) ids = outbox ? pick_open(visit, outbox, error) : NULL;
	json_t *list;

	if (!ids || !work_off(visit, ids, error))
		return false;
	list = json_array();
	for (guint i = 0; i < ids->len; i++) {
		g_autoptr(OutboxMail) mail =
			outbox_get(outbox, g_array_index(ids, int64_t, i), visit->user->id, NULL);

		if (mail)
			json_array_append_new(list, result_outbox(mail));
	}
	return api_answer(visit, 200, list);
}

/* clang-format off */
const Route route_api_outbox[] = {
	{WEB_GET, API "/outbox", ROLE_PERSON, WEB_AS_JOB, 0, run_list,
		"One's own mails in the outbox, newest first; before: those with a smaller id", "user limit before", NULL, "OutboxMail[]"},
	{WEB_POST, API "/outbox/run", ROLE_PERSON, WEB_AS_ERRAND, 0, run_run,
		"Try all of one's own that wait, now, and answer at the end; whoever hangs up ends it, and the rest stays", "user", NULL, "OutboxMail[]"},
	{WEB_GET, API "/outbox/*", ROLE_PERSON, WEB_AS_WAIT, 0, run_look,
		"One mail; wait: so many seconds, up to 30, for its end", "user wait", NULL, "OutboxMail"},
	{WEB_POST, API "/outbox/*/retry", ROLE_PERSON, WEB_AS_WAIT, 0, run_retry,
		"Send it again to those who have not got it, also where it is unknown whether they have", "user wait", NULL, "OutboxMail"},
	{WEB_POST, API "/outbox/*/cancel", ROLE_PERSON, WEB_AS_JOB, 0, run_cancel,
		"Send it no more", "user", NULL, "OutboxMail"},
	{0},
};
/* clang-format on */
