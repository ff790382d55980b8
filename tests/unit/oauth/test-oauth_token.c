/* The token file: stored and loaded, sealed for one user, refused for everybody else, broken in
 * every way, brought in after a crash, and never in the way of what is somebody else's. */
#include "../base/scratch.h"
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "base/file.h"
#include "oauth/oauth_token.h"

#define LIMIT ((size_t)1024 * 1024)
#define NOBODY 65534

static const OauthOwner owner = {7, "mueller", "installation-a"};
static const OauthOwner other_user = {8, "schulze", "installation-a"};
static const OauthOwner other_house = {7, "mueller", "installation-b"};

typedef struct Place {
	void *folder; /* as the scratch functions want it */
	char *path;
	char *pending;
	char *kept;
	Keyring *keyring;
} Place;

static int place_open(void **state)
{
	Place *place = g_new0(Place, 1);
	g_autofree char *ring = NULL;

	if (scratch_open(&place->folder) != 0)
		return -1;
	ring = scratch_path(&place->folder, "ring");
	place->keyring = keyring_open(ring);
	assert_non_null(place->keyring);
	assert_int_equal(unlink(ring), 0);
	place->path = scratch_path(&place->folder, OAUTH_TOKEN_FILE);
	place->pending = g_strconcat(place->path, ".new", NULL);
	place->kept = g_strconcat(place->path, ".alt", NULL);
	*state = place;
	return 0;
}

static int place_close(void **state)
{
	Place *place = *state;
	int status = scratch_close(&place->folder);

	keyring_free(place->keyring);
	g_free(place->path);
	g_free(place->pending);
	g_free(place->kept);
	g_free(place);
	return status;
}

#define place_test(function) cmocka_unit_test_setup_teardown(function, place_open, place_close)

/* A token with ACCESS and REFRESH (NULL: none). */
static OauthToken *make_token(const char *access, const char *refresh)
{
	OauthToken *token = g_new0(OauthToken, 1);

	token->account = g_strdup(ACCOUNT);
	token->identity = g_strdup("m\xc3\xbcller@amt.example");
	token->authority = g_strdup("https://login.example");
	token->tenant = g_strdup("organizations");
	token->client_id = g_strdup(CLIENT_ID);
	token->grant.issued = INT64_C(1800000000);
	token->grant.expires = INT64_C(1800003600);
	token->grant.access_token = secret_new(access, strlen(access));
	token->grant.refresh_token = refresh ? secret_new(refresh, strlen(refresh)) : NULL;
	return token;
}

static void store_for(const Place *place, const char *path, const OauthOwner *whose)
{
	g_autoptr(OauthToken) token = make_token(ACCESS_TOKEN, REFRESH_TOKEN);
	g_autoptr(GError) error = NULL;

	if (!oauth_token_store(token, path, whose, place->keyring, &error))
		fail_msg("%s", error->message);
}

static void store(const Place *place)
{
	store_for(place, place->path, &owner);
}

static void assert_stays_out(const Place *place, const OauthOwner *whose, Failure failure)
{
	g_autoptr(OauthToken) token = make_token("other.access", NULL);
	g_autoptr(GError) error = NULL;

	assert_false(oauth_token_store(token, place->path, whose, place->keyring, &error));
	assert_clean_failure(error, failure);
	assert_int_not_equal(access(place->pending, F_OK), 0);
	assert_int_not_equal(access(place->kept, F_OK), 0);
}

static void assert_refused(const Place *place, const OauthOwner *whose, Failure failure)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(OauthToken) token = oauth_token_load(place->path, whose, place->keyring, &error);

	assert_null(token);
	assert_clean_failure(error, failure);
	assert_string_equal(failure_subject(error), place->path);
}

static void assert_loads(const Place *place, const char *access)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(OauthToken) token = oauth_token_load(place->path, &owner, place->keyring, &error);

	if (!token)
		fail_msg("%s", error->message);
	assert_string_equal(secret_text(token->grant.access_token), access);
}

static void remove_well(const char *path, const OauthOwner *whose)
{
	g_autoptr(GError) error = NULL;

	if (!oauth_token_remove(path, whose, &error))
		fail_msg("%s", error->message);
}

static char *read_file(const char *path, size_t *size)
{
	char *text = file_read(path, 2 * LIMIT, size);

	assert_non_null(text);
	return text;
}

static void write_file(const char *path, const char *text, size_t size)
{
	assert_true(file_replace(path, text, size, 0600));
}

static void write_text(const char *path, const char *text)
{
	write_file(path, text, strlen(text));
}

static json_t *read_object(const char *path)
{
	json_t *object = json_load_file(path, 0, NULL);

	assert_non_null(object);
	return object;
}

/* Takes OBJECT. */
static void write_object(const char *path, json_t *object)
{
	char *text = json_dumps(object, 0);

	write_text(path, text);
	free(text);
	json_decref(object);
}

/* Puts VALUE (taken; NULL: nothing) in place of the member NAME. */
static void change(const Place *place, const char *name, json_t *value)
{
	json_t *object = read_object(place->path);

	if (value)
		json_object_set_new(object, name, value);
	else
		json_object_del(object, name);
	write_object(place->path, object);
}

/* ---- storing and loading ---- */

static void test_store_and_load(void **state)
{
	const Place *place = *state;
	g_autoptr(OauthToken) token = NULL;

	store(place);
	token = oauth_token_load(place->path, &owner, place->keyring, NULL);
	assert_string_equal(token->account, ACCOUNT);
	assert_string_equal(token->identity, "m\xc3\xbcller@amt.example");
	assert_string_equal(token->authority, "https://login.example");
	assert_string_equal(token->tenant, "organizations");
	assert_string_equal(token->client_id, CLIENT_ID);
	assert_string_equal(secret_text(token->grant.access_token), ACCESS_TOKEN);
	assert_string_equal(secret_text(token->grant.refresh_token), REFRESH_TOKEN);
	assert_int_equal(token->grant.issued, INT64_C(1800000000));
	assert_int_equal(token->grant.expires, INT64_C(1800003600));
	assert_null(token->grant.identity);
	assert_int_equal(scratch_count((void **)&place->folder), 1);
}

static void test_what_may_be_missing(void **state)
{
	const Place *place = *state;
	g_autoptr(OauthToken) token = make_token(ACCESS_TOKEN, NULL);
	g_autoptr(OauthToken) loaded = NULL;

	g_clear_pointer(&token->identity, g_free);
	assert_true(oauth_token_store(token, place->path, &owner, place->keyring, NULL));
	loaded = oauth_token_load(place->path, &owner, place->keyring, NULL);
	assert_null(loaded->identity);
	assert_null(loaded->grant.refresh_token);
}

static void test_long_tokens(void **state)
{
	const Place *place = *state;
	g_autofree char *access = g_strnfill(OAUTH_TOKEN_LIMIT, 'a');
	g_autofree char *refresh = g_strnfill(OAUTH_TOKEN_LIMIT, 'r');
	g_autoptr(OauthToken) token = make_token(access, refresh);

	assert_true(oauth_token_store(token, place->path, &owner, place->keyring, NULL));
	assert_loads(place, access);
}

static void test_what_lies_in_the_file(void **state)
{
	const Place *place = *state;
	g_autofree char *text = NULL;
	json_t *object;

	store(place);
	text = read_file(place->path, NULL);
	assert_null(strstr(text, "Geheimnis"));
	object = read_object(place->path);
	assert_string_equal(json_string_value(json_object_get(object, "program")), "Amtspost");
	assert_string_equal(json_string_value(json_object_get(object, "user")), "mueller");
	assert_int_equal(json_integer_value(json_object_get(object, "user_id")), 7);
	assert_int_equal(json_integer_value(json_object_get(object, "format")), 1);
	json_decref(object);
}

static void test_for_the_owner_alone(void **state)
{
	const Place *place = *state;
	struct stat status;
	mode_t mask = umask(0);

	for (int i = 0; i < 2; i++) {
		store(place);
		assert_int_equal(stat(place->path, &status), 0);
		assert_int_equal(status.st_mode & 07777, 0600);
		assert_int_equal(chmod(place->path, 0666), 0);
	}
	umask(mask);
}

/* ---- what is refused ---- */

static void test_missing(void **state)
{
	Place place = *(const Place *)*state;
	g_autofree char *deep = g_build_filename(place.path, "deeper", NULL);

	assert_refused(&place, &owner, FAILURE_TOKEN_MISSING);
	store(&place);
	place.path = deep;
	assert_refused(&place, &owner, FAILURE_TOKEN_MISSING);
}

/* Whether PLACE may not be read or replaced; for root, who may all, a child asks as nobody. */
static bool is_unreadable(const Place *place)
{
	g_autoptr(GError) loading = NULL;
	g_autoptr(GError) storing = NULL;
	g_autoptr(OauthToken) token = make_token("other.access", NULL);

	return !oauth_token_load(place->path, &owner, place->keyring, &loading) &&
	       failure_is(loading, FAILURE_TOKEN_UNREADABLE) &&
	       !oauth_token_store(token, place->path, &owner, place->keyring, &storing) &&
	       failure_is(storing, FAILURE_TOKEN_UNREADABLE);
}

static void test_unreadable(void **state)
{
	const Place *place = *state;
	int status = 0;
	pid_t child;

	store(place);
	assert_int_equal(chmod(place->path, 0), 0);
	assert_int_equal(chmod(place->folder, 0755), 0);
	child = fork();
	if (child == 0) {
		bool dropped = geteuid() != 0 || setresuid(NOBODY, NOBODY, NOBODY) == 0;

		_exit(dropped && is_unreadable(place) ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* A file of another account of the machine, even one that we may read; only root can make one. */
static void test_of_another_account(void **state)
{
	const Place *place = *state;

	if (geteuid() != 0)
		return;
	store(place);
	assert_int_equal(chown(place->path, NOBODY, NOBODY), 0);
	assert_refused(place, &owner, FAILURE_TOKEN_FOREIGN_OWNER);
	assert_stays_out(place, &owner, FAILURE_TOKEN_FOREIGN_OWNER);
}

static void test_no_file(void **state)
{
	const Place *place = *state;
	g_autofree char *target = scratch_path((void **)&place->folder, "target");

	store_for(place, target, &owner);
	assert_int_equal(symlink(target, place->path), 0);
	assert_refused(place, &owner, FAILURE_TOKEN_BROKEN);
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(mkdir(place->path, 0700), 0);
	assert_refused(place, &owner, FAILURE_TOKEN_BROKEN);
	assert_int_equal(rmdir(place->path), 0);
	assert_int_equal(mkfifo(place->path, 0600), 0);
	assert_refused(place, &owner, FAILURE_TOKEN_BROKEN);
}

static void test_no_json(void **state)
{
	static const char *const texts[] = {"", " ", "x", "null", "17", "[]", "\"Amtspost\"", "{",
		"{}}", "{\"program\":\"Amtspost\",\"program\":\"Amtspost\"}",
		"{\"program\":\"\xff\"}"};
	const Place *place = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		write_text(place->path, texts[i]);
		assert_refused(place, &owner, FAILURE_TOKEN_BROKEN);
	}
}

static void test_too_long(void **state)
{
	const Place *place = *state;
	g_autofree char *text = NULL;
	g_autofree char *blanks = g_strnfill(LIMIT + 1, ' ');
	size_t size;

	store(place);
	text = read_file(place->path, &size);
	memcpy(blanks, text, size);
	write_file(place->path, blanks, LIMIT);
	assert_loads(place, ACCESS_TOKEN);
	write_file(place->path, blanks, LIMIT + 1);
	assert_refused(place, &owner, FAILURE_TOKEN_BROKEN);
}

static void test_of_another_program(void **state)
{
	static const char *const texts[] = {"{}", "{\"program\":\"amtspost\"}", "{\"program\":17}",
		"{\"access_token\":\"x\",\"user_id\":7,\"installation\":\"installation-a\"}"};
	const Place *place = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		write_text(place->path, texts[i]);
		assert_refused(place, &owner, FAILURE_TOKEN_UNKNOWN);
	}
}

static void test_of_somebody_else(void **state)
{
	const Place *place = *state;

	store(place);
	assert_refused(place, &other_user, FAILURE_TOKEN_FOREIGN);
	assert_refused(place, &other_house, FAILURE_TOKEN_FOREIGN_OFFICE);
	change(place, "user_id", json_string("7"));
	assert_refused(place, &owner, FAILURE_TOKEN_FOREIGN);
	change(place, "user_id", json_integer(7));
	change(place, "installation", NULL);
	assert_refused(place, &owner, FAILURE_TOKEN_FOREIGN_OFFICE);
	change(place, "installation", json_string("installation-a"));
	/* who renames a user does not take the sign-in away */
	change(place, "user", json_string("meier"));
	assert_loads(place, ACCESS_TOKEN);
}

static void test_of_a_newer_version(void **state)
{
	const Place *place = *state;

	store(place);
	change(place, "format", json_integer(2));
	assert_refused(place, &owner, FAILURE_TOKEN_NEWER);
	change(place, "access_token", NULL);
	assert_refused(place, &owner, FAILURE_TOKEN_NEWER);
}

static void test_something_missing(void **state)
{
	static const char *const values[] = {"", "null", "17", "[\"x\"]"};
	const Place *place = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
		store(place);
		change(place, "access_token", json_loads(values[i], JSON_DECODE_ANY, NULL));
		assert_refused(place, &owner, FAILURE_TOKEN_BROKEN);
	}
}

/* Times that no token can have. */
static void test_times(void **state)
{
	static const struct {
		json_int_t issued;
		json_int_t expires;
		bool good;
	} rows[] = {
		{1800000000, 1800000000, true},
		{0, 0, true},
		{1800000000, 1800000000 + 400 * 24 * 3600, true},
		{1800000000, 1799999999, false},
		{1800000000, 1800000001 + 400 * 24 * 3600, false},
		{-1, 3600, false},
		{INT64_MIN, INT64_MAX, false},
		{INT64_MAX, INT64_MAX, false},
	};
	const Place *place = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		store(place);
		change(place, "issued", json_integer(rows[i].issued));
		change(place, "expires", json_integer(rows[i].expires));
		if (rows[i].good)
			assert_loads(place, ACCESS_TOKEN);
		else
			assert_refused(place, &owner, FAILURE_TOKEN_BROKEN);
	}
	change(place, "issued", NULL);
	change(place, "expires", json_string("soon"));
	assert_loads(place, ACCESS_TOKEN);
}

/* Whatever a crash, a full disk or an editor left of it. */
static void test_cut_at_every_byte(void **state)
{
	const Place *place = *state;
	g_autofree char *text = NULL;
	size_t size;

	store(place);
	text = read_file(place->path, &size);
	for (size_t cut = 0; cut < size; cut++) {
		write_file(place->path, text, cut);
		assert_refused(place, &owner, FAILURE_TOKEN_BROKEN);
	}
}

/* One byte changed: it is refused, or the secrets are the same. */
static void test_every_changed_byte(void **state)
{
	const Place *place = *state;
	g_autofree char *text = NULL;
	size_t size;

	store(place);
	text = read_file(place->path, &size);
	for (size_t i = 0; i < size; i++) {
		g_autoptr(OauthToken) token = NULL;

		text[i] = (char)(text[i] ^ 3);
		write_file(place->path, text, size);
		token = oauth_token_load(place->path, &owner, place->keyring, NULL);
		if (token) {
			assert_string_equal(secret_text(token->grant.access_token), ACCESS_TOKEN);
			assert_true(!token->grant.refresh_token ||
				    strcmp(secret_text(token->grant.refresh_token),
					    REFRESH_TOKEN) == 0);
		}
		text[i] = (char)(text[i] ^ 3);
	}
}

/* ---- seals ---- */

static void test_values_are_bound_to_their_field(void **state)
{
	const Place *place = *state;
	json_t *object;
	json_t *access;

	store(place);
	object = read_object(place->path);
	access = json_incref(json_object_get(object, "access_token"));
	json_object_set(object, "access_token", json_object_get(object, "refresh_token"));
	json_object_set_new(object, "refresh_token", access);
	write_object(place->path, object);
	assert_refused(place, &owner, FAILURE_TOKEN_SEALED);
}

static void test_values_are_bound_to_their_user(void **state)
{
	static const char *const names[] = {"access_token", "refresh_token"};
	const Place *place = *state;
	g_autofree char *theirs = scratch_path((void **)&place->folder, "theirs");
	json_t *foreign;

	store_for(place, theirs, &other_user);
	foreign = read_object(theirs);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		store(place);
		change(place, names[i], json_incref(json_object_get(foreign, names[i])));
		assert_refused(place, &owner, FAILURE_TOKEN_SEALED);
	}
	/* the whole file under another user's number */
	json_object_set_new(foreign, "user_id", json_integer(7));
	write_object(place->path, foreign);
	assert_refused(place, &owner, FAILURE_TOKEN_SEALED);
}

/* Another account, client or authority gets nothing of it, nor does one that is not named. */
static void test_values_are_bound_to_their_sign_in(void **state)
{
	static const char *const names[] = {"account", "authority", "tenant", "client_id"};
	static const char *const values[] = {"", "null", "17", "\"other\""};
	const Place *place = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(names) * G_N_ELEMENTS(values); i++) {
		store(place);
		change(place, names[i / G_N_ELEMENTS(values)],
			json_loads(values[i % G_N_ELEMENTS(values)], JSON_DECODE_ANY, NULL));
		assert_refused(place, &owner, FAILURE_TOKEN_SEALED);
	}
	store(place);
	change(place, "identity", json_string("other"));
	assert_loads(place, ACCESS_TOKEN);
}

static void test_no_seals(void **state)
{
	static const char *const values[] = {"", "x", ACCESS_TOKEN, "0000000a:AAAA"};
	const Place *place = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
		store(place);
		change(place, "access_token", json_string(values[i]));
		assert_refused(place, &owner, FAILURE_TOKEN_SEALED);
		store(place);
		change(place, "refresh_token", json_string(values[i]));
		assert_refused(place, &owner, FAILURE_TOKEN_SEALED);
	}
}

static void test_other_key_rings(void **state)
{
	Place place = *(const Place *)*state;
	g_autofree char *ring = scratch_path(&place.folder, "ring");
	g_autoptr(Keyring) other = keyring_open(ring);

	store(&place);
	place.keyring = other;
	assert_refused(&place, &owner, FAILURE_TOKEN_SEALED);
	place.keyring = NULL;
	assert_refused(&place, &owner, FAILURE_TOKEN_SEALED);
	assert_stays_out(&place, &owner, FAILURE_KEYRING_MISSING);
	assert_loads(*state, ACCESS_TOKEN);
}

/* ---- what lies in its place ---- */

static void test_others_files_are_kept(void **state)
{
	static const char *const texts[] = {"{\"access_token\":\"x\"}",
		"{\"program\":\"Thunderbird\",\"format\":1}",
		"{\"program\":\"Amtspost\",\"format\":2,\"user_id\":7,"
		"\"installation\":\"installation-a\"}"};
	static const char *const names[] = {"", "2", "3"};
	const Place *place = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		write_text(place->path, texts[i]);
		store(place);
		assert_loads(place, ACCESS_TOKEN);
	}
	/* none of them in the place of another */
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *path = g_strconcat(place->kept, names[i], NULL);
		g_autofree char *kept = read_file(path, NULL);

		assert_string_equal(kept, texts[i]);
	}
}

static void test_broken_files_are_replaced(void **state)
{
	static const char *const texts[] = {
		"", "x", "{\"program\":\"Amtspost\",\"user_id\":7", "[]"};
	const Place *place = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		write_text(place->path, texts[i]);
		store(place);
		assert_loads(place, ACCESS_TOKEN);
		assert_int_equal(scratch_count((void **)&place->folder), 1);
	}
}

static void check_untouched(const Place *place, const OauthOwner *other, Failure failure)
{
	g_autofree char *before = read_file(place->path, NULL);
	g_autofree char *after = NULL;
	g_autoptr(GError) error = NULL;

	assert_false(oauth_token_check_place(place->path, other, &error));
	assert_clean_failure(error, failure);
	assert_stays_out(place, other, failure);
	remove_well(place->path, other);
	after = read_file(place->path, NULL);
	assert_string_equal(before, after);
}

static void test_somebody_elses_file_stays(void **state)
{
	const Place *place = *state;

	store(place);
	check_untouched(place, &other_user, FAILURE_TOKEN_FOREIGN);
	check_untouched(place, &other_house, FAILURE_TOKEN_FOREIGN_OFFICE);
}

/* The link goes, what it leads to stays as it was. */
static void test_links_are_not_followed(void **state)
{
	const Place *place = *state;
	g_autofree char *target = scratch_path((void **)&place->folder, "target");
	g_autofree char *text = NULL;
	struct stat status;

	write_text(target, "untouched");
	assert_int_equal(symlink(target, place->path), 0);
	assert_int_equal(symlink(target, place->pending), 0);
	store(place);
	assert_int_equal(lstat(place->path, &status), 0);
	assert_true(S_ISREG(status.st_mode));
	assert_loads(place, ACCESS_TOKEN);
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(symlink("nowhere", place->path), 0);
	remove_well(place->path, &owner);
	assert_int_not_equal(lstat(place->path, &status), 0);
	text = read_file(target, NULL);
	assert_string_equal(text, "untouched");
}

static void test_a_folder_in_its_place(void **state)
{
	const Place *place = *state;
	g_autoptr(GError) error = NULL;

	assert_int_equal(mkdir(place->path, 0700), 0);
	assert_stays_out(place, &owner, FAILURE_TOKEN_FOLDER);
	assert_false(oauth_token_check_place(place->path, &owner, &error));
	assert_clean_failure(error, FAILURE_TOKEN_FOLDER);
	remove_well(place->path, &owner);
	assert_int_equal(rmdir(place->path), 0);
}

static void check_folder(const char *path, bool good)
{
	g_autoptr(GError) error = NULL;

	assert_int_equal(oauth_token_check_place(path, &owner, &error), good);
	if (!good)
		assert_clean_failure(error, FAILURE_TOKEN_FOLDER);
}

static void test_folders_are_made(void **state)
{
	const Place *place = *state;
	g_autofree char *outer = scratch_path((void **)&place->folder, "a");
	g_autofree char *inner = g_build_filename(outer, "b", NULL);
	g_autofree char *path = g_build_filename(inner, OAUTH_TOKEN_FILE, NULL);
	g_autoptr(OauthToken) token = make_token(ACCESS_TOKEN, NULL);
	g_autoptr(GError) error = NULL;
	struct stat status;

	assert_false(oauth_token_store(token, path, &owner, place->keyring, &error));
	assert_clean_failure(error, FAILURE_TOKEN_FOLDER);
	check_folder(path, true);
	assert_int_equal(stat(inner, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_true(oauth_token_store(token, path, &owner, place->keyring, NULL));
	check_folder(path, true);
	remove_well(path, &owner);
	assert_int_equal(rmdir(inner), 0);
	assert_int_equal(rmdir(outer), 0);
}

/* Where everybody may write, everybody may take it away. */
static void test_open_folders(void **state)
{
	const Place *place = *state;

	assert_int_equal(chmod(place->folder, 0777), 0);
	check_folder(place->path, false);
	assert_int_equal(chmod(place->folder, 01777), 0);
	check_folder(place->path, false);
	assert_int_equal(chmod(place->folder, 0770), 0);
	check_folder(place->path, true);
	assert_int_equal(scratch_count((void **)&place->folder), 0);
}

/* Two at once could each take the other's file for nobody's. */
static void test_folder_is_locked(void **state)
{
	const Place *place = *state;
	g_auto(Descriptor) folder = open(place->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g_autoptr(GError) removing = NULL;
	g_autoptr(GError) checking = NULL;

	store(place);
	assert_int_equal(flock(folder, LOCK_EX), 0);
	assert_stays_out(place, &owner, FAILURE_STORE_BUSY);
	assert_false(oauth_token_remove(place->path, &owner, &removing));
	assert_clean_failure(removing, FAILURE_STORE_BUSY);
	assert_false(oauth_token_check_place(place->path, &owner, &checking));
	assert_clean_failure(checking, FAILURE_STORE_BUSY);
	assert_loads(place, ACCESS_TOKEN);
	assert_int_equal(flock(folder, LOCK_UN), 0);
	store(place);
}

static void test_no_folder(void **state)
{
	const Place *place = *state;
	g_autofree char *below = g_build_filename(place->path, OAUTH_TOKEN_FILE, NULL);

	write_text(place->path, "a file");
	check_folder(below, false);
	check_folder("/proc/nowhere/" OAUTH_TOKEN_FILE, false);
	if (geteuid() == 0)
		return;
	assert_int_equal(chmod(place->folder, 0500), 0);
	check_folder(place->path, false);
	assert_int_equal(chmod(place->folder, 0700), 0);
}

/* Files of at most SIZE bytes (RLIM_INFINITY: any), as on a full disk. */
static void limit_files(rlim_t size)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct rlimit limit;

	sigaction(SIGXFSZ, &ignore, NULL);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = MIN(size, limit.rlim_max);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void assert_not_stored(const Place *place)
{
	g_autoptr(OauthToken) next = make_token("next.access", NULL);
	g_autoptr(GError) storing = NULL;
	g_autoptr(GError) checking = NULL;

	assert_false(oauth_token_store(next, place->path, &owner, place->keyring, &storing));
	assert_clean_failure(storing, FAILURE_TOKEN_FOLDER);
	assert_false(oauth_token_check_place(place->path, &owner, &checking));
	assert_clean_failure(checking, FAILURE_TOKEN_FOLDER);
	assert_loads(place, ACCESS_TOKEN);
}

/* What cannot be written leaves the old token as it was, and shows beforehand. */
static void test_a_failed_write_leaves_the_old_one(void **state)
{
	const Place *place = *state;

	store(place);
	limit_files(100);
	assert_not_stored(place);
	limit_files(RLIM_INFINITY);
	assert_int_equal(scratch_count((void **)&place->folder), 1);
	assert_int_equal(mkdir(place->pending, 0700), 0);
	assert_not_stored(place);
}

/* ---- after a crash ---- */

/* A token that was written but not put in its place. */
static void leave_pending(const Place *place, const OauthOwner *whose)
{
	g_autoptr(OauthToken) next = make_token("next.access", NULL);
	g_autofree char *elsewhere = scratch_path((void **)&place->folder, "elsewhere");

	assert_true(oauth_token_store(next, elsewhere, whose, place->keyring, NULL));
	assert_int_equal(rename(elsewhere, place->pending), 0);
}

static void recover(const Place *place)
{
	oauth_token_recover(place->path, &owner, place->keyring);
	assert_int_not_equal(access(place->pending, F_OK), 0);
}

static void test_recovers_a_whole_one(void **state)
{
	const Place *place = *state;

	store(place);
	leave_pending(place, &owner);
	recover(place);
	assert_loads(place, "next.access");
	recover(place);
	assert_loads(place, "next.access");
	assert_int_equal(scratch_count((void **)&place->folder), 1);
}

static void test_drops_a_cut_one(void **state)
{
	const Place *place = *state;
	g_autofree char *text = NULL;
	size_t size;

	store(place);
	leave_pending(place, &owner);
	text = read_file(place->pending, &size);
	for (size_t cut = 0; cut < size; cut++) {
		write_file(place->pending, text, cut);
		recover(place);
		assert_loads(place, ACCESS_TOKEN);
	}
}

static void test_drops_somebody_elses(void **state)
{
	const Place *place = *state;

	store(place);
	leave_pending(place, &other_user);
	recover(place);
	assert_loads(place, ACCESS_TOKEN);
	assert_int_equal(symlink(place->path, place->pending), 0);
	recover(place);
	assert_loads(place, ACCESS_TOKEN);
}

/* Of an older sign-in, or one with another account or client. */
static void test_drops_what_is_no_successor(void **state)
{
	const Place *place = *state;

	for (size_t i = 0; i < 5; i++) {
		g_autoptr(OauthToken) next = make_token("next.access", NULL);
		char **texts[] = {
			&next->account, &next->authority, &next->tenant, &next->client_id};

		if (i < G_N_ELEMENTS(texts)) {
			g_free(*texts[i]);
			*texts[i] = g_strdup("other");
		} else {
			next->grant.issued--;
		}
		store(place);
		assert_true(oauth_token_store(next, place->pending, &owner, place->keyring, NULL));
		recover(place);
		assert_loads(place, ACCESS_TOKEN);
	}
}

/* Who deletes or spoils a token means it. */
static void test_brings_no_deleted_one_back(void **state)
{
	const Place *place = *state;

	leave_pending(place, &owner);
	recover(place);
	assert_refused(place, &owner, FAILURE_TOKEN_MISSING);
	write_text(place->path, "spoilt");
	leave_pending(place, &owner);
	recover(place);
	assert_refused(place, &owner, FAILURE_TOKEN_BROKEN);
}

static void test_storing_drops_a_pending_one(void **state)
{
	const Place *place = *state;

	leave_pending(place, &owner);
	store(place);
	assert_loads(place, ACCESS_TOKEN);
	assert_int_equal(scratch_count((void **)&place->folder), 1);
}

/* ---- removing ---- */

static void test_remove(void **state)
{
	const Place *place = *state;

	remove_well(place->path, &owner);
	store(place);
	leave_pending(place, &owner);
	remove_well(place->path, &owner);
	assert_int_equal(scratch_count((void **)&place->folder), 0);
	write_text(place->path, "{\"program\":\"Amtspost\"");
	remove_well(place->path, &owner);
	assert_int_equal(scratch_count((void **)&place->folder), 0);
}

/* Who is told that it is gone relies on it. */
static void test_what_cannot_be_removed(void **state)
{
	const Place *place = *state;
	g_autoptr(GError) error = NULL;

	store(place);
	assert_int_equal(mkdir(place->pending, 0700), 0);
	assert_false(oauth_token_remove(place->path, &owner, &error));
	assert_clean_failure(error, FAILURE_TOKEN_FOLDER);
	assert_loads(place, ACCESS_TOKEN);
}

static void test_nothing_to_remove(void **state)
{
	const Place *place = *state;
	g_autofree char *below = g_build_filename(place->path, OAUTH_TOKEN_FILE, NULL);

	remove_well(place->path, &owner);
	remove_well(below, &owner);
	remove_well("/nowhere/at/all/" OAUTH_TOKEN_FILE, &owner);
}

static void test_does_not_remove_what_others_wrote(void **state)
{
	static const char *const texts[] = {"{\"program\":\"Thunderbird\"}",
		"{\"program\":\"Amtspost\",\"format\":2,\"user_id\":7,"
		"\"installation\":\"installation-a\"}",
		"{\"program\":\"Amtspost\",\"format\":1,\"user_id\":8,"
		"\"installation\":\"installation-a\"}"};
	const Place *place = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *after = NULL;

		write_text(place->path, texts[i]);
		remove_well(place->path, &owner);
		after = read_file(place->path, NULL);
		assert_string_equal(after, texts[i]);
	}
}

static int set_up(void **state)
{
	(void)state;
	oauth_start_library();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		place_test(test_store_and_load),
		place_test(test_what_may_be_missing),
		place_test(test_long_tokens),
		place_test(test_what_lies_in_the_file),
		place_test(test_for_the_owner_alone),
		place_test(test_missing),
		place_test(test_unreadable),
		place_test(test_of_another_account),
		place_test(test_no_file),
		place_test(test_no_json),
		place_test(test_too_long),
		place_test(test_of_another_program),
		place_test(test_of_somebody_else),
		place_test(test_of_a_newer_version),
		place_test(test_something_missing),
		place_test(test_times),
		place_test(test_cut_at_every_byte),
		place_test(test_every_changed_byte),
		place_test(test_values_are_bound_to_their_field),
		place_test(test_values_are_bound_to_their_user),
		place_test(test_values_are_bound_to_their_sign_in),
		place_test(test_no_seals),
		place_test(test_other_key_rings),
		place_test(test_others_files_are_kept),
		place_test(test_broken_files_are_replaced),
		place_test(test_somebody_elses_file_stays),
		place_test(test_links_are_not_followed),
		place_test(test_a_folder_in_its_place),
		place_test(test_folders_are_made),
		place_test(test_open_folders),
		place_test(test_folder_is_locked),
		place_test(test_no_folder),
		place_test(test_a_failed_write_leaves_the_old_one),
		place_test(test_recovers_a_whole_one),
		place_test(test_drops_a_cut_one),
		place_test(test_drops_somebody_elses),
		place_test(test_drops_what_is_no_successor),
		place_test(test_brings_no_deleted_one_back),
		place_test(test_storing_drops_a_pending_one),
		place_test(test_remove),
		place_test(test_what_cannot_be_removed),
		place_test(test_nothing_to_remove),
		place_test(test_does_not_remove_what_others_wrote),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
