/* Paths and locks of token files. */
#include "app/token_place.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "failure/failure.h"
#include "oauth/oauth_token.h"

#define LOCK_STEP 20 /* milliseconds between two looks */

static const char *environment(const char *name)
{
	const char *value = g_getenv(name);

	return value && *value ? value : NULL;
}

static char *home_folder(void)
{
	const char *home = environment("HOME");

	return g_strdup(home ? home : g_get_home_dir());
}

/* %USERPROFILE%, and what it is where it is not set; yours. */
static char *profile_folder(void)
{
	const char *profile = environment("USERPROFILE");

	return profile ? g_strdup(profile) : home_folder();
}

static char *roaming_folder(void)
{
	const char *roaming = environment("APPDATA");
	g_autofree char *profile = roaming ? NULL : profile_folder();

	return roaming ? g_strdup(roaming) : g_build_filename(profile, "AppData", "Roaming", NULL);
}

typedef struct Placeholder {
	const char *name;
	char *(*folder)(void);
} Placeholder;

/* FOLDER with the placeholder at its start replaced; yours. */
static char *expand_start(const char *folder)
{
	static const Placeholder placeholders[] = {
		{"%APPDATA%", roaming_folder},
		{"%USERPROFILE%", profile_folder},
		{"~", home_folder},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(placeholders); i++) {
		if (g_str_has_prefix(folder, placeholders[i].name)) {
			g_autofree char *start = placeholders[i].folder();

			return g_strconcat(start, folder + strlen(placeholders[i].name), NULL);
		}
	}
	return g_strdup(folder);
}

/* Yours: TEXT with each {user} replaced. */
static char *insert_user(const char *text, const char *user)
{
	g_auto(GStrv) parts = g_strsplit(text, "{user}", -1);

	return g_strjoinv(user, parts);
}

static char *user_folder(const Office *office, const char *user)
{
	return g_build_filename(office_folder(office), "users", user, NULL);
}

/* Yours: the folder that ACCOUNT's settings, or their absence, name. */
static char *wanted_folder(const Office *office, const Account *account)
{
	g_autofree char *named = NULL;

	if (account->token_folder) {
		named = insert_user(account->token_folder, account->user_name);
		return expand_start(named);
	}
	if (environment("APPDATA"))
		return roaming_folder();
	return user_folder(office, account->user_name);
}

char *token_place(const Office *office, const Account *account, GError **error)
{
	g_autofree char *folder = wanted_folder(office, account);
	g_autofree char *canonical = NULL;

	if (!g_path_is_absolute(folder)) {
		failure_set(error, FAILURE_TOKEN_FOLDER, folder, "%s: not absolute", folder);
		return NULL;
	}
	canonical = g_canonicalize_filename(folder, NULL);
	return g_build_filename(canonical, OAUTH_TOKEN_FILE, NULL);
}

static bool refuse_lock(const char *path, int number, GError **error)
{
	failure_set_errno(error, FAILURE_STORE, path, number);
	return false;
}

/* Open file description locks: between threads too, and gone with the descriptor. */
static bool try_lock(int file)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(file, F_OFD_SETLK, &whole) == 0;
}

bool token_lock(const Office *office, const char *user, int seconds, const Cancel *cancel,
	Descriptor *lock, GError **error)
{
	g_autofree char *folder = user_folder(office, user);
	g_autofree char *path = g_build_filename(folder, "refresh.lock", NULL);
	int64_t end = clock_monotonic() + seconds * INT64_C(1000);
	struct pollfd place = {.fd = cancel_descriptor(cancel), .events = POLLIN};

	if (!file_make_folder(folder, 0700))
		return refuse_lock(folder, errno, error);
	*lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*lock < 0)
		return refuse_lock(path, errno, error);
	while (!try_lock(*lock)) {
		if (errno != EAGAIN && errno != EACCES)
			return refuse_lock(path, errno, error);
		if (cancel_triggered(cancel) || clock_monotonic() > end) {
			failure_set(error,
				cancel_triggered(cancel) ? FAILURE_CANCELLED : FAILURE_STORE_BUSY,
				NULL, "%s: held by another process", path);
			return false;
		}
		poll(&place, 1, LOCK_STEP);
	}
	return true;
}

void token_place_remove(const Office *office, const char *user)
{
	g_autofree char *folder = user_folder(office, user);
	g_autofree char *lock = g_build_filename(folder, "refresh.lock", NULL);

	unlink(lock);
	rmdir(folder);
}
