/* Files: whole or not at all, errno of the fault, nothing left behind. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "base/file.h"
#include "scratch.h"

static void assert_content(const char *path, const char *expected)
{
	size_t size = 0;
	g_autofree char *content = file_read(path, 1 << 20, &size);

	assert_non_null(content);
	assert_int_equal(size, strlen(expected));
	assert_string_equal(content, expected);
}

static mode_t mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	return status.st_mode;
}

static void test_descriptor_close(void **state)
{
	Descriptor descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
	Descriptor closed = -1;
	int number = descriptor;

	(void)state;
	assert_true(descriptor >= 0);
	errno = EIO;
	descriptor_close(&descriptor);
	assert_int_equal(descriptor, -1);
	assert_int_equal(fcntl(number, F_GETFD), -1);
	errno = EIO;
	descriptor_close(&closed);
	assert_int_equal(errno, EIO);
}

static void test_make_folder(void **state)
{
	g_autofree char *outer = scratch_path(state, "a");
	g_autofree char *inner = scratch_path(state, "a/b");
	g_autofree char *file = scratch_path(state, "file");
	g_autofree char *below = scratch_path(state, "file/b");

	assert_true(file_make_folder(inner, 0700));
	assert_int_equal(mode_of(outer) & 0777, 0700);
	assert_int_equal(mode_of(inner) & 0777, 0700);
	assert_true(file_make_folder(inner, 0700));
	assert_true(file_replace(file, "x", 1, 0600));
	assert_false(file_make_folder(below, 0700));
	assert_int_equal(errno, ENOTDIR);
	rmdir(inner);
}

static void test_replace_makes_and_replaces(void **state)
{
	g_autofree char *path = scratch_path(state, "datei");

	assert_true(file_replace(path, "eins", 4, 0600));
	assert_content(path, "eins");
	assert_int_equal(mode_of(path) & 0777, 0600);
	assert_true(file_replace(path, "", 0, 0644));
	assert_content(path, "");
	assert_int_equal(mode_of(path) & 0777, 0644);
	assert_int_equal(scratch_count(state), 1);
}

static void test_replace_ignores_the_umask(void **state)
{
	g_autofree char *path = scratch_path(state, "datei");
	mode_t before = umask(0777);

	assert_true(file_replace(path, "x", 1, 0640));
	umask(before);
	assert_int_equal(mode_of(path) & 0777, 0640);
}

static void test_replace_follows_no_link(void **state)
{
	g_autofree char *target = scratch_path(state, "fremd");
	g_autofree char *path = scratch_path(state, "verweis");

	assert_true(file_replace(target, "fremd", 5, 0600));
	assert_int_equal(symlink(target, path), 0);
	assert_true(file_replace(path, "neu", 3, 0600));
	assert_content(target, "fremd");
	assert_content(path, "neu");
	assert_true(S_ISREG(mode_of(path)));
}

static void test_replace_fails_whole(void **state)
{
	g_autofree char *folder = scratch_path(state, "ordner");
	g_autofree char *inside = scratch_path(state, "ordner/x");
	g_autofree char *missing = scratch_path(state, "fehlt/x");

	assert_false(file_replace(missing, "x", 1, 0600));
	assert_int_equal(errno, ENOENT);
	assert_true(file_make_folder(folder, 0700) && file_replace(inside, "x", 1, 0600));
	assert_false(file_replace(folder, "x", 1, 0600));
	assert_int_equal(errno, EISDIR);
	assert_int_equal(scratch_count(state), 1);
	unlink(inside);
}

/* With files limited to 1,000 bytes a write goes short, then fails, as on a full disk. */
static void test_replace_keeps_the_old_on_a_full_disk(void **state)
{
	g_autofree char *path = scratch_path(state, "datei");
	g_autofree char *big = g_strnfill(5000, 'x');
	struct rlimit before;
	bool replaced;
	int number;

	assert_true(file_replace(path, "alt", 3, 0600));
	getrlimit(RLIMIT_FSIZE, &before);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){1000, before.rlim_max});
	replaced = file_replace(path, big, 5000, 0600);
	number = errno;
	setrlimit(RLIMIT_FSIZE, &before);
	assert_false(replaced);
	assert_int_equal(number, EFBIG);
	assert_content(path, "alt");
	assert_int_equal(scratch_count(state), 1);
}

static void *replace_often(void *path)
{
	static const char full[] = "aaaaaaaabbbbbbbbcccccccc";

	for (size_t i = 0; i < 200; i++) {
		if (!file_replace(path, full, i % sizeof full, 0600))
			return path;
	}
	return NULL;
}

static void test_replace_shows_readers_whole_files(void **state)
{
	g_autofree char *path = scratch_path(state, "datei");
	pthread_t writers[2];
	void *failed[2];

	assert_true(file_replace(path, "", 0, 0600));
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&writers[i], NULL, replace_often, path), 0);
	for (int i = 0; i < 500; i++) {
		size_t size;
		g_autofree char *content = file_read(path, 100, &size);

		assert_non_null(content);
		assert_int_equal(strncmp(content, "aaaaaaaabbbbbbbbcccccccc", size), 0);
	}
	for (int i = 0; i < 2; i++) {
		pthread_join(writers[i], &failed[i]);
		assert_null(failed[i]);
	}
	assert_int_equal(scratch_count(state), 1);
}

static void test_read_limits(void **state)
{
	g_autofree char *path = scratch_path(state, "datei");
	g_autofree char *exact = NULL;
	size_t size = 4711;

	assert_true(file_replace(path, "0123456789", 10, 0600));
	exact = file_read(path, 10, NULL);
	assert_string_equal(exact, "0123456789");
	errno = 0;
	assert_null(file_read(path, 9, &size));
	assert_int_equal(errno, EFBIG);
	assert_null(file_read(path, 0, &size));
	assert_int_equal(errno, EFBIG);
	assert_int_equal(size, 4711);
}

static void test_read_faults(void **state)
{
	g_autofree char *missing = scratch_path(state, "fehlt");

	assert_null(file_read(missing, 10, NULL));
	assert_int_equal(errno, ENOENT);
	assert_null(file_read(*state, 10, NULL));
	assert_int_equal(errno, EISDIR);
	assert_null(file_read_descriptor(-1, 10, NULL));
	assert_int_equal(errno, EBADF);
}

/* Larger than any buffer inside, with every byte value. */
static void test_read_keeps_all_bytes(void **state)
{
	static const size_t sizes[] = {0, 1, 16382, 16383, 16384, 16385, 32767, 32768, 100003};
	g_autofree char *path = scratch_path(state, "datei");
	g_autofree char *bytes = g_malloc(100003);

	for (size_t i = 0; i < 100003; i++)
		bytes[i] = (char)(i * 7 + i / 256);
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree char *content = NULL;
		size_t size;

		assert_true(file_replace(path, bytes, sizes[i], 0600));
		content = file_read(path, sizes[i], &size);
		assert_non_null(content);
		assert_int_equal(size, sizes[i]);
		assert_memory_equal(content, bytes, size);
		assert_int_equal(content[size], '\0');
	}
}

static void *feed_slowly(void *descriptor)
{
	int pipe_end = *(int *)descriptor;

	for (int i = 0; i < 20; i++) {
		if (write(pipe_end, "abc", 3) != 3)
			break;
		g_usleep(1000);
	}
	close(pipe_end);
	return NULL;
}

static void test_read_waits_for_a_pipes_end(void **state)
{
	g_autofree char *content = NULL;
	pthread_t feeder;
	int ends[2];
	size_t size;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(pthread_create(&feeder, NULL, feed_slowly, &ends[1]), 0);
	content = file_read_descriptor(ends[0], 60, &size);
	pthread_join(feeder, NULL);
	close(ends[0]);
	assert_non_null(content);
	assert_int_equal(size, 60);
	assert_memory_equal(content + 57, "abc", 4);
}

static void *drain_slowly(void *descriptor)
{
	int pipe_end = *(int *)descriptor;
	char piece[4096];
	uintptr_t count = 0;

	for (ssize_t got; (got = read(pipe_end, piece, sizeof piece)) > 0; count += (size_t)got)
		g_usleep(200);
	return (void *)count;
}

static void test_write_all_outlasts_a_full_pipe(void **state)
{
	g_autofree char *bytes = g_strnfill(300000, 'x');
	pthread_t drainer;
	void *count;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(pthread_create(&drainer, NULL, drain_slowly, &ends[0]), 0);
	assert_true(file_write_all(ends[1], bytes, 300000));
	close(ends[1]);
	pthread_join(drainer, &count);
	close(ends[0]);
	assert_int_equal((uintptr_t)count, 300000);
}

static void test_write_all_faults(void **state)
{
	g_auto(Descriptor) full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_false(file_write_all(full, "x", 1));
	assert_int_equal(errno, ENOSPC);
	assert_true(file_write_all(full, NULL, 0));
	assert_false(file_write_all(-1, "x", 1));
	assert_int_equal(errno, EBADF);
}

static void test_read_at(void **state)
{
	g_autofree char *path = scratch_path(state, "datei");
	g_auto(Descriptor) file = -1;
	char piece[8] = "";

	assert_true(file_replace(path, "0123456789", 10, 0600));
	file = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(file_read_at(file, piece, 4, 6));
	assert_string_equal(piece, "6789");
	assert_true(file_read_at(file, piece, 0, 99));
	errno = EIO;
	assert_false(file_read_at(file, piece, 5, 6));
	assert_int_equal(errno, 0);
	assert_false(file_read_at(-1, piece, 1, 0));
	assert_int_equal(errno, EBADF);
	/* An offset that no file has, from a damaged row. */
	assert_false(file_read_at(file, piece, 1, UINT64_MAX));
	assert_int_equal(errno, EINVAL);
}

static void test_sync_folder(void **state)
{
	g_autofree char *missing = scratch_path(state, "fehlt");
	g_autofree char *file = scratch_path(state, "datei");

	assert_true(file_sync_folder(*state));
	assert_false(file_sync_folder(missing));
	assert_int_equal(errno, ENOENT);
	assert_true(file_replace(file, "x", 1, 0600));
	assert_false(file_sync_folder(file));
	assert_int_equal(errno, ENOTDIR);
}

static void test_free_space(void **state)
{
	g_autofree char *missing = scratch_path(state, "fehlt");
	uint64_t available = 0;
	uint64_t total = 0;

	assert_true(file_free_space(*state, &available, &total));
	assert_true(total > 0 && available <= total);
	assert_false(file_free_space(missing, &available, &total));
	assert_int_equal(errno, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_descriptor_close),
		scratch_test(test_make_folder),
		scratch_test(test_replace_makes_and_replaces),
		scratch_test(test_replace_ignores_the_umask),
		scratch_test(test_replace_follows_no_link),
		scratch_test(test_replace_fails_whole),
		scratch_test(test_replace_keeps_the_old_on_a_full_disk),
		scratch_test(test_replace_shows_readers_whole_files),
		scratch_test(test_read_limits),
		scratch_test(test_read_faults),
		scratch_test(test_read_keeps_all_bytes),
		scratch_test(test_read_waits_for_a_pipes_end),
		scratch_test(test_write_all_outlasts_a_full_pipe),
		scratch_test(test_write_all_faults),
		scratch_test(test_read_at),
		scratch_test(test_sync_folder),
		scratch_test(test_free_space),
	};

	sigaction(SIGXFSZ, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
