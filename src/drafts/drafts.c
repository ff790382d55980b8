/* A draft's fields: made, kept, listed, taken away. */
#include "drafts/drafts.h"

#include <string.h>
#include "base/clock.h"
#include "drafts/drafts_internal.h"
#include "failure/failure.h"

#define DAY (INT64_C(24) * 60 * 60)
#define SENT_SECONDS (30 * DAY) /* that it is known what became of a draft */

static void draft_file_free(void *data)
{
	DraftFile *file = data;

	g_free(file->name);
	g_free(file->type);
	g_free(file);
}

static Draft *draft_new(void)
{
	Draft *draft = g_new0(Draft, 1);

	draft->files = g_ptr_array_new_with_free_func(draft_file_free);
	return draft;
}

void draft_free(Draft *draft)
{
	if (!draft)
		return;
	g_free(draft->sender);
	g_free(draft->to);
	g_free(draft->cc);
	g_free(draft->bcc);
	g_free(draft->subject);
	g_free(draft->text);
	g_free(draft->case_number);
	g_ptr_array_unref(draft->files);
	g_free(draft);
}

const char *drafts_text(const char *text)
{
	return text ? text : "";
}

/* ---- what is too much ---- */

static bool check_fields(const DraftFields *fields, GError **error)
{
	const struct {
		const char *value;
		const char *name;
		size_t limit;
	} all[] = {
		{fields->sender, "Von", DRAFT_LINE_LIMIT},
		{fields->to, "An", DRAFT_LINE_LIMIT},
		{fields->cc, "Kopie (CC)", DRAFT_LINE_LIMIT},
		{fields->bcc, "Blindkopie (BCC)", DRAFT_LINE_LIMIT},
		{fields->subject, "Betreff", DRAFT_LINE_LIMIT},
		{fields->text, "Text", DRAFT_TEXT_LIMIT},
		{fields->case_number, "Aktenzeichen", DRAFT_LINE_LIMIT},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		size_t size = strlen(drafts_text(all[i].value));

		if (size > all[i].limit) {
			failure_set(error, FAILURE_DRAFT_LONG, all[i].name, "%s: %zu bytes",
				all[i].name, size);
			return false;
		}
	}
	return true;
}

/* ---- reading ---- */

#define COLUMNS                                                                                    \
	"id, revision, files, changed_at, coalesce(sender, ''), recipients, copies,"               \
	" hidden_copies, subject, case_number, reply_to"

static Draft *read_row(DbRows *rows)
{
	Draft *draft = draft_new();

	draft->id = db_rows_int(rows, 0);
	draft->revision = db_rows_int(rows, 1);
	draft->changes = db_rows_int(rows, 2);
	draft->changed_at = db_rows_int(rows, 3);
	draft->sender = g_strdup(db_rows_text(rows, 4));
	draft->to = g_strdup(db_rows_text(rows, 5));
	draft->cc = g_strdup(db_rows_text(rows, 6));
	draft->bcc = g_strdup(db_rows_text(rows, 7));
	draft->subject = g_strdup(db_rows_text(rows, 8));
	draft->case_number = g_strdup(db_rows_text(rows, 9));
	draft->reply_to = db_rows_int(rows, 10);
	return draft;
}

static bool read_files(DbTransaction *transaction, Draft *draft, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT id, name, type, size FROM draft_files"
		" WHERE draft_id = $1 AND received = size ORDER BY id",
		db_int(draft->id));

	if (!rows)
		return false;
	while (db_rows_next(rows, &failed)) {
		DraftFile *file = g_new0(DraftFile, 1);

		file->id = db_rows_int(rows, 0);
		file->name = g_strdup(db_rows_text(rows, 1));
		file->type = g_strdup(db_rows_text(rows, 2));
		file->size = (uint64_t)db_rows_int(rows, 3);
		g_ptr_array_add(draft->files, file);
	}
	return db_rows_end(failed, error);
}

static bool refuse_unknown(int64_t id, GError **error)
{
	failure_set(error, FAILURE_DRAFT_UNKNOWN, NULL, "no draft %" G_GINT64_FORMAT, id);
	return false;
}

bool drafts_check_owner(
	DbTransaction *transaction, int64_t user_id, int64_t draft_id, GError **error)
{
	int64_t found;

	if (!db_get_int(transaction, &found, 0, error,
		    "SELECT 1 FROM drafts WHERE id = $1 AND user_id = $2", db_int(draft_id),
		    db_int(user_id)))
		return false;
	return found != 0 || refuse_unknown(draft_id, error);
}

/* One draft, or all of a user. */
typedef struct Asked {
	int64_t user_id;
	int64_t id;
	Draft *draft;
	GPtrArray *drafts;
} Asked;

static bool get_in(DbTransaction *transaction, void *data, GError **error)
{
	Asked *asked = data;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT " COLUMNS ", content FROM drafts WHERE id = $1 AND user_id = $2",
		db_int(asked->id), db_int(asked->user_id));

	g_clear_pointer(&asked->draft, draft_free);
	if (!rows)
		return false;
	if (!db_rows_next(rows, &failed))
		return db_rows_end(failed, error) && refuse_unknown(asked->id, error);
	asked->draft = read_row(rows);
	asked->draft->text = g_strdup(db_rows_text(rows, 11));
	return read_files(transaction, asked->draft, error);
}

Draft *drafts_get(Db *db, int64_t user_id, int64_t id, GError **error)
{
	Asked asked = {.user_id = user_id, .id = id};

	if (db_read(db, get_in, &asked, error))
		return asked.draft;
	draft_free(asked.draft);
	return NULL;
}

static bool list_in(DbTransaction *transaction, void *data, GError **error)
{
	Asked *asked = data;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT " COLUMNS " FROM drafts WHERE user_id = $1 ORDER BY changed_at DESC,"
		" id DESC",
		db_int(asked->user_id));

	g_ptr_array_set_size(asked->drafts, 0);
	if (!rows)
		return false;
	while (db_rows_next(rows, &failed))
		g_ptr_array_add(asked->drafts, read_row(rows));
	if (!db_rows_end(failed, error))
		return false;
	for (guint i = 0; i < asked->drafts->len; i++) {
		if (!read_files(transaction, asked->drafts->pdata[i], error))
			return false;
	}
	return true;
}

GPtrArray *drafts_list(Db *db, int64_t user_id, GError **error)
{
	g_autoptr(GPtrArray) drafts = g_ptr_array_new_with_free_func((GDestroyNotify)draft_free);
	Asked asked = {.user_id = user_id, .drafts = drafts};

	return db_read(db, list_in, &asked, error) ? g_steal_pointer(&drafts) : NULL;
}

/* ---- writing ---- */

typedef struct Saving {
	int64_t user_id;
	const char *key;
	const DraftFields *fields;
	int64_t id, revision; /* as told */
	int64_t now_id, now_revision;
} Saving;

static bool find_key(DbTransaction *transaction, Saving *saving, GError **error)
{
	saving->now_id = 0;
	if (!saving->key)
		return true;
	return db_get_int(transaction, &saving->now_id, 0, error,
		       "SELECT id FROM drafts WHERE user_id = $1 AND draft_key = $2",
		       db_int(saving->user_id), db_text(saving->key)) &&
	       db_get_int(transaction, &saving->now_revision, 0, error,
		       "SELECT revision FROM drafts WHERE id = $1", db_int(saving->now_id));
}

static bool check_count(DbTransaction *transaction, int64_t user_id, GError **error)
{
	int64_t count;

	if (!db_get_int(transaction, &count, 0, error,
		    "SELECT count(*) FROM drafts WHERE user_id = $1", db_int(user_id)))
		return false;
	if (count >= DRAFTS_LIMIT)
		failure_set(error, FAILURE_DRAFTS_MANY, NULL, "%" G_GINT64_FORMAT " drafts", count);
	return count < DRAFTS_LIMIT;
}

static bool create_in(DbTransaction *transaction, void *data, GError **error)
{
	Saving *saving = data;
	const DraftFields *fields = saving->fields;

	if (!find_key(transaction, saving, error))
		return false;
	if (saving->now_id != 0)
		return true;
	if (!check_count(transaction, saving->user_id, error))
		return false;
	saving->now_revision = 1;
	return db_get_int(transaction, &saving->now_id, 0, error,
		"INSERT INTO drafts (user_id, draft_key, sender, recipients, copies, hidden_copies,"
		" subject, content, case_number, reply_to, changed_at)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
		db_int(saving->user_id), db_text(saving->key), db_text(fields->sender),
		db_text(drafts_text(fields->to)), db_text(drafts_text(fields->cc)),
		db_text(drafts_text(fields->bcc)), db_text(drafts_text(fields->subject)),
		db_text(drafts_text(fields->text)), db_text(drafts_text(fields->case_number)),
		db_int(fields->reply_to), db_int(clock_now()));
}

bool drafts_create(Db *db, int64_t user_id, const char *key, const DraftFields *fields, int64_t *id,
	int64_t *revision, GError **error)
{
	Saving saving = {.user_id = user_id, .key = key, .fields = fields};

	if (!check_fields(fields, error) || !db_write(db, create_in, &saving, error))
		return false;
	*id = saving.now_id;
	*revision = saving.now_revision;
	return true;
}

#define SAME                                                                                       \
	"coalesce(sender, '') = $2 AND recipients = $3 AND copies = $4 AND hidden_copies = $5"     \
	" AND subject = $6 AND content = $7 AND case_number = $8"

/* *SAME: the draft has these very fields. */
static bool compare(DbTransaction *transaction, const Saving *saving, int64_t *same, GError **error)
{
	const DraftFields *fields = saving->fields;

	return db_get_int(transaction, same, 0, error,
		"SELECT 1 FROM drafts WHERE id = $1 AND " SAME, db_int(saving->id),
		db_text(drafts_text(fields->sender)), db_text(drafts_text(fields->to)),
		db_text(drafts_text(fields->cc)), db_text(drafts_text(fields->bcc)),
		db_text(drafts_text(fields->subject)), db_text(drafts_text(fields->text)),
		db_text(drafts_text(fields->case_number)));
}

static bool update(DbTransaction *transaction, const Saving *saving, GError **error)
{
	const DraftFields *fields = saving->fields;

	return db_run(transaction, error,
		"UPDATE drafts SET sender = $2, recipients = $3, copies = $4, hidden_copies = $5,"
		" subject = $6, content = $7, case_number = $8, revision = revision + 1,"
		" changed_at = $9 WHERE id = $1",
		db_int(saving->id), db_text(fields->sender), db_text(drafts_text(fields->to)),
		db_text(drafts_text(fields->cc)), db_text(drafts_text(fields->bcc)),
		db_text(drafts_text(fields->subject)), db_text(drafts_text(fields->text)),
		db_text(drafts_text(fields->case_number)), db_int(clock_now()));
}

static bool save_in(DbTransaction *transaction, void *data, GError **error)
{
	Saving *saving = data;
	int64_t same;

	if (!drafts_check_owner(transaction, saving->user_id, saving->id, error) ||
		!db_get_int(transaction, &saving->now_revision, 0, error,
			"SELECT revision FROM drafts WHERE id = $1", db_int(saving->id)) ||
		!compare(transaction, saving, &same, error))
		return false;
	if (same)
		return true;
	if (saving->now_revision != saving->revision) {
		failure_set(error, FAILURE_DRAFT_CHANGED, NULL,
			"draft %" G_GINT64_FORMAT " is at %" G_GINT64_FORMAT
			", not %" G_GINT64_FORMAT,
			saving->id, saving->now_revision, saving->revision);
		return false;
	}
	saving->now_revision++;
	return update(transaction, saving, error);
}

bool drafts_save(Db *db, int64_t user_id, int64_t id, int64_t *revision, const DraftFields *fields,
	GError **error)
{
	Saving saving = {.user_id = user_id, .id = id, .revision = *revision, .fields = fields};

	if (!check_fields(fields, error) || !db_write(db, save_in, &saving, error))
		return false;
	*revision = saving.now_revision;
	return true;
}

/* ---- keeping what a page holds ---- */

typedef struct Keeping {
	Saving saving;
	DraftSent *sent;
} Keeping;

static bool refuse_sent(const DraftSent *sent, GError **error)
{
	g_autofree char *when = drafts_sent_when(sent->at);

	failure_set(error, FAILURE_DRAFT_SENT, when, "mail %" G_GINT64_FORMAT, sent->mail_id);
	return false;
}

/* Another version under the same key is another window's. */
static bool check_same(DbTransaction *transaction, Saving *saving, GError **error)
{
	/* No draft has the revision 0, so that nothing is written over. */
	Saving made = {.user_id = saving->user_id, .fields = saving->fields, .id = saving->now_id};
	bool same = save_in(transaction, &made, error);

	saving->now_revision = made.now_revision;
	return same;
}

static bool keep_in(DbTransaction *transaction, void *data, GError **error)
{
	Keeping *keeping = data;
	Saving *saving = &keeping->saving;
	int64_t found;

	if (!db_get_int(transaction, &found, 0, error,
		    "SELECT id FROM drafts WHERE id = $1 AND user_id = $2", db_int(saving->id),
		    db_int(saving->user_id)))
		return false;
	saving->now_id = found;
	if (found != 0)
		return save_in(transaction, saving, error);
	if (!drafts_find_sent(transaction, saving->user_id, saving->id, saving->key, saving->fields,
		    keeping->sent, error))
		return false;
	if (keeping->sent->mail_id != 0)
		return refuse_sent(keeping->sent, error);
	return create_in(transaction, saving, error) && check_same(transaction, saving, error);
}

bool drafts_keep(Db *db, int64_t user_id, const char *key, const DraftFields *fields, int64_t *id,
	int64_t *revision, DraftSent *sent, GError **error)
{
	Keeping keeping = {
		.saving = {.user_id = user_id,
			.key = key,
			.fields = fields,
			.id = *id,
			.revision = *revision},
		.sent = sent,
	};

	*sent = (DraftSent){0};
	if (!check_fields(fields, error) || !db_write(db, keep_in, &keeping, error))
		return false;
	*id = keeping.saving.now_id;
	*revision = keeping.saving.now_revision;
	return true;
}

/* ---- taking away ---- */

DraftFields draft_fields(const Draft *draft)
{
	return (DraftFields){
		.sender = draft->sender,
		.to = draft->to,
		.cc = draft->cc,
		.bcc = draft->bcc,
		.subject = draft->subject,
		.text = draft->text,
		.case_number = draft->case_number,
		.reply_to = draft->reply_to,
	};
}

static bool discard_in(DbTransaction *transaction, void *data, GError **error)
{
	const Asked *asked = data;

	return drafts_check_owner(transaction, asked->user_id, asked->id, error) &&
	       db_run(transaction, error, "DELETE FROM drafts WHERE id = $1", db_int(asked->id));
}

bool drafts_discard(Db *db, int64_t user_id, int64_t id, GError **error)
{
	Asked asked = {.user_id = user_id, .id = id};

	return db_write(db, discard_in, &asked, error);
}

static bool tidy_in(DbTransaction *transaction, void *data, GError **error)
{
	int64_t now = clock_now();

	(void)data;
	return db_run(transaction, error, "DELETE FROM drafts WHERE changed_at < $1",
		       db_int(now - DRAFT_DAYS * DAY)) &&
	       db_run(transaction, error, "DELETE FROM drafts_sent WHERE sent_at < $1",
		       db_int(now - SENT_SECONDS));
}

bool drafts_tidy(Db *db, GError **error)
{
	return db_write_relaxed(db, tidy_in, NULL, error);
}
