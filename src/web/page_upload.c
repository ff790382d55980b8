/* .eml files into the archive, from the list's page: chosen with a button, or dropped onto the page
 * (amtspost.js, which only puts them into the same field). */
#include <inttypes.h>
#include <string.h>
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/download_mail.h"
#include "web/page_archive.h"
#include "web/web_internal.h"

#define PATH "/archiv-ablegen"
#define BODY_LIMIT (UPLOAD_BYTES + (size_t)1024 * 1024) /* what multipart adds */
#define SHOWN 10

/* ---- the form ---- */

/* What is wrong with the files, yours; NULL: nothing. */
static char *file_error(const GError *problem)
{
	static const Failure failures[] = {
		FAILURE_UPLOAD_UNUSABLE, FAILURE_UPLOAD_EMPTY, FAILURE_UPLOAD_LARGE};
	char *wrong = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(failures) && !wrong; i++)
		wrong = page_field_error(problem, failures[i]);
	return wrong;
}

static bool is_here(const Visit *visit)
{
	return strcmp(web_request_path(visit->request), PATH) == 0;
}

static void write_file_field(Html *h, const char *wrong)
{
	html(h, "<div class=\"kern-form-input");
	html_text(h, wrong ? " kern-form-input--error" : "");
	html(h, "\"><label class=\"kern-label\" for=\"dateien\">");
	html_text(h, _("E-Mail-Dateien (.eml)"));
	html(h, "</label><div class=\"kern-hint\" id=\"dateien-hinweis\">");
	html_text(
		h, _("Mehrere auf einmal sind möglich: höchstens 200 Dateien, zusammen 50 MB. Sie "
		     "können sie auch auf diese Seite ziehen. Abgelegt werden alle oder keine."));
	html(h, "</div><input class=\"kern-form-input__input\" type=\"file\" id=\"dateien\" "
		"name=\"dateien\" accept=\".eml,message/rfc822\" multiple required "
		"aria-describedby=\"dateien-hinweis dateien-fehler\"");
	html_attribute(h, "aria-invalid", wrong ? "true" : NULL);
	html(h, "><p class=\"kern-error\" id=\"dateien-fehler\"");
	html_flag(h, "hidden", !wrong);
	html(h, " role=\"alert\" data-too-much=\"");
	html_attr(h, _("Das sind mehr als 200 Dateien oder mehr als 50 MB. Bitte verteilen Sie sie "
		       "auf mehrere Male."));
	html(h, "\"><span class=\"kern-icon kern-icon--danger kern-icon--sm\" "
		"aria-hidden=\"true\"></span><span class=\"kern-body\">");
	html_text(h, wrong);
	html(h, "</span></p></div>\n");
}

void archive_write_upload(Html *h, const Visit *visit, const GError *problem)
{
	bool here = is_here(visit);
	g_autofree char *files = here ? file_error(problem) : NULL;
	g_autofree char *wrong = here ? page_field_error(problem, FAILURE_CASE_INVALID) : NULL;

	html(h, "<details class=\"fold\" id=\"ablegen\"");
	html_flag(h, "open", here);
	html(h, "><summary>");
	html_text(h, _("E-Mails als Datei ablegen"));
	html(h, "</summary>\n<form method=\"post\" action=\"" PATH "\" "
		"enctype=\"multipart/form-data\" data-drop=\"dateien\" data-drop-files=\"");
	html_number(h, UPLOAD_FILES);
	html(h, "\" data-drop-bytes=\"");
	html_number(h, (int64_t)UPLOAD_BYTES);
	html(h, "\">");
	form_session(h, visit);
	write_file_field(h, files);
	field_input(h, &(Field){.name = "ablage-aktenzeichen",
			       .label = _("Aktenzeichen (freiwillig)"),
			       .hint = _("Gilt für alle Dateien, die noch keines haben."),
			       .value = here ? visit_field(visit, "ablage-aktenzeichen") : NULL,
			       .list = "aktenzeichen-liste",
			       .error = wrong});
	form_submit(h, _("E-Mails ablegen (.eml)"), "primary", NULL, NULL);
	html(h, "</form></details>\n<div class=\"drop\" hidden><p>");
	html_text(h, _("Hier loslassen, um die E-Mails abzulegen"));
	html(h, "</p></div>\n");
}

/* ---- what came of it ---- */

static char *tell(const Upload *upload)
{
	g_autofree char *filed =
		g_strdup_printf(ngettext("%" PRIu64 " E-Mail ist neu abgelegt.",
					"%" PRIu64 " E-Mails sind neu abgelegt.", upload->imported),
			upload->imported);
	g_autofree char *known =
		g_strdup_printf(ngettext("%" PRIu64 " war schon im Archiv.",
					"%" PRIu64 " waren schon im Archiv.", upload->known),
			upload->known);

	if (upload->known == 0)
		return g_steal_pointer(&filed);
	return upload->imported == 0 ? g_steal_pointer(&known)
				     : g_strdup_printf("%s %s", filed, known);
}

static void write_mail(Html *h, const ArchiveMail *mail)
{
	html(h, "<li><a class=\"kern-link\" href=\"" ARCHIVE_PATH "/");
	html_number(h, mail->id);
	html(h, "\">");
	html_text(h, *mail->subject ? mail->subject : _("(ohne Betreff)"));
	html(h, "</a></li>");
}

static void write_mails(Html *h, const Visit *visit, const Viewing *viewing, const Upload *upload)
{
	Archive *archive = office_archive(visit->office, NULL);
	guint count = MIN(upload->ids->len, SHOWN);

	html(h, "<ul>");
	for (guint i = 0; i < count; i++) {
		g_autoptr(ArchiveMail) mail = archive_find(archive, viewing_viewer(viewing),
			g_array_index(upload->ids, int64_t, i), NULL);

		if (mail)
			write_mail(h, mail);
	}
	html(h, "</ul>\n");
	if (upload->ids->len > count) {
		html(h, "<p class=\"note\">");
		html_printf(h, _("und %u weitere"), upload->ids->len - count);
		html(h, "</p>\n");
	}
}

/* "ID: case on file" */
static void write_conflicts(Html *h, const Upload *upload)
{
	if (upload->case_conflicts->len == 0)
		return;
	page_alert(h, TONE_WARNING, _("Ein Aktenzeichen blieb, wie es war"),
		_("Diese E-Mails hatten schon ein anderes. Auf ihrer Seite lässt es sich ändern."));
	html(h, "<ul>");
	for (guint i = 0; i < upload->case_conflicts->len; i++) {
		const char *line = upload->case_conflicts->pdata[i];

		html(h, "<li><a class=\"kern-link\" href=\"" ARCHIVE_PATH "/");
		html_number(h, g_ascii_strtoll(line, NULL, 10));
		html(h, "\">");
		html_printf(h, _("E-Mail %s"), line);
		html(h, "</a></li>");
	}
	html(h, "</ul>\n");
}

void archive_write_uploaded(Html *h, const Visit *visit, const Viewing *viewing)
{
	const char *text = web_request_query(visit->request, "abgelegt");
	g_autoptr(Upload) upload = text ? uploads_look(visit->web->uploads, visit->user->id,
						  (uint64_t)download_number(text))
					: NULL;
	g_autofree char *told = upload ? tell(upload) : NULL;

	if (!upload)
		return;
	page_alert(h, upload->imported > 0 ? TONE_SUCCESS : TONE_INFO, told, NULL);
	write_mails(h, visit, viewing, upload);
	write_conflicts(h, upload);
}

/* ---- filing ---- */

static Upload *file_form(Visit *visit, GError **error)
{
	const char *case_number = visit_field(visit, "ablage-aktenzeichen");
	g_autoptr(GArray) files = g_array_new(FALSE, FALSE, sizeof(UploadFile));
	UploadOrder order = {
		.case_number = *case_number ? case_number : NULL,
		.actor = visit->actor,
		.user_id = visit->user->id,
	};
	FormFile file;

	while (form_file_at(visit->form, "dateien", files->len, &file)) {
		UploadFile mail = {file.name, file.data, file.size};

		g_array_append_val(files, mail);
	}
	order.files = (const UploadFile *)(const void *)files->data;
	order.count = files->len;
	return uploads_file(visit->web->uploads, &order, web_request_cancel(visit->request), error);
}

static bool run(Visit *visit, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(Upload) upload = file_form(visit, &problem);
	g_autofree char *path = NULL;

	if (!upload)
		return archive_show(visit, problem, error);
	path = g_strdup_printf(ARCHIVE_PATH "?abgelegt=%" PRIu64, upload->id);
	return visit_redirect(visit, path, NULL);
}

const Route route_upload[] = {
	{WEB_POST, PATH, ROLE_PERSON, WEB_AS_JOB, BODY_LIMIT, run},
	{0},
};
