/* One mail of the archive: its rows at once, what it shows in a frame of its own, its bytes as
 * downloads; its Aktenzeichen and its deletion. */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "app/document.h"
#include "app/viewing.h"
#include "app/words.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/download.h"
#include "web/page.h"
#include "web/web_internal.h"

#define PATH "/archiv"
#define BLOCK ((size_t)64 * 1024)

/* The mail that the address names, as far as the person may see it. */
typedef struct Asked {
	int64_t id;
	Viewing viewing;
} Asked;

static void asked_clear(Asked *asked)
{
	viewing_clear(&asked->viewing);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Asked, asked_clear)

static bool read_asked(const Visit *visit, Asked *asked, GError **error)
{
	if (!g_ascii_string_to_signed(visit->part, 10, 1, INT64_MAX, &asked->id, NULL)) {
		failure_set(error, FAILURE_MAIL_UNKNOWN, visit->part, "no mail %s", visit->part);
		return false;
	}
	return viewing_open(visit->office, visit->user, &asked->viewing, error);
}

static ArchiveMail *find(const Visit *visit, const Asked *asked, GError **error)
{
	Archive *archive = office_archive(visit->office, error);

	return archive ? archive_find(archive, viewing_viewer(&asked->viewing), asked->id, error)
		       : NULL;
}

static void write_path(Html *h, int64_t id, const char *behind)
{
	html(h, PATH "/");
	html_number(h, id);
	html_text(h, behind);
}

/* ---- the page ---- */

static void write_people(Html *h, const char *label, const GPtrArray *people)
{
	description_open(h, label);
	for (guint i = 0; i < people->len; i++) {
		if (i > 0)
			html(h, "<br>");
		html_text(h, people->pdata[i]);
	}
	description_close(h);
}

static void write_head(Html *h, const ArchiveMail *mail)
{
	g_autofree char *date = clock_format_german(mail->date);
	g_autofree char *size = words_size(mail->size);

	description_begin(h);
	description_text(h, _("Von"), *mail->from ? mail->from : "–");
	write_people(h, _("An"), mail->to);
	description_text(h, _("Datum"), date);
	description_text(h, _("Aktenzeichen"), mail->case_number ? mail->case_number : "–");
	description_text(h, _("Größe"), size);
	description_end(h);
}

static void write_view(Html *h, const ArchiveMail *mail)
{
	html(h, "<iframe class=\"mail\" sandbox=\"allow-popups allow-popups-to-escape-sandbox\" "
		"title=\"");
	html_attr(h, _("Inhalt der E-Mail"));
	html(h, "\" src=\"");
	write_path(h, mail->id, "/ansicht");
	html(h, "\"></iframe>\n");
}

static void write_attachments(Html *h, const ArchiveMail *mail)
{
	if (mail->attachments->len == 0)
		return;
	html(h, "<h2 class=\"kern-heading-medium\">");
	html_text(h, _("Anlagen"));
	html(h, "</h2>\n<ul>\n");
	for (guint i = 0; i < mail->attachments->len; i++) {
		const MailPart *part = mail->attachments->pdata[i];
		g_autofree char *size = words_size(part->size);

		html(h, "<li><a class=\"kern-link\" download href=\"");
		write_path(h, mail->id, "/anlage?n=");
		html_number(h, i + 1);
		html(h, "\">");
		html_text(h, part->name);
		html(h, "</a> ");
		html_printf(h, "(%s, %s)", part->type, size);
		html(h, "</li>\n");
	}
	html(h, "</ul>\n");
}

static void write_sources(Html *h, const ArchiveMail *mail)
{
	html(h, "<h2 class=\"kern-heading-medium\">");
	html_text(h, _("Herkunft"));
	html(h, "</h2>\n<ul>\n");
	for (guint i = 0; i < mail->sources->len; i++) {
		const ArchiveSource *source = mail->sources->pdata[i];
		g_autofree char *words = words_source(source);

		html(h, "<li>");
		html_text(h, words);
		html(h, "</li>\n");
	}
	html(h, "</ul>\n<p class=\"note\">");
	html_text(h, _("Prüfsumme (SHA-256) jeder Kopie:"));
	for (guint i = 0; i < mail->copies->len; i++) {
		html(h, "<br><code>");
		html_text(h, mail->copies->pdata[i]);
		html(h, "</code>");
	}
	html(h, "</p>\n");
}

static void write_case_form(Html *h, const Visit *visit, const ArchiveMail *mail)
{
	g_autofree char *action = g_strdup_printf(PATH "/%" PRId64 "/aktenzeichen", mail->id);

	form_begin(h, visit, action);
	field_input(h, &(Field){.name = "aktenzeichen",
			       .label = _("Aktenzeichen"),
			       .hint = _("Leer: ohne Aktenzeichen."),
			       .value = mail->case_number});
	form_submit(h, _("Aktenzeichen speichern"), "secondary", NULL, NULL);
	form_end(h);
}

static void write_delete_form(Html *h, const Visit *visit, const ArchiveMail *mail)
{
	g_autofree char *action = g_strdup_printf(PATH "/%" PRId64 "/loeschen", mail->id);

	html(h, "<details class=\"fold\"><summary>");
	html_text(h, _("Aus dem Archiv löschen"));
	html(h, "</summary>\n<p>");
	html_text(h, _("Gelöscht wird die E-Mail mit allen Kopien, für alle, die sie sehen. Im "
		       "Protokoll bleibt eine Zeile mit dem Grund, ohne Inhalt."));
	html(h, "</p>\n");
	form_begin(h, visit, action);
	field_input(h, &(Field){.name = "grund", .label = _("Grund"), .required = true});
	form_submit(h, _("Endgültig löschen"), "danger", NULL, NULL);
	form_end(h);
	html(h, "</details>\n");
}

static bool run_show(Visit *visit, GError **error)
{
	const char *trail[] = {_("E-Mail"), _("Archiv"), NULL};
	g_auto(Asked) asked = {0};
	g_autoptr(ArchiveMail) mail =
		read_asked(visit, &asked, error) ? find(visit, &asked, error) : NULL;
	Html *h;

	if (!mail)
		return false;
	h = page_begin(visit, &(Page){.title = *mail->subject ? mail->subject : _("(ohne Betreff)"),
				      .trail = trail,
				      .here = PATH,
				      .wide = true});
	write_head(h, mail);
	html(h, "<p><a class=\"kern-link\" download href=\"");
	write_path(h, mail->id, "/eml");
	html(h, "\">");
	html_text(h, _("Als .eml herunterladen"));
	html(h, "</a></p>\n");
	write_view(h, mail);
	write_attachments(h, mail);
	write_case_form(h, visit, mail);
	write_sources(h, mail);
	write_delete_form(h, visit, mail);
	return page_end(visit, h, 200);
}

/* ---- what it shows ---- */

static void write_blocked(Html *h, const MailView *view)
{
	if (view->blocked_remote > 0) {
		html(h, "<p class=\"t\">");
		html_printf(h, _("Externe Inhalte blockiert (%u)"), view->blocked_remote);
		html(h, "</p>\n");
	}
	if (view->blocked_active > 0) {
		html(h, "<p class=\"t\">");
		html_printf(h, _("Skripte, Formulare und Ähnliches entfernt (%u)"),
			view->blocked_active);
		html(h, "</p>\n");
	}
	if (view->truncated) {
		html(h, "<p class=\"t\">");
		html_text(h, _("Diese E-Mail ist zu groß, um ganz gezeigt zu werden. Vollständig "
			       "ist sie als .eml."));
		html(h, "</p>\n");
	}
}

static bool run_view(Visit *visit, GError **error)
{
	g_auto(Asked) asked = {0};
	g_autoptr(MailView) view = NULL;
	g_autoptr(Html) h = html_new();

	if (!read_asked(visit, &asked, error))
		return false;
	view = document_view(visit->office, viewing_viewer(&asked.viewing), asked.id,
		web_request_cancel(visit->request), error);
	if (!view)
		return false;
	html(h, "<!DOCTYPE html>\n<html lang=\"\"><head><meta charset=\"utf-8\">"
		"<meta name=\"color-scheme\" content=\"light\"><title>E-Mail</title>"
		"<style>body{background:#fff;color:#000;font:1rem/1.5 sans-serif;margin:1rem;"
		"overflow-wrap:anywhere}.t{background:#eee;padding:.25rem .5rem;margin:0 0 .5rem}"
		".p{white-space:pre-wrap}</style></head><body>\n");
	write_blocked(h, view);
	if (view->html) {
		html_piece(h, view->html);
	} else {
		html(h, "<div class=\"p\">");
		html_text(h, view->content->text);
		html(h, "</div>");
	}
	html(h, "</body></html>\n");
	web_response_header(visit->response, "Cache-Control", "no-store");
	web_response_body(visit->response, "text/html; charset=utf-8", html_steal(h));
	return true;
}

/* ---- downloads ---- */

/* A file without a name for what is sent; -1: FAILURE_OUTPUT. */
static int make_file(const Visit *visit, GError **error)
{
	int file = open(office_folder(visit->office), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (file < 0)
		failure_set_errno(error, FAILURE_OUTPUT, office_folder(visit->office), errno);
	return file;
}

/* Sends FILE as NAME to be stored, never to be shown. */
static bool send_file(Visit *visit, int file, const char *name)
{
	g_autofree char *disposition = download_disposition(name);
	g_autofree char *block = g_malloc(BLOCK);
	off_t place = 0;
	ssize_t got;

	web_response_header(visit->response, "Content-Disposition", disposition);
	web_response_header(visit->response, "Cache-Control", "no-store");
	web_response_start(visit->response, "application/octet-stream");
	while ((got = pread(file, block, BLOCK, place)) > 0 &&
		web_response_write(visit->response, block, (size_t)got))
		place += got;
	if (got < 0)
		web_response_break(visit->response);
	return true;
}

static bool run_raw(Visit *visit, GError **error)
{
	g_auto(Asked) asked = {0};
	g_auto(Descriptor) file = -1;
	g_autofree char *name = NULL;

	if (!read_asked(visit, &asked, error))
		return false;
	file = make_file(visit, error);
	if (file < 0 || !document_write_raw(visit->office, viewing_viewer(&asked.viewing), asked.id,
				file, error))
		return false;
	name = g_strdup_printf("%" PRId64 ".eml", asked.id);
	return send_file(visit, file, name);
}

static bool run_attachment(Visit *visit, GError **error)
{
	const char *text = web_request_query(visit->request, "n");
	int64_t number = text ? g_ascii_strtoll(text, NULL, 10) : 0;
	g_auto(Asked) asked = {0};
	g_auto(Descriptor) file = -1;
	g_autoptr(ArchiveMail) mail =
		read_asked(visit, &asked, error) ? find(visit, &asked, error) : NULL;

	if (!mail)
		return false;
	if (number < 1 || number > mail->attachments->len) {
		failure_set(error, FAILURE_ATTACHMENT_UNKNOWN, text ? text : "", "no attachment");
		return false;
	}
	file = make_file(visit, error);
	return file >= 0 &&
	       document_write_attachment(visit->office, viewing_viewer(&asked.viewing), asked.id,
		       number, file, web_request_cancel(visit->request), error) &&
	       send_file(
		       visit, file, ((const MailPart *)mail->attachments->pdata[number - 1])->name);
}

/* ---- changing ---- */

static bool run_assign(Visit *visit, GError **error)
{
	const char *typed = visit_field(visit, "aktenzeichen");
	Archive *archive = office_archive(visit->office, error);
	g_auto(Asked) asked = {0};
	g_autofree char *path = NULL;

	if (!archive || !read_asked(visit, &asked, error) ||
		(*typed && !archive_check_case(typed, error)) ||
		!archive_assign(archive, viewing_viewer(&asked.viewing), asked.id,
			*typed ? typed : NULL, visit->actor, error))
		return false;
	path = g_strdup_printf(PATH "/%" PRId64, asked.id);
	return visit_redirect(visit, path, "aktenzeichen");
}

static bool run_delete(Visit *visit, GError **error)
{
	g_auto(Asked) asked = {0};

	return read_asked(visit, &asked, error) &&
	       document_delete(visit->office, viewing_viewer(&asked.viewing), asked.id,
		       visit_field(visit, "grund"), visit->actor, error) &&
	       visit_redirect(visit, PATH, "geloescht");
}

const Route route_mail[] = {
	{WEB_GET, PATH "/*", ROLE_PERSON, WEB_AT_ONCE, 0, run_show},
	{WEB_GET, PATH "/*/ansicht", ROLE_PERSON, WEB_AS_JOB, 0, run_view, .foreign = true},
	{WEB_GET, PATH "/*/eml", ROLE_PERSON, WEB_AS_JOB, 0, run_raw},
	{WEB_GET, PATH "/*/anlage", ROLE_PERSON, WEB_AS_JOB, 0, run_attachment},
	{WEB_POST, PATH "/*/aktenzeichen", ROLE_PERSON, WEB_AS_JOB, 0, run_assign},
	{WEB_POST, PATH "/*/loeschen", ROLE_PERSON, WEB_AS_JOB, 0, run_delete},
	{0},
};
