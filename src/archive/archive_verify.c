/* Re-hashes every copy, pack by pack in the order of the bytes. The reaper stays away meanwhile
 * (archive_lock_packs); deletions and imports go on. */
#include "archive/archive_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "archive/archive_pack.h"
#include "base/file.h"
#include "base/i18n.h"

#define PAGE_SIZE 256

void archive_damage_free(ArchiveDamage *damage)
{
	if (!damage)
		return;
	g_free(damage->sha256);
	g_free(damage->reason);
	g_free(damage);
}

typedef struct Copy {
	int64_t pack_id;
	ArchivePlace place;
	uint8_t sha256[SHA256_SIZE];
} Copy;

typedef struct Verification {
	Archive *archive;
	GArray *copies;			 /* a page of Copy */
	int64_t pack_id, start, copy_id; /* the last one of the page before */
	int64_t total;

	char pack[PACK_NAME_SIZE]; /* the open one */
	int descriptor;
	int open_errno;

	uint64_t checked;
	GPtrArray *damaged;
} Verification;

static bool count_copies(DbTransaction *transaction, void *data, GError **error)
{
	Verification *verification = data;

	return db_get_int(
		transaction, &verification->total, 0, error, "SELECT COUNT(*) FROM copies");
}

static bool select_page(DbTransaction *transaction, void *data, GError **error)
{
	Verification *verification = data;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT c.pack_id, c.start, c.id, c.mail_id, c.size, c.sha256, p.name"
		" FROM copies c JOIN packs p ON p.id = c.pack_id"
		" WHERE (c.pack_id, c.start, c.id) > ($1, $2, $3)"
		" ORDER BY c.pack_id, c.start, c.id LIMIT $4",
		db_int(verification->pack_id), db_int(verification->start),
		db_int(verification->copy_id), db_int(PAGE_SIZE));

	if (!rows)
		return false;
	g_array_set_size(verification->copies, 0);
	while (db_rows_next(rows, &failed)) {
		size_t size;
		Copy copy = {
			.pack_id = db_rows_int(rows, 0),
			.place = {.mail_id = db_rows_int(rows, 3),
				.copy_id = db_rows_int(rows, 2),
				.offset = (uint64_t)db_rows_int(rows, 1),
				.size = (uint64_t)db_rows_int(rows, 4)},
		};

		memcpy(copy.sha256, db_rows_blob(rows, 5, &size), SHA256_SIZE);
		g_strlcpy(copy.place.pack, db_rows_text(rows, 6), sizeof copy.place.pack);
		g_array_append_val(verification->copies, copy);
	}
	return db_rows_end(failed, error);
}

static void open_pack(Verification *verification, const char *name)
{
	if (g_str_equal(verification->pack, name))
		return;
	descriptor_close(&verification->descriptor);
	g_strlcpy(verification->pack, name, sizeof verification->pack);
	verification->descriptor = pack_open(verification->archive, name);
	verification->open_errno = errno;
}

/* What is wrong with a copy, in a person's words; NULL: nothing. Yours. */
static char *examine(Verification *verification, const Copy *copy)
{
	uint8_t found[SHA256_SIZE];

	open_pack(verification, copy->place.pack);
	if (verification->descriptor < 0)
		return g_strdup_printf(_("Die Datei %s.pack lässt sich nicht öffnen: %s"),
			copy->place.pack, g_strerror(verification->open_errno));
	if (!archive_read_span(verification->descriptor, copy->place.offset, copy->place.size,
		    found, NULL, NULL))
		return errno == 0
			       ? g_strdup_printf(
					 _("Die Datei %s.pack ist zu kurz."), copy->place.pack)
			       : g_strdup_printf(_("Die Datei %s.pack lässt sich nicht lesen: %s"),
					 copy->place.pack, g_strerror(errno));
	if (memcmp(found, copy->sha256, SHA256_SIZE) == 0)
		return NULL;
	return g_strdup_printf(_("In der Datei %s.pack stehen ab Byte %" PRIu64
				 " andere Bytes als die abgelegten."),
		copy->place.pack, copy->place.offset);
}

static void add_damage(Verification *verification, const Copy *copy, char *reason)
{
	ArchiveDamage *damage = g_new0(ArchiveDamage, 1);

	damage->mail_id = copy->place.mail_id;
	damage->sha256 = g_malloc(SHA256_HEX_SIZE);
	sha256_to_hex(copy->sha256, damage->sha256);
	damage->reason = reason;
	g_ptr_array_add(verification->damaged, damage);
}

/* A copy that seems damaged may only have been deleted or moved since the page was read. */
static bool check_copy(Verification *verification, Copy copy, GError **error)
{
	g_autofree char *reason = examine(verification, &copy);
	bool found = true;

	if (reason && !archive_look_up_copy(verification->archive, copy.place.copy_id, &copy.place,
			      copy.sha256, &found, error))
		return false;
	if (!found)
		return true;
	verification->checked++;
	if (!reason)
		return true;
	g_free(reason);
	reason = examine(verification, &copy);
	if (reason)
		add_damage(verification, &copy, g_steal_pointer(&reason));
	return true;
}

static bool check_page(Verification *verification, GError **error)
{
	const GArray *copies = verification->copies;

	for (guint i = 0; i < copies->len; i++) {
		const Copy *copy = &g_array_index(copies, Copy, i);

		if (!check_copy(verification, *copy, error))
			return false;
		verification->pack_id = copy->pack_id;
		verification->start = (int64_t)copy->place.offset;
		verification->copy_id = copy->place.copy_id;
	}
	return true;
}

static bool check_all(
	Verification *verification, ArchiveVerifyProgress *progress, void *data, GError **error)
{
	Db *db = verification->archive->db;

	if (!db_read(db, count_copies, verification, error))
		return false;
	do {
		if (!db_read(db, select_page, verification, error) ||
			!check_page(verification, error))
			return false;
		if (progress)
			progress(verification->checked, (uint64_t)verification->total, data);
	} while (verification->copies->len > 0);
	return true;
}

bool archive_verify(Archive *archive, uint64_t *checked, GPtrArray *damaged,
	ArchiveVerifyProgress *progress, void *data, GError **error)
{
	g_auto(Descriptor) lock = -1;
	g_autoptr(GArray) copies = g_array_new(FALSE, FALSE, sizeof(Copy));
	Verification verification = {
		.archive = archive,
		.copies = copies,
		.descriptor = -1,
		.damaged = damaged,
	};
	bool taken;
	bool done = archive_lock_packs(archive, false, true, &lock, &taken, error) &&
		    check_all(&verification, progress, data, error);

	descriptor_close(&verification.descriptor);
	if (done)
		*checked = verification.checked;
	return done;
}
