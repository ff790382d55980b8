/* Opening an office's data folder as its owner. */
#include "app/office.h"

#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "failure/failure.h"
#include "net/stream.h"
#include "oauth/oauth.h"

/* A pack without rows may belong to a commit that is under way: it is left alone for a day. */
#define REAP_GRACE (24 * 60 * 60)

struct Office {
	char *folder;
	Db *db;
	Keyring *keyring;
	Settings *settings;
	MailPool *pool; /* NULL: none */
	pthread_mutex_t lock;
	Archive *archive; /* NULL until asked for; under LOCK */
	Outbox *outbox;	  /* the same */
};

void office_close(Office *office)
{
	if (!office)
		return;
	outbox_close(office->outbox);
	archive_close(office->archive);
	settings_close(office->settings);
	keyring_free(office->keyring);
	db_close(office->db);
	g_free(office->folder);
	pthread_mutex_destroy(&office->lock);
	g_free(office);
}

static bool refuse_folder(const char *folder, int number, GError **error)
{
	failure_set_errno(error, FAILURE_DATA_FOLDER, folder, number);
	return false;
}

/* A mistyped path must not become an installation: only the default place gets its parents. */
static bool make_folder(const char *folder, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(folder);
	g_autofree char *standard = g_canonicalize_filename(g_get_user_data_dir(), NULL);

	if (strcmp(parent, standard) == 0 && !file_make_folder(parent, 0700))
		return refuse_folder(folder, errno, error);
	return mkdir(folder, 0700) == 0 || errno == EEXIST || refuse_folder(folder, errno, error);
}

/* Root's home and profile are not the owner's. */
static void take_home(uid_t owner)
{
	const struct passwd *entry = getpwuid(owner);

	if (entry && entry->pw_dir)
		g_setenv("HOME", entry->pw_dir, TRUE);
	g_unsetenv("APPDATA");
	g_unsetenv("USERPROFILE");
}

/* Root works as the folder's owner, so that no file in it ever belongs to somebody else. */
static bool become_owner(const char *folder, const struct stat *state, GError **error)
{
	if (state->st_uid == geteuid())
		return true;
	if (geteuid() == 0 && setgroups(0, NULL) == 0 && setgid(state->st_gid) == 0 &&
		setuid(state->st_uid) == 0) {
		take_home(state->st_uid);
		return true;
	}
	failure_set(error, FAILURE_STORE_FOREIGN, folder, "%s: belongs to user id %u, not to %u",
		folder, state->st_uid, geteuid());
	return false;
}

static bool enter_folder(const char *folder, GError **error)
{
	struct stat state;

	if (!make_folder(folder, error))
		return false;
	if (lstat(folder, &state) != 0)
		return refuse_folder(folder, errno, error);
	if (!S_ISDIR(state.st_mode))
		return refuse_folder(folder, ENOTDIR, error);
	if (!become_owner(folder, &state, error))
		return false;
	if (access(folder, R_OK | W_OK | X_OK) != 0)
		return refuse_folder(folder, errno, error);
	if ((state.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return true;
	failure_set(error, FAILURE_DATA_FOLDER_OPEN, folder, "%s: mode %o", folder,
		(unsigned)(state.st_mode & 07777));
	return false;
}

/* Whether FOLDER was in use before: then it has a database. */
static bool was_used(const char *folder)
{
	g_autofree char *keyring = g_build_filename(folder, "keyring", NULL);
	g_autofree char *packs = g_build_filename(folder, "archive", "packs", NULL);
	g_autoptr(GDir) dir = g_dir_open(packs, 0, NULL);

	return g_file_test(keyring, G_FILE_TEST_EXISTS) || (dir && g_dir_read_name(dir));
}

/* A new database would take the packs of a lost one for garbage. The folder is looked at first:
 * whoever begins at the same moment makes the database before anything else. */
static bool open_database(Office *office, const char *database, GError **error)
{
	bool used = was_used(office->folder);
	g_autofree char *url = database ? g_strdup(database)
					: g_strdup_printf("sqlite:%s/amtspost.db", office->folder);

	if (used && db_is_missing(url)) {
		failure_set(error, FAILURE_DATABASE_MISSING, office->folder,
			"%s: archive or key ring without a database", office->folder);
		return false;
	}
	office->db = db_open_main(url, error);
	return office->db != NULL;
}

static bool refuse_keyring(const char *path, int number, GError **error)
{
	Failure failure = number == EACCES ? FAILURE_KEYRING_FOREIGN
			  : number == EPERM || number == EINVAL || number == ELOOP
				  ? FAILURE_KEYRING_UNUSABLE
				  : FAILURE_STORE;

	failure_set_errno(error, failure, path, number);
	return false;
}

/* The operator says in so many words that what the lost ring sealed is given up. */
static bool is_loss_accepted(void)
{
	return g_strcmp0(g_getenv("AMTSPOST_ACCEPT_LOST_SECRETS"), "yes") == 0;
}

/* Beside a database that knows its ring no new one is made: a ring that is missing for a moment (a
 * backup that is being restored, say) would be shut out by it. */
static bool open_keyring(Office *office, GError **error)
{
	g_autofree char *path = g_build_filename(office->folder, "keyring", NULL);
	bool expected;

	if (!settings_expect_keyring(office->db, &expected, error))
		return false;
	office->keyring = expected ? keyring_read(path) : keyring_open(path);
	if (office->keyring)
		return true;
	if (!expected || errno != ENOENT)
		return refuse_keyring(path, errno, error);
	if (!is_loss_accepted()) {
		log_warning("the key ring %s is missing", path);
		return true;
	}
	office->keyring = keyring_open(path);
	return office->keyring ? settings_renew_keyring(office->db, office->keyring,
					 "AMTSPOST_ACCEPT_LOST_SECRETS", error)
			       : refuse_keyring(path, errno, error);
}

Office *office_open(const char *folder, const char *database, GError **error)
{
	g_autoptr(Office) office = g_new0(Office, 1);
	pthread_mutex_init(&office->lock, NULL);

	office->folder = g_canonicalize_filename(folder, NULL);
	umask(077);
	stream_start_library();
	oauth_start_library();
	if (!enter_folder(office->folder, error))
		return NULL;
	secret_guard_memory();
	if (!open_database(office, database, error) || !open_keyring(office, error))
		return NULL;
	office->settings = settings_open(office->db, office->keyring, error);
	return office->settings ? g_steal_pointer(&office) : NULL;
}

Db *office_db(Office *office)
{
	return office->db;
}

Settings *office_settings(Office *office)
{
	return office->settings;
}

const char *office_folder(const Office *office)
{
	return office->folder;
}

const Keyring *office_keyring(const Office *office)
{
	return office->keyring;
}

MailPool *office_pool(const Office *office)
{
	return office->pool;
}

void office_set_pool(Office *office, MailPool *pool)
{
	office->pool = pool;
}

Archive *office_archive(Office *office, GError **error)
{
	Archive *archive;

	pthread_mutex_lock(&office->lock);
	if (!office->archive) {
		g_autofree char *folder = g_build_filename(office->folder, "archive", NULL);

		office->archive = archive_open(office->db, folder, error);
	}
	archive = office->archive;
	pthread_mutex_unlock(&office->lock);
	return archive;
}

Outbox *office_outbox(Office *office, GError **error)
{
	Outbox *outbox;

	pthread_mutex_lock(&office->lock);
	if (!office->outbox) {
		g_autofree char *folder = g_build_filename(office->folder, "outbox", NULL);

		office->outbox = outbox_open(office->db, folder, error);
	}
	outbox = office->outbox;
	pthread_mutex_unlock(&office->lock);
	return outbox;
}

void office_tidy(Office *office)
{
	g_autoptr(GError) problem = NULL;

	if (office->archive && !archive_reap(office->archive, REAP_GRACE, &problem))
		log_warning("the archive could not be tidied: %s", problem->message);
}
