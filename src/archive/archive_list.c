/* The list and the hits of a search in the list's order.
 *
 * What passes is what lies in several sequences of the same order: the mails of a case, of a
 * mailbox, those that one may see, the hits in search.db. Each in turn jumps to where the one
 * before it stands, until all stand at one mail: many hits with few mails cost as little as few
 * hits with many mails. Two that both are long and never meet are long in the walking: for a page,
 * that is bounded, and the next page goes on where it stopped. */
#include "archive/archive_internal.h"

#include <string.h>
#include "archive/archive_sequence.h"
#include "base/text.h"
#include "failure/failure.h"

/* A row of a sequence costs as much as so many hits stepped over. */
#define EFFORT_OF_ROW 3

typedef struct Listing {
	Archive *archive;
	const ArchiveFilter *filter;
	const char *case_number; /* stripped */
	GStrv words;		 /* NULL: no search */
	int64_t position;	 /* where to go on, downwards; -1: at the end */
	int64_t last;		 /* the lowest that passes */
	size_t left;
	size_t effort; /* so far */
	size_t effort_limit;
	bool stopped; /* by that limit, above position */

	/* Full mails to a visitor; or else positions (int64_t), one more than wanted if there is
	 * one, and a page of their rows (nullable). */
	ArchiveVisitor *visit;
	void *data;
	GArray *positions;
	ArchivePage *page;

	DbTransaction *transaction;
	GPtrArray *sequences;
	SearchHits *hits; /* one more of them; NULL: no search */
	bool search_failed;
} Listing;

/* ---- which sequences ---- */

static Sequence *add_sequence(Listing *listing)
{
	Sequence *sequence = sequence_new(listing->transaction, listing->last);

	g_ptr_array_add(listing->sequences, sequence);
	return sequence;
}

static bool is_own_mailbox(const ArchiveViewer *viewer, const char *mailbox)
{
	g_autofree char *wanted = text_fold_address(mailbox);
	bool own = false;

	for (const char *const *other = viewer->mailboxes; other && *other && !own; other++) {
		g_autofree char *folded = text_fold_address(*other);

		own = strcmp(folded, wanted) == 0;
	}
	return own;
}

/* What the viewer may see; nothing to add where the filter lets nothing else through anyway. */
static bool add_sight(Listing *listing, GError **error)
{
	const ArchiveViewer *viewer = listing->filter->viewer;
	const char *mailbox = listing->filter->mailbox;
	g_autoptr(GArray) mailboxes = NULL;
	Sequence *sight;

	if (!viewer || (mailbox && is_own_mailbox(viewer, mailbox)))
		return true;
	mailboxes = archive_find_mailboxes(listing->transaction, viewer, error);
	if (!mailboxes)
		return false;
	sight = add_sequence(listing);
	sequence_add(sight, STREAM_FILER, db_int(viewer->user_id));
	for (guint i = 0; i < mailboxes->len; i++)
		sequence_add(sight, STREAM_MAILBOX, db_int(g_array_index(mailboxes, int64_t, i)));
	return true;
}

/* Nobody learns of a mailbox that is not theirs which mails lie in it. */
static bool add_mailbox(Listing *listing, GError **error)
{
	const ArchiveFilter *filter = listing->filter;
	int64_t id = 0;

	if (!filter->mailbox)
		return true;
	if ((!filter->viewer || is_own_mailbox(filter->viewer, filter->mailbox)) &&
		!archive_find_mailbox(listing->transaction, filter->mailbox, &id, error))
		return false;
	sequence_add(add_sequence(listing), STREAM_MAILBOX, db_int(id));
	return true;
}

static void add_cases(Listing *listing)
{
	const ArchiveFilter *filter = listing->filter;
	Sequence *sequence = NULL;

	if (filter->cases)
		sequence = add_sequence(listing);
	else if (listing->case_number)
		sequence_add(add_sequence(listing), STREAM_CASE, db_text(listing->case_number));
	for (const char *const *one = filter->cases; one && *one; one++)
		sequence_add(sequence, STREAM_CASE, db_text(*one));
}

static bool choose_sequences(Listing *listing, GError **error)
{
	const ArchiveFilter *filter = listing->filter;

	add_cases(listing);
	if (!add_mailbox(listing, error) || !add_sight(listing, error))
		return false;
	if (filter->with_attachments)
		sequence_add(add_sequence(listing), STREAM_WITH_ATTACHMENTS, db_null());
	/* The hits alone do not tell whether the mail is still there. */
	if (listing->sequences->len == 0)
		sequence_add(add_sequence(listing), STREAM_ALL, db_null());
	return true;
}

/* ---- where they meet ---- */

/* *IS_IN: there is a mail of the sequence at the position. */
static bool seek(Listing *listing, guint number, int64_t *position, bool *is_in, GError **error)
{
	*is_in = true;
	if (number < listing->sequences->len) {
		size_t rows = 0;
		bool good = sequence_seek(
			g_ptr_array_index(listing->sequences, number), position, &rows, error);

		listing->effort += rows * EFFORT_OF_ROW;
		return good;
	}
	if (search_hits_seek(listing->hits, position, is_in, &listing->effort, error))
		return true;
	listing->search_failed = true;
	return false;
}

/* Moves position to the next mail that lies in all of them; -1: there is none. */
static bool find_next(Listing *listing, GError **error)
{
	guint count = listing->sequences->len + (listing->hits ? 1 : 0);
	guint agreed = 0;

	for (guint i = 0; agreed < count && listing->position >= 0; i = (i + 1) % count) {
		int64_t found = listing->position;
		bool is_in;

		listing->stopped = listing->effort >= listing->effort_limit;
		if (listing->stopped)
			return true;
		if (!seek(listing, i, &found, &is_in, error))
			return false;
		agreed = !is_in ? 0 : found == listing->position ? agreed + 1 : 1;
		listing->position = found;
	}
	return true;
}

/* ---- handing over ---- */

/* Hands one mail over; false as *MORE: it was the last one wanted. */
static bool visit_one(Listing *listing, bool *more, GError **error)
{
	int64_t id = search_position_id(listing->position);
	g_autoptr(ArchiveMail) mail = NULL;

	if (!archive_load_mail(listing->transaction, listing->filter->viewer, id, &mail, error))
		return false;
	*more = !mail || (listing->visit(mail, listing->data) && --listing->left > 0);
	return true;
}

/* The one behind the page's rows only tells that there is another page. */
static bool note_one(Listing *listing)
{
	g_array_append_val(listing->positions, listing->position);
	return listing->positions->len <= listing->left;
}

static bool hand_over(Listing *listing, bool *more, GError **error)
{
	if (listing->visit)
		return visit_one(listing, more, error);
	*more = note_one(listing);
	return true;
}

static void go_on_below(ArchivePage *page, int64_t position)
{
	page->more = true;
	page->before_id = search_position_id(position);
	page->before_date = search_position_date(position);
}

static bool fill_page(Listing *listing, GError **error)
{
	GArray *positions = listing->positions;

	if (listing->stopped)
		go_on_below(listing->page, listing->position + 1);
	if (positions->len > listing->left) {
		g_array_set_size(positions, (guint)listing->left);
		go_on_below(listing->page, g_array_index(positions, int64_t, positions->len - 1));
	}
	return archive_load_rows(listing->transaction, listing->filter->viewer, positions,
		listing->page->rows, error);
}

static bool walk(Listing *listing, GError **error)
{
	bool more = true;

	while (more) {
		if (!find_next(listing, error))
			return false;
		if (listing->stopped || listing->position < 0)
			break;
		if (!hand_over(listing, &more, error))
			return false;
		listing->position--;
	}
	return !listing->page || fill_page(listing, error);
}

static bool list_in(DbTransaction *transaction, void *data, GError **error)
{
	Listing *listing = data;
	g_autoptr(GPtrArray) sequences =
		g_ptr_array_new_with_free_func((GDestroyNotify)sequence_free);

	listing->transaction = transaction;
	listing->sequences = sequences;
	return choose_sequences(listing, error) && walk(listing, error);
}

static bool list_hits(DbTransaction *transaction, void *data, GError **error)
{
	Listing *listing = data;
	g_autoptr(SearchHits) hits =
		search_hits_new(transaction, listing->words, listing->visit != NULL);

	listing->hits = hits;
	return db_read(listing->archive->db, list_in, listing, error);
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

/* ---- bounds ---- */

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
	int64_t first = position_of(SEARCH_DATE_LIMIT, SEARCH_ID_LIMIT);

	if (filter->until != 0 && filter->until <= SEARCH_DATE_LIMIT)
		first = position_of(filter->until, 0) - 1;
	if (filter->before_id > 0)
		first = MIN(first, position_of(filter->before_date, filter->before_id) - 1);
	return first;
}

static bool run(Listing *listing, GError **error)
{
	const ArchiveFilter *filter = listing->filter;
	g_auto(GStrv) words = filter->words ? search_split_query(filter->words) : NULL;
	g_autofree char *case_number = archive_strip_case(filter->case_number);

	listing->position = first_position(filter);
	listing->last = last_position(filter);
	listing->left = filter->limit > 0 ? filter->limit : SIZE_MAX;
	listing->words = words;
	listing->case_number = case_number;
	if (!filter->words)
		return db_read(listing->archive->db, list_in, listing, error);
	/* Without a word in it, a query finds nothing. */
	return !words || run_search(listing, error);
}

bool archive_each(Archive *archive, const ArchiveFilter *filter, ArchiveVisitor *visit, void *data,
	GError **error)
{
	Listing listing = {
		.archive = archive,
		.filter = filter,
		.visit = visit,
		.data = data,
		.effort_limit = SIZE_MAX,
	};

	return run(&listing, error);
}

/* ---- pages ---- */

void archive_page_free(ArchivePage *page)
{
	if (!page)
		return;
	g_ptr_array_unref(page->rows);
	g_free(page);
}

bool archive_has_any(
	Archive *archive, const ArchiveFilter *filter, size_t effort, bool *any, GError **error)
{
	g_autoptr(GArray) positions = g_array_new(FALSE, FALSE, sizeof(int64_t));
	Listing listing = {
		.archive = archive,
		.filter = filter,
		.positions = positions,
		.effort_limit = effort,
	};

	if (!run(&listing, error))
		return false;
	*any = positions->len > 0;
	return true;
}

ArchivePage *archive_page(Archive *archive, const ArchiveFilter *filter, GError **error)
{
	g_autoptr(ArchivePage) page = g_new0(ArchivePage, 1);
	g_autoptr(GArray) positions = g_array_new(FALSE, FALSE, sizeof(int64_t));
	Listing listing = {
		.archive = archive,
		.filter = filter,
		.page = page,
		.positions = positions,
		.effort_limit = archive->effort,
	};

	page->rows = g_ptr_array_new_with_free_func((GDestroyNotify)archive_row_free);
	return run(&listing, error) ? g_steal_pointer(&page) : NULL;
}

/* ---- how much there is ---- */

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
	return db_rows_end(failed, error) && rows;
}

bool archive_measure(Archive *archive, ArchiveSize *size, GError **error)
{
	return db_read(archive->db, measure_in, size, error);
}
