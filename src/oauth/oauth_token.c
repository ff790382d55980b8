/* The token file: JSON whose secrets are sealed for one user, read with suspicion, written
 * atomically. */
#include "oauth/oauth_token.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <jansson.h>
#include "base/file.h"
#include "failure/failure.h"

#define PROGRAM "Amtspost"
#define FORMAT 1
#define FILE_LIMIT ((size_t)1024 * 1024)
/* No clock shows more, no token lives longer. Seconds. */
#define TIME_LIMIT (INT64_C(1) << 40)
#define LIFE_LIMIT (INT64_C(400) * 24 * 3600)
/* More than a token file ever takes. */
#define ROOM ((off_t)256 * 1024)
/* Former files of others that are kept beside ours. */
#define KEPT_LIMIT 100
#define LOCK_TRIES 200 /* of 10 milliseconds */
#define ACCESS_TOKEN "access_token"
#define REFRESH_TOKEN "refresh_token"

void oauth_token_free(OauthToken *token)
{
	if (!token)
		return;
	g_free(token->account);
	g_free(token->identity);
	g_free(token->authority);
	g_free(token->tenant);
	g_free(token->client_id);
	oauth_grant_clear(&token->grant);
	g_free(token);
}

/* ---- reading ---- */

static bool refuse(GError **error, Failure failure, const char *path, const char *why)
{
	failure_set(error, failure, path, "%s: %s", path, why);
	return false;
}

static bool refuse_open(GError **error, const char *path, int number)
{
	Failure failure = number == ENOENT || number == ENOTDIR ? FAILURE_TOKEN_MISSING
			  : number == EACCES || number == EPERM ? FAILURE_TOKEN_UNREADABLE
								: FAILURE_TOKEN_BROKEN;

	failure_set_errno(error, failure, path, number);
	return false;
}

/* Opens PATH, which is to be a file of ours and no link. */
static bool open_file(const char *path, Descriptor *file, GError **error)
{
	struct stat state;

	*file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (*file < 0 || fstat(*file, &state) != 0)
		return refuse_open(error, path, errno);
	if (!S_ISREG(state.st_mode))
		return refuse(error, FAILURE_TOKEN_BROKEN, path, "no regular file");
	if (state.st_uid != geteuid())
		return refuse(error, FAILURE_TOKEN_FOREIGN_OWNER, path, "another account's");
	return true;
}

/* The object in PATH; NULL with ERROR. Yours. */
static json_t *read_object(const char *path, GError **error)
{
	g_auto(Descriptor) file = -1;
	g_autofree char *text = NULL;
	json_t *object;
	size_t size;

	if (!open_file(path, &file, error))
		return NULL;
	text = file_read_descriptor(file, FILE_LIMIT, &size);
	if (!text) {
		refuse_open(error, path, errno);
		return NULL;
	}
	object = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(object))
		return object;
	json_decref(object);
	refuse(error, FAILURE_TOKEN_BROKEN, path, "no JSON object");
	return NULL;
}

static const char *get_text(json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* Whether OBJECT is OWNER's and of a format that we know. */
static bool check_object(json_t *object, const char *path, const OauthOwner *owner, GError **error)
{
	json_t *user_id = json_object_get(object, "user_id");

	if (g_strcmp0(get_text(object, "program"), PROGRAM) != 0)
		return refuse(error, FAILURE_TOKEN_UNKNOWN, path, "written by another program");
	if (g_strcmp0(get_text(object, "installation"), owner->installation) != 0)
		return refuse(error, FAILURE_TOKEN_FOREIGN_OFFICE, path, "another installation's");
	if (json_integer_value(user_id) != owner->user_id)
		return refuse(error, FAILURE_TOKEN_FOREIGN, path, "another user's");
	if (json_integer_value(json_object_get(object, "format")) > FORMAT)
		return refuse(error, FAILURE_TOKEN_NEWER, path, "of a newer format");
	return true;
}

/* Yours: what a sealed value is bound to. Moved to another user, account or client it does not
 * open.
 */
static char *identity_of(const OauthOwner *owner, const OauthToken *token, const char *name)
{
	return g_strdup_printf("%" PRId64 "/oauth.%s/%s/%s/%s/%s", owner->user_id, name,
		token->account, token->authority, token->tenant, token->client_id);
}

/* Yours; NULL: OBJECT has no such secret, or (*SEALED) it does not open. */
static Secret *get_secret(json_t *object, const char *name, const OauthOwner *owner,
	const OauthToken *token, const Keyring *keyring, bool *sealed)
{
	const char *text = get_text(object, name);
	g_autofree char *identity = identity_of(owner, token, name);
	Secret *secret = text && keyring ? keyring_open_sealed(keyring, identity, text) : NULL;

	*sealed |= text && !secret;
	return secret;
}

static OauthToken *make_token(
	json_t *object, const OauthOwner *owner, const Keyring *keyring, bool *sealed)
{
	OauthToken *token = g_new0(OauthToken, 1);

	token->account = g_strdup(get_text(object, "account"));
	token->identity = g_strdup(get_text(object, "identity"));
	token->authority = g_strdup(get_text(object, "authority"));
	token->tenant = g_strdup(get_text(object, "tenant"));
	token->client_id = g_strdup(get_text(object, "client_id"));
	token->grant.issued = json_integer_value(json_object_get(object, "issued"));
	token->grant.expires = json_integer_value(json_object_get(object, "expires"));
	token->grant.access_token = get_secret(object, ACCESS_TOKEN, owner, token, keyring, sealed);
	token->grant.refresh_token =
		get_secret(object, REFRESH_TOKEN, owner, token, keyring, sealed);
	return token;
}

/* Whether all is there, and the times are some that a token can have. */
static bool is_whole(const OauthToken *token)
{
	const OauthGrant *grant = &token->grant;

	return token->account && token->authority && token->tenant && token->client_id &&
	       grant->access_token && grant->issued >= 0 && grant->issued <= TIME_LIMIT &&
	       grant->expires >= grant->issued && grant->expires - grant->issued <= LIFE_LIMIT;
}

OauthToken *oauth_token_load(
	const char *path, const OauthOwner *owner, const Keyring *keyring, GError **error)
{
	json_t *object = read_object(path, error);
	g_autoptr(OauthToken) token = NULL;
	bool sealed = false;

	if (object && check_object(object, path, owner, error)) {
		token = make_token(object, owner, keyring, &sealed);
		if (sealed)
			refuse(error, FAILURE_TOKEN_SEALED, path, "a secret does not open");
		else if (!is_whole(token))
			refuse(error, FAILURE_TOKEN_BROKEN, path, "something is missing");
		if (sealed || !is_whole(token))
			g_clear_pointer(&token, oauth_token_free);
	}
	json_decref(object);
	return g_steal_pointer(&token);
}

/* ---- writing ---- */

/* Where the next content is written before it takes PATH's place; yours. */
static char *pending_path(const char *path)
{
	return g_strconcat(path, ".new", NULL);
}

/* Whether NEXT came of refreshing PRESENT, not of another sign-in. */
static bool is_successor(const OauthToken *next, const OauthToken *present)
{
	return strcmp(next->account, present->account) == 0 &&
	       strcmp(next->authority, present->authority) == 0 &&
	       strcmp(next->tenant, present->tenant) == 0 &&
	       strcmp(next->client_id, present->client_id) == 0 &&
	       next->grant.issued >= present->grant.issued;
}

void oauth_token_recover(const char *path, const OauthOwner *owner, const Keyring *keyring)
{
	g_autofree char *pending = pending_path(path);
	g_autofree char *folder = g_path_get_dirname(path);
	g_autoptr(OauthToken) present = NULL;
	g_autoptr(OauthToken) next = NULL;

	if (access(pending, F_OK) != 0)
		return;
	/* Beside a file that was deleted or spoilt on purpose it brings nothing back. */
	present = oauth_token_load(path, owner, keyring, NULL);
	next = present ? oauth_token_load(pending, owner, keyring, NULL) : NULL;
	if (next && is_successor(next, present) && rename(pending, path) == 0)
		file_sync_folder(folder);
	else
		unlink(pending);
}

static json_t *seal(const Secret *secret, const char *name, const OauthToken *token,
	const OauthOwner *owner, const Keyring *keyring)
{
	g_autofree char *identity = identity_of(owner, token, name);
	g_autofree char *sealed = secret ? keyring_seal(keyring, identity, secret) : NULL;

	return sealed ? json_string(sealed) : json_null();
}

static json_t *make_object(const OauthToken *token, const OauthOwner *owner, const Keyring *keyring)
{
	const OauthGrant *grant = &token->grant;

	return json_pack("{s:s, s:i, s:s, s:I, s:s, s:s, s:s?, s:s, s:s, s:s, s:I, s:I, s:o, s:o}",
		"program", PROGRAM, "format", FORMAT, "user", owner->user, "user_id",
		(json_int_t)owner->user_id, "installation", owner->installation, "account",
		token->account, "identity", token->identity, "authority", token->authority,
		"tenant", token->tenant, "client_id", token->client_id, "issued",
		(json_int_t)grant->issued, "expires", (json_int_t)grant->expires, ACCESS_TOKEN,
		seal(grant->access_token, ACCESS_TOKEN, token, owner, keyring), REFRESH_TOKEN,
		seal(grant->refresh_token, REFRESH_TOKEN, token, owner, keyring));
}

/* Whether what lies at PATH, if anything, may be replaced; KEEP: it is to be kept beside it. */
static bool check_present(const char *path, const OauthOwner *owner, bool *keep, GError **error)
{
	g_autoptr(GError) problem = NULL;
	struct stat state;
	json_t *object;

	*keep = false;
	if (lstat(path, &state) == 0 && S_ISDIR(state.st_mode))
		return refuse(error, FAILURE_TOKEN_FOLDER, path, "a folder of that name");
	object = read_object(path, &problem);
	if (object)
		check_object(object, path, owner, &problem);
	json_decref(object);
	*keep = failure_is(problem, FAILURE_TOKEN_UNKNOWN) ||
		failure_is(problem, FAILURE_TOKEN_NEWER);
	switch (problem ? failure_of(problem) : FAILURE_TOKEN_MISSING) {
	case FAILURE_TOKEN_FOREIGN:
	case FAILURE_TOKEN_FOREIGN_OWNER:
	case FAILURE_TOKEN_FOREIGN_OFFICE:
	case FAILURE_TOKEN_UNREADABLE:
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	default:
		return true;
	}
}

static bool refuse_folder(const char *folder, int number, GError **error)
{
	bool full = number == ENOSPC || number == EDQUOT;

	failure_set_errno(error, full ? FAILURE_DISK_FULL : FAILURE_TOKEN_FOLDER, folder, number);
	return false;
}

/* A folder in which everybody may write lets everybody take or replace what lies there. */
static bool check_folder(const char *folder, GError **error)
{
	struct stat state;

	if (!file_make_folder(folder, 0700) || stat(folder, &state) != 0 ||
		access(folder, W_OK | X_OK) != 0)
		return refuse_folder(folder, errno, error);
	return !(state.st_mode & S_IWOTH) ||
	       refuse(error, FAILURE_TOKEN_FOLDER, folder, "writable for everybody");
}

/* Whether the next content will find its place: rights, room and inodes, proven by doing. What lies
 * there already may be what a process that died had written (oauth_token_recover). */
static bool check_pending(const char *path, GError **error)
{
	g_autofree char *pending = pending_path(path);
	g_auto(Descriptor) file = -1;
	struct stat state;
	int number;

	if (lstat(pending, &state) == 0)
		return !S_ISDIR(state.st_mode) || refuse_folder(pending, EISDIR, error);
	file = open(pending, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file < 0)
		return refuse_folder(pending, errno, error);
	number = posix_fallocate(file, 0, ROOM);
	unlink(pending);
	return number == 0 || number == EOPNOTSUPP || refuse_folder(pending, number, error);
}

/* Between a look at what lies in FOLDER and its replacement nobody else puts anything there. */
static bool lock_folder(const char *folder, Descriptor *lock, GError **error)
{
	*lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*lock < 0)
		return refuse_folder(folder, errno, error);
	for (unsigned i = 0; i < LOCK_TRIES; i++) {
		if (flock(*lock, LOCK_EX | LOCK_NB) == 0 || errno == ENOLCK || errno == EINVAL)
			return true;
		g_usleep(10 * 1000);
	}
	failure_set(error, FAILURE_STORE_BUSY, NULL, "%s: locked by another program", folder);
	return false;
}

bool oauth_token_check_place(const char *path, const OauthOwner *owner, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);
	g_auto(Descriptor) lock = -1;
	bool keep;

	return check_folder(folder, error) && lock_folder(folder, &lock, error) &&
	       check_present(path, owner, &keep, error) && check_pending(path, error);
}

/* Moves what lies at PATH to a name that nothing has yet. */
static bool keep_beside(const char *path, GError **error)
{
	g_autofree char *other = g_strconcat(path, ".alt", NULL);

	for (unsigned i = 2; i <= KEPT_LIMIT && access(other, F_OK) == 0; i++) {
		g_free(other);
		other = g_strdup_printf("%s.alt%u", path, i);
	}
	return rename(path, other) == 0 || refuse_folder(path, errno, error);
}

bool oauth_token_store(const OauthToken *token, const char *path, const OauthOwner *owner,
	const Keyring *keyring, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *pending = pending_path(path);
	g_auto(Descriptor) lock = -1;
	g_autofree char *text = NULL;
	json_t *object;
	bool keep;

	if (!keyring) {
		failure_set(error, FAILURE_KEYRING_MISSING, NULL, "no key ring to seal with");
		return false;
	}
	if (!lock_folder(folder, &lock, error) || !check_present(path, owner, &keep, error) ||
		(keep && !keep_beside(path, error)))
		return false;
	object = make_object(token, owner, keyring);
	text = json_dumps(object, JSON_INDENT(1));
	json_decref(object);
	return file_replace_through(path, pending, text, strlen(text), 0600) ||
	       refuse_folder(folder, errno, error);
}

static bool remove_file(const char *path, GError **error)
{
	return unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR ||
	       refuse_folder(path, errno, error);
}

bool oauth_token_remove(const char *path, const OauthOwner *owner, GError **error)
{
	g_autofree char *pending = pending_path(path);
	g_autofree char *folder = g_path_get_dirname(path);
	g_auto(Descriptor) lock = -1;
	bool keep;

	if (access(folder, F_OK) != 0)
		return true;
	if (!lock_folder(folder, &lock, error))
		return false;
	/* What is somebody else's, or no file of ours, stays. */
	if (!check_present(path, owner, &keep, NULL) || keep)
		return true;
	if (!remove_file(pending, error) || !remove_file(path, error))
		return false;
	file_sync_folder(folder);
	return true;
}
