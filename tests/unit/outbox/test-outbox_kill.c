/* Two processes work the outbox off and are killed at random moments: every mail arrives, and twice
 * only what was unknown and sent again. A file to which ids are appended stands for the server:
 * what is in it has arrived. AMTSPOST_KILLS: how often
 * (default 15). */
#include "fixture.h"

#include <fcntl.h>

#define KILLS 15
#define MAILS_A_KILL 8
#define AT_ONCE 7 /* mails claimed */

typedef struct Server {
	char *path;
	int64_t mails; /* ids from 1 */
} Server;

static void arrive(int server, int64_t id)
{
	g_assert_true(write(server, &id, sizeof id) == sizeof id);
}

/* Now and then it takes a little. */
static void dawdle(void)
{
	g_usleep((gulong)g_random_int_range(0, 1000));
}

/* MAIL is sent; with it, now and then, NEXT (nullable) is handed over: whether it was. */
static bool note_sent(OutboxWorker *worker, OutboxMail *mail, const OutboxMail *next)
{
	const OutboxOutcome outcome = {.mail = mail};
	bool goes_on = false;

	fixture_set(mail, OUTBOX_SENT, "250 ok");
	if (next && g_random_int_range(0, 5) > 0)
		g_assert_true(outbox_note(worker, &outcome, next, &goes_on, NULL));
	else
		fixture_note(worker, mail, 0);
	return goes_on;
}

static void send_claimed(OutboxWorker *worker, GPtrArray *mails, int server)
{
	bool handed_over = false;

	for (guint i = 0; i < mails->len; i++) {
		OutboxMail *mail = mails->pdata[i];

		dawdle();
		if (!handed_over && !fixture_hand_over(worker, mail))
			continue;
		dawdle();
		arrive(server, mail->id);
		dawdle();
		handed_over =
			note_sent(worker, mail, i + 1 < mails->len ? mails->pdata[i + 1] : NULL);
	}
}

static void send_all(Fixture *fixture, void *data)
{
	const Server *place = data;
	int server = open(place->path, O_WRONLY | O_APPEND | O_CLOEXEC);

	fixture_recover(fixture);
	while (true) {
		g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
		g_autoptr(GPtrArray) mails = fixture_claim(worker, AT_ONCE);

		if (mails->len == 0)
			break;
		send_claimed(worker, mails, server);
	}
	close(server);
}

/* How often each mail arrived, yours. */
static unsigned *read_arrivals(const Server *server)
{
	unsigned *arrived = g_new0(unsigned, (size_t)server->mails + 1);
	g_autofree char *bytes = NULL;
	gsize size = 0;

	assert_true(g_file_get_contents(server->path, &bytes, &size, NULL));
	assert_int_equal(size % sizeof(int64_t), 0);
	for (gsize at = 0; at < size; at += sizeof(int64_t)) {
		int64_t id;

		memcpy(&id, bytes + at, sizeof id);
		assert_in_range(id, 1, server->mails);
		arrived[id]++;
	}
	return arrived;
}

static bool is_unfinished(Fixture *fixture)
{
	OutboxCounts counts;

	assert_true(outbox_count(fixture->outbox, 0, &counts, NULL));
	return counts.queued + counts.sending + counts.waiting > 0;
}

/* Kills both after a while, in one of those states that nobody would think of. */
static void kill_two(Fixture *fixture, Server *server)
{
	pid_t children[2];

	fixture_close(fixture);
	for (int i = 0; i < 2; i++)
		children[i] = fixture_start(fixture, send_all, server);
	for (int i = 0; i < 2; i++) {
		g_usleep((gulong)g_random_int_range(0, 30000));
		kill(children[i], SIGKILL);
		assert_int_equal(waitpid(children[i], NULL, 0), children[i]);
	}
	fixture_open(fixture);
}

/* What the rows say is true of what arrived. */
static void check_states(Fixture *fixture, const Server *server, const bool *again)
{
	g_autofree unsigned *arrived = read_arrivals(server);

	for (int64_t id = 1; id <= server->mails; id++) {
		g_autoptr(OutboxMail) mail = fixture_get(fixture, id);

		if (mail->state == OUTBOX_SENT)
			assert_true(arrived[id] >= 1);
		if (mail->state == OUTBOX_QUEUED && !again[id])
			assert_int_equal(arrived[id], 0);
		if (!again[id])
			assert_true(arrived[id] <= 1);
	}
}

static unsigned retry_unknown(Fixture *fixture, const Server *server, bool *again)
{
	unsigned count = 0;

	for (int64_t id = 1; id <= server->mails; id++) {
		g_autoptr(OutboxMail) mail = fixture_get(fixture, id);

		if (mail->state != OUTBOX_UNKNOWN)
			continue;
		again[id] = true;
		count++;
		assert_true(outbox_retry(fixture->outbox, id, 0, "x", NULL));
	}
	return count;
}

static unsigned wanted_kills(void)
{
	const char *text = g_getenv("AMTSPOST_KILLS");

	return text ? (unsigned)g_ascii_strtoull(text, NULL, 10) : KILLS;
}

static void test_each_arrives_and_none_twice_unasked(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *path = g_build_filename(fixture->folder, "server", NULL);
	Server server = {path, MAILS_A_KILL * wanted_kills()};
	g_autofree bool *again = g_new0(bool, (size_t)server.mails + 1);
	g_autofree unsigned *arrived = NULL;
	unsigned unknown = 0;

	assert_true(g_file_set_contents(path, "", 0, NULL));
	for (int64_t i = 0; i < server.mails; i++)
		fixture_queue(fixture);
	for (unsigned i = 0; i < wanted_kills(); i++) {
		kill_two(fixture, &server);
		fixture_recover(fixture);
		check_states(fixture, &server, again);
		/* Sending again is a person's doing; here they do it now and then. */
		if (i % 4 == 3)
			unknown += retry_unknown(fixture, &server, again);
	}
	do {
		unknown += retry_unknown(fixture, &server, again);
		send_all(fixture, &server);
	} while (is_unfinished(fixture));
	print_message("# %u kills, %u mails were unknown\n", 2 * wanted_kills(), unknown);
	check_states(fixture, &server, again);
	arrived = read_arrivals(&server);
	for (int64_t id = 1; id <= server.mails; id++) {
		fixture_assert_state(fixture, id, OUTBOX_SENT);
		assert_true(arrived[id] >= 1);
	}
	assert_int_equal(fixture_count_locks(fixture), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(test_each_arrives_and_none_twice_unasked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
