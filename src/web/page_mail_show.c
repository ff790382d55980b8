/* What an archived mail shows, made by the sealed child: its content in a frame of its own, its
 * header; and its bytes as downloads. */
#include "app/document.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/download_mail.h"
#include "web/mail_frame.h"
#include "web/page_mail.h"

#define PATH "/archiv"

static MailView *read_view(const Visit *visit, const MailAsked *asked, GError **error)
{
	return document_view(visit->office, viewing_viewer(&asked->viewing), asked->id,
		web_request_cancel(visit->request), error);
}

/* ---- the content ---- */

static bool run_view(Visit *visit, GError **error)
{
	bool as_text = g_strcmp0(web_request_query(visit->request, "als"), "text") == 0;
	g_auto(MailAsked) asked = {0};
	g_autoptr(MailView) view =
		mail_asked_read(visit, &asked, error) ? read_view(visit, &asked, error) : NULL;
	Html *h;

	if (!view)
		return false;
	h = mail_frame_begin();
	if (as_text) {
		mail_frame_blocked(h, view);
		mail_frame_text(h, view);
	} else {
		mail_frame_content(h, view);
	}
	mail_frame_end(visit, h);
	return true;
}

/* ---- the header ---- */

static bool run_header(Visit *visit, GError **error)
{
	const char *trail[] = {_("E-Mail"), _("Archiv"), _("Kopfzeilen"), NULL};
	g_auto(MailAsked) asked = {0};
	g_autoptr(ArchiveMail) mail = mail_asked_read(visit, &asked, error)
					      ? mail_asked_find(visit, &asked, error)
					      : NULL;
	g_autoptr(MailView) view = mail ? read_view(visit, &asked, error) : NULL;
	Html *h;

	if (!view)
		return false;
	h = page_begin(visit,
		&(Page){.title = mail_title(mail), .trail = trail, .here = PATH, .wide = true});
	html(h, "<p><a class=\"kern-link\" href=\"");
	mail_write_path(h, asked.id, "");
	html(h, "\">");
	html_text(h, _("Zurück zur E-Mail"));
	html(h, "</a></p>\n");
	if (view->truncated)
		page_alert(h, TONE_INFO,
			_("Die Kopfzeilen sind zu lang, um ganz gezeigt zu werden."),
			_("Vollständig stehen sie in der .eml-Datei."));
	html(h, "<p class=\"note\">");
	html_text(h,
		_("Alle Kopfzeilen, wie sie angekommen sind. Sie stammen vom Absender und von den "
		  "Servern unterwegs und sind von Amtspost nicht geprüft."));
	html(h, "</p>\n<pre class=\"raw\" tabindex=\"0\" role=\"region\" aria-label=\"");
	html_attr(h, _("Kopfzeilen"));
	html(h, "\">\n");
	html_text(h, view->header);
	html(h, "</pre>\n");
	return page_end(visit, h, 200);
}

/* ---- downloads ---- */

static bool run_raw(Visit *visit, GError **error)
{
	const char *copy = web_request_query(visit->request, "kopie");
	g_auto(MailAsked) asked = {0};

	return mail_asked_read(visit, &asked, error) &&
	       download_copy(visit, viewing_viewer(&asked.viewing), asked.id,
		       copy ? download_number(copy) : 1, "application/octet-stream", error);
}

static bool run_attachment(Visit *visit, GError **error)
{
	g_auto(MailAsked) asked = {0};

	return mail_asked_read(visit, &asked, error) &&
	       download_attachment(visit, viewing_viewer(&asked.viewing), asked.id,
		       download_number(web_request_query(visit->request, "n")), error);
}

const Route route_mail_show[] = {
	{WEB_GET, PATH "/*/ansicht", ROLE_PERSON, WEB_AS_JOB, 0, run_view, .foreign = true},
	{WEB_GET, PATH "/*/kopfzeilen", ROLE_PERSON, WEB_AS_JOB, 0, run_header},
	{WEB_GET, PATH "/*/eml", ROLE_PERSON, WEB_AS_ERRAND, 0, run_raw},
	{WEB_GET, PATH "/*/anlage", ROLE_PERSON, WEB_AS_ERRAND, 0, run_attachment},
	{0},
};
