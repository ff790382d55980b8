/* Reading what mails say: which mails are still to be read, who is reading them, and keeping the
 * result. The reading itself happens elsewhere, in a sealed worker.
 *
 * An attempt is counted before it begins. A mail that killed the parser twice is unreadable; one
 * more attempt at its header alone, so that it is not listed without a name. A process that died
 * while it held a mail proves little about the mail: such mails are then handed out in small
 * groups, and only a mail that was there many times is given up in the same way. */
#include "archive/archive_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "failure/failure.h"

#define ATTEMPT_LIMIT 6
#define SUSPECTS_AT_ONCE 16

/* Words of one mail in the index, all fields together. */
#define WORDS_LIMIT ((size_t)512 * 1024)

/* ---- who claims ---- */

/* A process by number and start time: numbers are given again, in containers even at once. Yours;
 * NULL: there is no such process. */
static char *describe_process(pid_t process)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)process);
	g_autofree char *line = file_read(path, 4096, NULL);
	const char *behind_name = line ? strrchr(line, ')') : NULL;
	g_auto(GStrv) fields = behind_name ? g_strsplit(behind_name + 1, " ", 22) : NULL;

	/* The start time is field 22; behind the name stands a blank, then field 3. */
	if (!fields || g_strv_length(fields) < 21)
		return NULL;
	return g_strdup_printf("%d:%s", (int)process, fields[20]);
}

static bool is_alive(const char *owner)
{
	g_autofree char *now = describe_process((pid_t)strtol(owner, NULL, 10));

	return g_strcmp0(now, owner) == 0;
}

/* ---- claiming ---- */

typedef struct Claim {
	ArchivePlace *places;
	size_t count;
	size_t max_bytes;
	const char *owner;
	int64_t now;
	size_t found;
	size_t given_up;
} Claim;

typedef struct Candidate {
	ArchivePlace place;
	int64_t attempts;
	int64_t failures;
} Candidate;

/* Only the header is left to try. */
static bool is_last_try(const Candidate *candidate)
{
	return candidate->failures >= ARCHIVE_PARSER_DEATHS || candidate->attempts >= ATTEMPT_LIMIT;
}

static bool is_lost(const Candidate *candidate)
{
	return candidate->failures > ARCHIVE_PARSER_DEATHS || candidate->attempts > ATTEMPT_LIMIT;
}

/* Free mails first, then those whose claim is too old; in each group in the order of filing. */
static GArray *select_candidates(DbTransaction *transaction, const Claim *claim, GError **error)
{
	g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(Candidate));
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT m.id, m.attempts, m.failures, c.id, p.name, c.start, c.size FROM mails m"
		" JOIN copies c ON c.id = (SELECT MIN(id) FROM copies WHERE mail_id = m.id)"
		" JOIN packs p ON p.id = c.pack_id"
		" WHERE m.state = 0 AND m.claimed_at <= $1 ORDER BY m.claimed_at, m.id LIMIT $2",
		db_int(claim->now - ARCHIVE_CLAIM_SECONDS), db_int((int64_t)claim->count));

	if (!rows)
		return NULL;
	while (db_rows_next(rows, &failed)) {
		Candidate candidate = {
			.place = {.mail_id = db_rows_int(rows, 0),
				.copy_id = db_rows_int(rows, 3),
				.offset = (uint64_t)db_rows_int(rows, 5),
				.size = (uint64_t)db_rows_int(rows, 6)},
			.attempts = db_rows_int(rows, 1),
			.failures = db_rows_int(rows, 2),
		};

		candidate.place.header_only = is_last_try(&candidate);
		g_strlcpy(candidate.place.pack, db_rows_text(rows, 4), sizeof candidate.place.pack);
		g_array_append_val(candidates, candidate);
	}
	return db_rows_end(failed, error) ? g_steal_pointer(&candidates) : NULL;
}

static bool give_up(DbTransaction *transaction, const Candidate *candidate, GError **error)
{
	return db_run(transaction, error,
		"UPDATE mails SET state = 2, claimed_at = 0, claimed_by = NULL WHERE id = $1",
		db_int(candidate->place.mail_id));
}

static bool take(
	DbTransaction *transaction, const Claim *claim, const Candidate *candidate, GError **error)
{
	return db_run(transaction, error,
		"UPDATE mails SET attempts = attempts + 1, claimed_at = $2, claimed_by = $3"
		" WHERE id = $1",
		db_int(candidate->place.mail_id), db_int(claim->now), db_text(claim->owner));
}

/* Whether CANDIDATE goes with the ones taken so far: one pack, so many bytes, no suspect among
 * those that were never tried, a last try alone. */
static bool fits(
	const Claim *claim, const Candidate *first, const Candidate *candidate, uint64_t bytes)
{
	if (claim->found == 0)
		return true;
	if (first->attempts > 0 && claim->found >= SUSPECTS_AT_ONCE)
		return false;
	if (first->place.header_only || candidate->place.header_only)
		return false;
	return g_str_equal(first->place.pack, candidate->place.pack) &&
	       (first->attempts > 0) == (candidate->attempts > 0) &&
	       bytes + candidate->place.size <= claim->max_bytes;
}

static int compare_places(const void *a, const void *b)
{
	const ArchivePlace *left = a;
	const ArchivePlace *right = b;

	return left->offset < right->offset ? -1 : left->offset > right->offset;
}

static bool take_candidates(
	DbTransaction *transaction, Claim *claim, const GArray *candidates, GError **error)
{
	const Candidate *first = NULL;
	uint64_t bytes = 0;

	for (guint i = 0; i < candidates->len; i++) {
		const Candidate *candidate = &g_array_index(candidates, Candidate, i);

		if (is_lost(candidate)) {
			claim->given_up++;
			if (!give_up(transaction, candidate, error))
				return false;
			continue;
		}
		if (!fits(claim, first, candidate, bytes))
			break;
		if (!take(transaction, claim, candidate, error))
			return false;
		first = first ? first : candidate;
		claim->places[claim->found++] = candidate->place;
		bytes += candidate->place.size;
	}
	return true;
}

static bool claim_some(DbTransaction *transaction, void *data, GError **error)
{
	Claim *claim = data;
	g_autoptr(GArray) candidates = select_candidates(transaction, claim, error);

	claim->found = 0;
	claim->given_up = 0;
	if (!candidates || !take_candidates(transaction, claim, candidates, error))
		return false;
	if (claim->found > 1)
		qsort(claim->places, claim->found, sizeof *claim->places, compare_places);
	return true;
}

static GPtrArray *select_owners(DbTransaction *transaction, GError **error)
{
	g_autoptr(GPtrArray) owners = g_ptr_array_new_with_free_func(g_free);
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT DISTINCT claimed_by FROM mails WHERE state = 0 AND claimed_at > 0");

	if (!rows)
		return NULL;
	while (db_rows_next(rows, &failed))
		g_ptr_array_add(owners, g_strdup(db_rows_text(rows, 0)));
	return db_rows_end(failed, error) ? g_steal_pointer(&owners) : NULL;
}

/* Frees what processes held that are no more. */
static bool free_claims_of_dead(DbTransaction *transaction, void *data, GError **error)
{
	int64_t *freed = data;
	g_autoptr(GPtrArray) owners = select_owners(transaction, error);

	*freed = 0;
	for (guint i = 0; owners && i < owners->len; i++) {
		const char *owner = g_ptr_array_index(owners, i);
		int64_t changed;

		if (is_alive(owner))
			continue;
		if (!db_run_counted(transaction, &changed, error,
			    "UPDATE mails SET claimed_at = 0, claimed_by = NULL"
			    " WHERE state = 0 AND claimed_at > 0 AND claimed_by = $1",
			    db_text(owner)))
			return false;
		*freed += changed;
	}
	return owners != NULL;
}

/* Claims until something was found or nothing was left to give up. */
static bool claim_until_found(Archive *archive, Claim *claim, GError **error)
{
	do {
		if (!db_write(archive->db, claim_some, claim, error))
			return false;
	} while (claim->found == 0 && claim->given_up > 0);
	return true;
}

static bool any_unread(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(
		transaction, data, 0, error, "SELECT EXISTS (SELECT 1 FROM mails WHERE state = 0)");
}

bool archive_claim_unread(Archive *archive, ArchivePlace *places, size_t count, size_t max_bytes,
	size_t *found, GError **error)
{
	g_autofree char *owner = describe_process(getpid());
	Claim claim = {
		.places = places,
		.count = count,
		.max_bytes = max_bytes,
		.owner = owner ? owner : "?",
		.now = clock_now(),
	};
	int64_t freed = 0;
	int64_t any = 0;

	*found = 0;
	/* Looking costs no write; words are kept only where there is room for them. */
	if (!db_read(archive->db, any_unread, &any, error))
		return false;
	if (!any)
		return true;
	if (!archive_check_space(archive, 0, error))
		return false;
	if (!claim_until_found(archive, &claim, error))
		return false;
	if (claim.found == 0 && !db_write(archive->db, free_claims_of_dead, &freed, error))
		return false;
	if (freed > 0 && !claim_until_found(archive, &claim, error))
		return false;
	*found = claim.found;
	return true;
}

/* ---- giving back ---- */

typedef struct Return {
	const ArchivePlace *places;
	size_t count;
} Return;

static bool unclaim(DbTransaction *transaction, void *data, GError **error)
{
	const Return *given = data;

	for (size_t i = 0; i < given->count; i++) {
		if (!db_run(transaction, error,
			    "UPDATE mails SET attempts = attempts - 1, claimed_at = 0,"
			    " claimed_by = NULL WHERE id = $1 AND state = 0 AND attempts > 0",
			    db_int(given->places[i].mail_id)))
			return false;
	}
	return true;
}

bool archive_unclaim(Archive *archive, const ArchivePlace *places, size_t count, GError **error)
{
	Return given = {places, count};

	return count == 0 || db_write(archive->db, unclaim, &given, error);
}

/* ---- keeping ---- */

typedef struct Keeping {
	const Search *search;
	const ArchivePlace *places;
	MailContent *const *contents;
	size_t count;
	int64_t *dates; /* of the mails; -1: deleted meanwhile */
} Keeping;

/* What the rows say now; a Date header that can be one goes before. */
static bool find_dates(DbTransaction *transaction, void *data, GError **error)
{
	const Keeping *keeping = data;

	for (size_t i = 0; i < keeping->count; i++) {
		const MailContent *content = keeping->contents[i];

		if (!db_get_int(transaction, &keeping->dates[i], -1, error,
			    "SELECT date FROM mails WHERE id = $1",
			    db_int(keeping->places[i].mail_id)))
			return false;
		if (keeping->dates[i] >= 0 && content && content->has_date && content->date >= 0 &&
			content->date <= SEARCH_DATE_LIMIT)
			keeping->dates[i] = content->date;
	}
	return true;
}

static void append_people(GString *words, const GPtrArray *people, size_t end)
{
	for (guint i = 0; i < people->len && words->len < end; i++)
		text_append_words(words, g_ptr_array_index(people, i), end - words->len);
}

/* Each word once: how often it occurs is not asked for. Cuts WORDS at its blanks. */
static char *drop_doubles(GString *words)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	GString *once = g_string_sized_new(words->len / 2);
	char *rest = words->str;
	const char *word;

	while ((word = strsep(&rest, " "))) {
		if (*word == '\0' || !g_hash_table_add(seen, (char *)word))
			continue;
		if (once->len > 0)
			g_string_append_c(once, ' ');
		g_string_append(once, word);
	}
	return g_string_free(once, FALSE);
}

/* Yours. The text comes last, so that the limit never takes subject and people. */
static char *make_words(const MailContent *content)
{
	g_autoptr(GString) words = g_string_new(NULL);

	text_append_words(words, content->subject, WORDS_LIMIT);
	text_append_words(words, content->from, WORDS_LIMIT - words->len);
	append_people(words, content->to, WORDS_LIMIT);
	append_people(words, content->cc, WORDS_LIMIT);
	for (guint i = 0; i < content->attachments->len && words->len < WORDS_LIMIT; i++) {
		const MailPart *part = g_ptr_array_index(content->attachments, i);

		text_append_words(words, part->name, WORDS_LIMIT - words->len);
	}
	text_append_words(words, content->text, WORDS_LIMIT - words->len);
	return drop_doubles(words);
}

static void entry_clear(void *data)
{
	SearchEntry *entry = data;

	g_free(entry->words);
}

static bool put_words(Archive *archive, const Keeping *keeping, GError **error)
{
	g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(SearchEntry));

	g_array_set_clear_func(entries, entry_clear);
	for (size_t i = 0; i < keeping->count; i++) {
		SearchEntry entry = {.id = keeping->places[i].mail_id, .date = keeping->dates[i]};

		if (!keeping->contents[i] || entry.date < 0)
			continue;
		entry.words = make_words(keeping->contents[i]);
		g_array_append_val(entries, entry);
	}
	return search_put(
		archive->search, (SearchEntry *)(void *)entries->data, entries->len, error);
}

/* One a line; a line break inside a name becomes a blank. */
static char *join_lines(const GPtrArray *people)
{
	GString *lines = g_string_new(NULL);

	for (guint i = 0; i < people->len; i++) {
		g_autofree char *person = g_strdup(g_ptr_array_index(people, i));

		g_string_append_printf(
			lines, "%s%s", i > 0 ? "\n" : "", g_strdelimit(person, "\n", ' '));
	}
	return g_string_free(lines, FALSE);
}

static bool keep_attachments(
	DbTransaction *transaction, int64_t id, const GPtrArray *attachments, GError **error)
{
	if (!db_run(transaction, error, "DELETE FROM attachments WHERE mail_id = $1", db_int(id)))
		return false;
	for (guint i = 0; i < attachments->len; i++) {
		const MailPart *part = g_ptr_array_index(attachments, i);

		if (!db_run(transaction, error,
			    "INSERT INTO attachments (mail_id, number, name, type, size)"
			    " VALUES ($1, $2, $3, $4, $5)",
			    db_int(id), db_int(i + 1), db_text(part->name), db_text(part->type),
			    db_int((int64_t)part->size)))
			return false;
	}
	return true;
}

/* The mail's place in the list. */
static bool move_to(DbTransaction *transaction, int64_t id, int64_t position, GError **error)
{
	return db_run(transaction, error,
		       "UPDATE mail_mailboxes SET position = $2"
		       " WHERE mail_id = $1 AND position <> $2",
		       db_int(id), db_int(position)) &&
	       db_run(transaction, error,
		       "UPDATE mail_filers SET position = $2"
		       " WHERE mail_id = $1 AND position <> $2",
		       db_int(id), db_int(position));
}

static bool keep_content(DbTransaction *transaction, const ArchivePlace *place,
	const MailContent *content, int64_t *date, GError **error)
{
	g_autofree char *recipients = join_lines(content->to);
	ArchiveState state = place->header_only ? ARCHIVE_UNREADABLE : ARCHIVE_READ;
	int64_t id = place->mail_id;
	int64_t changed;

	if (!db_run_counted(transaction, &changed, error,
		    "UPDATE mails SET state = $7, claimed_at = 0, claimed_by = NULL, subject = $2,"
		    " sender = $3, recipients = $4, date = $5, message_id = $6,"
		    " attachment_count = $8 WHERE id = $1",
		    db_int(id), db_text(content->subject), db_text(content->from),
		    db_text(recipients), db_int(*date), db_text(content->message_id), db_int(state),
		    db_int(content->attachments->len)))
		return false;
	if (changed == 0) {
		*date = -1;
		return true;
	}
	return keep_attachments(transaction, id, content->attachments, error) &&
	       move_to(transaction, id, search_position(*date, id), error);
}

static bool keep_failure(DbTransaction *transaction, int64_t id, GError **error)
{
	return db_run(transaction, error,
		"UPDATE mails SET failures = failures + 1, claimed_at = 0, claimed_by = NULL,"
		" state = CASE WHEN failures >= $2 THEN 2 ELSE 0 END"
		" WHERE id = $1 AND state = 0",
		db_int(id), db_int(ARCHIVE_PARSER_DEATHS));
}

static bool keep_all(DbTransaction *transaction, void *data, GError **error)
{
	const Keeping *keeping = data;

	if (!search_check_current(keeping->search, transaction, error))
		return false;
	for (size_t i = 0; i < keeping->count; i++) {
		const MailContent *content = keeping->contents[i];
		const ArchivePlace *place = &keeping->places[i];
		bool kept = keeping->dates[i] < 0 ||
			    (content ? keep_content(transaction, place, content, &keeping->dates[i],
					       error)
				     : keep_failure(transaction, place->mail_id, error));

		if (!kept)
			return false;
	}
	return true;
}

/* Mails that were deleted while they were read: their words must not stay. */
static bool remove_deleted(Archive *archive, const Keeping *keeping, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));

	for (size_t i = 0; i < keeping->count; i++) {
		if (keeping->dates[i] < 0)
			g_array_append_val(ids, keeping->places[i].mail_id);
	}
	return search_remove(archive->search, (const int64_t *)(void *)ids->data, ids->len, error);
}

/* search.db first: a crash in between leaves mails that are read again. */
bool archive_keep_contents(Archive *archive, const ArchivePlace *places,
	MailContent *const *contents, size_t count, GError **error)
{
	g_autofree int64_t *dates = g_new(int64_t, count + 1);
	Keeping keeping = {archive->search, places, contents, count, dates};

	return db_read(archive->db, find_dates, &keeping, error) &&
	       put_words(archive, &keeping, error) &&
	       db_write(archive->db, keep_all, &keeping, error) &&
	       remove_deleted(archive, &keeping, error);
}
