/* The outbox's pages as they change: without scripts by a link that loads them anew. */
#include "web/page_outbox.h"

#include <inttypes.h>
#include "app/words_send.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "web/events.h"
#include "web/web_internal.h"

/* Milliseconds. */
#define STEP 500 /* from one look to the next */
#define SPEAK_TIME 8000
/* The parameter that says what the page shows already. */
#define SEEN "stand"

PageTone outbox_tone(OutboxState state)
{
	switch (state) {
	case OUTBOX_SENT:
		return TONE_SUCCESS;
	case OUTBOX_FAILED:
		return TONE_DANGER;
	case OUTBOX_WAITING:
	case OUTBOX_UNKNOWN:
		return TONE_WARNING;
	case OUTBOX_QUEUED:
	case OUTBOX_SENDING:
	case OUTBOX_CANCELLED:
		break;
	}
	return TONE_INFO;
}

void outbox_write_badge(Html *h, const OutboxMail *mail)
{
	g_autofree char *words = words_outbox_mail(mail);

	page_badge(h, outbox_tone(mail->state), words);
}

/* How far VISIT's user's outbox has changed. */
static bool find_version(const Visit *visit, int64_t *version, GError **error)
{
	Outbox *outbox = office_outbox(visit->office, error);

	return outbox && outbox_version(outbox, visit->user->id, version, error);
}

static void write_refresh(Visit *visit, Html *h)
{
	const char *path = web_request_path(visit->request);
	const char *show = web_request_query(visit->request, OUTBOX_SHOW);

	html(h, "<noscript><p><a class=\"kern-link\" href=\"");
	html_attr(h, path);
	if (show) {
		html(h, "?" OUTBOX_SHOW "=");
		html_url(h, show);
	}
	html(h, "\">");
	html_text(h, _("Aktualisieren"));
	html(h, "</a></p></noscript>\n");
}

bool outbox_write_live(Visit *visit, Html *h, OutboxPart *part, const char *events, GError **error)
{
	g_autofree char *said = NULL;
	int64_t version;

	if (!find_version(visit, &version, error))
		return false;
	html(h, "<div id=\"stand\" class=\"outbox\" data-keep data-events=\"");
	html_attr(h, events);
	html(h, SEEN "=");
	html_number(h, version);
	html(h, "\" data-lost=\"");
	html_attr(h, _("Die Verbindung zu Amtspost ist unterbrochen. Gesendet wird dort weiter; "
		       "laden Sie die Seite neu, um den Stand zu sehen."));
	html(h, "\">");
	if (!part(visit, h, &said, error))
		return false;
	html(h, "</div><p id=\"ansage\" class=\"kern-sr-only\" role=\"status\" "
		"aria-live=\"polite\"></p>\n");
	write_refresh(visit, h);
	return true;
}

/* ---- its events ---- */

typedef struct Following {
	Visit *visit;
	OutboxPart *part;
	int64_t version; /* that the browser has; -1: none that we know of */
	char *text;	 /* of that, NULL: not known */
	char *said;	 /* was said last, or need not be */
	char *wanted;	 /* is to be said, as soon as it may */
	int64_t spoken;	 /* when that was */
	int64_t sent;	 /* when anything was */
} Following;

static void following_clear(Following *following)
{
	g_free(following->text);
	g_free(following->said);
	g_free(following->wanted);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Following, following_clear)

static int64_t find_seen(const Visit *visit)
{
	const char *text = web_request_query(visit->request, SEEN);
	int64_t last = events_last(visit);
	guint64 seen;

	if (last >= 0)
		return last;
	return text && g_ascii_string_to_unsigned(text, 10, 0, INT64_MAX, &seen, NULL)
		       ? (int64_t)seen
		       : -1;
}

/* The part as it is now, as text; what is to be said goes to FOLLOWING. Yours; NULL: *ERROR. */
static char *make_text(Following *following, GError **error)
{
	g_autoptr(Html) h = html_new();

	g_clear_pointer(&following->wanted, g_free);
	return following->part(following->visit, h, &following->wanted, error) ? html_take(h)
									       : NULL;
}

/* Sends the part if it is not what the browser has. */
static bool send_part(Following *following, bool *is_open, GError **error)
{
	int64_t version;
	g_autofree char *text = NULL;

	if (!find_version(following->visit, &version, error))
		return false;
	if (version == following->version)
		return true;
	text = make_text(following, error);
	if (!text)
		return false;
	following->version = version;
	if (g_strcmp0(text, following->text) == 0)
		return true;
	*is_open = events_send(following->visit, "stand", text, version);
	following->sent = clock_monotonic();
	g_free(following->text);
	following->text = g_steal_pointer(&text);
	return true;
}

/* Not so often that nobody could listen. */
static bool speak(Following *following)
{
	int64_t now = clock_monotonic();

	if (g_strcmp0(following->wanted, following->said) == 0 ||
		(following->spoken > 0 && now - following->spoken < SPEAK_TIME))
		return true;
	following->spoken = now;
	g_free(following->said);
	following->said = g_strdup(following->wanted);
	return !following->said ||
	       events_send(following->visit, "ansage", following->said, following->version);
}

static bool pulse(Following *following)
{
	int64_t now = clock_monotonic();

	if (now - following->sent < EVENTS_PULSE)
		return true;
	following->sent = now;
	return events_pulse(following->visit);
}

/* Until its time is over, nobody reads any more, or there is nothing to be told any more. */
static void follow(Following *following, bool has_place)
{
	const Cancel *cancel = web_request_cancel(following->visit->request);
	int64_t end = clock_monotonic() + EVENTS_TIME;
	bool is_open = events_begin(following->visit, has_place);

	following->sent = clock_monotonic();
	do {
		if (!send_part(following, &is_open, NULL))
			break;
		is_open = is_open && speak(following) && pulse(following);
	} while (is_open && has_place && clock_monotonic() < end && !cancel_wait(cancel, STEP));
}

bool outbox_follow(Visit *visit, OutboxPart *part, GError **error)
{
	g_auto(Following) following = {.visit = visit, .part = part};
	g_autofree char *text = NULL;
	int64_t version;
	bool has_place;

	if (!find_version(visit, &version, error))
		return false;
	text = make_text(&following, error);
	if (!text)
		return false;
	following.version = find_seen(visit);
	if (following.version == version)
		following.text = g_steal_pointer(&text);
	following.said = g_strdup(following.wanted);
	has_place = waits_take(visit->web->waits, visit->user->id);
	follow(&following, has_place);
	if (has_place)
		waits_give(visit->web->waits, visit->user->id);
	return true;
}
