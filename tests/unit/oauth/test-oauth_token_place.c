/* The place of the token file: what lies there and in its way, folders, locks, full disks, what a
 * crash left, removing. */
#include "token_fixture.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* The head of a token file. */
#define HEAD(format, user)                                                                         \
	"{\"program\":\"Amtspost\",\"format\":" #format ",\"user_id\":" #user                      \
	",\"installation\":\"installation-a\"}"

static void remove_well(const char *path, const OauthOwner *whose)
{
	g_autoptr(GError) error = NULL;

	if (!oauth_token_remove(path, whose, &error))
		fail_msg("%s", error->message);
}

/* ---- what lies in its place ---- */

static void test_others_files_are_kept(void **state)
{
	static const char *const texts[] = {"{\"access_token\":\"x\"}",
		"{\"program\":\"Thunderbird\",\"format\":1}", HEAD(2, 7)};
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

/* Whoever looks whether a sign-in could be stored takes nothing away. */
static void test_a_look_drops_none(void **state)
{
	const Place *place = *state;

	store(place);
	leave_pending(place, &owner);
	check_folder(place->path, true);
	recover(place);
	assert_loads(place, "next.access");
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
	static const char *const texts[] = {
		"{\"program\":\"Thunderbird\"}", HEAD(2, 7), HEAD(1, 8)};
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
		place_test(test_a_look_drops_none),
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
