/* Styles stand in the document: its policy lets nothing in from elsewhere.
 *
 * What a mail brings stands below our lines in a box (.m) that nothing is painted out of upwards:
 * padding, borders and backgrounds of inline elements and stacked accents would else reach over
 * them. To the other sides there is nothing of ours, so that what is wider than its box is
 * scrolled to in the frame as ever. */
#include "web/mail_frame.h"

#include "app/words.h"
#include "base/clock.h"
#include "base/i18n.h"

Html *mail_frame_begin(void)
{
	Html *h = html_new();

	html(h, "<!DOCTYPE html>\n<html lang=\"\"><head><meta charset=\"utf-8\">"
		"<meta name=\"color-scheme\" content=\"light\"><title>E-Mail</title>"
		"<style>body{background:#fff;color:#000;font:1rem/1.5 sans-serif;margin:1rem;"
		"overflow-wrap:anywhere}.t{background:#eee;padding:.25rem .5rem;margin:0 0 .5rem}"
		".p{white-space:pre-wrap}dl.k{display:grid;grid-template-columns:max-content 1fr;"
		"gap:.125rem .75rem;margin:0 0 1rem;padding:0 0 .75rem;border-bottom:1px solid "
		"#888}"
		".k dt{color:#444}.k dd{margin:0;overflow:clip}"
		".m{clip-path:inset(0 -1000000px -1000000px)}</style></head><body>\n");
	return h;
}

static void write_field(Html *h, const char *label, const char *value)
{
	if (!value || !*value)
		return;
	html(h, "<dt>");
	html_text(h, label);
	html(h, "</dt><dd>");
	html_text(h, value);
	html(h, "</dd>");
}

static void write_people(Html *h, const char *label, const GPtrArray *people)
{
	g_autoptr(GString) joined = g_string_new(NULL);

	for (guint i = 0; i < people->len; i++)
		g_string_append_printf(
			joined, "%s%s", i > 0 ? ", " : "", (const char *)people->pdata[i]);
	write_field(h, label, joined->str);
}

static void write_attachments(Html *h, const GPtrArray *attachments)
{
	g_autoptr(GString) joined = g_string_new(NULL);

	for (guint i = 0; i < attachments->len; i++) {
		const MailPart *part = attachments->pdata[i];
		g_autofree char *size = words_size(part->size);

		g_string_append_printf(joined, "%s%s (%s)", i > 0 ? ", " : "", part->name, size);
	}
	write_field(h, _("Anlagen"), joined->str);
}

void mail_frame_head(Html *h, const MailView *view)
{
	const MailContent *content = view->content;
	g_autofree char *date = content->has_date ? clock_format_german(content->date) : NULL;

	html(h, "<dl class=\"k\">");
	write_field(h, _("Betreff"), *content->subject ? content->subject : _("(ohne Betreff)"));
	write_field(h, _("Von"), content->from);
	write_people(h, _("An"), content->to);
	write_people(h, _("Kopie"), content->cc);
	write_field(h, _("Datum"), date);
	write_attachments(h, content->attachments);
	html(h, "</dl>\n");
}

void mail_frame_note(Html *h, const char *text)
{
	html(h, "<p class=\"t\">");
	html_text(h, text);
	html(h, "</p>\n");
}

void mail_frame_blocked(Html *h, const MailView *view)
{
	g_autofree char *remote =
		g_strdup_printf(_("Externe Inhalte blockiert (%u)"), view->blocked_remote);
	g_autofree char *active = g_strdup_printf(
		_("Skripte, Formulare und Ähnliches entfernt (%u)"), view->blocked_active);

	if (view->blocked_remote > 0)
		mail_frame_note(h, remote);
	if (view->blocked_active > 0)
		mail_frame_note(h, active);
	if (view->truncated)
		mail_frame_note(h, _("Diese E-Mail ist zu groß, um ganz gezeigt zu werden. "
				     "Vollständig ist sie als .eml."));
}

void mail_frame_text(Html *h, const MailView *view)
{
	if (!*view->content->text) {
		mail_frame_note(h, _("Diese E-Mail enthält keinen Text."));
		return;
	}
	html(h, "<div class=\"m p\">");
	html_text(h, view->content->text);
	html(h, "</div>");
}

void mail_frame_content(Html *h, const MailView *view)
{
	mail_frame_blocked(h, view);
	if (!view->html) {
		mail_frame_text(h, view);
		return;
	}
	html(h, "<div class=\"m\">");
	html_piece(h, view->html);
	html(h, "</div>");
}

void mail_frame_end(Visit *visit, Html *h)
{
	html(h, "</body></html>\n");
	web_response_header(visit->response, "Cache-Control", "no-store");
	web_response_body(visit->response, "text/html; charset=utf-8", html_steal(h));
	html_free(h);
}
