/* Zustand: the outbox of everybody, and trying again what waits. */
#include "web/page_state.h"

#include <inttypes.h>
#include "app/send.h"
#include "app/words_send.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/page_outbox.h"

#define USERS_SHOWN 100
#define CAUSES_SHOWN 50

static void write_count(Html *h, const char *key, uint64_t count)
{
	g_autofree char *number = g_strdup_printf("%" PRIu64, count);

	description_text(h, key, number);
}

static void write_counts(Html *h, const OutboxCounts *counts)
{
	g_autofree char *oldest = counts->oldest ? clock_format_german(counts->oldest) : NULL;

	description_begin(h);
	write_count(h, _("Auf dem Weg"), counts->queued + counts->sending);
	write_count(h, _("Warten auf einen neuen Versuch"), counts->waiting);
	write_count(h, _("Nicht gesendet"), counts->failed);
	write_count(h, _("Ungewiss, ob gesendet"), counts->unknown);
	write_count(h, _("Gesendet, eine Kopie fehlt noch"), counts->copies);
	if (oldest)
		description_text(h, _("Älteste noch nicht gesendete E-Mail vom"), oldest);
	description_end(h);
}

static void write_user_name(Html *h, const OutboxUser *user)
{
	if (user->user_id == 0) {
		html_printf(h, _("%s (entfernt)"), user->user);
		return;
	}
	html(h, "<a class=\"kern-link\" href=\"/benutzer/");
	html_url(h, user->user);
	html(h, "\">");
	html_text(h, user->user);
	html(h, "</a>");
}

static void write_user(Html *h, const char *const *labels, const OutboxUser *user)
{
	const OutboxCounts *counts = &user->counts;
	const uint64_t numbers[] = {
		counts->waiting, counts->failed, counts->unknown, counts->copies};
	g_autofree char *oldest = counts->oldest ? clock_format_german(counts->oldest) : NULL;

	table_row(h);
	table_heading_cell(h, labels[0]);
	write_user_name(h, user);
	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		table_cell(h, labels[i + 1]);
		html_number(h, (int64_t)numbers[i]);
	}
	table_cell(h, labels[5]);
	html_text(h, oldest ? oldest : "–");
}

static void write_users(Html *h, const GPtrArray *users)
{
	const char *labels[] = {_("Benutzer"), _("Warten"), _("Nicht gesendet"), _("Ungewiss"),
		_("Kopie fehlt"), _("Älteste noch nicht gesendet"), NULL};

	if (users->len == 0)
		return;
	table_begin(h, _("Benutzer mit E-Mails, die warten oder nicht gesendet sind"), labels);
	for (guint i = 0; i < MIN(users->len, USERS_SHOWN); i++)
		write_user(h, labels, users->pdata[i]);
	table_end(h);
	if (users->len > USERS_SHOWN) {
		html(h, "<p>");
		html_text(h, _("… und weitere Benutzer"));
		html(h, "</p>\n");
	}
}

/* A sentence is the same whatever the server; whom it names is left out. */
static void write_cause(Html *h, const char *const *labels, const OutboxCause *cause)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *sentence = NULL;
	g_autofree char *advice = NULL;
	Failure failure = FAILURE_INTERNAL;

	failure_find(cause->condition, &failure);
	failure_set(&error, failure, "…", "%s", cause->condition);
	sentence = failure_sentence(error);
	advice = words_outbox_advice(cause->condition, cause->state);
	table_row(h);
	table_heading_cell(h, labels[0]);
	html_text(h, sentence);
	table_cell(h, labels[1]);
	page_badge(h, outbox_tone(cause->state), words_outbox_state(cause->state));
	table_cell(h, labels[2]);
	html_number(h, cause->mails);
	table_cell(h, labels[3]);
	html_number(h, cause->users);
	table_cell(h, labels[4]);
	html_text(h, advice ? advice : "–");
}

static void write_causes(Html *h, const GPtrArray *causes)
{
	const char *labels[] = {
		_("Grund"), _("Zustand"), _("E-Mails"), _("Benutzer"), _("Was hilft"), NULL};

	if (causes->len == 0)
		return;
	table_begin(h, _("Warum E-Mails warten oder nicht gesendet sind"), labels);
	for (guint i = 0; i < causes->len; i++)
		write_cause(h, labels, causes->pdata[i]);
	table_end(h);
}

bool page_state_outbox(Html *h, const Visit *visit, GError **error)
{
	Outbox *outbox = office_outbox(visit->office, error);
	g_autoptr(GPtrArray) users = NULL;
	g_autoptr(GPtrArray) causes = NULL;
	OutboxCounts counts;

	if (!outbox || !outbox_count(outbox, 0, &counts, error) ||
		!(users = outbox_users(outbox, USERS_SHOWN + 1, error)) ||
		!(causes = outbox_causes(outbox, CAUSES_SHOWN, error)))
		return false;
	html(h, "<h2 class=\"kern-heading-medium\">");
	html_text(h, _("Postausgang der Behörde"));
	html(h, "</h2>\n<p>");
	html_text(
		h, _("Nur Zahlen: Was andere schreiben, sehen Administratoren nicht. Was jemand im "
		     "eigenen Postausgang als erledigt vermerkt hat, zählt nicht mehr."));
	html(h, "</p>\n");
	write_counts(h, &counts);
	if (counts.waiting > 0)
		form_button(h, visit, PAGE_STATE "/versuchen",
			_("Wartende E-Mails jetzt versuchen"), "secondary");
	write_causes(h, causes);
	write_users(h, users);
	return true;
}

/* What a server put off until later stays put off. */
static bool run_try(Visit *visit, GError **error)
{
	Outbox *outbox = office_outbox(visit->office, error);

	if (!outbox || !outbox_hasten(outbox, 0, error))
		return false;
	sender_wake(visit->web->sender);
	return visit_redirect(visit, PAGE_STATE, "wird-versucht");
}

const Route route_state_outbox[] = {
	{WEB_POST, PAGE_STATE "/versuchen", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_try},
	{0},
};
