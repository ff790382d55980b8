/* Postausgang: one's own mails on their way, and what became of them. */
#include "web/page_outbox.h"

#include <string.h>
#include "app/words_send.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "web/web_internal.h"

#define MAILS_A_PAGE 50
#define BEFORE "vor"
#define NAMED 2 /* recipients of each */

/* What the list is asked for. */
typedef struct Asked {
	bool open_only;
	int64_t before; /* 0: from the newest */
} Asked;

static Asked read_asked(const Visit *visit)
{
	const char *before = web_request_query(visit->request, BEFORE);
	guint64 id;

	return (Asked){
		.open_only =
			g_strcmp0(web_request_query(visit->request, OUTBOX_SHOW), OUTBOX_OPEN) == 0,
		.before = before && g_ascii_string_to_unsigned(before, 10, 1, INT64_MAX, &id, NULL)
				  ? (int64_t)id
				  : 0,
	};
}

/* ---- rows ---- */

/* How it stands: since when, and why. */
static void write_state(Html *h, const OutboxMail *mail)
{
	g_autofree char *ended = mail->ended_at ? clock_format_german(mail->ended_at) : NULL;

	outbox_write_badge(h, mail);
	if (mail->is_seen) {
		html(h, " ");
		page_badge(h, TONE_INFO, _("erledigt"));
	}
	if (ended) {
		html(h, "<br>");
		html_text(h, ended);
	}
	if (mail->reason && mail->state != OUTBOX_SENT && mail->state != OUTBOX_CANCELLED) {
		html(h, "<br><span class=\"note\">");
		html_text(h, mail->reason);
		html(h, "</span>");
	}
}

/* Best broken before its @. */
static void write_sender(Html *h, const char *address)
{
	const char *at = strchr(address, '@');
	g_autofree char *local = g_strndup(address, at ? (gsize)(at - address) : strlen(address));

	html_text(h, local);
	if (at) {
		html(h, "<wbr>");
		html_text(h, at);
	}
}

static void write_row(Html *h, const OutboxMail *mail, const char *const *labels)
{
	g_autofree char *people = words_outbox_people(mail);
	g_autofree char *queued = clock_format_german(mail->created_at);

	table_row(h);
	table_heading_cell(h, labels[0]);
	html(h, "<a class=\"kern-link\" href=\"" OUTBOX_PATH "/");
	html_number(h, mail->id);
	html(h, "\">");
	html_text(h, words_outbox_subject(mail));
	html(h, "</a>");
	table_cell(h, labels[1]);
	write_state(h, mail);
	table_cell(h, labels[2]);
	html_text(h, people);
	table_cell(h, labels[3]);
	write_sender(h, mail->sender);
	table_cell(h, labels[4]);
	html_text(h, mail->case_number ? mail->case_number : "–");
	table_cell(h, labels[5]);
	html_text(h, queued);
	table_cell(h, labels[6]);
	html_number(h, mail->attempts);
}

static void write_table(Html *h, const GPtrArray *mails)
{
	const char *labels[] = {_("Betreff"), _("Zustand"), _("An"), _("Von"), _("Aktenzeichen"),
		_("Eingereiht"), _("Versuche"), NULL};

	html(h, "<div class=\"list\">");
	table_begin(h, _("E-Mails im Postausgang"), labels);
	for (guint i = 0; i < MIN(mails->len, MAILS_A_PAGE); i++)
		write_row(h, mails->pdata[i], labels);
	table_end(h);
	html(h, "</div>\n");
}

/* ---- the list ---- */

static void open_link(Html *h, const Asked *asked)
{
	html(h, "<a class=\"kern-link\" href=\"" OUTBOX_PATH);
	if (asked->open_only)
		html(h, "?" OUTBOX_SHOW "=" OUTBOX_OPEN);
}

static void write_pages(Html *h, const Asked *asked, const GPtrArray *mails)
{
	bool more = mails->len > MAILS_A_PAGE;

	if (!more && asked->before == 0)
		return;
	html(h, "<nav class=\"pages\" aria-label=\"");
	html_attr(h, _("Seiten"));
	html(h, "\">");
	if (asked->before != 0) {
		open_link(h, asked);
		html(h, "\">");
		html_text(h, _("Neueste"));
		html(h, "</a> ");
	}
	if (more) {
		const OutboxMail *last = mails->pdata[MAILS_A_PAGE - 1];

		open_link(h, asked);
		html_literal(h, asked->open_only ? "&amp;" : "?");
		html(h, BEFORE "=");
		html_number(h, last->id);
		html(h, "\">");
		html_text(h, _("Ältere"));
		html(h, "</a>");
	}
	html(h, "</nav>\n");
}

/* What is open, first of all. */
static void write_summary(Html *h, const OutboxCounts *counts, const char *sentences)
{
	bool is_bad = counts->failed + counts->unknown + counts->waiting > 0;

	html(h, "<p>");
	page_badge(h,
		is_bad	    ? TONE_WARNING
		: sentences ? TONE_INFO
			    : TONE_SUCCESS,
		sentences ? _("offen") : _("nichts offen"));
	html(h, " ");
	html_text(h, sentences ? sentences
			       : _("Alle Ihre E-Mails sind gesendet, abgebrochen oder erledigt."));
	html(h, "</p>\n");
}

static void write_empty(Html *h, const Asked *asked)
{
	if (asked->before != 0)
		page_alert(h, TONE_INFO, _("Ältere E-Mails gibt es nicht."), NULL);
	else if (asked->open_only)
		page_alert(h, TONE_INFO, _("Keine E-Mail ist offen."), NULL);
	else
		page_alert(h, TONE_INFO, _("Der Postausgang ist leer."),
			_("Hier steht, was Sie senden: was wartet, was der Mailserver angenommen "
			  "hat und was nicht."));
}

static bool write_list(Visit *visit, Html *h, char **said, GError **error)
{
	const Asked asked = read_asked(visit);
	const OutboxLook look = {
		.user_id = visit->user->id,
		.before = asked.before,
		.limit = MAILS_A_PAGE + 1,
		.open_only = asked.open_only,
		.recipients = NAMED,
	};
	Outbox *outbox = office_outbox(visit->office, error);
	g_autoptr(GPtrArray) mails = outbox ? outbox_look(outbox, &look, error) : NULL;
	OutboxCounts counts;

	if (!mails || !outbox_count(outbox, visit->user->id, &counts, error))
		return false;
	*said = words_outbox_counts(&counts);
	if (mails->len > 0 || asked.open_only || asked.before != 0)
		write_summary(h, &counts, *said);
	if (!*said)
		*said = g_strdup(_("Alle E-Mails sind gesendet, abgebrochen oder erledigt."));
	if (mails->len > 0)
		write_table(h, mails);
	else
		write_empty(h, &asked);
	write_pages(h, &asked, mails);
	return true;
}

static bool run_list(Visit *visit, GError **error)
{
	const Asked asked = read_asked(visit);
	const char *trail[] = {_("E-Mail"), _("Postausgang"), NULL};
	const char *tabs[] = {OUTBOX_PATH, _("Alle"), OUTBOX_PATH "?" OUTBOX_SHOW "=" OUTBOX_OPEN,
		_("Offen"), NULL};
	const Page page = {
		.title = _("Postausgang"),
		.trail = trail,
		.here = OUTBOX_PATH,
		.tabs = tabs,
		.tab = asked.open_only ? tabs[2] : tabs[0],
		.wide = true,
	};
	g_autofree char *before =
		asked.before ? g_strdup_printf(BEFORE "=%" G_GINT64_FORMAT "&", asked.before)
			     : g_strdup("");
	g_autofree char *events = g_strdup_printf(OUTBOX_EVENTS "?%s%s",
		asked.open_only ? OUTBOX_SHOW "=" OUTBOX_OPEN "&" : "", before);
	g_autoptr(Html) h = page_begin(visit, &page);

	return outbox_write_live(visit, h, write_list, events, error) &&
	       page_end(visit, g_steal_pointer(&h), 200);
}

static bool run_events(Visit *visit, GError **error)
{
	return outbox_follow(visit, write_list, error);
}

const Route route_outbox[] = {
	{WEB_GET, OUTBOX_PATH, ROLE_PERSON, WEB_AT_ONCE, 0, run_list},
	{WEB_GET, OUTBOX_EVENTS, ROLE_PERSON, WEB_AS_WAIT, 0, run_events},
	{0},
};
