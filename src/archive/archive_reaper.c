/* The reaper: takes away what no row names, and keeps packs tidy (archive_rewrite.c). Everything
 * may be interrupted anywhere and is taken up by the next call. */
#include "archive/archive_rewrite.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "archive/archive_pack.h"
#include "base/clock.h"
#include "base/file.h"
#include "failure/failure.h"

/* Unlinked in one call. */
#define SWEEP_LIMIT 1000

#define SUFFIX ".pack"

typedef struct Sweep {
	const Archive *archive;
	GPtrArray *names; /* char *, packs old enough to be without a commit of their own */
} Sweep;

/* The pack's name if the file NAME is one that was last written before OLDEST; yours, or NULL. */
static char *old_pack_name(const char *folder, const char *name, int64_t oldest)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	struct stat state;

	if (!g_str_has_suffix(name, SUFFIX) ||
		strlen(name) != PACK_NAME_SIZE - 1 + strlen(SUFFIX) || lstat(path, &state) != 0 ||
		!S_ISREG(state.st_mode) || state.st_mtim.tv_sec > oldest)
		return NULL;
	return g_strndup(name, PACK_NAME_SIZE - 1);
}

static bool find_old(Sweep *sweep, int64_t oldest, GError **error)
{
	const char *packs = sweep->archive->packs;
	g_autoptr(GError) failed = NULL;
	g_autoptr(GDir) folder = g_dir_open(packs, 0, &failed);
	const char *entry;

	if (!folder) {
		failure_set(error, FAILURE_STORE, packs, "%s", failed->message);
		return false;
	}
	while ((entry = g_dir_read_name(folder))) {
		char *name = old_pack_name(packs, entry, oldest);

		if (name)
			g_ptr_array_add(sweep->names, name);
	}
	return true;
}

static bool has_row(DbTransaction *transaction, const char *name, bool *found, GError **error)
{
	int64_t row;

	if (!db_get_int(transaction, &row, 0, error, "SELECT 1 FROM packs WHERE name = $1",
		    db_text(name)))
		return false;
	*found = row != 0;
	return true;
}

/* Leaves the names without a row, as far as one call goes. */
static bool drop_named(DbTransaction *transaction, void *data, GError **error)
{
	Sweep *sweep = data;
	g_autoptr(GPtrArray) rowless = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < sweep->names->len && rowless->len < SWEEP_LIMIT; i++) {
		const char *name = g_ptr_array_index(sweep->names, i);
		bool found;

		if (!has_row(transaction, name, &found, error))
			return false;
		if (!found)
			g_ptr_array_add(rowless, g_strdup(name));
	}
	g_ptr_array_unref(sweep->names);
	sweep->names = g_steal_pointer(&rowless);
	return true;
}

/* Inside a write transaction, so that no commit can name one of them at this moment: a commit that
 * comes later finds its pack gone and fails (pack_add_row). Doing it twice does no harm. */
static bool unlink_rowless(DbTransaction *transaction, void *data, GError **error)
{
	const Sweep *sweep = data;

	for (guint i = 0; i < sweep->names->len; i++) {
		const char *name = g_ptr_array_index(sweep->names, i);
		g_autofree char *path = pack_path(sweep->archive, name);
		bool found;

		if (!has_row(transaction, name, &found, error))
			return false;
		if (!found)
			unlink(path);
	}
	return true;
}

static bool sweep_packs(Archive *archive, int64_t grace, GError **error)
{
	Sweep sweep = {archive, g_ptr_array_new_with_free_func(g_free)};
	bool done = find_old(&sweep, clock_now() - grace, error) &&
		    db_read(archive->db, drop_named, &sweep, error) &&
		    (sweep.names->len == 0 || db_write(archive->db, unlink_rowless, &sweep, error));

	g_ptr_array_unref(sweep.names);
	return done;
}

bool archive_reap(Archive *archive, int64_t grace, GError **error)
{
	g_auto(Descriptor) lock = -1;
	bool taken;

	if (!archive_lock_packs(archive, true, false, &lock, &taken, error))
		return false;
	/* Somebody verifies, backs up or reaps: there will be another time. */
	if (!taken)
		return true;
	return archive_drain_removals(archive, error) &&
	       search_forget_removed(archive->search, error) &&
	       sweep_packs(archive, grace, error) && archive_rewrite_some(archive, error);
}
