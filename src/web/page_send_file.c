/* The files of a draft: all of a form at once, or, where scripts run, one piece after another. */
#include <inttypes.h>
#include <string.h>
#include "app/words.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/api.h"
#include "web/download.h"
#include "web/download_mail.h"
#include "web/page_send.h"

#define BLOCK ((size_t)256 * 1024)

/* ---- what is there ---- */

static void write_file(Html *h, const SendView *view, const DraftFile *file)
{
	g_autofree char *size = words_size(file->size);

	html(h, "<li data-weight=\"");
	html_number(h, (int64_t)draft_file_weight(file->size));
	html(h, "\"><a class=\"kern-link\" download href=\"" SEND_PATH "/");
	html_number(h, view->id);
	html(h, "/anlage?n=");
	html_number(h, file->id);
	html(h, "\">");
	html_text(h, file->name);
	html(h, "</a> <span class=\"note\">");
	html_text(h, size);
	html(h, "</span> <button type=\"submit\" class=\"kern-btn kern-btn--tertiary\" "
		"name=\"tun\" value=\"entfernen-");
	html_number(h, file->id);
	html(h, "\"><span class=\"kern-label\">");
	html_text(h, _("Entfernen"));
	html(h, "<span class=\"kern-sr-only\">: ");
	html_text(h, file->name);
	html(h, "</span></span></button></li>\n");
}

static void write_amount(Html *h, const SendView *view)
{
	g_autofree char *used = words_mail_size(view->draft ? draft_weight(view->draft) : 0);
	g_autofree char *limit = words_mail_size(view->limit);

	html(h, "<p class=\"note amount\" role=\"status\">");
	html_printf(h, _("%1$s von %2$s"), used, limit);
	html(h, " ");
	html_text(h, view->limit_told
			     ? _("(So viel nimmt Ihr Mailserver an; gezählt wird, was aus den "
				 "Anlagen beim Senden wird, etwa ein Drittel mehr.)")
			     : _("(Gezählt wird, was aus den Anlagen beim Senden wird, etwa ein "
				 "Drittel mehr. Der Mailserver nimmt vielleicht weniger an.)"));
	html(h, "</p>\n");
}

/* The words that amtspost.js says. */
static void write_field(Html *h, const char *wrong)
{
	html(h, "<div class=\"kern-form-input");
	html_text(h, wrong ? " kern-form-input--error" : "");
	html(h, "\"><label class=\"kern-label\" for=\"dateien\">");
	html_text(h, _("Dateien"));
	html(h, "</label><div class=\"kern-hint\" id=\"dateien-hinweis\">");
	html_text(h, _("Mehrere auf einmal sind möglich. Sie können Dateien auch auf diese Seite "
		       "ziehen."));
	html(h, "<noscript> ");
	html_text(h, _("Auf einmal höchstens 60 MB."));
	html(h, "</noscript></div><input class=\"kern-form-input__input\" type=\"file\" "
		"id=\"dateien\" name=\"dateien\" multiple "
		"aria-describedby=\"dateien-hinweis dateien-fehler\"");
	html_attribute(h, "aria-invalid", wrong ? "true" : NULL);
	html(h, "><p class=\"kern-error\" id=\"dateien-fehler\"");
	html_flag(h, "hidden", !wrong);
	html(h, "><span class=\"kern-icon kern-icon--danger kern-icon--sm\" "
		"aria-hidden=\"true\"></span><span class=\"kern-body\">");
	html_text(h, wrong);
	html(h, "</span></p></div>\n");
}

/* Whether the mail that is answered has any. */
static bool has_originals(const SendView *view)
{
	Archive *archive = view->fields.reply_to ? office_archive(view->visit->office, NULL) : NULL;
	g_autoptr(ArchiveMail) mail =
		archive ? archive_find(archive, viewing_viewer(&view->viewing),
				  view->fields.reply_to, NULL)
			: NULL;

	return mail && mail->attachments->len > 0;
}

static void write_originals(Html *h, const SendView *view)
{
	if (view->id != 0 && has_originals(view))
		form_submit(
			h, _("Anlagen des Originals übernehmen"), "secondary", "tun", "original");
}

void send_write_files(Html *h, const SendView *view)
{
	g_autofree char *sentence = NULL, *advice = NULL, *wrong = NULL;

	if (view->problem && view->wrong == DRAFT_FILES) {
		sentence = failure_sentence(view->problem);
		advice = failure_advice_on_page(view->problem);
		wrong = g_strconcat(sentence, " ", advice, NULL);
	}
	html(h, "<fieldset id=\"anlagen\" data-limit=\"");
	html_number(h, (int64_t)view->limit);
	html(h, "\" data-amount=\"");
	html_attr(h, _("{used} von {limit}"));
	html(h, "\" data-much=\"");
	html_attr(h, _("„{}“ ist zu groß: Mit dieser Datei wäre die E-Mail größer als {limit}. "
		       "Bitte verteilen Sie die Anlagen auf mehrere E-Mails."));
	html(h, "\" data-much-more=\"");
	html_attr(h, _("Nicht angefügt sind {}: Damit wäre die E-Mail größer als {limit}. Bitte "
		       "verteilen Sie die Anlagen auf mehrere E-Mails."));
	html(h, "\" data-signed-out=\"");
	html_attr(h, _("„{}“ ist nicht angefügt: Ihre Anmeldung ist beendet. Bitte melden Sie sich "
		       "an, und wählen Sie die Datei dann noch einmal."));
	html(h, "\" data-cancel=\"");
	html_attr(h, _("Abbrechen"));
	html(h, "\" data-remove=\"");
	html_attr(h, _("Entfernen"));
	html(h, "\" data-lost=\"");
	html_attr(h, _("„{}“ ist nicht ganz angekommen. Bitte fügen Sie die Datei noch einmal "
		       "an."));
	html(h, "\" data-done=\"");
	html_attr(h, _("„{}“ ist angefügt."));
	html(h, "\"><legend>");
	html_text(h, _("Anlagen"));
	html(h, "</legend>\n<ul class=\"files\">\n");
	for (guint i = 0; view->draft && i < view->draft->files->len; i++)
		write_file(h, view, view->draft->files->pdata[i]);
	html(h, "</ul>\n");
	write_amount(h, view);
	write_field(h, wrong);
	html(h, "<div class=\"buttons\">");
	form_submit(h, _("Anlagen hinzufügen"), "secondary", "tun", "anlagen");
	write_originals(h, view);
	html(h, "</div></fieldset>\n<div class=\"drop\" hidden><p>");
	html_text(h, _("Hier loslassen, um die Dateien anzufügen"));
	html(h, "</p></div>\n");
}

/* ---- with the form ---- */

static bool keep_file(
	const Visit *visit, int64_t id, const FormFile *file, uint64_t limit, GError **error)
{
	Db *db = office_db(visit->office);
	const DraftFileOrder order = {
		.name = *file->name ? file->name : _("Anlage"), .size = file->size, .limit = limit};
	int64_t file_id;
	bool whole;

	if (!draft_file_begin(db, visit->user->id, id, &order, &file_id, error))
		return false;
	for (size_t at = 0; at < file->size; at += SEND_PIECE) {
		if (!draft_file_write(db, visit->user->id, file_id, at, file->data + at,
			    MIN(SEND_PIECE, file->size - at), &whole, error))
			return false;
	}
	return true;
}

bool send_is_refused(const GError *problem)
{
	return failure_is(problem, FAILURE_DRAFT_LARGE) ||
	       failure_is(problem, FAILURE_DRAFTS_LARGE) ||
	       failure_is(problem, FAILURE_DRAFT_FILES_MANY);
}

/* REFUSED (taken, NULL: none) with all NAMES, where it says one. */
static bool tell_refused(GError **refused, const char *names, GError **error)
{
	if (!*refused)
		return true;
	if (failure_subject(*refused))
		failure_set(error, failure_of(*refused), names, "%s", (*refused)->message);
	else
		g_propagate_error(error, g_steal_pointer(refused));
	return false;
}

bool send_take_files(const Visit *visit, int64_t id, GError **error)
{
	uint64_t limit;
	bool told;
	FormFile file;
	g_autoptr(GString) names = g_string_new(NULL); /* that were refused */
	g_autoptr(GError) refused = NULL;

	if (!form_file_at(visit->form, "dateien", 0, &file))
		return true;
	if (!draft_limit(visit->office, visit->user, &limit, &told, error))
		return false;
	for (size_t i = 0; form_file_at(visit->form, "dateien", i, &file); i++) {
		g_autoptr(GError) problem = NULL;

		if (keep_file(visit, id, &file, limit, &problem))
			continue;
		if (!send_is_refused(problem)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
		g_string_append_printf(names, "%s%s", refused ? ", " : "", file.name);
		if (!refused)
			refused = g_steal_pointer(&problem);
	}
	return tell_refused(&refused, names->str, error);
}

/* ---- piece by piece ---- */

static bool begin(const Visit *visit, int64_t *file_id, GError **error)
{
	const char *name = visit_field(visit, "dateiname");
	DraftFileOrder order = {.name = *name ? name : _("Anlage"),
		.size = (uint64_t)download_number(visit_field(visit, "groesse"))};
	bool told;

	*file_id = download_number(visit_field(visit, "datei"));
	if (*file_id != 0)
		return true;
	return draft_limit(visit->office, visit->user, &order.limit, &told, error) &&
	       draft_file_begin(office_db(visit->office), visit->user->id, send_asked_id(visit),
		       &order, file_id, error);
}

static bool take_piece(const Visit *visit, int64_t *file_id, bool *whole, GError **error)
{
	uint64_t offset = (uint64_t)download_number(visit_field(visit, "ab"));
	const char *bytes;
	size_t size;

	*whole = false;
	if (!begin(visit, file_id, error))
		return false;
	bytes = form_file(visit->form, "stueck", &size);
	if (!bytes || size == 0) {
		*whole = download_number(visit_field(visit, "groesse")) == 0;
		return true;
	}
	return draft_file_write(office_db(visit->office), visit->user->id, *file_id, offset, bytes,
		size, whole, error);
}

static bool run_piece(Visit *visit, GError **error)
{
	g_autoptr(GError) problem = NULL;
	int64_t file_id;
	bool whole;

	(void)error;
	if (!take_piece(visit, &file_id, &whole, &problem))
		return send_answer_problem(visit, problem);
	return api_answer(
		visit, 200, json_pack("{s:I, s:b}", "datei", (json_int_t)file_id, "fertig", whole));
}

static bool run_remove(Visit *visit, GError **error)
{
	g_autoptr(GError) problem = NULL;

	(void)error;
	if (!draft_file_remove(office_db(visit->office), visit->user->id, send_asked_id(visit),
		    download_number(visit_field(visit, "datei")), &problem))
		return send_answer_problem(visit, problem);
	return api_answer_nothing(visit);
}

/* ---- looking at one ---- */

static const DraftFile *find_file(const Draft *draft, int64_t id, GError **error)
{
	for (guint i = 0; i < draft->files->len; i++) {
		const DraftFile *file = draft->files->pdata[i];

		if (file->id == id)
			return file;
	}
	failure_set(error, FAILURE_DRAFT_FILE, NULL, "no file %" PRId64, id);
	return NULL;
}

static bool send_file(Visit *visit, const DraftFile *file)
{
	g_autofree char *disposition = download_disposition(file->name);
	g_autofree char *block = g_malloc(BLOCK);
	uint64_t offset = 0;
	ssize_t count;

	web_response_header(visit->response, "Content-Disposition", disposition);
	web_response_header(visit->response, "Cache-Control", "no-store");
	web_response_start(visit->response, "application/octet-stream");
	while ((count = draft_file_read(office_db(visit->office), visit->user->id, file->id, offset,
			block, BLOCK, NULL)) > 0 &&
		web_response_write(visit->response, block, (size_t)count))
		offset += (uint64_t)count;
	if (count < 0)
		web_response_break(visit->response);
	return true;
}

static bool run_file(Visit *visit, GError **error)
{
	g_autoptr(Draft) draft =
		drafts_get(office_db(visit->office), visit->user->id, send_asked_id(visit), error);
	const DraftFile *file =
		draft ? find_file(draft, download_number(web_request_query(visit->request, "n")),
				error)
		      : NULL;

	return file && send_file(visit, file);
}

const Route route_send_file[] = {
	{WEB_GET, "/senden/*/anlage", ROLE_PERSON, WEB_AS_ERRAND, 0, run_file},
	{WEB_POST, "/senden/*/anlage", ROLE_PERSON, WEB_AS_JOB, 2 * SEND_PIECE, run_piece},
	{WEB_POST, "/senden/*/anlage/entfernen", ROLE_PERSON, WEB_AS_JOB, 0, run_remove},
	{0},
};
