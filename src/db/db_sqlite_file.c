/* The database file: where it may be and who may read it. */
#include "db/db_sqlite_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "failure/failure.h"

#define OURS_ALONE (S_IRUSR | S_IWUSR)

bool db_sqlite_is_network_type(const char *type)
{
	static const char *const types[] = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs",
		"coda", "ceph", "lustre", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph-fuse",
		"fuse.s3fs", "fuse.rclone", "fuse.davfs", NULL};

	return g_strv_contains(types, type);
}

/* The type of the mount DEVICE in a line of mountinfo (proc(5): "36 35 98:0 / /mnt rw shared:1 -
 * ext3 /dev/root rw"); yours, NULL if the line is another mount's. */
static char *mount_type(const char *line, dev_t device)
{
	const char *separator = strstr(line, " - ");
	unsigned major_number, minor_number;
	char type[64];

	if (!separator || sscanf(line, "%*d %*d %u:%u", &major_number, &minor_number) != 2 ||
		makedev(major_number, minor_number) != device ||
		sscanf(separator + 3, "%63s", type) != 1)
		return NULL;
	return g_strdup(type);
}

static bool is_on_network(dev_t device)
{
	g_autofree char *mounts = NULL;
	g_auto(GStrv) lines = NULL;
	bool network = false;

	/* Without /proc nothing is certain, and only what is certain is refused. */
	if (!g_file_get_contents("/proc/self/mountinfo", &mounts, NULL, NULL))
		return false;
	lines = g_strsplit(mounts, "\n", -1);
	for (char **line = lines; *line && !network; line++) {
		g_autofree char *type = mount_type(*line, device);

		network = type && db_sqlite_is_network_type(type);
	}
	return network;
}

/* mknod instead of open: closing a descriptor of the file would drop the locks that SQLite may hold
 * on it in this process. */
static bool make_file(const char *path)
{
	return mknod(path, S_IFREG | OURS_ALONE, 0) == 0;
}

bool db_sqlite_make_file(const char *path, GError **error)
{
	if (make_file(path))
		return true;
	failure_set_errno(error, FAILURE_OUTPUT, path, errno);
	return false;
}

static bool check_folder(const char *path, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);
	struct stat state;

	if (stat(folder, &state) != 0) {
		failure_set_errno(error, FAILURE_STORE, NULL, errno);
		g_prefix_error(error, "%s: ", folder);
		return false;
	}
	if (!is_on_network(state.st_dev))
		return true;
	failure_set(error, FAILURE_STORE_NETWORK, folder, "%s is on a network file system", folder);
	return false;
}

/* SQLite's own companions get the database's mode when they are made; older ones are mended. */
static bool restrict_mode(const char *path, GError **error)
{
	struct stat state;

	if (stat(path, &state) != 0) {
		failure_set_errno(error, FAILURE_STORE, NULL, errno);
		g_prefix_error(error, "%s: ", path);
		return false;
	}
	if (state.st_uid != geteuid()) {
		failure_set(error, FAILURE_STORE_FOREIGN, path, "%s belongs to user id %u", path,
			(unsigned)state.st_uid);
		return false;
	}
	if ((state.st_mode & (S_IRWXG | S_IRWXO)) == 0 || chmod(path, OURS_ALONE) == 0)
		return true;
	failure_set_errno(error, FAILURE_STORE, NULL, errno);
	g_prefix_error(error, "%s: ", path);
	return false;
}

bool db_sqlite_prepare_file(const char *path, GError **error)
{
	if (!check_folder(path, error))
		return false;
	if (!make_file(path) && errno != EEXIST) {
		failure_set_errno(
			error, errno == ENOSPC ? FAILURE_DISK_FULL : FAILURE_STORE, NULL, errno);
		g_prefix_error(error, "%s: ", path);
		return false;
	}
	return restrict_mode(path, error);
}
