/* What the outbox costs beside the sending: MAILS of 4 KB are queued in batches of 1 and of 100,
 * claimed 100 at a time, read, handed over and noted, in one relaxed commit a mail. Nothing is
 * sent.
 *
 *   outbox FOLDER [MAILS [cpu]]      lines of what, a tab, microseconds a mail
 * (tests/bench/outbox); cpu: of the processor, without waiting for the disk or others */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "failure/failure.h"
#include "outbox/outbox.h"

#define SIZE 4096
#define BATCH 100

typedef struct Bench {
	Outbox *outbox;
	unsigned mails;
} Bench;

static void check(const GError *error)
{
	if (error) {
		fprintf(stderr, "%s\n", error->message);
		exit(1);
	}
}

static clockid_t clock_used = CLOCK_MONOTONIC;

static double seconds(void)
{
	struct timespec now;

	clock_gettime(clock_used, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void tell(const char *what, double start, unsigned mails)
{
	printf("%s\t%.2f\n", what, (seconds() - start) / mails * 1e6);
}

static void queue_batch(const Bench *bench, unsigned count)
{
	static const char *const recipients[] = {"buerger@example.org"};
	static char content[SIZE];
	OutboxWriter *writers[BATCH];
	OutboxOrder orders[BATCH];
	int64_t ids[BATCH];
	GError *error = NULL;

	memset(content, 'x', sizeof content);
	for (unsigned i = 0; i < count; i++) {
		writers[i] = outbox_writer_new(bench->outbox);
		outbox_writer_write(writers[i], content, sizeof content, &error);
		check(error);
		orders[i] = (OutboxOrder){
			.user_id = 1,
			.user = "m.muster",
			.sender = "maria.muster@beispielstadt.example",
			.recipients = recipients,
			.recipient_count = 1,
			.subject = "Ihr Antrag vom 3. März",
			.message_id = "0123456789abcdef0123456789abcdef@beispielstadt.example",
			.wants_sent_copy = true,
		};
	}
	outbox_queue(bench->outbox, writers, orders, count, ids, &error);
	check(error);
	for (unsigned i = 0; i < count; i++)
		outbox_writer_free(writers[i]);
}

static void queue_all(const Bench *bench, unsigned batch)
{
	for (unsigned i = 0; i < bench->mails; i += batch)
		queue_batch(bench, MIN(batch, bench->mails - i));
}

static void read_content(const OutboxMail *mail)
{
	g_assert_nonnull(mail->content);
	g_assert_cmpint(g_bytes_get_size(mail->content), ==, SIZE);
}

static void take_as_sent(OutboxMail *mail)
{
	OutboxRecipient *recipient = mail->recipients->pdata[0];

	recipient->state = OUTBOX_SENT;
	recipient->reply = g_strdup("250 2.0.0 Ok: queued as 4BcDeFgHiJ");
}

/* As one connection does it: with what came of a mail, the next one is handed over. */
static void send_claimed(OutboxWorker *worker, GPtrArray *mails)
{
	GError *error = NULL;
	bool go_on = false;

	read_content(mails->pdata[0]);
	outbox_handing_over(worker, mails->pdata[0], &go_on, &error);
	check(error);
	for (guint i = 0; i < mails->len; i++) {
		OutboxMail *next = i + 1 < mails->len ? mails->pdata[i + 1] : NULL;
		const OutboxOutcome outcome = {.mail = mails->pdata[i]};

		g_assert_true(go_on);
		take_as_sent(mails->pdata[i]);
		if (next)
			read_content(next);
		outbox_note(worker, &outcome, next, &go_on, &error);
		check(error);
	}
}

static bool write_hardly_anything(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return db_run(transaction, error,
		"UPDATE outbox_versions SET version = version + 1 WHERE user_id = 1");
}

/* What the machine is good for just now: commits of one row. */
static void run_yardstick(Db *db, unsigned commits)
{
	double start = seconds();
	GError *error = NULL;

	for (unsigned i = 0; i < commits; i++) {
		db_write_relaxed(db, write_hardly_anything, NULL, &error);
		check(error);
	}
	tell("for comparison: one relaxed commit", start, commits);
}

static double claimed; /* seconds spent with claims */

static void send_all(const Bench *bench)
{
	const OutboxPick any = {0};
	GError *error = NULL;
	g_autoptr(OutboxWorker) worker = outbox_worker_new(bench->outbox, &error);

	check(error);
	while (true) {
		double start = seconds();
		g_autoptr(GPtrArray) mails = outbox_claim(worker, &any, BATCH, &error);

		check(error);
		claimed += seconds() - start;
		if (mails->len == 0)
			return;
		send_claimed(worker, mails);
	}
}

static void run(const Bench *bench, unsigned batch, const char *queueing)
{
	double start = seconds();
	double middle;

	queue_all(bench, batch);
	tell(queueing, start, bench->mails);
	middle = seconds();
	claimed = 0;
	send_all(bench);
	printf("%s\t%.2f\n", "  claim, 100 at a time", claimed / bench->mails * 1e6);
	tell("  claim, read, hand over, note", middle, bench->mails);
	tell("  all of it", start, bench->mails);
}

int main(int count, char **arguments)
{
	GError *error = NULL;
	g_autofree char *url =
		count > 1 ? g_strdup_printf("sqlite:%s/bench.db", arguments[1]) : NULL;
	g_autofree char *folder = url ? g_build_filename(arguments[1], "outbox", NULL) : NULL;
	g_autoptr(Db) db = url ? db_open_main(url, &error) : NULL;
	Bench bench = {
		.mails = count > 2 ? (unsigned)g_ascii_strtoull(arguments[2], NULL, 10) : 2000};

	if (count > 3)
		clock_used = CLOCK_PROCESS_CPUTIME_ID;
	if (!url)
		fprintf(stderr, "outbox FOLDER [MAILS [cpu]]\n");
	check(error);
	if (!db)
		return 2;
	bench.outbox = outbox_open(db, folder, &error);
	check(error);
	run(&bench, 1, "queue, 1 at a time");
	run(&bench, BATCH, "queue, 100 at a time");
	run_yardstick(db, bench.mails);
	outbox_close(bench.outbox);
	return 0;
}
