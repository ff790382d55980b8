/* Opening an office's data folder as its owner. */
#include "app/office.h"

#include <errno.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "failure/failure.h"
#include "net/stream.h"

/* A pack without rows may belong to a commit that is under way: it is left alone for a day. */
#define REAP_GRACE (24 * 60 * 60)

struct Office {
	char *folder;
	Db *db;
	Keyring *keyring;
	Settings *settings;
	Archive *archive; /* NULL until asked for */
};

void office_close(Office *office)
{
	if (!office)
		return;
	archive_close(office->archive);
	settings_close(office->settings);
	keyring_free(office->keyring);
	db_close(office->db);
	g_free(office->folder);
	g_free(office);
}

/* Root works as the folder's owner, so that no file in it ever belongs to somebody else. */
static bool become_owner(const char *folder, GError **error)
{
	struct stat state;

	if (lstat(folder, &state) != 0) {
		failure_set_errno(error, FAILURE_STORE, folder, errno);
		return false;
	}
	if (!S_ISDIR(state.st_mode)) {
		failure_set_errno(error, FAILURE_STORE, folder, ENOTDIR);
		return false;
	}
	if (state.st_uid == geteuid())
		return true;
	if (geteuid() == 0 && setgroups(0, NULL) == 0 && setgid(state.st_gid) == 0 &&
		setuid(state.st_uid) == 0)
		return true;
	failure_set(error, FAILURE_STORE_FOREIGN, folder, "%s: belongs to user id %u, not to %u",
		folder, state.st_uid, geteuid());
	return false;
}

static bool open_keyring(Office *office, GError **error)
{
	g_autofree char *path = g_build_filename(office->folder, "keyring", NULL);

	office->keyring = keyring_open(path);
	if (office->keyring)
		return true;
	if (errno == EPERM || errno == EINVAL)
		failure_set(error, FAILURE_KEYRING_UNUSABLE, path, "%s: %s", path,
			errno == EPERM ? "not a private file of ours" : "not a key ring");
	else
		failure_set_errno(error, FAILURE_STORE, path, errno);
	return false;
}

Office *office_open(const char *folder, const char *database, GError **error)
{
	g_autoptr(Office) office = g_new0(Office, 1);
	g_autofree char *url = NULL;

	office->folder = g_canonicalize_filename(folder, NULL);
	umask(077);
	stream_start_library();
	if (!file_make_folder(office->folder, 0700)) {
		failure_set_errno(error, FAILURE_STORE, office->folder, errno);
		return NULL;
	}
	if (!become_owner(office->folder, error))
		return NULL;
	url = database ? g_strdup(database)
		       : g_strdup_printf("sqlite:%s/amtspost.db", office->folder);
	office->db = db_open_main(url, error);
	if (!office->db || !open_keyring(office, error))
		return NULL;
	office->settings = settings_open(office->db, office->keyring, error);
	return office->settings ? g_steal_pointer(&office) : NULL;
}

const char *office_folder(const Office *office)
{
	return office->folder;
}

Db *office_db(Office *office)
{
	return office->db;
}

Settings *office_settings(Office *office)
{
	return office->settings;
}

Archive *office_archive(Office *office, GError **error)
{
	if (!office->archive) {
		g_autofree char *folder = g_build_filename(office->folder, "archive", NULL);

		office->archive = archive_open(office->db, folder, error);
	}
	return office->archive;
}

void office_tidy(Office *office)
{
	g_autoptr(GError) problem = NULL;

	if (office->archive && !archive_reap(office->archive, REAP_GRACE, &problem))
		log_warning("the archive could not be tidied: %s", problem->message);
}
