/* Looking: the list and the hits of a search in the list's order, single mails, their bytes.
 *
 * A search goes through two sequences in the same order, the hits in search.db and the mails that
 * pass the filter, each jumping to where the other one stands: many hits with few mails cost as
 * little as few hits with many mails. */
#include "archive/archive_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "archive/archive_pack.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"

#define PAGE_SIZE 100

typedef struct Listing {
	Archive *archive;
	const ArchiveFilter *filter;
	ArchiveVisitor *visit;
	void *data;
	GStrv words; /* NULL: no search */
	char *mailbox_folded;
	int64_t mailbox_id;
	int64_t position; /* where to go on, downwards; -1: at the end */
	int64_t last;	  /* the lowest that passes */
	size_t left;
	DbTransaction *transaction;
	bool search_failed;
} Listing;

enum { BY_CASE = 1, BY_MAILBOX = 2 };

/* The expression is the one of the indices. */
#define POSITION "((date << 29) | id)"
#define IN_RANGE " WHERE " POSITION " <= $1 AND " POSITION " >= $2"
#define IN_ORDER " ORDER BY " POSITION " DESC LIMIT $3"

static const char *const selects[] = {
	[0] = "SELECT " POSITION " FROM mails" IN_RANGE IN_ORDER,
	[BY_CASE] = "SELECT " POSITION " FROM mails" IN_RANGE " AND case_number = $4" IN_ORDER,
	[BY_MAILBOX] = "SELECT position FROM mail_mailboxes"
		       " WHERE position <= $1 AND position >= $2 AND mailbox_id = $4"
		       " ORDER BY position DESC LIMIT $3",
	[BY_CASE | BY_MAILBOX] = "SELECT " POSITION " FROM mails" IN_RANGE " AND case_number = $4"
				 " AND EXISTS (SELECT 1 FROM mail_mailboxes b"
				 " WHERE b.mail_id = mails.id AND b.mailbox_id = $5)" IN_ORDER,
};

/* The first LIMIT mails at or below the listing's position that pass the filter, as positions. */
static bool select_positions(Listing *listing, size_t limit, GArray *positions, GError **error)
{
	const ArchiveFilter *filter = listing->filter;
	int kind = (filter->case_number ? BY_CASE : 0) | (filter->mailbox ? BY_MAILBOX : 0);
	DbValue values[5] = {
		db_int(listing->position), db_int(listing->last), db_int((int64_t)limit)};
	size_t count = 3;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = NULL;

	if (filter->case_number)
		values[count++] = db_text(filter->case_number);
	if (filter->mailbox)
		values[count++] = db_int(listing->mailbox_id);
	g_array_set_size(positions, 0);
	rows = db_select_values(listing->transaction, selects[kind], values, count, error);
	if (!rows)
		return false;
	while (db_rows_next(rows, &failed)) {
		int64_t position = db_rows_int(rows, 0);

		g_array_append_val(positions, position);
	}
	return archive_pass(failed, error);
}

/* Hands one mail over and goes below it. */
static bool visit_one(Listing *listing, int64_t position, GError **error)
{
	g_autoptr(ArchiveMail) mail = NULL;

	if (!archive_load_mail(listing->transaction, search_position_id(position), &mail, error))
		return false;
	listing->position = position - 1;
	if (!mail)
		return true;
	if (!listing->visit(mail, listing->data) || --listing->left == 0)
		listing->position = -1;
	return true;
}

static bool visit_page(Listing *listing, GArray *positions, GError **error)
{
	if (!select_positions(listing, MIN(listing->left, PAGE_SIZE), positions, error))
		return false;
	if (positions->len == 0)
		listing->position = -1;
	for (guint i = 0; i < positions->len && listing->position >= 0; i++) {
		if (!visit_one(listing, g_array_index(positions, int64_t, i), error))
			return false;
	}
	return true;
}

/* One step of the two sequences towards each other. */
static bool visit_hit(Listing *listing, SearchHits *hits, GArray *positions, GError **error)
{
	int64_t passed;

	if (!search_hits_seek(hits, &listing->position, error)) {
		listing->search_failed = true;
		return false;
	}
	if (listing->position < 0)
		return true;
	if (!select_positions(listing, 1, positions, error))
		return false;
	passed = positions->len > 0 ? g_array_index(positions, int64_t, 0) : -1;
	if (passed == listing->position)
		return visit_one(listing, passed, error);
	listing->position = passed;
	return true;
}

static bool find_mailbox(Listing *listing, GError **error)
{
	return !listing->filter->mailbox ||
	       db_get_int(listing->transaction, &listing->mailbox_id, 0, error,
		       "SELECT id FROM mailboxes WHERE address_folded = $1",
		       db_text(listing->mailbox_folded));
}

static bool list_all(DbTransaction *transaction, void *data, GError **error)
{
	Listing *listing = data;
	g_autoptr(GArray) positions = g_array_new(FALSE, FALSE, sizeof(int64_t));

	listing->transaction = transaction;
	if (!find_mailbox(listing, error))
		return false;
	while (listing->position >= 0) {
		if (!visit_page(listing, positions, error))
			return false;
	}
	return true;
}

typedef struct Matching {
	Listing *listing;
	SearchHits *hits;
} Matching;

static bool list_matching(DbTransaction *transaction, void *data, GError **error)
{
	const Matching *matching = data;
	Listing *listing = matching->listing;
	g_autoptr(GArray) positions = g_array_new(FALSE, FALSE, sizeof(int64_t));

	listing->transaction = transaction;
	if (!find_mailbox(listing, error))
		return false;
	while (listing->position >= 0) {
		if (!visit_hit(listing, matching->hits, positions, error))
			return false;
	}
	return true;
}

static bool list_hits(DbTransaction *transaction, void *data, GError **error)
{
	Listing *listing = data;
	g_autoptr(SearchHits) hits = search_hits_new(transaction, listing->words);
	Matching matching = {listing, hits};

	return db_read(listing->archive->db, list_matching, &matching, error);
}

static bool run_search(Listing *listing, GError **error)
{
	GError *failed = NULL;

	if (db_read(search_db(listing->archive->search), list_hits, listing, &failed))
		return true;
	if (listing->search_failed)
		search_note_failure(listing->archive->search, failed);
	g_propagate_error(error, failed);
	return false;
}

/* Bounds come from people and addresses: whatever they are, they end up inside the list's range. */
static int64_t position_of(int64_t date, int64_t id)
{
	return search_position(CLAMP(date, 0, SEARCH_DATE_LIMIT), CLAMP(id, 0, SEARCH_ID_LIMIT));
}

static int64_t last_position(const ArchiveFilter *filter)
{
	if (filter->since > SEARCH_DATE_LIMIT)
		return INT64_MAX;
	return filter->since > 0 ? position_of(filter->since, 0) : 0;
}

/* The highest position that FILTER lets through. */
static int64_t first_position(const ArchiveFilter *filter)
{
	int64_t first = INT64_MAX;

	if (filter->until != 0 && filter->until <= SEARCH_DATE_LIMIT)
		first = position_of(filter->until, 0) - 1;
	if (filter->before_id > 0)
		first = MIN(first, position_of(filter->before_date, filter->before_id) - 1);
	return first;
}

bool archive_each(Archive *archive, const ArchiveFilter *filter, ArchiveVisitor *visit, void *data,
	GError **error)
{
	g_auto(GStrv) words = filter->words ? search_split_query(filter->words) : NULL;
	g_autofree char *mailbox_folded =
		filter->mailbox ? text_fold_address(filter->mailbox) : NULL;
	Listing listing = {
		.archive = archive,
		.filter = filter,
		.visit = visit,
		.data = data,
		.words = words,
		.mailbox_folded = mailbox_folded,
		.position = first_position(filter),
		.last = last_position(filter),
		.left = filter->limit > 0 ? filter->limit : SIZE_MAX,
	};

	if (!filter->words)
		return db_read(archive->db, list_all, &listing, error);
	/* Without a word in it, a query finds nothing. */
	return !words || run_search(&listing, error);
}

/* ---- one mail ---- */

typedef struct Finding {
	int64_t id;
	ArchiveMail *mail;
	GArray *places;
} Finding;

static bool find_mail(DbTransaction *transaction, void *data, GError **error)
{
	Finding *finding = data;

	archive_mail_free(finding->mail);
	return archive_load_mail(transaction, finding->id, &finding->mail, error);
}

static void fail_unknown(int64_t id, GError **error)
{
	g_autofree char *number = g_strdup_printf("%" PRId64, id);

	failure_set(error, FAILURE_MAIL_UNKNOWN, number, "no mail %s", number);
}

ArchiveMail *archive_find(Archive *archive, int64_t id, GError **error)
{
	Finding finding = {.id = id};

	if (!db_read(archive->db, find_mail, &finding, error)) {
		archive_mail_free(finding.mail);
		return NULL;
	}
	if (!finding.mail)
		fail_unknown(id, error);
	return finding.mail;
}

static bool find_places(DbTransaction *transaction, void *data, GError **error)
{
	Finding *finding = data;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT c.id, p.name, c.start, c.size FROM copies c"
		" JOIN packs p ON p.id = c.pack_id WHERE c.mail_id = $1 ORDER BY c.id",
		db_int(finding->id));

	if (!rows)
		return false;
	while (db_rows_next(rows, &failed)) {
		ArchivePlace place = {
			.mail_id = finding->id,
			.copy_id = db_rows_int(rows, 0),
			.offset = (uint64_t)db_rows_int(rows, 2),
			.size = (uint64_t)db_rows_int(rows, 3),
		};

		g_strlcpy(place.pack, db_rows_text(rows, 1), sizeof place.pack);
		g_array_append_val(finding->places, place);
	}
	return archive_pass(failed, error);
}

GArray *archive_places(Archive *archive, int64_t id, GError **error)
{
	g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(ArchivePlace));
	Finding finding = {.id = id, .places = places};

	if (!db_read(archive->db, find_places, &finding, error))
		return NULL;
	if (places->len == 0) {
		fail_unknown(id, error);
		return NULL;
	}
	return g_steal_pointer(&places);
}

/* ---- bytes ---- */

/* The pack of a row that was read just now; if it is gone, the row is looked up again, since the
 * reaper may have moved the copy in between. Answers -1 with *GONE, or with a failure. */
static int open_current(
	Archive *archive, ArchivePlace *place, uint8_t sha256[static SHA256_SIZE], GError **error)
{
	bool found;

	for (int attempt = 0; attempt < 3; attempt++) {
		int pack;

		if (!archive_look_up_copy(archive, place->copy_id, place, sha256, &found, error))
			return -1;
		if (!found) {
			fail_unknown(place->mail_id, error);
			return -1;
		}
		pack = pack_open(archive, place->pack);
		if (pack >= 0)
			return pack;
		if (errno != ENOENT)
			break;
	}
	failure_set(error, FAILURE_ARCHIVE_DAMAGED, place->pack, "pack %s: %s", place->pack,
		g_strerror(errno));
	return -1;
}

int archive_open_pack(Archive *archive, const ArchivePlace *place, GError **error)
{
	ArchivePlace now = *place;
	uint8_t sha256[SHA256_SIZE];
	g_auto(Descriptor) pack = pack_open(archive, place->pack);

	if (pack >= 0)
		return g_steal_fd(&pack);
	pack = open_current(archive, &now, sha256, error);
	if (pack < 0)
		return -1;
	if (now.offset == place->offset && g_str_equal(now.pack, place->pack))
		return g_steal_fd(&pack);
	failure_set(error, FAILURE_STORE_BUSY, NULL, "copy %" PRId64 " was moved to pack %s",
		now.copy_id, now.pack);
	return -1;
}

typedef struct Output {
	int descriptor;
	int failed; /* errno of a failed write */
} Output;

static bool write_piece(const void *data, size_t size, void *user)
{
	Output *output = user;

	if (file_write_all(output->descriptor, data, size))
		return true;
	output->failed = errno;
	return false;
}

bool archive_write_copy(Archive *archive, const ArchivePlace *place, int descriptor, GError **error)
{
	ArchivePlace now = *place;
	Output output = {.descriptor = descriptor};
	uint8_t wanted[SHA256_SIZE];
	uint8_t found[SHA256_SIZE];
	g_auto(Descriptor) pack = open_current(archive, &now, wanted, error);

	if (pack < 0)
		return false;
	if (archive_read_span(pack, now.offset, now.size, found, write_piece, &output) &&
		memcmp(wanted, found, SHA256_SIZE) == 0)
		return true;
	if (output.failed)
		failure_set_errno(error, FAILURE_OUTPUT, _("die Ausgabe"), output.failed);
	else
		failure_set(error, FAILURE_ARCHIVE_DAMAGED, now.pack,
			"pack %s: copy %" PRId64 " does not have the bytes that were filed",
			now.pack, now.copy_id);
	return false;
}

static bool measure_in(DbTransaction *transaction, void *data, GError **error)
{
	ArchiveSize *size = data;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT m.mails, c.copies, c.bytes, m.unread, m.unreadable FROM"
		" (SELECT count(*) AS mails, coalesce(sum(state = 0), 0) AS unread,"
		"  coalesce(sum(state = 2), 0) AS unreadable FROM mails) m,"
		" (SELECT count(*) AS copies, coalesce(sum(size), 0) AS bytes FROM copies) c");
	GError *failed = NULL;

	if (rows && db_rows_next(rows, &failed))
		*size = (ArchiveSize){db_rows_int(rows, 0), db_rows_int(rows, 1),
			db_rows_int(rows, 2), db_rows_int(rows, 3), db_rows_int(rows, 4)};
	if (failed)
		g_propagate_error(error, failed);
	return rows && !failed;
}

bool archive_measure(Archive *archive, ArchiveSize *size, GError **error)
{
	return db_read(archive->db, measure_in, size, error);
}
