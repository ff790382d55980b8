/* The whole outbox over one connection: mails are queued durably, claimed, handed over and noted,
 * with the program's own code.
 *
 *   sending FOLDER USER MAILS SIZE      FOLDER: an office whose USER has an SMTP server
 *
 * Prints the seconds of queueing and of sending. Copies are not made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "app/send_internal.h"
#include "app/sign_in.h"

#define BATCH 100

typedef struct Bench {
	Office *office;
	Outbox *outbox;
	Account *account;
	unsigned mails;
	size_t size;
	char *content;
} Bench;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void check(bool done, const GError *error)
{
	if (done)
		return;
	fprintf(stderr, "%s\n", error ? error->message : "not done");
	exit(1);
}

/* Lines of 76 letters behind a short header, as base64 has them. */
static char *make_content(size_t size)
{
	char *content = malloc(size + 1);
	size_t head = (size_t)snprintf(content, size, "Subject: bench\r\n\r\n");

	for (size_t i = head; i < size; i++)
		content[i] = (i - head) % 78 == 76 ? '\r' : (i - head) % 78 == 77 ? '\n' : 'x';
	memcpy(content + size - 3, "x\r\n", 3);
	return content;
}

static void queue_batch(const Bench *bench, unsigned count)
{
	static const char *const recipients[] = {"citizen@example.org"};
	OutboxWriter *writers[BATCH];
	OutboxOrder orders[BATCH];
	int64_t ids[BATCH];
	GError *error = NULL;

	for (unsigned i = 0; i < count; i++) {
		writers[i] = outbox_writer_new(bench->outbox);
		check(outbox_writer_write(writers[i], bench->content, bench->size, &error), error);
		orders[i] = (OutboxOrder){
			.user_id = bench->account->user_id,
			.user = bench->account->user_name,
			.sender = "clerk@amt.example",
			.recipients = recipients,
			.recipient_count = 1,
			.subject = "bench",
			.message_id = "0123456789abcdef0123456789abcdef@amt.example",
		};
	}
	check(outbox_queue(bench->outbox, writers, orders, count, ids, &error), error);
	for (unsigned i = 0; i < count; i++)
		outbox_writer_free(writers[i]);
}

static void send_claimed(SendRun *run, GPtrArray *mails)
{
	GError *error = NULL;
	guint done = 0;

	run->end = mails->len;
	check(send_mails(run, mails, &done, &error), error);
	check(done == mails->len, NULL);
}

static unsigned send_all(const Bench *bench)
{
	const OutboxPick any = {0};
	GError *error = NULL;
	SendRun run = {.office = bench->office, .outbox = bench->outbox, .account = bench->account};
	unsigned claimed;

	run.worker = outbox_worker_new(bench->outbox, &error);
	check(run.worker != NULL, error);
	run.session = sign_in_smtp(bench->office, bench->account, NULL, &error);
	check(run.session != NULL, error);
	do {
		g_autoptr(GPtrArray) mails = outbox_claim(run.worker, &any, BATCH, &error);

		check(mails != NULL, error);
		claimed = mails->len;
		if (claimed > 0)
			send_claimed(&run, mails);
	} while (claimed > 0);
	smtp_close(run.session);
	outbox_worker_free(run.worker);
	return run.sent;
}

int main(int argc, char **argv)
{
	GError *error = NULL;
	Bench bench = {0};
	double begin, queued, sent;

	if (argc != 5)
		return 2;
	stream_start_library();
	bench.office = office_open(argv[1], NULL, &error);
	check(bench.office != NULL, error);
	bench.outbox = office_outbox(bench.office, &error);
	check(bench.outbox != NULL, error);
	bench.account = sign_in_account(bench.office, argv[2], &error);
	check(bench.account != NULL, error);
	bench.mails = (unsigned)atoi(argv[3]);
	bench.size = (size_t)atol(argv[4]);
	bench.content = make_content(bench.size);
	begin = now();
	for (unsigned i = 0; i < bench.mails; i += BATCH)
		queue_batch(&bench, MIN(BATCH, bench.mails - i));
	queued = now();
	check(send_all(&bench) == bench.mails, NULL);
	sent = now();
	printf("%.6f %.6f\n", queued - begin, sent - queued);
	free(bench.content);
	account_free(bench.account);
	office_close(bench.office);
	return 0;
}
