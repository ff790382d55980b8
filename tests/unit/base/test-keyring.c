/* The key ring: one ring for all, values bound to their place, nothing opened with a wrong key. */
#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "base/keyring.h"
#include "scratch.h"

#define HEADER "amtspost-keyring 1\n"
#define KEY_A "0000000a AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
#define KEY_B "0000000b Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=\n"

static void write_ring(const char *path, const char *content)
{
	assert_true(file_replace(path, content, strlen(content), 0600));
}

static Keyring *open_ring(const char *path, const char *content)
{
	Keyring *keyring;

	write_ring(path, content);
	keyring = keyring_open(path);
	assert_non_null(keyring);
	return keyring;
}

static char *seal(const Keyring *keyring, const char *identity, const char *text)
{
	g_autoptr(Secret) secret = secret_new(text, strlen(text));

	return keyring_seal(keyring, identity, secret);
}

static void assert_opens(
	const Keyring *keyring, const char *identity, const char *sealed, const char *expected)
{
	g_autoptr(Secret) secret = keyring_open_sealed(keyring, identity, sealed);

	assert_non_null(secret);
	assert_int_equal(secret_size(secret), strlen(expected));
	assert_string_equal(secret_text(secret), expected);
}

static void assert_stays_shut(const Keyring *keyring, const char *identity, const char *sealed)
{
	g_autoptr(Secret) secret = keyring_open_sealed(keyring, identity, sealed);

	if (secret)
		fail_msg("'%s' opened for '%s'", sealed, identity);
}

static void assert_no_ring(const char *path, int number)
{
	g_autoptr(Keyring) keyring = NULL;

	errno = 0;
	keyring = keyring_open(path);
	assert_null(keyring);
	assert_int_equal(errno, number);
}

static void test_reading_makes_no_ring(void **state)
{
	g_autofree char *path = scratch_path(state, "ring");
	g_autoptr(Keyring) none = keyring_read(path);

	assert_null(none);
	assert_int_equal(errno, ENOENT);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void test_makes_a_private_ring_once(void **state)
{
	g_autofree char *path = scratch_path(state, "ring");
	g_autoptr(Keyring) first = keyring_open(path);
	g_autoptr(Keyring) second = keyring_open(path);
	g_autofree char *sealed = NULL;
	struct stat status;

	assert_non_null(first);
	assert_non_null(second);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(status.st_nlink, 1);
	assert_int_equal(scratch_count(state), 1);
	sealed = seal(first, "7/imap.password", "geheim");
	assert_opens(second, "7/imap.password", sealed, "geheim");
}

static void test_rings_differ(void **state)
{
	g_autofree char *here = scratch_path(state, "hier");
	g_autofree char *there = scratch_path(state, "dort");
	g_autoptr(Keyring) ours = keyring_open(here);
	g_autoptr(Keyring) theirs = keyring_open(there);
	g_autofree char *sealed = seal(ours, "7/a", "geheim");

	assert_stays_shut(theirs, "7/a", sealed);
}

/* All sizes around the limits of base64 and ChaCha20's block, also with NUL in them. */
static void test_seals_any_bytes(void **state)
{
	g_autofree char *path = scratch_path(state, "ring");
	g_autoptr(Keyring) keyring = keyring_open(path);
	char bytes[200];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 37);
	for (size_t size = 0; size <= sizeof bytes; size++) {
		g_autoptr(Secret) secret = secret_new(bytes, size);
		g_autofree char *sealed = keyring_seal(keyring, "1/x", secret);
		g_autoptr(Secret) opened = keyring_open_sealed(keyring, "1/x", sealed);

		assert_non_null(opened);
		assert_int_equal(secret_size(opened), size);
		assert_memory_equal(secret_text(opened), bytes, size);
	}
}

static void test_sealed_values_say_nothing(void **state)
{
	g_autofree char *path = scratch_path(state, "ring");
	g_autoptr(Keyring) keyring = open_ring(path, HEADER KEY_A);
	g_autofree char *once = seal(keyring, "1/x", "geheim");
	g_autofree char *again = seal(keyring, "1/x", "geheim");

	/* A fresh nonce each time: equal secrets do not show as equal. */
	assert_string_not_equal(once, again);
	assert_null(strstr(once, "geheim"));
	assert_true(g_str_has_prefix(once, "0000000a:"));
	assert_int_equal(strspn(once + 9, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					  "0123456789+/="),
		strlen(once + 9));
}

static void test_values_are_bound_to_their_place(void **state)
{
	g_autofree char *path = scratch_path(state, "ring");
	g_autoptr(Keyring) keyring = keyring_open(path);
	g_autofree char *sealed = seal(keyring, "7/imap.password", "geheim");

	assert_stays_shut(keyring, "8/imap.password", sealed);
	assert_stays_shut(keyring, "7/smtp.password", sealed);
	assert_stays_shut(keyring, "7/imap.passwor", sealed);
	assert_stays_shut(keyring, "", sealed);
	assert_opens(keyring, "7/imap.password", sealed, "geheim");
}

static void test_every_changed_letter_shows(void **state)
{
	g_autofree char *path = scratch_path(state, "ring");
	g_autoptr(Keyring) keyring = open_ring(path, HEADER KEY_A KEY_B);
	g_autofree char *sealed = seal(keyring, "1/x", "geheim");

	for (size_t i = 0; sealed[i]; i++) {
		g_autofree char *changed = g_strdup(sealed);
		g_autofree char *cut = g_strndup(sealed, i);

		/* Two bits away; "=" and the colon are no letters of base64 then either. */
		changed[i] = (char)(changed[i] ^ 3);
		assert_stays_shut(keyring, "1/x", changed);
		assert_stays_shut(keyring, "1/x", cut);
	}
}

static void test_no_sealed_values(void **state)
{
	static const char *const texts[] = {"", ":", "0000000a",
		"0000000a:", "0000000a:=", "0000000a:AAAA", "0000000a:\n", "0000000c:AAAA",
		"geheim",
		/* a nonce and a tag of zeros, no text */
		"0000000a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="};
	g_autofree char *path = scratch_path(state, "ring");
	g_autoptr(Keyring) keyring = open_ring(path, HEADER KEY_A);
	g_autofree char *sealed = seal(keyring, "1/x", "geheim");
	g_autofree char *longer = g_strconcat(sealed, "AAAA", NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		assert_stays_shut(keyring, "1/x", texts[i]);
	assert_stays_shut(keyring, "1/x", longer);
}

static void test_newest_key_seals_and_old_ones_open(void **state)
{
	g_autofree char *path = scratch_path(state, "ring");
	g_autoptr(Keyring) before = open_ring(path, HEADER KEY_A);
	g_autofree char *old = seal(before, "1/x", "alt");
	g_autoptr(Keyring) after = open_ring(path, HEADER KEY_A KEY_B);
	g_autofree char *new = seal(after, "1/x", "neu");

	assert_opens(after, "1/x", old, "alt");
	assert_opens(after, "1/x", new, "neu");
	assert_true(g_str_has_prefix(new, "0000000b:"));
	assert_stays_shut(before, "1/x", new);
}

static void test_refuses_broken_rings(void **state)
{
	static const char *const rings[] = {"", "\n", HEADER, "amtspost-keyring 2\n" KEY_A, KEY_A,
		HEADER "0000000a", HEADER "0000000a ", HEADER "0000000a AAEC\n",
		HEADER "0000000A AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
		HEADER "000000a AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
		HEADER "0000000aaAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
		HEADER "0000000a AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= \n",
		HEADER "0000000a AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gIQ==\n",
		HEADER KEY_A "rest\n",
		/* which of the two would a value mean? */
		HEADER KEY_A "0000000a Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=\n"};
	g_autofree char *path = scratch_path(state, "ring");

	for (size_t i = 0; i < G_N_ELEMENTS(rings); i++) {
		write_ring(path, rings[i]);
		assert_no_ring(path, EINVAL);
		/* Never replaced by a new ring: the old one may come back from a backup. */
		g_autofree char *content = file_read(path, 1000, NULL);
		assert_string_equal(content, rings[i]);
	}
}

static void test_refuses_a_torn_ring(void **state)
{
	static const char whole[] = HEADER KEY_A;
	g_autofree char *path = scratch_path(state, "ring");

	/* Without just the last newline it is whole. */
	for (size_t size = 0; size < sizeof whole - 2; size++) {
		assert_true(file_replace(path, whole, size, 0600));
		assert_no_ring(path, EINVAL);
	}
}

static void test_refuses_rings_that_others_read(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0660, 0610, 0622, 0644};
	g_autofree char *path = scratch_path(state, "ring");

	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
		assert_true(file_replace(path, HEADER KEY_A, strlen(HEADER KEY_A), modes[i]));
		assert_no_ring(path, EPERM);
	}
}

static void test_refuses_what_is_no_file(void **state)
{
	g_autofree char *target = scratch_path(state, "ziel");
	g_autofree char *link_path = scratch_path(state, "verweis");
	g_autofree char *dangling = scratch_path(state, "leer");
	g_autofree char *missing = scratch_path(state, "fehlt/ring");
	g_autofree char *big = g_strnfill(70000, '\n');

	write_ring(target, HEADER KEY_A);
	assert_int_equal(symlink(target, link_path), 0);
	assert_no_ring(link_path, ELOOP);
	assert_int_equal(symlink(missing, dangling), 0);
	assert_no_ring(dangling, ELOOP);
	assert_no_ring(missing, ENOENT);
	assert_no_ring(*state, EPERM);
	write_ring(target, big);
	assert_no_ring(target, EFBIG);
	assert_int_equal(scratch_count(state), 3);
}

/* A child waits for the start, opens the ring and writes what it sealed. */
static pid_t start_opener(const char *path, int start, int result)
{
	pid_t child = fork();
	struct pollfd wait = {.fd = start, .events = POLLIN};
	Keyring *keyring;
	char *sealed;

	if (child != 0)
		return child;
	poll(&wait, 1, -1);
	keyring = keyring_open(path);
	if (!keyring)
		_exit(1);
	sealed = seal(keyring, "1/x", "geheim");
	/* Short enough for a pipe to keep it in one piece. */
	_exit(dprintf(result, "%s\n", sealed) > 0 ? 0 : 2);
}

#define OPENERS 8

static void race(const char *path)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	g_autoptr(Keyring) keyring = NULL;
	pid_t children[OPENERS];
	int start[2];
	int result[2];
	int status;

	assert_true(pipe(start) == 0 && pipe(result) == 0);
	for (int i = 0; i < OPENERS; i++)
		children[i] = start_opener(path, start[0], result[1]);
	close(result[1]);
	assert_int_equal(write(start[1], "x", 1), 1);
	text = file_read_descriptor(result[0], 65536, NULL);
	for (int i = 0; i < OPENERS; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	close(start[0]);
	close(start[1]);
	close(result[0]);
	keyring = keyring_open(path);
	lines = g_strsplit(text, "\n", -1);
	assert_int_equal(g_strv_length(lines), OPENERS + 1);
	for (int i = 0; i < OPENERS; i++)
		assert_opens(keyring, "1/x", lines[i], "geheim");
}

static void test_processes_at_once_make_one_ring(void **state)
{
	for (int i = 0; i < 10; i++) {
		g_autofree char *name = g_strdup_printf("ring%d", i);
		g_autofree char *path = scratch_path(state, name);

		race(path);
		assert_int_equal(scratch_count(state), i + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_reading_makes_no_ring),
		scratch_test(test_makes_a_private_ring_once),
		scratch_test(test_rings_differ),
		scratch_test(test_seals_any_bytes),
		scratch_test(test_sealed_values_say_nothing),
		scratch_test(test_values_are_bound_to_their_place),
		scratch_test(test_every_changed_letter_shows),
		scratch_test(test_no_sealed_values),
		scratch_test(test_newest_key_seals_and_old_ones_open),
		scratch_test(test_refuses_broken_rings),
		scratch_test(test_refuses_a_torn_ring),
		scratch_test(test_refuses_rings_that_others_read),
		scratch_test(test_refuses_what_is_no_file),
		scratch_test(test_processes_at_once_make_one_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
