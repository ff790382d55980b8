/* The log: levels, one line a record, nothing that steers a terminal. */
#include <fcntl.h>
#include <pthread.h>
#include "base/file.h"
#include "base/log.h"
#include "scratch.h"

/* Standard error goes to a file until log_end. */
static int standard_error;

static void log_begin(const char *path)
{
	g_auto(Descriptor) file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	standard_error = dup(STDERR_FILENO);
	assert_true(file >= 0 && standard_error >= 0);
	assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
}

/* What was logged, yours. */
static char *log_end(const char *path)
{
	dup2(standard_error, STDERR_FILENO);
	close(standard_error);
	return file_read(path, 1 << 20, NULL);
}

static void test_default_is_warning(void **state)
{
	g_autofree char *path = scratch_path(state, "log");
	g_autofree char *text = NULL;

	log_begin(path);
	log_error("eins %d", 1);
	log_warning("zwei %s", "2");
	log_info("drei");
	log_debug("vier");
	text = log_end(path);
	assert_string_equal(text, "amtspost: error: eins 1\namtspost: warning: zwei 2\n");
}

static void test_levels(void **state)
{
	static const char all[] = "amtspost: error: x\namtspost: warning: x\n"
				  "amtspost: info: x\namtspost: debug: x\n";
	static const size_t lengths[] = {19, 40, 58, 77};
	g_autofree char *path = scratch_path(state, "log");

	for (LogLevel level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
		g_autofree char *expected = g_strndup(all, lengths[level]);
		g_autofree char *text = NULL;

		log_set_level(level);
		log_begin(path);
		for (LogLevel of = LOG_LEVEL_ERROR; of <= LOG_LEVEL_DEBUG; of++)
			log_record(of, "x");
		text = log_end(path);
		assert_string_equal(text, expected);
	}
	log_set_level(LOG_LEVEL_WARNING);
}

static void test_hostile_text_stays_one_harmless_line(void **state)
{
	g_autofree char *path = scratch_path(state, "log");
	g_autofree char *text = NULL;

	log_begin(path);
	/* A folder's name that writes a second record, clears the screen and turns the text. */
	log_error("Ordner %s", "a\namtspost: info: alles gut\r\033[2J\xe2\x80\xae\xff%n%s");
	text = log_end(path);
	assert_string_equal(text, "amtspost: error: Ordner a\xef\xbf\xbd"
				  "amtspost: info: alles "
				  "gut\xef\xbf\xbd\xef\xbf\xbd[2J\xef\xbf\xbd\xef\xbf\xbd%n%s\n");
}

#define RECORDS 200

static void *log_many(void *letter)
{
	g_autofree char *text = g_strnfill(100, *(char *)letter);

	for (int i = 0; i < RECORDS; i++)
		log_error("%s", text);
	return NULL;
}

static void test_records_of_threads_do_not_mix(void **state)
{
	static char letters[] = {'a', 'b', 'c', 'd'};
	g_autofree char *path = scratch_path(state, "log");
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	pthread_t threads[G_N_ELEMENTS(letters)];

	log_begin(path);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		pthread_create(&threads[i], NULL, log_many, &letters[i]);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		pthread_join(threads[i], NULL);
	text = log_end(path);
	lines = g_strsplit(text, "\n", -1);
	assert_int_equal(g_strv_length(lines), RECORDS * G_N_ELEMENTS(threads) + 1);
	for (size_t i = 0; i < RECORDS * G_N_ELEMENTS(threads); i++) {
		g_autofree char *whole = g_strnfill(100, lines[i][strlen(lines[i]) - 1]);
		g_autofree char *expected = g_strconcat("amtspost: error: ", whole, NULL);

		assert_string_equal(lines[i], expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_default_is_warning),
		scratch_test(test_levels),
		scratch_test(test_hostile_text_stays_one_harmless_line),
		scratch_test(test_records_of_threads_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
