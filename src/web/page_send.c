/* E-Mail senden: the drafts, one draft's page, and what its buttons do. */
#include "web/page_send.h"

#include <inttypes.h>
#include <string.h>
#include "app/words.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/api.h"
#include "web/download_mail.h"
#include "web/web_internal.h"

#define BODY_LIMIT ((size_t)60 * 1024 * 1024) /* a form with files */
#define KEY_LIMIT 64
#define PEOPLE_SHOWN 3 /* of a draft in the list */

void send_view_clear(SendView *view)
{
	draft_free(view->draft);
	g_free(view->start);
	account_free(view->account);
	viewing_clear(&view->viewing);
}

/* ---- what was typed ---- */

DraftFields send_typed(const Visit *visit)
{
	return (DraftFields){
		.sender = visit_field(visit, "von"),
		.to = visit_field(visit, "an"),
		.cc = visit_field(visit, "kopie"),
		.bcc = visit_field(visit, "blindkopie"),
		.subject = visit_field(visit, "betreff"),
		.text = visit_field(visit, "text"),
		.case_number = visit_field(visit, "aktenzeichen"),
		.reply_to = download_number(visit_field(visit, "antwort-auf")),
	};
}

int64_t send_asked_id(const Visit *visit)
{
	return download_number(visit->part);
}

/* The key that the draft is made with; yours, NULL: none. What is split off is another draft. */
static char *typed_key(const Visit *visit)
{
	const char *key = visit_field(visit, "entwurf");

	if (!*key || strlen(key) > KEY_LIMIT)
		return NULL;
	return g_strconcat(
		key, strcmp(visit_field(visit, "tun"), "eigener") == 0 ? "-2" : "", NULL);
}

/* Where what was typed is, or why it is not kept. */
typedef struct Kept {
	int64_t id; /* of the draft; 0: a new one */
	int64_t revision;
	DraftSent sent;
} Kept;

/* Keeps what was typed, as drafts_keep does. */
static bool keep(const Visit *visit, Kept *kept, GError **error)
{
	const DraftFields fields = send_typed(visit);
	g_autofree char *key = typed_key(visit);

	kept->revision = download_number(visit_field(visit, "stand"));
	return drafts_keep(office_db(visit->office), visit->user->id, key, &fields, &kept->id,
		&kept->revision, &kept->sent, error);
}

/* ---- the list ---- */

static void write_draft_link(Html *h, const Draft *draft)
{
	html(h, "<a class=\"kern-link\" href=\"" SEND_PATH "/");
	html_number(h, draft->id);
	html(h, "\">");
	html_text(h, *draft->subject ? draft->subject : _("(ohne Betreff)"));
	html(h, "</a>");
}

static void write_discard(Html *h, const Visit *visit, const Draft *draft)
{
	g_autofree char *action = g_strdup_printf(SEND_PATH "/%" PRId64 "/verwerfen", draft->id);

	form_begin(h, visit, action);
	html(h, "<button type=\"submit\" class=\"kern-btn kern-btn--tertiary\"><span "
		"class=\"kern-label\">");
	html_text(h, _("Verwerfen"));
	html(h, "<span class=\"kern-sr-only\">: ");
	html_text(h, *draft->subject ? draft->subject : _("(ohne Betreff)"));
	html(h, "</span></span></button>");
	form_end(h);
}

/* The first ones, and how many more. */
static void write_people(Html *h, const Draft *draft)
{
	g_auto(GStrv) people = draft_split(draft->to);
	guint count = g_strv_length(people);

	for (guint i = 0; i < MIN(count, PEOPLE_SHOWN); i++) {
		html_text(h, i > 0 ? ", " : "");
		html_text(h, people[i]);
	}
	if (count == 0)
		html_text(h, "–");
	else if (count > PEOPLE_SHOWN)
		html_printf(h, _(" und %u weitere"), count - PEOPLE_SHOWN);
}

static void write_draft(Html *h, const Visit *visit, const Draft *draft, const char *const *labels)
{
	int64_t end = draft->changed_at + (int64_t)DRAFT_DAYS * 24 * 60 * 60;
	g_autofree char *changed = clock_format_german(draft->changed_at);
	g_autofree char *until = clock_format_day(end);

	table_row(h);
	table_heading_cell(h, labels[0]);
	write_draft_link(h, draft);
	table_cell(h, labels[1]);
	write_people(h, draft);
	table_cell(h, labels[2]);
	html_text(h, changed);
	html(h, "<br><span class=\"note\">");
	html_printf(h, _("bleibt bis %s"), until);
	html(h, "</span>");
	table_cell(h, labels[3]);
	html_number(h, draft->files->len);
	table_cell(h, labels[4]);
	write_discard(h, visit, draft);
}

static void write_list(Html *h, const Visit *visit, const GPtrArray *drafts)
{
	const char *labels[] = {
		_("Betreff"), _("An"), _("Zuletzt geändert"), _("Anlagen"), _("Verwerfen"), NULL};

	html(h, "<h2 class=\"kern-heading-medium\">");
	html_text(h, _("Entwürfe"));
	html(h, "</h2>\n<p class=\"note\">");
	html_printf(h,
		_("Entwürfe sehen nur Sie. Wird einer %d Tage lang nicht geändert, wird er "
		  "gelöscht."),
		DRAFT_DAYS);
	html(h, "</p>\n<div class=\"drafts\">");
	table_begin(h, _("Entwürfe"), labels);
	for (guint i = 0; i < drafts->len; i++)
		write_draft(h, visit, drafts->pdata[i], labels);
	table_end(h);
	html(h, "</div>\n");
}

static bool run_list(Visit *visit, GError **error)
{
	const char *trail[] = {_("E-Mail"), _("E-Mail senden"), NULL};
	g_autoptr(GPtrArray) drafts = drafts_list(office_db(visit->office), visit->user->id, error);
	Html *h;

	if (!drafts)
		return false;
	h = page_begin(visit, &(Page){.title = _("E-Mail senden"),
				      .trail = trail,
				      .here = SEND_PATH,
				      .wide = true});
	html(h, "<p class=\"buttons\"><a class=\"kern-btn kern-btn--primary\" href=\"" SEND_PATH
		"/" SEND_NEW "\"><span class=\"kern-label\">");
	html_text(h, _("Neue E-Mail"));
	html(h, "</span></a></p>\n");
	if (drafts->len > 0) {
		write_list(h, visit, drafts);
	} else {
		html(h, "<p>");
		html_text(h, _("Es gibt keine Entwürfe. Eine Antwort schreiben Sie auf der Seite "
			       "der E-Mail im Archiv."));
		html(h, "</p>\n");
	}
	return page_end(visit, h, 200);
}

/* ---- one draft ---- */

/* What a page needs beyond the fields. */
static bool open_view(SendView *view, GError **error)
{
	const Visit *visit = view->visit;

	view->account = settings_resolve(office_settings(visit->office), visit->user->name, error);
	return view->account && viewing_open(visit->office, visit->user, &view->viewing, error) &&
	       draft_limit(visit->office, visit->user, &view->limit, &view->limit_told, error);
}

static bool write_page(const SendView *view, GError **error)
{
	const char *trail[] = {_("E-Mail"), _("E-Mail senden"), NULL};
	Visit *visit = view->visit;
	g_autoptr(Html) h =
		page_begin(visit, &(Page){.title = view->id ? _("Entwurf") : _("Neue E-Mail"),
					  .trail = trail,
					  .here = SEND_PATH});

	if (!send_write_obstacles(h, view, error) || !send_write_form(h, view, error))
		return false;
	return page_end(
		visit, g_steal_pointer(&h), view->problem ? api_http_status(view->problem) : 200);
}

/* The draft ID (0: a new one) as it is kept. */
static bool show_kept(Visit *visit, int64_t id, bool discards, GError **error)
{
	g_auto(SendView) view = {.visit = visit, .id = id, .discards = discards};

	if (id == 0) {
		view.start = draft_start_text(visit->office, visit->user, error);
		view.fields.text = view.start;
	} else {
		view.draft = drafts_get(office_db(visit->office), visit->user->id, id, error);
	}
	if (view.draft) {
		view.fields = draft_fields(view.draft);
		view.revision = view.draft->revision;
	}
	return (view.start || view.draft) && open_view(&view, error) && write_page(&view, error);
}

/* What was typed, with PROBLEM (nullable) about WRONG. */
static bool show_typed(
	Visit *visit, const Kept *kept, const GError *problem, DraftPlace wrong, GError **error)
{
	g_auto(SendView) view = {.visit = visit,
		.id = kept->id,
		.fields = send_typed(visit),
		.revision = download_number(visit_field(visit, "stand")),
		.problem = problem,
		.wrong = wrong,
		.discards = strcmp(visit_field(visit, "tun"), "verwerfen") == 0,
		.sent_mail = kept->sent.mail_id};
	g_autoptr(GError) ignored = NULL;

	view.conflict = failure_is(problem, FAILURE_DRAFT_CHANGED);
	if (kept->id != 0)
		view.draft =
			drafts_get(office_db(visit->office), visit->user->id, kept->id, &ignored);
	if (view.draft)
		view.revision = view.draft->revision;
	else
		view.id = 0;
	return open_view(&view, error) && write_page(&view, error);
}

static bool lead_to_draft(Visit *visit, int64_t id, const char *notice, const char *anchor)
{
	g_autofree char *path = g_strdup_printf(SEND_PATH "/%" PRId64 "%s%s%s", id,
		notice ? "?hinweis=" : "", notice ? notice : "", anchor ? anchor : "");

	return visit_redirect(visit, path, NULL);
}

/* What was typed before the session ended is kept, now that the same person signed in again. What a
 * form of an earlier session brings is only shown: it may not be theirs. */
static bool take_carried(Visit *visit, GError **error)
{
	g_autoptr(GError) problem = NULL;
	Kept kept = {.id = send_asked_id(visit)};

	if (web_request_method(visit->request) == WEB_GET && keep(visit, &kept, &problem))
		return lead_to_draft(visit, kept.id, "entwurf-gerettet", NULL);
	if (problem)
		visit->notice = "";
	return show_typed(visit, &kept, problem, DRAFT_NOWHERE, error);
}

static bool run_show(Visit *visit, GError **error)
{
	int64_t id = send_asked_id(visit);

	if (visit->again && visit->form)
		return take_carried(visit, error);
	if (id == 0) {
		failure_set(error, FAILURE_DRAFT_UNKNOWN, NULL, "no draft %s", visit->part);
		return false;
	}
	return show_kept(visit, id, false, error);
}

static bool run_new(Visit *visit, GError **error)
{
	return visit->again && visit->form ? take_carried(visit, error)
					   : show_kept(visit, 0, false, error);
}

/* ---- what the buttons do ---- */

char *send_outbox_path(int64_t mail_id)
{
	return g_strdup_printf("/postausgang/%" PRId64, mail_id);
}

static bool lead_to_outbox(Visit *visit, int64_t mail_id)
{
	g_autofree char *path = send_outbox_path(mail_id);

	return visit_redirect(visit, path, NULL);
}

/* Who sends twice is led to the mail. */
static bool show_unkept(Visit *visit, const Kept *kept, const GError *problem, GError **error)
{
	if (kept->sent.is_same && strcmp(visit_field(visit, "tun"), "senden") == 0)
		return lead_to_outbox(visit, kept->sent.mail_id);
	return show_typed(visit, kept, problem, DRAFT_NOWHERE, error);
}

/* Another request may have sent the draft since this one kept it. */
static bool show_failed(
	Visit *visit, Kept *kept, const GError *problem, DraftPlace wrong, GError **error)
{
	g_autoptr(GError) gone = NULL;

	if (failure_is(problem, FAILURE_DRAFT_UNKNOWN) && !keep(visit, kept, &gone))
		return show_unkept(visit, kept, gone, error);
	return show_typed(visit, kept, problem, wrong, error);
}

static bool send(Visit *visit, Kept *kept, GError **error)
{
	g_autoptr(GError) problem = NULL;
	DraftPlace wrong;
	int64_t mail_id;

	if (!draft_send(visit->office, visit->user, kept->id, &mail_id, &wrong,
		    web_request_cancel(visit->request), &problem))
		return show_failed(visit, kept, problem, wrong, error);
	sender_wake(visit->web->sender);
	return lead_to_outbox(visit, mail_id);
}

static bool change_files(Visit *visit, const Kept *kept, const char *deed, GError **error)
{
	g_autoptr(GError) problem = NULL;
	const Cancel *cancel = web_request_cancel(visit->request);
	int64_t file = g_str_has_prefix(deed, "entfernen-")
			       ? download_number(deed + strlen("entfernen-"))
			       : 0;

	if (strcmp(deed, "original") == 0)
		draft_take_attachments(visit->office, visit->user, kept->id, cancel, &problem);
	else if (file != 0)
		draft_file_remove(
			office_db(visit->office), visit->user->id, kept->id, file, &problem);
	return problem ? show_typed(visit, kept, problem, DRAFT_FILES, error)
		       : lead_to_draft(visit, kept->id, NULL, "#anlagen");
}

/* What was typed is kept, and the files that came with it. */
static bool act(Visit *visit, Kept *kept, const char *deed, GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (!send_take_files(visit, kept->id, &problem))
		return show_failed(visit, kept, problem, DRAFT_FILES, error);
	if (strcmp(deed, "senden") == 0)
		return send(visit, kept, error);
	if (strcmp(deed, "speichern") == 0 || strcmp(deed, "eigener") == 0)
		return lead_to_draft(visit, kept->id, "entwurf-gespeichert", NULL);
	return change_files(visit, kept, deed, error);
}

static bool discard(Visit *visit, int64_t id, GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (id != 0 && !drafts_discard(office_db(visit->office), visit->user->id, id, &problem) &&
		!failure_is(problem, FAILURE_DRAFT_UNKNOWN)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	return visit_redirect(visit, SEND_PATH, "entwurf-verworfen");
}

/* Whether something is lost with it. */
static bool has_content(const Visit *visit, const DraftFields *fields, const Draft *draft)
{
	g_autofree char *start = draft_start_text(visit->office, visit->user, NULL);
	g_autofree char *text = g_strstrip(g_strdup(fields->text));

	return *fields->subject || (draft && draft->files->len > 0) ||
	       (*text && (!start || strcmp(text, g_strstrip(start)) != 0));
}

static bool ask_to_discard(Visit *visit, const Kept *kept, GError **error)
{
	const DraftFields fields = send_typed(visit);
	g_autoptr(GError) ignored = NULL;
	g_autoptr(Draft) draft = kept->id == 0 ? NULL
					       : drafts_get(office_db(visit->office),
							 visit->user->id, kept->id, &ignored);

	return has_content(visit, &fields, draft)
		       ? show_typed(visit, kept, NULL, DRAFT_NOWHERE, error)
		       : discard(visit, kept->id, error);
}

static bool run_form(Visit *visit, GError **error)
{
	const char *deed = visit_field(visit, "tun");
	Kept kept = {.id = strcmp(deed, "eigener") == 0 ? 0 : send_asked_id(visit)};
	g_autoptr(GError) problem = NULL;

	if (strcmp(deed, "endgueltig") == 0)
		return discard(visit, kept.id, error);
	if (strcmp(deed, "verwerfen") == 0)
		return ask_to_discard(visit, &kept, error);
	if (!keep(visit, &kept, &problem))
		return show_unkept(visit, &kept, problem, error);
	return act(visit, &kept, deed, error);
}

/* From the list. */
static bool run_discard(Visit *visit, GError **error)
{
	int64_t id = send_asked_id(visit);
	g_autoptr(GError) ignored = NULL;
	g_autoptr(Draft) draft =
		drafts_get(office_db(visit->office), visit->user->id, id, &ignored);
	DraftFields fields;

	if (!draft)
		return discard(visit, id, error);
	fields = draft_fields(draft);
	return has_content(visit, &fields, draft) ? show_kept(visit, id, true, error)
						  : discard(visit, id, error);
}

/* ---- what a script keeps meanwhile ---- */

bool send_answer_problem(Visit *visit, const GError *problem)
{
	g_autofree char *sentence = failure_sentence(problem);
	g_autofree char *advice = failure_advice_on_page(problem);

	return api_answer(visit, api_http_status(problem),
		json_pack("{s:s, s:s}", "message", sentence, "advice", advice));
}

/* What the form's own page says would not be true of one that stays as it is; yours. */
static char *advice_for_script(const GError *problem)
{
	if (failure_is(problem, FAILURE_DRAFT_CHANGED))
		return g_strdup(_("Was Sie hier schreiben, wird deshalb nicht mehr gespeichert."));
	if (failure_is(problem, FAILURE_DRAFT_SENT))
		return g_strdup(
			_("Was Sie seitdem hier geschrieben haben, ist nicht gespeichert."));
	return failure_advice_on_page(problem);
}

/* "postausgang": the address of what was sent. */
static bool answer_unkept(Visit *visit, const Kept *kept, const GError *problem)
{
	g_autofree char *sentence = failure_sentence(problem);
	g_autofree char *advice = advice_for_script(problem);
	g_autofree char *outbox =
		kept->sent.mail_id != 0 ? send_outbox_path(kept->sent.mail_id) : NULL;

	return api_answer(visit, api_http_status(problem),
		json_pack("{s:s, s:s, s:s?}", "message", sentence, "advice", advice, "postausgang",
			outbox));
}

static bool run_keep(Visit *visit, GError **error)
{
	Kept kept = {.id = send_asked_id(visit)};
	g_autoptr(GError) problem = NULL;
	g_autofree char *hour = clock_format_hour(clock_now());

	(void)error;
	if (!keep(visit, &kept, &problem))
		return answer_unkept(visit, &kept, problem);
	return api_answer(visit, 200,
		json_pack("{s:I, s:I, s:s}", "id", (json_int_t)kept.id, "stand",
			(json_int_t)kept.revision, "um", hour));
}

const Route route_send[] = {
	{WEB_GET, "/senden", ROLE_PERSON, WEB_AT_ONCE, 0, run_list},
	{WEB_GET, "/senden/neu", ROLE_PERSON, WEB_AS_JOB, 0, run_new},
	{WEB_POST, "/senden/neu", ROLE_PERSON, WEB_AS_JOB, BODY_LIMIT, run_form},
	{WEB_GET, "/senden/*", ROLE_PERSON, WEB_AS_JOB, 0, run_show},
	{WEB_POST, "/senden/*", ROLE_PERSON, WEB_AS_JOB, BODY_LIMIT, run_form},
	{WEB_POST, "/senden/*/verwerfen", ROLE_PERSON, WEB_AS_JOB, 0, run_discard},
	{WEB_POST, "/senden/*/sichern", ROLE_PERSON, WEB_AS_JOB, SEND_PIECE, run_keep},
	{0},
};
