/* For tests of the outbox: a temporary data folder, short ways to queue mails and to see what
 * became of them, and children that are killed. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <glib.h>
#include "failure/failure.h"
#include "outbox/outbox_internal.h"

typedef struct Fixture {
	char *folder;
	char *outbox_folder;
	char *url;
	Db *db;
	Outbox *outbox;
} Fixture;

static inline void fixture_remove_folder(const char *folder)
{
	g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
	const char *name;

	while (entries && (name = g_dir_read_name(entries))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (g_file_test(path, G_FILE_TEST_IS_DIR))
			fixture_remove_folder(path);
		else
			unlink(path);
	}
	rmdir(folder);
}

/* Fails the test with what ERROR says. */
static inline void assert_no_failure(const GError *error)
{
	if (error)
		fail_msg("unexpected failure: %s", error->message);
}

#define assert_failure(error, failure)                                                             \
	do {                                                                                       \
		assert_non_null(error);                                                            \
		assert_int_equal(failure_of(error), failure);                                      \
		g_clear_error(&(error));                                                           \
	} while (0)

static inline void fixture_close(Fixture *fixture)
{
	g_clear_pointer(&fixture->outbox, outbox_close);
	g_clear_pointer(&fixture->db, db_close);
}

static inline void fixture_open(Fixture *fixture)
{
	GError *error = NULL;

	fixture->db = db_open_main(fixture->url, &error);
	assert_no_failure(error);
	fixture->outbox = outbox_open(fixture->db, fixture->outbox_folder, &error);
	assert_no_failure(error);
	assert_non_null(fixture->outbox);
}

static inline int fixture_setup(void **state)
{
	Fixture *fixture = g_new0(Fixture, 1);

	fixture->folder = g_dir_make_tmp("amtspost-test-XXXXXX", NULL);
	assert_non_null(fixture->folder);
	fixture->url = g_strdup_printf("sqlite:%s/amtspost.db", fixture->folder);
	fixture->outbox_folder = g_build_filename(fixture->folder, "outbox", NULL);
	fixture_open(fixture);
	*state = fixture;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	Fixture *fixture = *state;

	fixture_close(fixture);
	fixture_remove_folder(fixture->folder);
	g_free(fixture->folder);
	g_free(fixture->outbox_folder);
	g_free(fixture->url);
	g_free(fixture);
	return 0;
}

#define fixture_test(function)                                                                     \
	cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

static const char *const fixture_recipients[] = {"a@example.org", "b@example.org", "c@example.org"};

#define FIXTURE_TEXT "Subject: Probe\r\n\r\nGuten Tag\r\n"

/* A mail of user 1 to one. */
static inline OutboxOrder fixture_order(void)
{
	return (OutboxOrder){
		.user_id = 1,
		.user = "mueller",
		.sender = "info@example.org",
		.recipients = fixture_recipients,
		.recipient_count = 1,
		.subject = "Probe",
		.message_id = "1@example.org",
		.wants_sent_copy = true,
	};
}

static inline int64_t fixture_queue_order(Fixture *fixture, const OutboxOrder *order)
{
	GError *error = NULL;
	g_autoptr(OutboxWriter) writer = outbox_writer_new(fixture->outbox);
	int64_t id = 0;

	outbox_writer_write(writer, FIXTURE_TEXT, strlen(FIXTURE_TEXT), &error);
	assert_no_failure(error);
	outbox_queue(fixture->outbox, &writer, order, 1, &id, &error);
	assert_no_failure(error);
	assert_true(id > 0);
	return id;
}

static inline int64_t fixture_queue(Fixture *fixture)
{
	const OutboxOrder order = fixture_order();

	return fixture_queue_order(fixture, &order);
}

static inline int64_t fixture_queue_to(Fixture *fixture, size_t recipients)
{
	OutboxOrder order = fixture_order();

	order.recipient_count = recipients;
	return fixture_queue_order(fixture, &order);
}

static inline OutboxMail *fixture_get(Fixture *fixture, int64_t id)
{
	GError *error = NULL;
	OutboxMail *mail = outbox_get(fixture->outbox, id, 0, &error);

	assert_no_failure(error);
	assert_non_null(mail);
	return mail;
}

static inline const OutboxRecipient *fixture_recipient(const OutboxMail *mail, guint number)
{
	assert_true(number < mail->recipients->len);
	return mail->recipients->pdata[number];
}

static inline void fixture_assert_state(Fixture *fixture, int64_t id, OutboxState state)
{
	g_autoptr(OutboxMail) mail = fixture_get(fixture, id);

	assert_string_equal(outbox_state_name(mail->state), outbox_state_name(state));
}

static inline OutboxWorker *fixture_worker(Fixture *fixture)
{
	GError *error = NULL;
	OutboxWorker *worker = outbox_worker_new(fixture->outbox, &error);

	assert_no_failure(error);
	assert_non_null(worker);
	return worker;
}

static inline GPtrArray *fixture_claim(OutboxWorker *worker, size_t limit)
{
	const OutboxPick pick = {0};
	GError *error = NULL;
	GPtrArray *mails = outbox_claim(worker, &pick, limit, &error);

	assert_no_failure(error);
	assert_non_null(mails);
	return mails;
}

static inline bool fixture_hand_over(OutboxWorker *worker, const OutboxMail *mail)
{
	GError *error = NULL;
	bool go_on = false;

	outbox_handing_over(worker, mail, &go_on, &error);
	assert_no_failure(error);
	return go_on;
}

/* All recipients of MAIL got into STATE. */
static inline void fixture_set(OutboxMail *mail, OutboxState state, const char *reply)
{
	for (guint i = 0; i < mail->recipients->len; i++) {
		OutboxRecipient *recipient = mail->recipients->pdata[i];

		recipient->state = state;
		g_free(recipient->reply);
		recipient->reply = g_strdup(reply);
	}
}

static inline void fixture_note(OutboxWorker *worker, OutboxMail *mail, int64_t next)
{
	const OutboxOutcome outcome = {.mail = mail, .next = next};
	GError *error = NULL;

	outbox_note(worker, &outcome, NULL, NULL, &error);
	assert_no_failure(error);
}

/* One mail through, with STATE and NEXT as its outcome. */
static inline void fixture_send_one(Fixture *fixture, OutboxState state, int64_t next)
{
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = fixture_claim(worker, 1);

	assert_int_equal(mails->len, 1);
	assert_true(fixture_hand_over(worker, mails->pdata[0]));
	fixture_set(mails->pdata[0], state, "250 ok");
	fixture_note(worker, mails->pdata[0], next);
}

static inline unsigned fixture_recover(Fixture *fixture)
{
	GError *error = NULL;
	unsigned count = 0;

	outbox_recover(fixture->outbox, &count, &error);
	assert_no_failure(error);
	return count;
}

typedef bool FixtureSql(DbTransaction *transaction, void *data, GError **error);

static inline void fixture_write(Fixture *fixture, FixtureSql *function, void *data)
{
	GError *error = NULL;

	db_write(fixture->db, function, data, &error);
	assert_no_failure(error);
}

/* How many files lie in the outbox's folder. */
static inline unsigned fixture_count_locks(const Fixture *fixture)
{
	g_autoptr(GDir) folder = g_dir_open(fixture->outbox_folder, 0, NULL);
	unsigned count = 0;

	assert_non_null(folder);
	while (g_dir_read_name(folder))
		count++;
	return count;
}

/* Starts ACT in a process of its own, with the database open there alone: one handle of SQLite must
 * not be in two processes. */
static inline pid_t fixture_start(
	Fixture *fixture, void (*act)(Fixture *fixture, void *data), void *data)
{
	pid_t child;

	g_assert_null(fixture->db);
	child = fork();
	if (child == 0) {
		fixture_open(fixture);
		act(fixture, data);
		_exit(0);
	}
	assert_true(child > 0);
	return child;
}

/* Runs ACT in a child that ends by killing itself, and sees that it did. */
static inline void fixture_run_killed(
	Fixture *fixture, void (*act)(Fixture *fixture, void *data), void *data)
{
	int status = 0;
	pid_t child;

	fixture_close(fixture);
	child = fixture_start(fixture, act, data);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	fixture_open(fixture);
}
