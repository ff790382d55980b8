/* The worker through its public face: batches, attachments, death at any moment, and false workers.
 * This program is its own worker when it is started as one. */
#include "mime_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "failure/failure.h"

static const char mail[] =
	"Subject: =?windows-1252?Q?Geb=FChr?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
	"--b\r\nContent-Type: text/plain; charset=iso-8859-15\r\n\r\n50 \xa4\r\n"
	"--b\r\nContent-Type: text/plain; charset=iso-8859-1; name=a.txt\r\n"
	"Content-Transfer-Encoding: quoted-printable\r\n\r\nf=FCr\r\n"
	"--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	"SGFsbG8=\r\n--b--\r\n";
#define MAIL_SIZE (sizeof mail - 1)

static int count_descriptors(void)
{
	g_autoptr(GDir) folder = g_dir_open("/proc/self/fd", 0, NULL);
	int count = 0;

	while (g_dir_read_name(folder))
		count++;
	return count;
}

/* A file of a small mail, a mail of SIZE zeros that keeps a worker busy, and a small mail. */
static int busy_file(uint64_t size, MimeRange ranges[3])
{
	int file = file_with(mail, MAIL_SIZE);

	ranges[0] = (MimeRange){0, MAIL_SIZE};
	ranges[1] = (MimeRange){MAIL_SIZE, size};
	ranges[2] = (MimeRange){0, MAIL_SIZE};
	assert_int_equal(ftruncate(file, (off_t)(MAIL_SIZE + size)), 0);
	return file;
}

static void free_contents(MailContent **contents, size_t count)
{
	for (size_t i = 0; i < count; i++)
		g_clear_pointer(&contents[i], mail_content_free);
}

static void assert_reads(MimeWorker *worker)
{
	g_auto(Descriptor) file = file_with(mail, MAIL_SIZE);
	const MimeRange range = {0, MAIL_SIZE};
	g_autoptr(GError) error = NULL;
	MailContent *content;

	assert_true(mime_worker_read(worker, file, &range, 1, &content, NULL, &error));
	assert_null(error);
	assert_string_equal(content->subject, "Gebühr");
	assert_string_equal(content->text, "50 €");
	assert_int_equal(content->attachments->len, 2);
	mail_content_free(content);
}

static void test_full_batch(void **state)
{
	g_autoptr(MimeWorker) worker = mime_worker_new();
	g_auto(Descriptor) file = file_with(mail, MAIL_SIZE);
	MimeRange ranges[MIME_BATCH_MAILS];
	MailContent *contents[MIME_BATCH_MAILS];
	pid_t first;

	(void)state;
	for (size_t i = 0; i < MIME_BATCH_MAILS; i++)
		ranges[i] = (MimeRange){0, MAIL_SIZE - i};
	assert_int_equal(mime_worker_pid(worker), 0);
	assert_true(mime_worker_read(worker, file, ranges, 0, contents, NULL, NULL));
	for (int round = 0; round < 3; round++) {
		assert_true(mime_worker_read(
			worker, file, ranges, MIME_BATCH_MAILS, contents, NULL, NULL));
		for (size_t i = 0; i < MIME_BATCH_MAILS; i++)
			assert_string_equal(
				contents[i]->subject, i < MAIL_SIZE - 34 ? "Gebühr" : "");
		free_contents(contents, MIME_BATCH_MAILS);
		if (round == 0)
			first = mime_worker_pid(worker);
		assert_int_equal(mime_worker_pid(worker), first);
	}
}

/* The bytes of attachment NUMBER through a pipe; NULL on failure. */
static char *extract(MimeWorker *worker, unsigned number, size_t *size, GError **error)
{
	g_auto(Descriptor) file = file_with(mail, MAIL_SIZE);
	int ends[2];
	char *bytes = NULL;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	if (mime_worker_extract(
		    worker, file, (MimeRange){0, MAIL_SIZE}, number, ends[1], NULL, error)) {
		close(ends[1]);
		bytes = file_read_descriptor(ends[0], 1000, size);
	} else {
		close(ends[1]);
	}
	close(ends[0]);
	return bytes;
}

static void test_extract(void **state)
{
	g_autoptr(MimeWorker) worker = mime_worker_new();
	g_autoptr(GError) error = NULL;
	size_t size;
	g_autofree char *text = extract(worker, 1, &size, NULL);
	g_autofree char *pdf = extract(worker, 2, &size, NULL);

	(void)state;
	assert_string_equal(text, "f\xfcr");
	assert_string_equal(pdf, "Hallo");
	assert_null(extract(worker, 3, &size, &error));
	assert_true(failure_is(error, FAILURE_ATTACHMENT_UNKNOWN));
	g_clear_error(&error);
	assert_null(extract(worker, 0, &size, &error));
	assert_true(failure_is(error, FAILURE_ATTACHMENT_UNKNOWN));
	assert_reads(worker);
}

static void test_extract_to_full_disk_and_closed_pipe(void **state)
{
	g_autoptr(MimeWorker) worker = mime_worker_new();
	g_auto(Descriptor) file = file_with(mail, MAIL_SIZE);
	g_auto(Descriptor) full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	g_autoptr(GError) error = NULL;
	int ends[2];
	pid_t pid;

	(void)state;
	assert_reads(worker);
	pid = mime_worker_pid(worker);
	assert_false(mime_worker_extract(
		worker, file, (MimeRange){0, MAIL_SIZE}, 1, full, NULL, &error));
	assert_true(failure_is(error, FAILURE_OUTPUT));
	g_clear_error(&error);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	assert_false(mime_worker_extract(
		worker, file, (MimeRange){0, MAIL_SIZE}, 1, ends[1], NULL, &error));
	assert_true(failure_is(error, FAILURE_OUTPUT));
	close(ends[1]);
	assert_int_equal(mime_worker_pid(worker), pid);
}

/* ---- death ---- */

typedef struct Blow {
	pid_t pid;
	int signal;
	Cancel *cancel;
} Blow;

static void *strike(void *user_data)
{
	const Blow *blow = user_data;

	g_usleep(300000);
	if (blow->cancel)
		cancel_trigger(blow->cancel);
	else
		kill(blow->pid, blow->signal);
	return NULL;
}

/* Reads a batch whose second mail keeps the worker busy while BLOW falls. */
static GError *read_under_blow(MimeWorker *worker, Blow *blow, MailContent *contents[3])
{
	MimeRange ranges[3];
	g_auto(Descriptor) file = busy_file(1ULL << 40, ranges);
	GError *error = NULL;
	pthread_t thread;

	blow->pid = mime_worker_pid(worker);
	assert_int_equal(pthread_create(&thread, NULL, strike, blow), 0);
	assert_false(mime_worker_read(worker, file, ranges, 3, contents, blow->cancel, &error));
	pthread_join(thread, NULL);
	assert_int_equal(mime_worker_pid(worker), 0);
	assert_int_equal(kill(blow->pid, 0), -1);
	return error;
}

static void test_death_keeps_what_was_answered(void **state)
{
	g_autoptr(MimeWorker) worker = mime_worker_new();
	Blow blow = {.signal = SIGKILL};
	MailContent *contents[3];
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_reads(worker);
	error = read_under_blow(worker, &blow, contents);
	assert_true(failure_is(error, FAILURE_PARSER_DIED));
	assert_non_null(contents[0]);
	assert_null(contents[1]);
	assert_null(contents[2]);
	free_contents(contents, 3);
	assert_reads(worker);
}

static void test_deadline(void **state)
{
	g_autoptr(MimeWorker) worker = mime_worker_new();
	g_auto(Descriptor) file = file_with(mail, MAIL_SIZE);
	const MimeRange range = {0, MAIL_SIZE};
	g_autoptr(GError) error = NULL;
	MailContent *content;
	int64_t start;
	int status;

	(void)state;
	assert_reads(worker);
	mime_worker_set_deadline(worker, 500);
	kill(mime_worker_pid(worker), SIGSTOP);
	assert_int_equal(
		waitpid(mime_worker_pid(worker), &status, WUNTRACED), mime_worker_pid(worker));
	assert_true(WIFSTOPPED(status));
	start = g_get_monotonic_time();
	assert_false(mime_worker_read(worker, file, &range, 1, &content, NULL, &error));
	assert_true(failure_is(error, FAILURE_PARSER_DIED));
	assert_null(content);
	assert_in_range(g_get_monotonic_time() - start, 400000, 5000000);
	assert_int_equal(mime_worker_pid(worker), 0);
	mime_worker_set_deadline(worker, 60000);
	assert_reads(worker);
}

static void test_cancel(void **state)
{
	g_autoptr(MimeWorker) worker = mime_worker_new();
	g_autoptr(Cancel) cancel = cancel_new();
	Blow blow = {.cancel = cancel};
	MailContent *contents[3];
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_reads(worker);
	error = read_under_blow(worker, &blow, contents);
	assert_true(failure_is(error, FAILURE_CANCELLED));
	free_contents(contents, 3);
}

static void test_death_between_batches_blames_nobody(void **state)
{
	g_autoptr(MimeWorker) worker = mime_worker_new();
	pid_t first;

	(void)state;
	assert_reads(worker);
	first = mime_worker_pid(worker);
	kill(first, SIGKILL);
	g_usleep(200000);
	assert_reads(worker);
	assert_int_not_equal(mime_worker_pid(worker), first);
}

static void test_signals_of_the_terminal_do_not_reach_it(void **state)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	g_autoptr(MimeWorker) worker = mime_worker_new();
	pid_t pid;

	(void)state;
	assert_reads(worker);
	pid = mime_worker_pid(worker);
	for (size_t i = 0; i < G_N_ELEMENTS(signals); i++)
		kill(pid, signals[i]);
	g_usleep(100000);
	assert_reads(worker);
	assert_int_equal(mime_worker_pid(worker), pid);
}

/* ---- false workers ---- */

#define READY "printf '\\105\\115\\111\\115\\0\\0\\0\\0' >&3\n"

/* The failure that a worker gives whose program is the shell SCRIPT. */
static Failure failure_with(const char *script)
{
	g_autofree char *folder = g_dir_make_tmp("amtspost-test-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "worker", NULL);
	g_autofree char *text = g_strconcat("#!/bin/sh\n", script, NULL);
	g_autoptr(MimeWorker) worker = mime_worker_new();
	g_auto(Descriptor) file = file_with(mail, MAIL_SIZE);
	const MimeRange range = {0, MAIL_SIZE};
	g_autoptr(GError) error = NULL;
	MailContent *content;

	assert_true(g_file_set_contents(path, text, -1, NULL));
	assert_int_equal(chmod(path, 0700), 0);
	mime_worker_set_program(worker, path);
	mime_worker_set_deadline(worker, 2000);
	assert_false(mime_worker_read(worker, file, &range, 1, &content, NULL, &error));
	assert_null(content);
	assert_int_equal(mime_worker_pid(worker), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
	return failure_of(error);
}

static void test_false_workers(void **state)
{
	(void)state;
	/* Before it is ready: nobody's mail is to blame. */
	assert_int_equal(failure_with("exit 0\n"), FAILURE_INTERNAL);
	assert_int_equal(failure_with("echo Unsinn, mehr als acht Byte >&3\n"), FAILURE_INTERNAL);
	assert_int_equal(failure_with("kill -9 $$\n"), FAILURE_INTERNAL);
	/* Afterwards whatever is no answer is a death. */
	assert_int_equal(failure_with(READY "sleep 0.3\n"), FAILURE_PARSER_DIED);
	assert_int_equal(
		failure_with(READY "sleep 0.3; head -c 4096 /dev/zero >&3\n"), FAILURE_PARSER_DIED);
	assert_int_equal(
		failure_with(READY "sleep 0.3; printf '\\110\\115\\111\\115\\377\\377\\377\\377' "
				   ">&3; sleep 9\n"),
		FAILURE_PARSER_DIED);
	assert_int_equal(
		failure_with(READY
			"sleep 0.3; printf '\\110\\115\\111\\115\\4\\0\\0\\0abcd' >&3; sleep 9\n"),
		FAILURE_PARSER_DIED);
	assert_int_equal(
		failure_with(READY
			"sleep 0.3; printf '\\110\\115\\111\\115\\4\\0\\0\\0ab' >&3; sleep 9\n"),
		FAILURE_PARSER_DIED);
}

static void test_program_that_does_not_exist(void **state)
{
	g_autoptr(MimeWorker) worker = mime_worker_new();
	g_auto(Descriptor) file = file_with(mail, MAIL_SIZE);
	g_autoptr(GError) error = NULL;
	const MimeRange range = {0, MAIL_SIZE};
	MailContent *content;

	(void)state;
	mime_worker_set_program(worker, "/gibt/es/nicht");
	assert_false(mime_worker_read(worker, file, &range, 1, &content, NULL, &error));
	assert_true(failure_is(error, FAILURE_INTERNAL));
}

/* ---- what it holds ---- */

/* How many descriptors the child PID has, -1 if we may not look: only root may look into a sealed
 * process. It closes those of a request just after the last answer, so it gets a moment. */
static int count_of(pid_t pid, int expected)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/fd", pid);
	int count = -1;

	for (int i = 0; i < 100 && count != expected; i++) {
		g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);

		if (!folder)
			return -1;
		for (count = 0; g_dir_read_name(folder);)
			count++;
		g_usleep(10000);
	}
	return count;
}

static void test_no_descriptor_leaks(void **state)
{
	g_auto(Descriptor) inherited = open("/dev/null", O_RDONLY);
	int before = count_descriptors();

	(void)state;
	assert_true(inherited >= 0);
	for (int i = 0; i < 10; i++) {
		g_autoptr(MimeWorker) worker = mime_worker_new();
		const int expected = MIME_WORKER_SOCKET + 1;
		int count;

		assert_reads(worker);
		if (i % 2)
			kill(mime_worker_pid(worker), SIGKILL);
		g_usleep(50000);
		assert_reads(worker);
		count = count_of(mime_worker_pid(worker), expected);
		assert_true(count == expected || count == -1);
	}
	assert_int_equal(count_descriptors(), before);
}

static void test_header_alone(void **state)
{
	g_autoptr(MimeWorker) worker = mime_worker_new();
	g_auto(Descriptor) file = file_with(mail, MAIL_SIZE);
	g_autoptr(MailContent) content = NULL;

	(void)state;
	assert_true(mime_worker_read_header(
		worker, file, (MimeRange){0, MAIL_SIZE}, &content, NULL, NULL));
	assert_string_equal(content->subject, "Gebühr");
	assert_string_equal(content->text, "");
	assert_int_equal(content->attachments->len, 0);
	assert_true(content->truncated);
	assert_reads(worker);
}

/* The line NAME of the child's status, yours. */
static char *status_line(pid_t pid, const char *name)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", pid);
	g_autofree char *status = NULL;
	const char *line;

	assert_true(g_file_get_contents(path, &status, NULL, NULL));
	line = strstr(status, name);
	assert_non_null(line);
	line += strlen(name);
	line += strspn(line, "\t ");
	return g_strndup(line, strcspn(line, "\n"));
}

static void test_name_and_rights(void **state)
{
	g_autoptr(MimeWorker) worker = mime_worker_new();
	static const char *const sets[] = {"CapInh:", "CapPrm:", "CapEff:"};
	g_autofree char *name = NULL;

	(void)state;
	assert_reads(worker);
	name = status_line(mime_worker_pid(worker), "Name:");
	assert_string_equal(name, "amtspost-parse");
	for (size_t i = 0; i < G_N_ELEMENTS(sets); i++) {
		g_autofree char *rights = status_line(mime_worker_pid(worker), sets[i]);

		assert_string_equal(rights, "0000000000000000");
	}
}

/* Puts a mail of 1 GiB, almost all of it one attachment, into a file of holes. */
static int gigabyte_file(MimeRange *range)
{
	static const char head[] =
		"Subject: gro\xc3\x9f\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
		"--b\r\n\r\nText\r\n--b\r\nContent-Type: application/zip\r\n\r\n";
	static const char tail[] = "\r\n--b\r\nContent-Type: image/png\r\n\r\nx\r\n--b--\r\n";
	int file = file_with(head, sizeof head - 1);

	*range = (MimeRange){0, 1 << 30};
	assert_int_equal(ftruncate(file, 1 << 30), 0);
	assert_int_equal(pwrite(file, tail, sizeof tail - 1, (1 << 30) - (off_t)sizeof tail + 1),
		sizeof tail - 1);
	return file;
}

static void test_gigabyte_in_little_memory(void **state)
{
	g_autoptr(MimeWorker) worker = mime_worker_new();
	g_autoptr(MailContent) content = NULL;
	g_autofree char *peak = NULL;
	MimeRange range;
	g_auto(Descriptor) file = gigabyte_file(&range);

	(void)state;
	assert_true(mime_worker_read(worker, file, &range, 1, &content, NULL, NULL));
	assert_string_equal(content->subject, "groß");
	assert_string_equal(content->text, "Text");
	assert_int_equal(content->attachments->len, 2);
	assert_true(part_at(content, 0)->size > (1 << 30) - 1000);
	assert_false(content->truncated);
	peak = status_line(mime_worker_pid(worker), "VmHWM:");
	/* In KiB. Sanitizers have a memory of their own. */
	if (mime_seal_is_real())
		assert_true(strtol(peak, NULL, 10) < 24 * 1024);
}

int main(int count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_batch),
		cmocka_unit_test(test_extract),
		cmocka_unit_test(test_extract_to_full_disk_and_closed_pipe),
		cmocka_unit_test(test_death_keeps_what_was_answered),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_death_between_batches_blames_nobody),
		cmocka_unit_test(test_signals_of_the_terminal_do_not_reach_it),
		cmocka_unit_test(test_false_workers),
		cmocka_unit_test(test_program_that_does_not_exist),
		cmocka_unit_test(test_no_descriptor_leaks),
		cmocka_unit_test(test_header_alone),
		cmocka_unit_test(test_name_and_rights),
		cmocka_unit_test(test_gigabyte_in_little_memory),
	};

	if (count > 1 && strcmp(arguments[1], "parse-worker") == 0)
		return mime_worker_main();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
