/* For tests of the archive: a temporary data folder, mails by the line, short ways to file them. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <glib.h>
#include "archive/archive_internal.h"
#include "failure/failure.h"

typedef struct Fixture {
	char *folder;
	char *archive_folder;
	char *url;
	Db *db;
	Archive *archive;
	ArchiveFolder inbox;
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
	g_clear_pointer(&fixture->archive, archive_close);
	g_clear_pointer(&fixture->db, db_close);
}

static inline void fixture_open(Fixture *fixture)
{
	GError *error = NULL;

	fixture->db = db_open_main(fixture->url, &error);
	assert_no_failure(error);
	fixture->archive = archive_open(fixture->db, fixture->archive_folder, &error);
	assert_no_failure(error);
	assert_non_null(fixture->archive);
	fixture->archive->reserve = 0;
}

/* As another process would do after a crash or an upgrade. */
static inline void fixture_reopen(Fixture *fixture)
{
	fixture_close(fixture);
	fixture_open(fixture);
}

static inline ArchiveFolder fixture_folder(
	Fixture *fixture, int64_t user_id, const char *mailbox, const char *name, uint32_t validity)
{
	GError *error = NULL;
	ArchiveFolder folder = {
		.user_id = user_id,
		.user = user_id == 1 ? "mueller" : "schulze",
		.server = "mail.example.org",
		.mailbox = mailbox,
		.name = name,
		.uid_validity = validity,
	};

	archive_folder_open(fixture->archive, &folder, &error);
	assert_no_failure(error);
	return folder;
}

static inline int fixture_setup(void **state)
{
	Fixture *fixture = g_new0(Fixture, 1);

	fixture->folder = g_dir_make_tmp("amtspost-test-XXXXXX", NULL);
	assert_non_null(fixture->folder);
	fixture->url = g_strdup_printf("sqlite:%s/amtspost.db", fixture->folder);
	fixture->archive_folder = g_build_filename(fixture->folder, "archive", NULL);
	fixture_open(fixture);
	fixture->inbox = fixture_folder(fixture, 1, "info@example.org", "INBOX", 7);
	*state = fixture;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	Fixture *fixture = *state;

	fixture_close(fixture);
	fixture_remove_folder(fixture->folder);
	g_free(fixture->folder);
	g_free(fixture->archive_folder);
	g_free(fixture->url);
	g_free(fixture);
	return 0;
}

/* One integer of the main database. */
typedef struct FixtureCount {
	const char *sql;
	int64_t result;
} FixtureCount;

static inline bool fixture_count_rows(DbTransaction *transaction, void *data, GError **error)
{
	FixtureCount *count = data;

	return db_get_int_values(transaction, &count->result, -1, count->sql, NULL, 0, error);
}

static inline int64_t fixture_count(Fixture *fixture, const char *sql)
{
	GError *error = NULL;
	FixtureCount count = {.sql = sql};

	db_read(fixture->db, fixture_count_rows, &count, &error);
	assert_no_failure(error);
	return count.result;
}

static inline bool fixture_run_sql(DbTransaction *transaction, void *data, GError **error)
{
	return db_run_values(transaction, data, NULL, 0, NULL, error);
}

static inline void fixture_run(Fixture *fixture, const char *sql)
{
	GError *error = NULL;

	db_write(fixture->db, fixture_run_sql, (void *)sql, &error);
	assert_no_failure(error);
}

/* Packs in the folder; those without a row too. */
static inline guint fixture_pack_files(Fixture *fixture)
{
	g_autoptr(GDir) entries = g_dir_open(fixture->archive->packs, 0, NULL);
	guint count = 0;

	while (g_dir_read_name(entries))
		count++;
	return count;
}

/* ---- filing ---- */

static inline ArchiveOrder fixture_order(const ArchiveFolder *folder)
{
	return (ArchiveOrder){.folder = folder, .imported_by = "mueller"};
}

static inline ArchiveTally fixture_tally(void)
{
	return (ArchiveTally){
		.ids = g_array_new(FALSE, FALSE, sizeof(int64_t)),
		.case_conflicts = g_ptr_array_new_with_free_func(g_free),
	};
}

static inline void fixture_tally_clear(ArchiveTally *tally)
{
	g_array_unref(tally->ids);
	g_ptr_array_unref(tally->case_conflicts);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ArchiveTally, fixture_tally_clear)

static inline void fixture_add(ArchiveBatch *batch, uint32_t uid, const char *bytes)
{
	GError *error = NULL;
	size_t size = strlen(bytes);

	archive_batch_begin(batch, size, &error);
	assert_no_failure(error);
	archive_batch_write(batch, bytes, size, &error);
	assert_no_failure(error);
	archive_batch_finish(batch, uid, 1000000 + uid, &error);
	assert_no_failure(error);
}

static inline void fixture_commit(ArchiveBatch *batch, uint32_t cursor, ArchiveTally *tally)
{
	GError *error = NULL;

	archive_batch_commit(batch, cursor, tally, &error);
	assert_no_failure(error);
}

/* Files one mail in a batch of its own; answers its id, 0 if it stays away. */
static inline int64_t fixture_file_by(
	Fixture *fixture, const ArchiveOrder *order, uint32_t uid, const char *bytes)
{
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, order);
	g_auto(ArchiveTally) tally = fixture_tally();

	fixture_add(batch, uid, bytes);
	fixture_commit(batch, 0, &tally);
	assert_int_equal(tally.ids->len, 1);
	return g_array_index(tally.ids, int64_t, 0);
}

static inline int64_t fixture_file(Fixture *fixture, uint32_t uid, const char *bytes)
{
	ArchiveOrder order = fixture_order(&fixture->inbox);

	return fixture_file_by(fixture, &order, uid, bytes);
}

/* A mail whose bytes depend on NUMBER alone; yours. */
static inline char *fixture_mail(unsigned number)
{
	return g_strdup_printf("Received: by mx1\r\nMessage-ID: <%u@example.org>\r\n"
			       "Subject: mail %u\r\n\r\nbody of %u\r\n",
		number, number, number);
}

/* ---- looking ---- */

/* The raw bytes of a mail's copy, yours. */
static inline char *fixture_bytes(Fixture *fixture, int64_t id, guint copy, size_t *size)
{
	GError *error = NULL;
	g_autoptr(GArray) places = archive_places(fixture->archive, NULL, id, &error);
	g_autofree char *path = g_build_filename(fixture->folder, "export", NULL);
	FILE *file = fopen(path, "w+e");
	char *bytes = NULL;

	assert_no_failure(error);
	assert_true(copy < places->len);
	archive_write_copy(
		fixture->archive, &g_array_index(places, ArchivePlace, copy), fileno(file), &error);
	assert_no_failure(error);
	fclose(file);
	assert_true(g_file_get_contents(path, &bytes, size, NULL));
	return bytes;
}

static inline void assert_bytes(Fixture *fixture, int64_t id, guint copy, const char *expected)
{
	size_t size;
	g_autofree char *bytes = fixture_bytes(fixture, id, copy, &size);

	assert_int_equal(size, strlen(expected));
	assert_memory_equal(bytes, expected, size);
}

static inline bool fixture_collect_id(const ArchiveMail *mail, void *data)
{
	g_string_append_printf(data, "%s%d", ((GString *)data)->len ? " " : "", (int)mail->id);
	return true;
}

/* The ids of a listing, "3 2 1"; yours. */
static inline char *fixture_list(Fixture *fixture, const ArchiveFilter *filter)
{
	GError *error = NULL;
	GString *ids = g_string_new(NULL);

	archive_each(fixture->archive, filter, fixture_collect_id, ids, &error);
	assert_no_failure(error);
	return g_string_free(ids, FALSE);
}

#define assert_listed(fixture, expected, ...)                                                      \
	do {                                                                                       \
		g_autofree char *listed =                                                          \
			fixture_list(fixture, &(const ArchiveFilter){__VA_ARGS__});                \
		assert_string_equal(listed, expected);                                             \
	} while (0)

/* ---- reading ---- */

static inline MailContent *fixture_content(const char *subject, const char *text)
{
	MailContent *content = mail_content_new();

	g_free(content->subject);
	g_free(content->text);
	content->subject = g_strdup(subject);
	content->text = g_strdup(text);
	return content;
}

static inline size_t fixture_claim(Fixture *fixture, ArchivePlace *places, size_t count)
{
	GError *error = NULL;
	size_t found = 0;

	archive_claim_unread(fixture->archive, places, count, 1 << 20, &found, &error);
	assert_no_failure(error);
	return found;
}

static inline void fixture_keep(
	Fixture *fixture, const ArchivePlace *places, MailContent *const *contents, size_t count)
{
	GError *error = NULL;

	archive_keep_contents(fixture->archive, places, contents, count, &error);
	assert_no_failure(error);
}

/* Claims the one unread mail and keeps CONTENT, which is freed. */
static inline void fixture_read_as(Fixture *fixture, MailContent *content)
{
	ArchivePlace place;

	assert_int_equal(fixture_claim(fixture, &place, 1), 1);
	fixture_keep(fixture, &place, &content, 1);
	mail_content_free(content);
}

/* Files a mail of NUMBER and keeps what it says. */
static inline int64_t fixture_file_saying(
	Fixture *fixture, unsigned number, const char *subject, const char *text)
{
	g_autofree char *bytes = fixture_mail(number);
	int64_t id = fixture_file(fixture, number, bytes);

	fixture_read_as(fixture, fixture_content(subject, text));
	return id;
}

/* Verifies; answers the number of damaged copies. */
static inline guint fixture_verify(Fixture *fixture, uint64_t *checked)
{
	GError *error = NULL;
	g_autoptr(GPtrArray) damaged =
		g_ptr_array_new_with_free_func((GDestroyNotify)archive_damage_free);

	archive_verify(fixture->archive, checked, damaged, NULL, NULL, &error);
	assert_no_failure(error);
	return damaged->len;
}

/* The path of the pack that holds a mail's first copy, yours. */
static inline char *fixture_pack_path(Fixture *fixture, int64_t id)
{
	GError *error = NULL;
	g_autoptr(GArray) places = archive_places(fixture->archive, NULL, id, &error);

	assert_no_failure(error);
	return g_strdup_printf(
		"%s/%s.pack", fixture->archive->packs, g_array_index(places, ArchivePlace, 0).pack);
}
