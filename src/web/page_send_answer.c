/* Answering a mail of the archive, or passing it on: makes a draft and leads there. And the
 * addresses that are offered while one types. */
#include <inttypes.h>
#include <string.h>
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/api.h"
#include "web/page_mail.h"
#include "web/page_send.h"

#define ADDRESSES_OFFERED 100 /* without a script */
#define ADDRESSES_COMPLETED 10

/* ---- answering ---- */

static const struct {
	const char *word;
	const char *label;
	DraftAnswer how;
} answers[] = {
	{"absender", N_("Antworten"), DRAFT_ANSWER},
	{"alle", N_("Allen antworten"), DRAFT_ANSWER_ALL},
	{"weiter", N_("Weiterleiten"), DRAFT_FORWARD},
};

void mail_write_answers(Html *h, const Visit *visit, const ArchiveMail *mail)
{
	g_autofree char *action = g_strdup_printf("/archiv/%" PRId64 "/antworten", mail->id);

	if (mail->state == ARCHIVE_UNREAD)
		return;
	html(h, "<form method=\"post\" class=\"answers\" action=\"");
	html_attr(h, action);
	html(h, "\">");
	form_session(h, visit);
	html(h, "<div class=\"buttons\">");
	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++)
		form_submit(h, _(answers[i].label), "secondary", "wie", answers[i].word);
	html(h, "</div>\n");
	form_end(h);
}

static DraftAnswer asked_answer(const Visit *visit)
{
	const char *word = visit_field(visit, "wie");

	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
		if (strcmp(answers[i].word, word) == 0)
			return answers[i].how;
	}
	return DRAFT_ANSWER;
}

static bool run_answer(Visit *visit, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *path = NULL;
	int64_t id = 0;
	bool cut = false;
	g_auto(MailAsked) asked = {0};

	if (!mail_asked_read(visit, &asked, error))
		return false;
	if (!draft_answer(visit->office, visit->user, asked.id, asked_answer(visit), &id, &cut,
		    web_request_cancel(visit->request), &problem) &&
		id == 0)
		return mail_show(visit, problem, error);
	/* The draft is there; what did not fit in is told. */
	path = g_strdup_printf(SEND_PATH "/%" PRId64, id);
	if (problem)
		return visit_redirect(visit, path, "anlagen-fehlen");
	return visit_redirect(visit, path, cut ? "empfaenger-fehlen" : NULL);
}

/* ---- addresses ---- */

GPtrArray *send_addresses(
	const Visit *visit, const Viewing *viewing, const char *prefix, GError **error)
{
	Archive *archive = office_archive(visit->office, error);
	size_t limit = *prefix ? ADDRESSES_COMPLETED : ADDRESSES_OFFERED;
	GPtrArray *people =
		archive ? archive_people(archive, viewing_viewer(viewing), prefix, limit, error)
			: NULL;

	for (guint i = 0; people && i < people->len; i++) {
		g_autofree char *person = people->pdata[i];

		people->pdata[i] = draft_person(person);
	}
	return people;
}

static bool run_addresses(Visit *visit, GError **error)
{
	const char *prefix = web_request_query(visit->request, "prefix");
	g_auto(Viewing) viewing = {0};
	g_autoptr(GPtrArray) people = NULL;
	json_t *list;

	if (!viewing_open(visit->office, visit->user, &viewing, error))
		return false;
	people = send_addresses(visit, &viewing, prefix ? prefix : "", error);
	if (!people)
		return false;
	list = json_array();
	for (guint i = 0; i < people->len; i++)
		json_array_append_new(list, json_string(people->pdata[i]));
	return api_answer(visit, 200, list);
}

const Route route_send_answer[] = {
	{WEB_POST, "/archiv/*/antworten", ROLE_PERSON, WEB_AS_JOB, 0, run_answer},
	{WEB_GET, "/senden/adressen", ROLE_PERSON, WEB_AS_JOB, 0, run_addresses},
	{0},
};
