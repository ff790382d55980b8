/* One mail of the archive: its rows at once; what it shows is in a frame of its own
 * (page_mail_show.c). */
#include "web/page_mail.h"

#include <inttypes.h>
#include <string.h>
#include "app/words.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/api.h"
#include "web/download_mail.h"
#include "web/page_archive.h"

#define PATH "/archiv"

/* ---- which one ---- */

void mail_asked_clear(MailAsked *asked)
{
	viewing_clear(&asked->viewing);
}

bool mail_asked_read(const Visit *visit, MailAsked *asked, GError **error)
{
	asked->id = download_number(visit->part);
	if (asked->id == 0) {
		failure_set(error, FAILURE_MAIL_UNKNOWN, visit->part, "no mail %s", visit->part);
		return false;
	}
	return viewing_open(visit->office, visit->user, &asked->viewing, error);
}

ArchiveMail *mail_asked_find(const Visit *visit, const MailAsked *asked, GError **error)
{
	Archive *archive = office_archive(visit->office, error);

	return archive ? archive_find(archive, viewing_viewer(&asked->viewing), asked->id, error)
		       : NULL;
}

void mail_write_path(Html *h, int64_t id, const char *behind)
{
	html(h, PATH "/");
	html_number(h, id);
	html_text(h, behind);
}

const char *mail_title(const ArchiveMail *mail)
{
	if (*mail->subject)
		return mail->subject;
	return mail->state == ARCHIVE_UNREAD ? _("(wird noch gelesen)") : _("(ohne Betreff)");
}

/* ---- its head ---- */

static void write_people(Html *h, const char *label, const GPtrArray *people)
{
	description_open(h, label);
	for (guint i = 0; i < people->len; i++) {
		if (i > 0)
			html(h, "<br>");
		html_text(h, people->pdata[i]);
	}
	if (people->len == 0)
		html_text(h, "–");
	description_close(h);
}

static void write_case(Html *h, const ArchiveMail *mail)
{
	description_open(h, _("Aktenzeichen"));
	if (mail->case_number) {
		html(h, "<a class=\"kern-link\" href=\"" PATH "/suche?aktenzeichen=");
		html_url(h, mail->case_number);
		html(h, "\">");
		html_text(h, mail->case_number);
		html(h, "</a>");
	} else {
		html_text(h, "–");
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
	write_case(h, mail);
	description_text(h, _("Größe"), size);
	description_end(h);
}

static void write_state(Html *h, const ArchiveMail *mail)
{
	if (mail->state == ARCHIVE_UNREAD)
		page_alert(h, TONE_INFO, _("Diese E-Mail wird noch gelesen."),
			_("Betreff, Beteiligte und Anlagen stehen in einigen Augenblicken hier. "
			  "Abgelegt ist sie vollständig."));
	else if (mail->state == ARCHIVE_UNREADABLE)
		page_alert(h, TONE_WARNING, _("Diese E-Mail ließ sich nicht ganz lesen."),
			_("Sie ist unverändert im Archiv. Was hier fehlt, zeigt vielleicht ein "
			  "E-Mail-Programm: Laden Sie dazu die .eml-Datei herunter."));
}

/* ---- its content ---- */

static void write_link(Html *h, int64_t id, const char *behind, const char *label)
{
	html(h, "<a class=\"kern-link\" href=\"");
	mail_write_path(h, id, behind);
	html(h, "\">");
	html_text(h, label);
	html(h, "</a>\n");
}

static void write_views(Html *h, const ArchiveMail *mail, bool as_text)
{
	html(h, "<nav class=\"pages\" aria-label=\"");
	html_attr(h, _("Ansicht"));
	html(h, "\">");
	if (as_text)
		write_link(h, mail->id, "", _("Als HTML anzeigen"));
	else
		write_link(h, mail->id, "?ansicht=text", _("Als Text anzeigen"));
	write_link(h, mail->id, "/kopfzeilen", _("Kopfzeilen"));
	html(h, "<a class=\"kern-link\" download href=\"");
	mail_write_path(h, mail->id, "/eml");
	html(h, "\">");
	html_text(h, _("Als .eml herunterladen"));
	html(h, "</a></nav>\n");
}

static void write_frame(Html *h, const ArchiveMail *mail, bool as_text)
{
	html(h, "<iframe class=\"mail\" sandbox=\"allow-popups allow-popups-to-escape-sandbox\" "
		"title=\"");
	html_attr(h, _("Inhalt der E-Mail"));
	html(h, "\" src=\"");
	mail_write_path(h, mail->id, as_text ? "/ansicht?als=text" : "/ansicht");
	html(h, "\"></iframe>\n");
}

static void write_heading(Html *h, const char *text)
{
	html(h, "<h2 class=\"kern-heading-medium\">");
	html_text(h, text);
	html(h, "</h2>\n");
}

static void write_attachments(Html *h, const ArchiveMail *mail)
{
	const char *labels[] = {_("Name"), _("Typ"), _("Größe"), NULL};

	if (mail->attachments->len == 0)
		return;
	write_heading(h, _("Anlagen"));
	table_begin(h, _("Anlagen"), labels);
	for (guint i = 0; i < mail->attachments->len; i++) {
		const MailPart *part = mail->attachments->pdata[i];
		g_autofree char *size = words_size(part->size);

		table_row(h);
		table_heading_cell(h, labels[0]);
		html(h, "<a class=\"kern-link\" download href=\"");
		mail_write_path(h, mail->id, "/anlage?n=");
		html_number(h, i + 1);
		html(h, "\">");
		html_text(h, part->name);
		html(h, "</a>");
		table_cell(h, labels[1]);
		html_text(h, part->type);
		table_cell(h, labels[2]);
		html_text(h, size);
	}
	table_end(h);
}

/* ---- where it came from ---- */

static void write_source(Html *h, const ArchiveSource *source, const char *const *labels)
{
	g_autofree char *received =
		source->received > 0 ? clock_format_german(source->received) : g_strdup("–");
	g_autofree char *imported = clock_format_german(source->imported);
	g_autofree char *actor = words_actor(source->imported_by);

	table_row(h);
	table_heading_cell(h, labels[0]);
	html_text(h, source->mailbox ? source->mailbox : _("als Datei abgelegt"));
	table_cell(h, labels[1]);
	html_text(h, source->mailbox && source->folder ? source->folder : "–");
	table_cell(h, labels[2]);
	html_text(h, received);
	table_cell(h, labels[3]);
	html_text(h, imported);
	table_cell(h, labels[4]);
	html_text(h, actor);
}

static void write_sources(Html *h, const ArchiveMail *mail)
{
	const char *labels[] = {_("Postfach"), _("Ordner"), _("Eingegangen"), _("Abgelegt am"),
		_("Abgelegt von"), NULL};

	write_heading(h, _("Herkunft"));
	table_begin(h, _("Herkunft"), labels);
	for (guint i = 0; i < mail->sources->len; i++)
		write_source(h, mail->sources->pdata[i], labels);
	table_end(h);
}

static void write_copies(Html *h, const ArchiveMail *mail)
{
	const char *labels[] = {_("Datei"), _("Prüfsumme (SHA-256)"), NULL};

	write_heading(h, _("Kopien"));
	if (mail->copies->len > 1) {
		html(h, "<p>");
		html_text(h,
			_("Diese E-Mail kam mehrmals an; die Kopien unterscheiden sich nur in den "
			  "Kopfzeilen, die unterwegs dazukommen."));
		html(h, "</p>\n");
	}
	table_begin(h, _("Kopien"), labels);
	for (guint i = 0; i < mail->copies->len; i++) {
		table_row(h);
		table_heading_cell(h, labels[0]);
		html(h, "<a class=\"kern-link\" download href=\"");
		mail_write_path(h, mail->id, "/eml?kopie=");
		html_number(h, i + 1);
		html(h, "\">");
		html_printf(h, _("Kopie %u (.eml)"), i + 1);
		html(h, "</a>");
		table_cell(h, labels[1]);
		html(h, "<code>");
		html_text(h, mail->copies->pdata[i]);
		html(h, "</code>");
	}
	table_end(h);
}

/* ---- changing it ---- */

/* What was typed into the field NAME before; NULL: nothing. */
static const char *typed(const Visit *visit, const char *name)
{
	return visit->form ? form_get(visit->form, name) : NULL;
}

static void write_case_form(
	Html *h, const Visit *visit, const ArchiveMail *mail, const GError *problem)
{
	g_autofree char *action = g_strdup_printf(PATH "/%" PRId64 "/aktenzeichen", mail->id);
	g_autofree char *wrong = page_field_error(problem, FAILURE_CASE_INVALID);
	const char *before = typed(visit, "aktenzeichen");

	form_begin(h, visit, action);
	/* What one saw: somebody else may change it meanwhile. */
	html(h, "<input type=\"hidden\" name=\"aktenzeichen-vorher\"");
	html_attribute(h, "value", mail->case_number ? mail->case_number : "");
	html(h, ">");
	field_input(h, &(Field){.name = "aktenzeichen",
			       .label = _("Aktenzeichen"),
			       .hint = _("Leer: ohne Aktenzeichen."),
			       .value = before ? before : mail->case_number,
			       .list = "aktenzeichen-liste",
			       .max_length = ARCHIVE_CASE_LIMIT,
			       .error = wrong});
	form_submit(h, _("Aktenzeichen speichern"), "secondary", NULL, NULL);
	form_end(h);
}

static void write_delete_form(
	Html *h, const Visit *visit, const ArchiveMail *mail, const GError *problem)
{
	g_autofree char *action = g_strdup_printf(PATH "/%" PRId64 "/loeschen", mail->id);
	g_autofree char *wrong = page_field_error(problem, FAILURE_REASON_MISSING);
	const char *before = typed(visit, "grund");

	html(h, "<details class=\"fold\"");
	html_flag(h, "open", before != NULL);
	html(h, "><summary>");
	html_text(h, _("Aus dem Archiv löschen"));
	html(h, "</summary>\n<p>");
	html_text(h, _("Gelöscht wird die E-Mail mit allen Kopien, für alle, die sie sehen. Im "
		       "Protokoll bleibt eine Zeile mit dem Grund, ohne Inhalt."));
	html(h, "</p>\n");
	form_begin(h, visit, action);
	field_input(h, &(Field){.name = "grund",
			       .label = _("Grund"),
			       .value = before,
			       .required = true,
			       .error = wrong});
	form_submit(h, _("Endgültig löschen"), "danger", NULL, NULL);
	form_end(h);
	html(h, "</details>\n");
}

static void write_no_change(Html *h)
{
	html(h, "<p class=\"note\">");
	html_text(h,
		_("Sie können diese E-Mail lesen, weil Sie sie selbst abgelegt haben. Weil auch "
		  "andere sie erhalten oder abgelegt haben, ändert oder löscht sie nur, wer sie in "
		  "einem eigenen Postfach hat oder das Recht Archiv."));
	html(h, "</p>\n");
}

/* ---- the page ---- */

static bool write_page(Visit *visit, const ArchiveMail *mail, const GError *problem)
{
	const char *trail[] = {_("E-Mail"), _("Archiv"), NULL};
	bool as_text = g_strcmp0(web_request_query(visit->request, "ansicht"), "text") == 0;
	Html *h = page_begin(visit,
		&(Page){.title = mail_title(mail), .trail = trail, .here = PATH, .wide = true});

	if (problem)
		page_alert_failure(h, problem);
	write_state(h, mail);
	archive_write_cases(h, NULL);
	write_head(h, mail);
	mail_write_answers(h, visit, mail);
	write_views(h, mail, as_text);
	write_frame(h, mail, as_text);
	write_attachments(h, mail);
	if (mail->may_change)
		write_case_form(h, visit, mail, problem);
	else
		write_no_change(h);
	write_sources(h, mail);
	write_copies(h, mail);
	if (mail->may_change)
		write_delete_form(h, visit, mail, problem);
	return page_end(visit, h, problem ? api_http_status(problem) : 200);
}

bool mail_show(Visit *visit, const GError *problem, GError **error)
{
	g_auto(MailAsked) asked = {0};
	g_autoptr(ArchiveMail) mail = mail_asked_read(visit, &asked, error)
					      ? mail_asked_find(visit, &asked, error)
					      : NULL;

	return mail && write_page(visit, mail, problem);
}

static bool run(Visit *visit, GError **error)
{
	return mail_show(visit, NULL, error);
}

const Route route_mail[] = {
	{WEB_GET, PATH "/*", ROLE_PERSON, WEB_AT_ONCE, 0, run},
	{0},
};
