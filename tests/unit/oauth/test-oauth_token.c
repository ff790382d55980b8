/* The token file: stored and loaded, sealed for one user, refused for everybody else, broken in
 * every way. */
#include "token_fixture.h"

#include <sys/stat.h>

#define NOBODY 65534

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
	g_autofree char *blanks = g_strnfill(TOKEN_FILE_LIMIT + 1, ' ');
	size_t size;

	store(place);
	text = read_file(place->path, &size);
	memcpy(blanks, text, size);
	write_file(place->path, blanks, TOKEN_FILE_LIMIT);
	assert_loads(place, ACCESS_TOKEN);
	write_file(place->path, blanks, TOKEN_FILE_LIMIT + 1);
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
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
