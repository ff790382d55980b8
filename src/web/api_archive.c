/* The API's rows about the archive. Everybody sees what viewing.h says; whom somebody else's mail
 * is none of the business is told that it does not exist. */
#include <string.h>
#include "app/document.h"
#include "app/viewing.h"
#include "base/clock.h"
#include "failure/failure.h"
#include "json/result.h"
#include "web/api.h"
#include "web/download_mail.h"
#include "web/web_internal.h"

#define BODY_LIMIT (UPLOAD_BYTES + (size_t)1024 * 1024) /* what multipart adds */
#define CASES 50

/* The archive and what VISIT's user sees of it. */
static Archive *open_archive(const Visit *visit, Viewing *viewing, GError **error)
{
	return viewing_open(visit->office, visit->user, viewing, error)
		       ? office_archive(visit->office, error)
		       : NULL;
}

static bool refuse_value(const char *name, GError **error)
{
	failure_set(error, FAILURE_API_BODY, name, "%s: no such value", name);
	return false;
}

/* The number in the path. */
static bool refuse_parameter(const char *name, GError **error)
{
	failure_set(error, FAILURE_API_PARAMETER, name, "%s: no such value", name);
	return false;
}

static bool read_id(const Visit *visit, int64_t *id, GError **error)
{
	*id = download_number(visit->part);
	if (*id == 0)
		failure_set(error, FAILURE_MAIL_UNKNOWN, visit->part, "no mail %s", visit->part);
	return *id != 0;
}

/* ---- list and search ---- */

static bool read_time(const Visit *visit, const char *name, int64_t *time, GError **error)
{
	const char *text = web_request_query(visit->request, name);

	return !text || clock_parse(text, time) || refuse_parameter(name, error);
}

static bool read_limit(const Visit *visit, size_t *limit, GError **error)
{
	const char *text = web_request_query(visit->request, "limit");
	guint64 number;

	if (!text)
		return true;
	if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT32, &number, NULL))
		return refuse_parameter("limit", error);
	*limit = (size_t)number;
	return true;
}

static bool read_switch(const Visit *visit, const char *name, bool *value, GError **error)
{
	const char *text = web_request_query(visit->request, name);

	static const char *const yes[] = {"true", "1", NULL};
	static const char *const no[] = {"false", "0", NULL};

	*value = text && g_strv_contains(yes, text);
	return !text || *value || g_strv_contains(no, text) || refuse_parameter(name, error);
}

static bool read_filter(const Visit *visit, ArchiveFilter *filter, GError **error)
{
	filter->case_number = web_request_query(visit->request, "case");
	filter->mailbox = web_request_query(visit->request, "mailbox");
	return read_switch(visit, "attachments", &filter->with_attachments, error) &&
	       read_time(visit, "since", &filter->since, error) &&
	       read_time(visit, "until", &filter->until, error) &&
	       read_limit(visit, &filter->limit, error);
}

/* Mails are taken out of the database some at a time and sent in between, so that a slow program
 * keeps neither memory nor a transaction. */
#define MAILS_AT_ONCE ((size_t)500)

typedef struct Listing {
	GString *text;
	bool begun; /* something stands in the array */
	size_t count;
	int64_t last_date, last_id;
} Listing;

static bool add_mail(const ArchiveMail *mail, void *data)
{
	Listing *listing = data;
	json_t *document = result_mail(mail);
	g_autofree char *text = result_write(document);

	json_decref(document);
	g_string_append(listing->text, listing->begun ? ",\n" : "");
	g_string_append(listing->text, text);
	listing->begun = true;
	listing->count++;
	listing->last_date = mail->date;
	listing->last_id = mail->id;
	return true;
}

/* The next mails of FILTER, which goes on behind them; *MORE: there may be more. */
static bool read_some(
	Archive *archive, ArchiveFilter *filter, Listing *listing, bool *more, GError **error)
{
	size_t left = filter->limit;
	ArchiveFilter part = *filter;

	part.limit = left > 0 ? MIN(left, MAILS_AT_ONCE) : MAILS_AT_ONCE;
	listing->count = 0;
	g_string_truncate(listing->text, 0);
	if (!archive_each(archive, &part, add_mail, listing, error))
		return false;
	*more = listing->count == part.limit && left != part.limit;
	filter->limit = left > 0 ? left - listing->count : 0;
	filter->before_date = listing->last_date;
	filter->before_id = listing->last_id;
	return true;
}

static bool send_some(Visit *visit, const Listing *listing)
{
	return web_response_write(visit->response, listing->text->str, listing->text->len);
}

/* What fails with the first mails is told; later the answer breaks off. */
static bool answer_list(Visit *visit, Archive *archive, ArchiveFilter *filter, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	Listing listing = {.text = text};
	bool more;

	if (!read_some(archive, filter, &listing, &more, error))
		return false;
	web_response_header(visit->response, "Cache-Control", "no-store");
	web_response_start(visit->response, "application/json");
	if (!web_response_write(visit->response, "[", 1) || !send_some(visit, &listing))
		return true;
	while (more) {
		if (!read_some(archive, filter, &listing, &more, NULL)) {
			web_response_break(visit->response);
			return true;
		}
		if (!send_some(visit, &listing))
			return true;
	}
	web_response_write(visit->response, "]\n", 2);
	return true;
}

static bool list_by(Visit *visit, const char *words, GError **error)
{
	g_auto(Viewing) viewing = {0};
	Archive *archive = open_archive(visit, &viewing, error);
	ArchiveFilter filter = {.viewer = viewing_viewer(&viewing), .words = words};

	return archive && read_filter(visit, &filter, error) &&
	       answer_list(visit, archive, &filter, error);
}

static bool run_list(Visit *visit, GError **error)
{
	return list_by(visit, NULL, error);
}

static bool run_search(Visit *visit, GError **error)
{
	const char *words = web_request_query(visit->request, "text");

	return words ? list_by(visit, words, error) : refuse_parameter("text", error);
}

/* ---- one mail ---- */

static bool answer_mail(Visit *visit, const Viewing *viewing, int64_t id, GError **error)
{
	Archive *archive = office_archive(visit->office, error);
	g_autoptr(ArchiveMail) mail =
		archive ? archive_find(archive, viewing_viewer(viewing), id, error) : NULL;

	return mail && api_answer(visit, 200, result_mail(mail));
}

static bool run_show(Visit *visit, GError **error)
{
	g_auto(Viewing) viewing = {0};
	Archive *archive = open_archive(visit, &viewing, error);
	g_autoptr(ArchiveMail) mail = NULL;
	g_autofree char *text = NULL;
	int64_t id;

	if (!archive || !read_id(visit, &id, error) ||
		!(mail = archive_find(archive, viewing_viewer(&viewing), id, error)))
		return false;
	text = document_read_text(visit->office, viewing_viewer(&viewing), id,
		web_request_cancel(visit->request), error);
	return text && api_answer(visit, 200, result_mail_text(mail, text));
}

static bool run_eml(Visit *visit, GError **error)
{
	const char *copy = web_request_query(visit->request, "copy");
	g_auto(Viewing) viewing = {0};
	int64_t id;

	return open_archive(visit, &viewing, error) && read_id(visit, &id, error) &&
	       download_copy(visit, viewing_viewer(&viewing), id, copy ? download_number(copy) : 1,
		       "message/rfc822", error);
}

static bool run_attachment(Visit *visit, GError **error)
{
	g_auto(Viewing) viewing = {0};
	int64_t id;

	return open_archive(visit, &viewing, error) && read_id(visit, &id, error) &&
	       download_attachment(
		       visit, viewing_viewer(&viewing), id, download_number(visit->second), error);
}

/* "case": null clears it. */
static bool change_case(Visit *visit, const json_t *body, GError **error)
{
	g_auto(Viewing) viewing = {0};
	Archive *archive = open_archive(visit, &viewing, error);
	const char *case_number;
	int64_t id;

	if (!archive || !read_id(visit, &id, error) ||
		!api_take_text(body, "case", &case_number, error))
		return false;
	if (!json_object_get(body, "case"))
		return refuse_value("case", error);
	return archive_assign(
		       archive, viewing_viewer(&viewing), id, case_number, visit->actor, error) &&
	       answer_mail(visit, &viewing, id, error);
}

static bool run_change(Visit *visit, GError **error)
{
	return api_with_body(visit, change_case, error);
}

static bool run_delete(Visit *visit, GError **error)
{
	const char *reason = web_request_query(visit->request, "reason");
	g_auto(Viewing) viewing = {0};
	int64_t id;

	return open_archive(visit, &viewing, error) && read_id(visit, &id, error) &&
	       document_delete(visit->office, viewing_viewer(&viewing), id, reason ? reason : "",
		       visit->actor, error) &&
	       api_answer_nothing(visit);
}

/* ---- several ---- */

static bool run_export(Visit *visit, GError **error)
{
	g_auto(Viewing) viewing = {0};
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	const char *text;

	for (unsigned i = 0; (text = web_request_query_value(visit->request, i)); i++) {
		if (!download_add_id(ids, text, error))
			return false;
	}
	return open_archive(visit, &viewing, error) &&
	       download_zip(visit, viewing_viewer(&viewing), ids, error);
}

static bool run_cases(Visit *visit, GError **error)
{
	const char *prefix = web_request_query(visit->request, "prefix");
	g_auto(Viewing) viewing = {0};
	Archive *archive = open_archive(visit, &viewing, error);
	g_autoptr(GPtrArray) cases = archive ? archive_cases(archive, viewing_viewer(&viewing),
						       prefix ? prefix : "", CASES, error)
					     : NULL;
	json_t *list;

	if (!cases)
		return false;
	list = json_array();
	for (guint i = 0; i < cases->len; i++)
		json_array_append_new(
			list, json_pack("{s:o}", "case", result_text(cases->pdata[i])));
	return api_answer(visit, 200, list);
}

/* ---- filing ---- */

/* The mail; where its case number stayed as it was with "case_conflicts", as an import's document
 * has them. */
static json_t *tell_filed(const ArchiveMail *mail, const Upload *upload)
{
	json_t *document = result_mail(mail);
	json_t *conflicts = json_array();

	for (guint i = 0; i < upload->case_conflicts->len; i++) {
		const char *line = upload->case_conflicts->pdata[i];

		if (g_ascii_strtoll(line, NULL, 10) == mail->id)
			json_array_append_new(conflicts, result_text(line));
	}
	if (json_array_size(conflicts) > 0)
		json_object_set(document, "case_conflicts", conflicts);
	json_decref(conflicts);
	return document;
}

/* The mails of IDS that are still there, each once. */
static bool answer_filed(Visit *visit, const Upload *upload, GError **error)
{
	g_auto(Viewing) viewing = {0};
	Archive *archive = open_archive(visit, &viewing, error);
	json_t *list;

	if (!archive)
		return false;
	list = json_array();
	for (guint i = 0; i < upload->ids->len; i++) {
		g_autoptr(ArchiveMail) mail = archive_find(archive, viewing_viewer(&viewing),
			g_array_index(upload->ids, int64_t, i), NULL);

		if (mail)
			json_array_append_new(list, tell_filed(mail, upload));
	}
	return api_answer(visit, upload->imported > 0 ? 201 : 200, list);
}

static bool file_mails(
	Visit *visit, const UploadFile *files, size_t count, const char *key, GError **error)
{
	g_auto(Viewing) viewing = {0};
	UploadOrder order = {
		.files = files,
		.count = count,
		.case_number = web_request_query(visit->request, "case"),
		.actor = visit->actor,
		.user_id = visit->user->id,
		.key = key,
	};
	g_autoptr(Upload) upload = NULL;

	if (!viewing_open(visit->office, visit->user, &viewing, error))
		return false;
	order.viewer = viewing_viewer(&viewing);
	upload = uploads_file(
		visit->web->uploads, &order, web_request_cancel(visit->request), error);
	return upload && answer_filed(visit, upload, error);
}

/* The files of a multipart body. */
static bool file_form(Visit *visit, const char *type, const char *body, size_t size,
	const char *key, GError **error)
{
	g_autoptr(Form) form = form_parse(type, body, size, error);
	g_autoptr(GArray) files = g_array_new(FALSE, FALSE, sizeof(UploadFile));
	FormFile file;

	if (!form)
		return false;
	while (form_file_at(form, NULL, files->len, &file)) {
		UploadFile mail = {file.name, file.data, file.size};

		g_array_append_val(files, mail);
	}
	return file_mails(
		visit, (const UploadFile *)(const void *)files->data, files->len, key, error);
}

static bool run_add(Visit *visit, GError **error)
{
	const char *type = web_request_header(visit->request, "Content-Type");
	const char *key = web_request_header(visit->request, "Idempotency-Key");
	size_t size;
	const char *body = web_request_body(visit->request, &size);

	if (key && (!*key || strlen(key) > UPLOAD_KEY_LIMIT || !g_utf8_validate(key, -1, NULL)))
		return refuse_parameter("Idempotency-Key", error);
	if (type && g_ascii_strncasecmp(type, "multipart/form-data", 19) == 0)
		return file_form(visit, type, body, size, key, error);
	return file_mails(visit, &(UploadFile){"message/rfc822", body, size}, 1, key, error);
}

/* clang-format off */
const Route route_api_archive[] = {
	{WEB_GET, API "/archive", ROLE_PERSON, WEB_AS_JOB, 0, run_list,
		"Mails of the archive that one may see, newest first; since is included, until is not", "case mailbox since until attachments limit", NULL, "Mail[]"},
	{WEB_POST, API "/archive", ROLE_PERSON, WEB_AS_JOB, BODY_LIMIT, run_add,
		"File .eml files, all or none; within a day an Idempotency-Key, one of the latest 1000, makes a repetition answer the same unless the server was started anew", "case", "message/rfc822 multipart/form-data", "FiledMail[]"},
	{WEB_GET, API "/archive/search", ROLE_PERSON, WEB_AS_JOB, 0, run_search,
		"Search in subject, people, text and attachments' names, newest first", "text! case mailbox since until attachments limit", NULL, "Mail[]"},
	{WEB_GET, API "/archive/cases", ROLE_PERSON, WEB_AS_JOB, 0, run_cases,
		"Case numbers that begin so, those given last first", "prefix", NULL, "Case[]"},
	{WEB_GET, API "/archive/export", ROLE_PERSON, WEB_AS_ERRAND, 0, run_export,
		"Mails with all their copies as a ZIP file; id may stand several times", "id!", NULL, "application/zip"},
	{WEB_GET, API "/archive/*", ROLE_PERSON, WEB_AS_JOB, 0, run_show,
		"One mail with its text", NULL, NULL, "MailText"},
	{WEB_PATCH, API "/archive/*", ROLE_PERSON, WEB_AS_JOB, 0, run_change,
		"Set or correct the case number; null clears it", NULL, "case", "Mail"},
	{WEB_DELETE, API "/archive/*", ROLE_PERSON, WEB_AS_JOB, 0, run_delete,
		"Delete a mail with all its copies", "reason!", NULL, "Nothing"},
	{WEB_GET, API "/archive/*/eml", ROLE_PERSON, WEB_AS_ERRAND, 0, run_eml,
		"The bytes of a copy, the first unless told otherwise", "copy", NULL, "message/rfc822"},
	{WEB_GET, API "/archive/*/attachments/*", ROLE_PERSON, WEB_AS_ERRAND, 0, run_attachment,
		"The bytes of an attachment; they count from 1", NULL, NULL, "application/octet-stream"},
	{0},
};
/* clang-format on */
