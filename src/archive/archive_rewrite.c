/* Writing packs anew. Their copies go to a new pack, which is synced; one transaction then points
 * the rows there and forgets the old packs; only then these are unlinked. A crash in between leaves
 * a pack without rows: the new one before the transaction, the old ones after it.
 *
 * A pack whose bytes are not what was filed is left as it is: what can still be saved from it is a
 * person's decision. */
#include "archive/archive_rewrite.h"

#include <string.h>
#include <unistd.h>
#include "archive/archive_pack.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "failure/failure.h"

/* One call's work and the size that packs are merged to. */
#define GROUP_BYTES (UINT64_C(64) * 1024 * 1024)
#define CANDIDATES 64

/* Merging pays for packs of about one size: each byte is then rewritten a few times at most. */
#define SMALL_BYTES (UINT64_C(16) * 1024 * 1024)
#define TINY_BYTES (UINT64_C(1024) * 1024)
#define MERGE_AT_LEAST 8
#define MERGE_SPREAD 4

typedef struct Victim {
	int64_t id;
	char name[PACK_NAME_SIZE];
	uint64_t size;
} Victim;

typedef struct Move {
	int64_t copy_id;
	guint victim; /* index */
	uint64_t start;
	uint64_t size;
	uint8_t sha256[SHA256_SIZE];
} Move;

typedef struct Rewrite {
	Archive *archive;
	GArray *victims; /* Victim */
	GArray *moves;	 /* Move */
	uint64_t bytes;
	Pack *pack;
	bool abandoned; /* somebody reads from a victim */
} Rewrite;

/* ---- which packs ---- */

static bool take_victims(DbRows *rows, GArray *victims, GError **error)
{
	GError *failed = NULL;

	g_array_set_size(victims, 0);
	while (db_rows_next(rows, &failed)) {
		Victim victim = {
			.id = db_rows_int(rows, 0), .size = (uint64_t)db_rows_int(rows, 2)};

		g_strlcpy(victim.name, db_rows_text(rows, 1), sizeof victim.name);
		g_array_append_val(victims, victim);
	}
	return db_rows_end(failed, error);
}

static bool select_wasteful(DbTransaction *transaction, void *data, GError **error)
{
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT id, name, size FROM packs p WHERE EXISTS"
		" (SELECT 1 FROM garbage WHERE pack_id = p.id) OR NOT EXISTS"
		" (SELECT 1 FROM copies WHERE pack_id = p.id) ORDER BY id LIMIT $1",
		db_int(CANDIDATES));

	return rows && take_victims(rows, data, error);
}

static bool select_small(DbTransaction *transaction, void *data, GError **error)
{
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT id, name, size FROM packs WHERE size < $1 ORDER BY size, id LIMIT $2",
		db_int((int64_t)SMALL_BYTES), db_int(CANDIDATES));

	return rows && take_victims(rows, data, error);
}

/* Leaves in VICTIMS (by size) the first run of similar ones that is worth merging, or none. */
static void choose_similar(GArray *victims)
{
	for (guint first = 0; first + MERGE_AT_LEAST <= victims->len; first++) {
		uint64_t smallest = g_array_index(victims, Victim, first).size;
		uint64_t limit = MAX(TINY_BYTES, smallest * MERGE_SPREAD);
		guint end = first;

		while (end < victims->len && g_array_index(victims, Victim, end).size <= limit)
			end++;
		if (end - first < MERGE_AT_LEAST)
			continue;
		g_array_set_size(victims, end);
		g_array_remove_range(victims, 0, first);
		return;
	}
	g_array_set_size(victims, 0);
}

static bool choose_victims(Rewrite *rewrite, GError **error)
{
	Db *db = rewrite->archive->db;

	if (!db_read(db, select_wasteful, rewrite->victims, error))
		return false;
	if (rewrite->victims->len > 0)
		return true;
	if (!db_read(db, select_small, rewrite->victims, error))
		return false;
	choose_similar(rewrite->victims);
	return true;
}

/* ---- what is in them ---- */

typedef struct Contents {
	int64_t pack_id;
	guint victim;
	GArray *moves;
} Contents;

static bool select_copies(DbTransaction *transaction, void *data, GError **error)
{
	const Contents *contents = data;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT id, start, size, sha256 FROM copies WHERE pack_id = $1 ORDER BY start, id",
		db_int(contents->pack_id));

	if (!rows)
		return false;
	g_array_set_size(contents->moves, 0);
	while (db_rows_next(rows, &failed)) {
		size_t size;
		Move move = {
			.copy_id = db_rows_int(rows, 0),
			.victim = contents->victim,
			.start = (uint64_t)db_rows_int(rows, 1),
			.size = (uint64_t)db_rows_int(rows, 2),
		};

		memcpy(move.sha256, db_rows_blob(rows, 3, &size), SHA256_SIZE);
		g_array_append_val(contents->moves, move);
	}
	return db_rows_end(failed, error);
}

static bool is_sound(const Archive *archive, const Victim *victim, const GArray *moves)
{
	g_auto(Descriptor) file = pack_open(archive, victim->name);

	for (guint i = 0; file >= 0 && i < moves->len; i++) {
		const Move *move = &g_array_index(moves, Move, i);
		uint8_t found[SHA256_SIZE];

		if (!archive_read_span(file, move->start, move->size, found, NULL, NULL) ||
			memcmp(found, move->sha256, SHA256_SIZE) != 0)
			return false;
	}
	return file >= 0 || moves->len == 0;
}

static uint64_t sum_of(const GArray *moves)
{
	uint64_t sum = 0;

	for (guint i = 0; i < moves->len; i++)
		sum += g_array_index(moves, Move, i).size;
	return sum;
}

/* Adds the moves of the victim at INDEX. *KEPT false: it stays as it is, for now. */
static bool gather(Rewrite *rewrite, guint index, bool *kept, GError **error)
{
	const Victim *victim = &g_array_index(rewrite->victims, Victim, index);
	g_autoptr(GArray) moves = g_array_new(FALSE, FALSE, sizeof(Move));
	Contents contents = {victim->id, index, moves};
	uint64_t bytes;

	if (!db_read(rewrite->archive->db, select_copies, &contents, error))
		return false;
	bytes = sum_of(moves);
	*kept = rewrite->bytes == 0 || rewrite->bytes + bytes <= GROUP_BYTES;
	if (*kept && !is_sound(rewrite->archive, victim, moves)) {
		log_debug("pack %s is damaged and not rewritten", victim->name);
		*kept = false;
	}
	if (*kept && moves->len > 0)
		g_array_append_vals(rewrite->moves, moves->data, moves->len);
	rewrite->bytes += *kept ? bytes : 0;
	return true;
}

static bool gather_all(Rewrite *rewrite, GError **error)
{
	guint index = 0;

	while (index < rewrite->victims->len) {
		bool kept;

		if (!gather(rewrite, index, &kept, error))
			return false;
		if (kept)
			index++;
		else
			g_array_remove_index(rewrite->victims, index);
	}
	return true;
}

/* ---- writing ---- */

typedef struct Target {
	Pack *pack;
	GError **error;
} Target;

static bool write_piece(const void *data, size_t size, void *user)
{
	const Target *target = user;

	return pack_write(target->pack, data, size, target->error);
}

static bool write_moves(Rewrite *rewrite, guint index, guint *next, GError **error)
{
	const Victim *victim = &g_array_index(rewrite->victims, Victim, index);
	g_auto(Descriptor) file = pack_open(rewrite->archive, victim->name);
	Target target = {rewrite->pack, error};

	for (; *next < rewrite->moves->len; (*next)++) {
		const Move *move = &g_array_index(rewrite->moves, Move, *next);
		uint8_t copied[SHA256_SIZE];

		if (move->victim != index)
			break;
		if (!archive_read_span(
			    file, move->start, move->size, copied, write_piece, &target) ||
			memcmp(copied, move->sha256, SHA256_SIZE) != 0) {
			if (error && !*error)
				failure_set(error, FAILURE_ARCHIVE_DAMAGED, victim->name,
					"pack %s changed while it was copied", victim->name);
			return false;
		}
	}
	return true;
}

/* Moves stand in the order of their victims. */
static bool write_pack(Rewrite *rewrite, GError **error)
{
	guint next = 0;

	if (rewrite->moves->len == 0)
		return true;
	rewrite->pack = pack_create(rewrite->archive, true, error);
	if (!rewrite->pack)
		return false;
	for (guint i = 0; i < rewrite->victims->len; i++) {
		if (!write_moves(rewrite, i, &next, error))
			return false;
	}
	return pack_sync_all(rewrite->archive, &rewrite->pack, 1, error);
}

/* ---- the transaction ---- */

static bool is_read_from(
	DbTransaction *transaction, const Victim *victim, bool *claimed, GError **error)
{
	int64_t found;

	if (!db_get_int(transaction, &found, 0, error,
		    "SELECT 1 FROM mails WHERE state = 0 AND claimed_at > $2 AND EXISTS"
		    " (SELECT 1 FROM copies WHERE mail_id = mails.id AND pack_id = $1) LIMIT 1",
		    db_int(victim->id), db_int(clock_now() - ARCHIVE_CLAIM_SECONDS)))
		return false;
	*claimed = *claimed || found != 0;
	return true;
}

/* A copy that was deleted meanwhile is garbage in the new pack. */
static bool point_to(Rewrite *rewrite, DbTransaction *transaction, const Move *move, uint64_t start,
	GError **error)
{
	const Victim *victim = &g_array_index(rewrite->victims, Victim, move->victim);
	int64_t moved;

	if (!db_run_counted(transaction, &moved, error,
		    "UPDATE copies SET pack_id = $1, start = $2"
		    " WHERE id = $3 AND pack_id = $4 AND start = $5",
		    db_int(rewrite->pack->id), db_int((int64_t)start), db_int(move->copy_id),
		    db_int(victim->id), db_int((int64_t)move->start)))
		return false;
	return moved > 0 || move->size == 0 ||
	       db_run(transaction, error,
		       "INSERT INTO garbage (pack_id, start, size) VALUES ($1, $2, $3)",
		       db_int(rewrite->pack->id), db_int((int64_t)start),
		       db_int((int64_t)move->size));
}

static bool point_all(Rewrite *rewrite, DbTransaction *transaction, GError **error)
{
	uint64_t start = 0;

	/* Nothing but garbage. */
	if (!rewrite->pack)
		return true;
	if (!pack_add_row(rewrite->pack, transaction, error))
		return false;
	for (guint i = 0; i < rewrite->moves->len; i++) {
		const Move *move = &g_array_index(rewrite->moves, Move, i);

		if (!point_to(rewrite, transaction, move, start, error))
			return false;
		start += move->size;
	}
	return true;
}

static bool switch_rows(DbTransaction *transaction, void *data, GError **error)
{
	Rewrite *rewrite = data;
	const GArray *victims = rewrite->victims;

	rewrite->abandoned = false;
	for (guint i = 0; i < victims->len; i++) {
		if (!is_read_from(transaction, &g_array_index(victims, Victim, i),
			    &rewrite->abandoned, error))
			return false;
	}
	if (rewrite->abandoned)
		return true;
	if (!point_all(rewrite, transaction, error))
		return false;
	for (guint i = 0; i < victims->len; i++) {
		if (!db_run(transaction, error, "DELETE FROM packs WHERE id = $1",
			    db_int(g_array_index(victims, Victim, i).id)))
			return false;
	}
	return true;
}

static void unlink_victims(const Rewrite *rewrite)
{
	for (guint i = 0; i < rewrite->victims->len; i++) {
		g_autofree char *path = pack_path(
			rewrite->archive, g_array_index(rewrite->victims, Victim, i).name);

		unlink(path);
	}
}

static bool replace_packs(Rewrite *rewrite, GError **error)
{
	if (rewrite->pack)
		rewrite->pack->keep = true;
	if (!db_write(rewrite->archive->db, switch_rows, rewrite, error))
		return false;
	if (!rewrite->abandoned)
		unlink_victims(rewrite);
	else if (rewrite->pack)
		rewrite->pack->keep = false;
	return true;
}

bool archive_rewrite_some(Archive *archive, GError **error)
{
	g_autoptr(GArray) victims = g_array_new(FALSE, FALSE, sizeof(Victim));
	g_autoptr(GArray) moves = g_array_new(FALSE, FALSE, sizeof(Move));
	Rewrite rewrite = {.archive = archive, .victims = victims, .moves = moves};
	bool done = choose_victims(&rewrite, error) && gather_all(&rewrite, error) &&
		    (victims->len == 0 ||
			    (write_pack(&rewrite, error) && replace_packs(&rewrite, error)));

	pack_free(rewrite.pack);
	return done;
}
