/* Who lives: each owner holds an OFD lock on a file of its own, which the kernel takes away with
 * the process, however that ends. A name is unlinked by whoever holds its lock alone, and a new
 * owner looks whether its file still stands there once it has the lock: so nobody holds a lock on a
 * file that others cannot find. */
#include "outbox/outbox_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "failure/failure.h"

#define RANDOM_BYTES 16
#define SUFFIX ".lock"
#define ATTEMPTS 16    /* at a name of one's own */
#define DEAD_LIMIT 256 /* files looked at in one go; each is a descriptor */

static bool try_lock(int file)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(file, F_OFD_SETLK, &whole) == 0;
}

/* Whether PATH is FILE, and not another or none. */
static bool stands_there(const char *path, int file)
{
	struct stat named;
	struct stat opened;

	return stat(path, &named) == 0 && fstat(file, &opened) == 0 &&
	       named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

/* Yours, not locked. FLAGS as for open. */
static OutboxLease *open_file(const Outbox *outbox, const char *name, int flags)
{
	OutboxLease *lease = g_new0(OutboxLease, 1);
	g_autofree char *file = g_strconcat(name, SUFFIX, NULL);

	lease->name = g_strdup(name);
	lease->path = g_build_filename(outbox->folder, file, NULL);
	lease->file = open(lease->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	return lease;
}

/* Yours. */
static char *make_name(const Outbox *outbox)
{
	uint8_t random[RANDOM_BYTES];
	ssize_t got = getrandom(random, sizeof random, 0);
	GString *name = g_string_new(outbox->boot);

	g_assert(got == sizeof random);
	g_string_append_c(name, '.');
	for (size_t i = 0; i < sizeof random; i++)
		g_string_append_printf(name, "%02x", random[i]);
	return g_string_free(name, FALSE);
}

OutboxLease *outbox_lease_new(const Outbox *outbox, GError **error)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		g_autofree char *name = make_name(outbox);
		OutboxLease *lease = open_file(outbox, name, O_CREAT | O_EXCL);

		if (lease->file < 0) {
			failure_set_errno(error, FAILURE_STORE, lease->path, errno);
			outbox_lease_free(lease, true);
			return NULL;
		}
		if (try_lock(lease->file) && stands_there(lease->path, lease->file))
			return lease;
		/* Somebody took it for a dead one's, and away. */
		outbox_lease_free(lease, true);
	}
	failure_set(error, FAILURE_STORE, outbox->folder, "%s: no lock to be had", outbox->folder);
	return NULL;
}

void outbox_lease_free(OutboxLease *lease, bool kept)
{
	if (!lease)
		return;
	if (!kept)
		unlink(lease->path);
	descriptor_close(&lease->file);
	g_free(lease->name);
	g_free(lease->path);
	g_free(lease);
}

/* ---- the dead ---- */

static void bury(void *lease)
{
	outbox_lease_free(lease, true);
}

/* Locks the file of NAME if its owner is dead. */
static void look_at(const Outbox *outbox, OutboxDead *dead, const char *name)
{
	OutboxLease *lease = open_file(outbox, name, 0);

	if (lease->file >= 0 && try_lock(lease->file) && stands_there(lease->path, lease->file))
		g_hash_table_insert(dead->leases, lease->name, lease);
	else
		outbox_lease_free(lease, true);
}

bool outbox_dead_find(const Outbox *outbox, OutboxDead *dead, GError **error)
{
	g_autoptr(GDir) folder = g_dir_open(outbox->folder, 0, NULL);
	const char *file;

	dead->leases = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, bury);
	if (!folder) {
		failure_set(
			error, FAILURE_STORE, outbox->folder, "%s: cannot be read", outbox->folder);
		return false;
	}
	while ((file = g_dir_read_name(folder)) && g_hash_table_size(dead->leases) < DEAD_LIMIT) {
		g_autofree char *name =
			g_strndup(file, strlen(file) - MIN(strlen(file), strlen(SUFFIX)));

		if (g_str_has_suffix(file, SUFFIX))
			look_at(outbox, dead, name);
	}
	return true;
}

void outbox_dead_remove(const OutboxDead *dead)
{
	GHashTableIter each;
	void *lease;

	g_hash_table_iter_init(&each, dead->leases);
	while (g_hash_table_iter_next(&each, NULL, &lease))
		unlink(((const OutboxLease *)lease)->path);
}

void outbox_dead_clear(OutboxDead *dead)
{
	g_clear_pointer(&dead->leases, g_hash_table_unref);
}

static bool is_of_this_boot(const Outbox *outbox, const char *name)
{
	size_t length = strlen(outbox->boot);

	return strncmp(name, outbox->boot, length) == 0 && name[length] == '.';
}

OutboxLife outbox_life_of(const Outbox *outbox, const OutboxDead *dead, const char *name)
{
	g_autofree char *file = g_strconcat(name, SUFFIX, NULL);
	g_autofree char *path = g_build_filename(outbox->folder, file, NULL);

	if (!is_of_this_boot(outbox, name))
		return OUTBOX_LOST;
	if (g_hash_table_contains(dead->leases, name))
		return OUTBOX_KILLED;
	return access(path, F_OK) == 0 || errno != ENOENT ? OUTBOX_ALIVE : OUTBOX_LOST;
}
