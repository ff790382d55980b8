/* Where token files go: settings, placeholders, environments; and the lock, between threads,
 * processes and users. Of the office only its folder counts, so a stand-in has nothing else. */
#include "../base/scratch.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "app/token_place.h"
#include "base/clock.h"
#include "failure/failure.h"

#define FILE_NAME "eurowig_office365_token.json"

struct Office {
	const char *folder;
};

const char *office_folder(const Office *office)
{
	return office->folder;
}

/* ---- places ---- */

static const Office office_of_data = {"/data"};

/* The environment that places come from; NULL: not set. */
typedef struct Surroundings {
	const char *home;
	const char *profile;
	const char *roaming;
} Surroundings;

static void surround(const Surroundings *surroundings)
{
	const char *const variables[][2] = {
		{"HOME", surroundings->home},
		{"USERPROFILE", surroundings->profile},
		{"APPDATA", surroundings->roaming},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(variables); i++) {
		if (variables[i][1])
			setenv(variables[i][0], variables[i][1], 1);
		else
			unsetenv(variables[i][0]);
	}
}

/* The place with FOLDER in the settings (NULL: nothing) is EXPECTED/FILE_NAME; NULL: none. */
static void check_place(const char *folder, const char *expected)
{
	Account account = {.user_name = (char *)"mueller", .token_folder = (char *)folder};
	g_autoptr(GError) error = NULL;
	g_autofree char *place = token_place(&office_of_data, &account, &error);
	g_autofree char *whole = expected ? g_build_filename(expected, FILE_NAME, NULL) : NULL;

	if (g_strcmp0(place, whole) != 0)
		fail_msg("%s gives %s", folder ? folder : "nothing", place ? place : "none");
	if (!expected)
		assert_true(failure_is(error, FAILURE_TOKEN_FOLDER));
}

static void test_without_a_setting(void **state)
{
	(void)state;
	surround(&(Surroundings){.home = "/home/m"});
	check_place(NULL, "/data/users/mueller");
	surround(&(Surroundings){.home = "/home/m", .profile = "/profile", .roaming = "/roaming"});
	check_place(NULL, "/roaming");
	surround(&(Surroundings){.home = "/home/m", .roaming = ""});
	check_place(NULL, "/data/users/mueller");
}

static void test_users_in_settings(void **state)
{
	(void)state;
	surround(&(Surroundings){.home = "/home/m"});
	check_place("/tokens", "/tokens");
	check_place("/tokens/{user}", "/tokens/mueller");
	check_place("/{user}/x{user}y/{User}", "/mueller/xmuellery/{User}");
	check_place("/to kens/\xc3\xa4", "/to kens/\xc3\xa4");
}

static void test_placeholders(void **state)
{
	static const struct {
		Surroundings surroundings;
		const char *folder;
		const char *expected;
	} rows[] = {
		{{"/home/m", "/profile", "/roaming"}, "~", "/home/m"},
		{{"/home/m", "/profile", "/roaming"}, "~/a/{user}", "/home/m/a/mueller"},
		{{"/home/m", "/profile", "/roaming"}, "%USERPROFILE%/a", "/profile/a"},
		{{"/home/m", "/profile", "/roaming"}, "%APPDATA%/a", "/roaming/a"},
		{{"/home/m", "/profile", NULL}, "%APPDATA%/a", "/profile/AppData/Roaming/a"},
		{{"/home/m", NULL, NULL}, "%APPDATA%", "/home/m/AppData/Roaming"},
		{{"/home/m", "", ""}, "%APPDATA%", "/home/m/AppData/Roaming"},
		{{"/home/m", NULL, NULL}, "%USERPROFILE%", "/home/m"},
		/* at the start only, and only those */
		{{"/home/m", "/profile", "/roaming"}, "/a/~/%APPDATA%", "/a/~/%APPDATA%"},
		{{"/home/m", "/profile", "/roaming"}, "/%HOME%", "/%HOME%"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		surround(&rows[i].surroundings);
		check_place(rows[i].folder, rows[i].expected);
	}
}

/* The account's own, whatever the environment lacks. */
static void test_without_a_home(void **state)
{
	g_autofree char *expected = g_build_filename(g_get_home_dir(), "a", NULL);

	(void)state;
	surround(&(Surroundings){0});
	check_place("~/a", expected);
}

static void test_canonical_paths(void **state)
{
	(void)state;
	surround(&(Surroundings){.home = "/home/m/"});
	check_place("/a//b/./c/../d/", "/a/b/d");
	check_place("~/../x", "/home/x");
	check_place("/../..", "/");
}

static void test_no_absolute_paths(void **state)
{
	static const char *const folders[] = {
		"", ".", "tokens", "./tokens", "{user}", "C:\\tokens", "%HOME%/x", "%appdata%/x"};

	(void)state;
	surround(&(Surroundings){.home = "/home/m"});
	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++)
		check_place(folders[i], NULL);
	surround(&(Surroundings){.home = "home", .profile = "x", .roaming = "y"});
	check_place("~/a", NULL);
	check_place("%USERPROFILE%", NULL);
	check_place("%APPDATA%", NULL);
	check_place(NULL, NULL);
}

/* ---- the lock ---- */

static void remove_folder(const Office *office, const char *user)
{
	g_autofree char *users = g_build_filename(office->folder, "users", NULL);

	token_place_remove(office, user);
	rmdir(users);
}

static void lock_well(const Office *office, const char *user, Descriptor *lock)
{
	g_autoptr(GError) error = NULL;

	if (!token_lock(office, user, 0, NULL, lock, &error))
		fail_msg("%s", error->message);
}

static void assert_locked(
	const Office *office, const char *user, int seconds, const Cancel *cancel, Failure failure)
{
	g_auto(Descriptor) lock = -1;
	g_autoptr(GError) error = NULL;

	assert_false(token_lock(office, user, seconds, cancel, &lock, &error));
	assert_true(failure_is(error, failure));
}

static void test_lock(void **state)
{
	Office office = {*state};
	g_autofree char *folder = g_build_filename(*state, "users", "mueller", NULL);
	g_autofree char *path = g_build_filename(folder, "refresh.lock", NULL);
	Descriptor lock = -1;
	Descriptor others = -1;
	struct stat status;

	lock_well(&office, "mueller", &lock);
	assert_int_equal(stat(folder, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_locked(&office, "mueller", 0, NULL, FAILURE_STORE_BUSY);
	/* another user's is another one */
	lock_well(&office, "schulze", &others);
	descriptor_close(&lock);
	lock_well(&office, "mueller", &lock);
	descriptor_close(&lock);
	descriptor_close(&others);
	remove_folder(&office, "schulze");
	remove_folder(&office, "mueller");
}

static void test_waits_its_time(void **state)
{
	Office office = {*state};
	Descriptor lock = -1;
	int64_t start = clock_monotonic();

	lock_well(&office, "mueller", &lock);
	assert_locked(&office, "mueller", 1, NULL, FAILURE_STORE_BUSY);
	assert_in_range(clock_monotonic() - start, 1000, 2500);
	descriptor_close(&lock);
	remove_folder(&office, "mueller");
}

static void *trigger_soon(void *cancel)
{
	g_usleep(100 * 1000);
	cancel_trigger(cancel);
	return NULL;
}

static void test_cancel(void **state)
{
	Office office = {*state};
	g_autoptr(Cancel) cancel = cancel_new();
	Descriptor lock = -1;
	int64_t start = clock_monotonic();
	pthread_t thread;

	lock_well(&office, "mueller", &lock);
	pthread_create(&thread, NULL, trigger_soon, cancel);
	assert_locked(&office, "mueller", 60, cancel, FAILURE_CANCELLED);
	assert_in_range(clock_monotonic() - start, 50, 1000);
	pthread_join(thread, NULL);
	descriptor_close(&lock);
	remove_folder(&office, "mueller");
}

static void *let_go_soon(void *lock)
{
	g_usleep(100 * 1000);
	descriptor_close(lock);
	return NULL;
}

static void test_gets_it_when_another_thread_lets_go(void **state)
{
	Office office = {*state};
	Descriptor first = -1;
	Descriptor second = -1;
	g_autoptr(GError) error = NULL;
	int64_t start = clock_monotonic();
	pthread_t thread;

	lock_well(&office, "mueller", &first);
	pthread_create(&thread, NULL, let_go_soon, &first);
	assert_true(token_lock(&office, "mueller", 60, NULL, &second, &error));
	assert_in_range(clock_monotonic() - start, 50, 2000);
	pthread_join(thread, NULL);
	descriptor_close(&second);
	remove_folder(&office, "mueller");
}

/* A child that holds USER's lock until it is killed. */
static pid_t start_holder(const Office *office, const char *user)
{
	Descriptor lock = -1;
	int ready[2];
	char byte = 0;
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!token_lock(office, user, 0, NULL, &lock, NULL) || write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return child;
}

static void test_a_process_that_died_holds_nothing(void **state)
{
	Office office = {*state};
	pid_t child = start_holder(&office, "mueller");
	Descriptor lock = -1;

	assert_locked(&office, "mueller", 0, NULL, FAILURE_STORE_BUSY);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	lock_well(&office, "mueller", &lock);
	descriptor_close(&lock);
	remove_folder(&office, "mueller");
}

static void test_what_is_no_lock(void **state)
{
	Office office = {*state};
	g_autofree char *users = scratch_path(state, "users");
	g_autofree char *folder = g_build_filename(users, "mueller", NULL);
	g_autofree char *path = g_build_filename(folder, "refresh.lock", NULL);
	g_autofree char *target = scratch_path(state, "target");

	assert_true(file_replace(users, "", 0, 0600));
	assert_locked(&office, "mueller", 0, NULL, FAILURE_STORE);
	assert_int_equal(unlink(users), 0);
	assert_true(file_make_folder(folder, 0700));
	assert_int_equal(symlink(target, path), 0);
	assert_locked(&office, "mueller", 0, NULL, FAILURE_STORE);
	assert_int_not_equal(access(target, F_OK), 0);
	assert_int_equal(unlink(path), 0);
	assert_true(file_make_folder(path, 0700));
	assert_locked(&office, "mueller", 0, NULL, FAILURE_STORE);
	assert_int_equal(rmdir(path), 0);
	remove_folder(&office, "mueller");
}

static void test_remove(void **state)
{
	Office office = {*state};
	g_autofree char *folder = g_build_filename(*state, "users", "mueller", NULL);
	g_autofree char *file = g_build_filename(folder, "other", NULL);
	Descriptor lock = -1;

	token_place_remove(&office, "mueller");
	lock_well(&office, "mueller", &lock);
	descriptor_close(&lock);
	assert_true(file_replace(file, "", 0, 0600));
	token_place_remove(&office, "mueller");
	assert_int_equal(access(file, F_OK), 0);
	assert_int_equal(unlink(file), 0);
	token_place_remove(&office, "mueller");
	assert_int_not_equal(access(folder, F_OK), 0);
	remove_folder(&office, "mueller");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_a_setting),
		cmocka_unit_test(test_users_in_settings),
		cmocka_unit_test(test_placeholders),
		cmocka_unit_test(test_without_a_home),
		cmocka_unit_test(test_canonical_paths),
		cmocka_unit_test(test_no_absolute_paths),
		scratch_test(test_lock),
		scratch_test(test_waits_its_time),
		scratch_test(test_cancel),
		scratch_test(test_gets_it_when_another_thread_lets_go),
		scratch_test(test_a_process_that_died_holds_nothing),
		scratch_test(test_what_is_no_lock),
		scratch_test(test_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
