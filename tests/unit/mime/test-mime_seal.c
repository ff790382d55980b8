/* What a sealed process can and cannot do. Under sanitizers there is no seal to test. */
#include "mime_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* How a child ends that seals itself and then does ACT, whose result is its exit status. */
static int status_of(int (*act)(void))
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0)
		_exit(mime_seal() ? act() : 99);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void assert_exits(int (*act)(void), int expected)
{
	int status = status_of(act);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), expected);
}

static void assert_killed(int (*act)(void))
{
	int status = status_of(act);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static int open_file(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}

static int open_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int run_program(void)
{
	char *arguments[] = {(char *)"true", NULL};

	return execv("/bin/true", arguments);
}

static int make_child(void)
{
	return fork() < 0 ? errno : 0;
}

static int signal_another(void)
{
	return kill(getppid(), 0) < 0 ? errno : 0;
}

static int map_code(void)
{
	void *code = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return code == MAP_FAILED ? errno : 0;
}

static int take_too_much(void)
{
	void *memory =
		mmap(NULL, 600u << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? errno : 0;
}

static int raise_limit(void)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

	return setrlimit(RLIMIT_AS, &all) < 0 ? errno : 0;
}

static int allow_debugging(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 ? errno : 0;
}

/* What the reader needs goes on. */
static int read_a_mail(void)
{
	static const char mail[] = "Subject: =?iso-8859-15?Q?50_=A4?=\r\n"
				   "Content-Type: text/html; charset=windows-1251\r\n\r\n<p>\xcf";
	g_autoptr(MailContent) content = NULL;

	mime_seal_allow_seconds(10);
	content = mime_read_bytes(mail, sizeof mail - 1);
	return strcmp(content->subject, "50 €") == 0 && strcmp(content->text, "П") == 0 ? 0 : 1;
}

static int compute_forever(void)
{
	mime_seal_allow_seconds(0);
	for (volatile uint64_t step = 0; step < UINT64_MAX; step++)
		;
	return 0;
}

static void test_no_files(void **state)
{
	(void)state;
	assert_exits(open_file, EPERM);
}

static void test_no_network_and_no_programs(void **state)
{
	(void)state;
	assert_killed(open_socket);
	assert_killed(run_program);
}

static void test_no_children_and_no_signals(void **state)
{
	(void)state;
	assert_exits(make_child, EPERM);
	assert_exits(signal_another, EPERM);
}

static void test_memory_is_limited_and_never_code(void **state)
{
	(void)state;
	assert_exits(map_code, EPERM);
	assert_exits(take_too_much, ENOMEM);
	assert_exits(raise_limit, EPERM);
	assert_exits(allow_debugging, EPERM);
}

static void test_reading_goes_on(void **state)
{
	(void)state;
	mime_start_library();
	mime_text_open_charsets();
	assert_exits(read_a_mail, 0);
}

static void test_time_is_limited(void **state)
{
	int status;

	(void)state;
	status = status_of(compute_forever);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGXCPU);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_files),
		cmocka_unit_test(test_no_network_and_no_programs),
		cmocka_unit_test(test_no_children_and_no_signals),
		cmocka_unit_test(test_memory_is_limited_and_never_code),
		cmocka_unit_test(test_reading_goes_on),
		cmocka_unit_test(test_time_is_limited),
	};

	/* Under sanitizers there is no seal: the whole plan is skipped, as TAP says it. */
	if (!mime_seal_is_real()) {
		puts("1..0 # SKIP no seal under sanitizers");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
