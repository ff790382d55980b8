/* What became of drafts that were sent: whoever sends one again is led to its mail. */
#include "drafts/drafts_internal.h"

#include <string.h>
#include "base/clock.h"
#include "base/hash.h"
#include "base/i18n.h"
#include "failure/failure.h"

/* ---- what they say ---- */

static void add_fields(Sha256 *hash, const DraftFields *fields)
{
	const char *const all[] = {fields->sender, fields->to, fields->cc, fields->bcc,
		fields->subject, fields->text, fields->case_number};

	/* With the NUL behind each, so that nothing moves from one to the next. */
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
		sha256_update(hash, drafts_text(all[i]), strlen(drafts_text(all[i])) + 1);
}

static void digest(const DraftFields *fields, uint8_t result[static SHA256_SIZE])
{
	g_autoptr(Sha256) hash = sha256_new();

	add_fields(hash, fields);
	sha256_finish(hash, result);
}

char *draft_digest(const Draft *draft)
{
	const DraftFields fields = draft_fields(draft);
	g_autoptr(Sha256) hash = sha256_new();
	uint8_t result[SHA256_SIZE];
	char *hex = g_malloc(SHA256_HEX_SIZE);

	add_fields(hash, &fields);
	sha256_update(hash, &draft->reply_to, sizeof(draft->reply_to));
	for (guint i = 0; i < draft->files->len; i++) {
		const DraftFile *file = draft->files->pdata[i];

		sha256_update(hash, &file->id, sizeof(file->id));
		sha256_update(hash, &file->size, sizeof(file->size));
		sha256_update(hash, file->name, strlen(file->name) + 1);
	}
	sha256_finish(hash, result);
	sha256_to_hex(result, hex);
	return hex;
}

/* ---- sent ---- */

typedef struct Finish {
	int64_t user_id;
	const Draft *draft;
	int64_t mail_id;
	uint8_t digest[SHA256_SIZE];
} Finish;

static bool finish_in(DbTransaction *transaction, void *data, GError **error)
{
	const Finish *finish = data;
	const Draft *draft = finish->draft;

	return db_run(transaction, error,
		       "INSERT INTO drafts_sent (draft_id, user_id, draft_key, digest, mail_id,"
		       " sent_at) SELECT id, user_id, draft_key, $7, $5, $6 FROM drafts"
		       " WHERE id = $1 AND user_id = $2 AND revision = $3 AND files = $4"
		       " ON CONFLICT (draft_id) DO UPDATE SET mail_id = excluded.mail_id",
		       db_int(draft->id), db_int(finish->user_id), db_int(draft->revision),
		       db_int(draft->changes), db_int(finish->mail_id), db_int(clock_now()),
		       db_blob(finish->digest, SHA256_SIZE)) &&
	       db_run(transaction, error,
		       "DELETE FROM drafts WHERE id = $1 AND user_id = $2 AND revision = $3"
		       " AND files = $4",
		       db_int(draft->id), db_int(finish->user_id), db_int(draft->revision),
		       db_int(draft->changes));
}

bool drafts_finish(Db *db, int64_t user_id, const Draft *draft, int64_t mail_id, GError **error)
{
	Finish finish = {.user_id = user_id, .draft = draft, .mail_id = mail_id};
	const DraftFields fields = draft_fields(draft);

	digest(&fields, finish.digest);
	return db_write(db, finish_in, &finish, error);
}

typedef struct SentSearch {
	int64_t user_id, id;
	const char *key;
	uint8_t digest[SHA256_SIZE];
} SentSearch;

/* One that says the same goes before. */
static bool read_sent(
	DbTransaction *transaction, const SentSearch *search, DraftSent *sent, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT mail_id, sent_at, digest = $4 FROM drafts_sent WHERE user_id = $1"
		" AND (draft_id = $2 OR draft_key = $3) ORDER BY digest = $4 DESC, draft_id DESC"
		" LIMIT 1",
		db_int(search->user_id), db_int(search->id), db_text(search->key),
		db_blob(search->digest, SHA256_SIZE));

	*sent = (DraftSent){0};
	if (!rows)
		return false;
	if (db_rows_next(rows, &failed))
		*sent = (DraftSent){.mail_id = db_rows_int(rows, 0),
			.at = db_rows_int(rows, 1),
			.is_same = db_rows_int(rows, 2) != 0};
	return db_rows_end(failed, error);
}

bool drafts_find_sent(DbTransaction *transaction, int64_t user_id, int64_t id, const char *key,
	const DraftFields *fields, DraftSent *sent, GError **error)
{
	SentSearch search = {.user_id = user_id, .id = id, .key = key};

	digest(fields, search.digest);
	return read_sent(transaction, &search, sent, error);
}

char *drafts_sent_when(int64_t at)
{
	g_autofree char *hour = clock_format_hour(at);
	g_autofree char *day = clock_format_day(at);
	g_autofree char *today = clock_format_day(clock_now());

	return strcmp(day, today) == 0 ? g_strdup_printf(_("um %s"), hour)
				       : g_strdup_printf(_("am %1$s um %2$s"), day, hour);
}
