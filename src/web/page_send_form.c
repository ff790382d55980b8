/* The form of one draft. */
#include <inttypes.h>
#include <string.h>
#include "app/words.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/page_archive.h"
#include "web/page_send.h"

#define TEXT_ROWS 14

/* What a failure says of the field PLACE; yours, NULL: it is fine. */
static char *wrong_at(const SendView *view, DraftPlace place)
{
	g_autofree char *sentence = NULL;
	g_autofree char *advice = NULL;

	if (!view->problem || view->wrong != place)
		return NULL;
	sentence = failure_sentence(view->problem);
	advice = failure_advice_on_page(view->problem);
	return g_strconcat(sentence, " ", advice, NULL);
}

static void write_hidden(Html *h, const char *name, int64_t value)
{
	html(h, "<input type=\"hidden\" name=\"");
	html_attr(h, name);
	html(h, "\" value=\"");
	html_number(h, value);
	html(h, "\">");
}

/* ---- from whom ---- */

static void write_sender(Html *h, const SendView *view)
{
	const Account *account = view->account;
	guint count = account->address ? account->mailboxes->len + 1 : 0;
	g_autofree Option *options = g_new0(Option, count + 2);
	const char *chosen = view->fields.sender && *view->fields.sender ? view->fields.sender
									 : account->address;
	g_autofree char *wrong = wrong_at(view, DRAFT_FROM);
	guint used = 0;

	for (guint i = 0; i < count; i++) {
		const char *address = i == 0 ? account->address : account->mailboxes->pdata[i - 1];

		options[used++] = (Option){address, address, NULL};
	}
	/* One that was taken away meanwhile is not silently another. */
	if (chosen && !account_find_mailbox(account, chosen))
		options[used++] = (Option){chosen, chosen, NULL};
	if (used == 0)
		return;
	field_select(h, &(Field){.name = "von", .label = _("Von"), .value = chosen, .error = wrong},
		options);
}

/* ---- to whom ---- */

static void write_people(Html *h, const SendView *view, const char *name, const char *label,
	const char *value, DraftPlace place)
{
	g_autofree char *wrong = wrong_at(view, place);

	field_input(h, &(Field){.name = name,
			       .label = label,
			       .value = value,
			       .list = "adressen",
			       .error = wrong});
}

static void write_recipients(Html *h, const SendView *view)
{
	const DraftFields *fields = &view->fields;
	bool open = (fields->cc && *fields->cc) || (fields->bcc && *fields->bcc) ||
		    view->wrong == DRAFT_CC || view->wrong == DRAFT_BCC;
	g_autofree char *wrong = wrong_at(view, DRAFT_TO);

	field_input(
		h, &(Field){.name = "an",
			   .label = _("An"),
			   .hint = _("Mehrere Adressen trennen Sie durch Komma oder Semikolon."),
			   .value = fields->to,
			   .list = "adressen",
			   .error = wrong});
	html(h, "<details class=\"fold\"");
	html_flag(h, "open", open);
	html(h, "><summary>");
	html_text(h, _("Kopie und Blindkopie"));
	html(h, "</summary>\n");
	write_people(h, view, "kopie", _("Kopie (CC)"), fields->cc, DRAFT_CC);
	write_people(h, view, "blindkopie", _("Blindkopie (BCC)"), fields->bcc, DRAFT_BCC);
	html(h, "</details>\n");
}

/* Those of the last mails; amtspost.js asks for more as one types. */
static bool write_addresses(Html *h, const SendView *view, GError **error)
{
	g_autoptr(GPtrArray) people = send_addresses(view->visit, &view->viewing, "", error);

	if (!people)
		return false;
	html(h, "<datalist id=\"adressen\" data-addresses=\"/senden/adressen\" data-label=\"");
	html_attr(h, _("Adressen aus dem Archiv"));
	html(h, "\">");
	for (guint i = 0; i < people->len; i++) {
		html(h, "<option value=\"");
		html_attr(h, people->pdata[i]);
		html(h, "\">");
	}
	html(h, "</datalist>\n");
	archive_write_cases(h, NULL);
	return true;
}

/* ---- what it says ---- */

static void write_words(Html *h, const SendView *view)
{
	const DraftFields *fields = &view->fields;
	g_autofree char *subject = wrong_at(view, DRAFT_SUBJECT);
	g_autofree char *text = wrong_at(view, DRAFT_TEXT);

	field_input(h, &(Field){.name = "betreff",
			       .label = _("Betreff"),
			       .value = fields->subject,
			       .error = subject});
	field_lines(h,
		&(Field){.name = "text", .label = _("Text"), .value = fields->text, .error = text},
		TEXT_ROWS);
}

static void write_case(Html *h, const SendView *view)
{
	g_autofree char *wrong = wrong_at(view, DRAFT_CASE);

	field_input(h, &(Field){.name = "aktenzeichen",
			       .label = _("Aktenzeichen (freiwillig)"),
			       .hint = _("Unter ihm steht die E-Mail nach dem Senden im Archiv; "
					 "die Empfänger sehen es nicht."),
			       .value = view->fields.case_number,
			       .list = "aktenzeichen-liste",
			       .max_length = ARCHIVE_CASE_LIMIT,
			       .error = wrong});
}

/* ---- another version ---- */

static void write_other(Html *h, const SendView *view)
{
	const Draft *draft = view->draft;
	g_autofree char *when = clock_format_german(draft->changed_at);

	html(h, "<details class=\"fold\" open><summary>");
	html_printf(h, _("Die andere Fassung (%s)"), when);
	html(h, "</summary>\n");
	description_begin(h);
	description_text(h, _("An"), draft->to);
	description_text(h, _("Kopie (CC)"), draft->cc);
	description_text(h, _("Blindkopie (BCC)"), draft->bcc);
	description_text(h, _("Betreff"), draft->subject);
	description_text(h, _("Aktenzeichen"), draft->case_number);
	description_end(h);
	html(h, "<pre class=\"raw\" tabindex=\"0\" role=\"region\" aria-label=\"");
	html_attr(h, _("Text der anderen Fassung"));
	html(h, "\">\n");
	html_text(h, draft->text);
	html(h, "</pre></details>\n");
}

/* ---- all of it ---- */

/* What is answered, as its link says it; yours. It may have left the archive, or the user's sight.
 */
static char *answered_label(const SendView *view)
{
	g_autoptr(GError) ignored = NULL;
	Archive *archive = office_archive(view->visit->office, &ignored);
	g_autoptr(ArchiveMail) mail =
		archive ? archive_find(archive, viewing_viewer(&view->viewing),
				  view->fields.reply_to, &ignored)
			: NULL;

	if (!mail) {
		g_autofree char *number = g_strdup_printf("%" PRId64, view->fields.reply_to);

		return g_strdup_printf(_("E-Mail %s"), number);
	}
	return g_strdup(*mail->subject ? mail->subject : _("(ohne Betreff)"));
}

static void write_answered(Html *h, const SendView *view)
{
	g_autofree char *label = NULL;

	if (view->fields.reply_to == 0)
		return;
	label = answered_label(view);
	html(h, "<p class=\"note\">");
	html_text(h, _("Antwort auf eine E-Mail im Archiv:"));
	html(h, " <a href=\"/archiv/");
	html_number(h, view->fields.reply_to);
	html(h, "\">");
	html_text(h, label);
	html(h, "</a></p>\n");
}

/* The words that amtspost.js says. */
static void write_form_begin(Html *h, const SendView *view)
{
	const struct {
		const char *name;
		const char *text;
	} words[] = {
		{"saved", _("Gespeichert um {}")},
		{"saving", _("Wird gespeichert …")},
		{"unsaved", _("Noch nicht gespeichert. Es wird weiter versucht.")},
		{"signed-out",
			_("Sie sind nicht mehr angemeldet. Was Sie geschrieben haben, bleibt "
			  "auf dieser Seite und wird gespeichert, sobald Sie sich wieder "
			  "angemeldet haben.")},
		{"sign-in", _("In einem neuen Fenster anmelden")},
		{"other", _("In diesem Browser ist jetzt jemand anderes angemeldet. Gespeichert "
			    "wird erst wieder, wenn Sie sich selbst anmelden.")},
		{"waits", _("Wartet auf die Anlage …")},
		{"take-back", _("Zurücknehmen")},
		{"missing", _("Nicht angefügt ist: {}. Trotzdem senden?")},
		{"anyway", _("Trotzdem senden")},
		{"no", _("Nicht senden")},
		{"both", _("Beide Fassungen zeigen")},
		{"outbox", _("Zum Postausgang")},
		{"own", _("Als eigenen Entwurf speichern")},
	};

	html(h, "<form method=\"post\" class=\"send\" enctype=\"multipart/form-data\" "
		"action=\"" SEND_PATH "/");
	if (view->id)
		html_number(h, view->id);
	else
		html(h, SEND_NEW);
	html(h, "\"");
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		html(h, " data-");
		html_literal(h, words[i].name);
		html(h, "=\"");
		html_attr(h, words[i].text);
		html(h, "\"");
	}
	html(h, ">");
	form_session(h, view->visit);
}

static void write_state(Html *h, const SendView *view)
{
	g_autofree char *key = g_uuid_string_random();

	write_hidden(h, "stand", view->revision);
	write_hidden(h, "antwort-auf", view->fields.reply_to);
	html(h, "<input type=\"hidden\" name=\"entwurf\" value=\"");
	html_attr(h, key);
	/* The first button is the one that the enter key presses: it sends nothing. */
	html(h, "\"><button type=\"submit\" name=\"tun\" value=\"speichern\" "
		"class=\"kern-sr-only\" tabindex=\"-1\" aria-hidden=\"true\"></button>\n");
}

/* Whether to discard it. */
static void write_question(Html *h)
{
	html(h, "<div class=\"buttons\">");
	form_submit(h, _("Entwurf behalten"), "primary", "tun", "speichern");
	form_submit(h, _("Endgültig verwerfen"), "danger", "tun", "endgueltig");
	html(h, "</div>\n<p class=\"note saved\" role=\"status\"></p>\n");
}

static void write_buttons(Html *h, const SendView *view)
{
	bool told = view->conflict || view->sent_mail != 0; /* nothing is sent before a choice */

	html(h, "<div class=\"buttons\">");
	if (!told)
		form_submit(h, send_is_refused(view->problem) ? _("Trotzdem senden") : _("Senden"),
			"primary", "tun", "senden");
	if (view->sent_mail == 0)
		form_submit(h, _("Entwurf speichern"), view->conflict ? "primary" : "secondary",
			"tun", "speichern");
	if (told)
		form_submit(h, _("Als eigenen Entwurf speichern"),
			view->conflict ? "secondary" : "primary", "tun", "eigener");
	form_submit(h, _("Verwerfen"), "tertiary", "tun", "verwerfen");
	html(h, "</div>\n<p class=\"note saved\" role=\"status\">");
	if (view->draft && !view->problem) {
		g_autofree char *when = clock_format_german(view->draft->changed_at);

		html_printf(h, _("Zuletzt gespeichert: %s"), when);
	}
	html(h, "</p>\n");
}

static void write_way_to_outbox(Html *h, const SendView *view)
{
	g_autofree char *path = send_outbox_path(view->sent_mail);

	html(h, "<p><a class=\"kern-link\" href=\"");
	html_attr(h, path);
	html(h, "\">");
	html_text(h, _("Zur gesendeten E-Mail im Postausgang"));
	html(h, "</a></p>\n");
}

bool send_write_form(Html *h, const SendView *view, GError **error)
{
	if (view->problem)
		page_alert_failure(h, view->problem);
	if (view->discards)
		page_alert(h, TONE_WARNING, _("Diesen Entwurf verwerfen?"),
			_("Text und Anlagen sind dann weg."));
	if (view->sent_mail != 0)
		write_way_to_outbox(h, view);
	if (view->conflict && view->draft)
		write_other(h, view);
	write_answered(h, view);
	write_form_begin(h, view);
	write_state(h, view);
	write_sender(h, view);
	write_recipients(h, view);
	if (!write_addresses(h, view, error))
		return false;
	write_words(h, view);
	write_case(h, view);
	send_write_files(h, view);
	if (view->discards)
		write_question(h);
	else
		write_buttons(h, view);
	form_end(h);
	return true;
}
