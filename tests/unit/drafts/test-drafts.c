/* Drafts and their files on a database in a temporary folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <glib.h>
#include "drafts/drafts.h"
#include "failure/failure.h"

#define MINE 7
#define OTHERS 8
#define MEGABYTE ((size_t)1024 * 1024)

typedef struct Fixture {
	char *folder;
	Db *db;
} Fixture;

static void run(Db *db, DbFunction *function, void *data)
{
	g_autoptr(GError) error = NULL;

	if (!db_write(db, function, data, &error))
		fail_msg("%s", error->message);
}

static bool add_users(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return db_run(transaction, error,
		"INSERT INTO users (id, name, name_folded) VALUES (7, 'm.mustermann', "
		"'m.mustermann'),"
		" (8, 'b.berg', 'b.berg')");
}

static int open_fixture(void **state)
{
	Fixture *fixture = g_new0(Fixture, 1);
	g_autofree char *url = NULL;

	fixture->folder = g_dir_make_tmp("drafts-XXXXXX", NULL);
	url = g_strdup_printf("sqlite:%s/test.db", fixture->folder);
	fixture->db = db_open_main(url, NULL);
	assert_non_null(fixture->db);
	run(fixture->db, add_users, NULL);
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GDir) entries = g_dir_open(fixture->folder, 0, NULL);
	const char *name;

	db_close(fixture->db);
	while ((name = g_dir_read_name(entries))) {
		g_autofree char *path = g_build_filename(fixture->folder, name, NULL);

		unlink(path);
	}
	rmdir(fixture->folder);
	g_free(fixture->folder);
	g_free(fixture);
	return 0;
}

#define assert_failure(error, failure)                                                             \
	do {                                                                                       \
		assert_non_null(error);                                                            \
		assert_int_equal(failure_of(error), failure);                                      \
		g_clear_error(&(error));                                                           \
	} while (0)

static int64_t make(Db *db, const char *key, const char *text)
{
	const DraftFields fields = {.to = "a@example.org", .text = text};
	int64_t id, revision;

	assert_true(drafts_create(db, MINE, key, &fields, &id, &revision, NULL));
	return id;
}

static int64_t count(Db *db, DbFunction *function)
{
	int64_t number = -1;

	run(db, function, &number);
	return number;
}

static bool count_pieces(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, -1, error, "SELECT count(*) FROM draft_pieces");
}

static bool count_files(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, -1, error, "SELECT count(*) FROM draft_files");
}

/* ---- fields ---- */

static void test_kept_as_typed(void **state)
{
	Db *db = ((Fixture *)*state)->db;
	const DraftFields fields = {
		.sender = "bau@amt.example",
		.to = " a@b, ",
		.cc = "c",
		.bcc = "d",
		.subject = "Betreff 🚗",
		.text = "\n\nText\n",
		.case_number = " 2026/1",
		.reply_to = 12,
	};
	g_autoptr(Draft) draft = NULL;
	int64_t id, revision;

	assert_true(drafts_create(db, MINE, NULL, &fields, &id, &revision, NULL));
	assert_int_equal(revision, 1);
	draft = drafts_get(db, MINE, id, NULL);
	assert_string_equal(draft->sender, "bau@amt.example");
	assert_string_equal(draft->to, " a@b, ");
	assert_string_equal(draft->cc, "c");
	assert_string_equal(draft->bcc, "d");
	assert_string_equal(draft->subject, "Betreff 🚗");
	assert_string_equal(draft->text, "\n\nText\n");
	assert_string_equal(draft->case_number, " 2026/1");
	assert_int_equal(draft->reply_to, 12);
}

static void test_nobody_elses(void **state)
{
	Db *db = ((Fixture *)*state)->db;
	int64_t id = make(db, NULL, "geheim"), revision = 1, file;
	const DraftFields fields = {.text = "anders"};
	const DraftFileOrder order = {.name = "x", .size = 1, .limit = MEGABYTE};
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) list = NULL;

	assert_null(drafts_get(db, OTHERS, id, &error));
	assert_failure(error, FAILURE_DRAFT_UNKNOWN);
	assert_false(drafts_save(db, OTHERS, id, &revision, &fields, &error));
	assert_failure(error, FAILURE_DRAFT_UNKNOWN);
	assert_false(drafts_discard(db, OTHERS, id, &error));
	assert_failure(error, FAILURE_DRAFT_UNKNOWN);
	assert_false(draft_file_begin(db, OTHERS, id, &order, &file, &error));
	assert_failure(error, FAILURE_DRAFT_UNKNOWN);
	list = drafts_list(db, OTHERS, NULL);
	assert_int_equal(list->len, 0);
}

static void test_the_older_window_is_told(void **state)
{
	Db *db = ((Fixture *)*state)->db;
	int64_t id = make(db, NULL, "eins"), first = 1, second = 1;
	const DraftFields one = {.to = "a@example.org", .text = "zwei"};
	const DraftFields other = {.to = "a@example.org", .text = "drei"};
	g_autoptr(GError) error = NULL;
	g_autoptr(Draft) draft = NULL;

	assert_true(drafts_save(db, MINE, id, &first, &one, NULL));
	assert_int_equal(first, 2);
	assert_false(drafts_save(db, MINE, id, &second, &other, &error));
	assert_failure(error, FAILURE_DRAFT_CHANGED);
	/* Who says the same changes nothing. */
	assert_true(drafts_save(db, MINE, id, &second, &one, NULL));
	assert_int_equal(second, 2);
	draft = drafts_get(db, MINE, id, NULL);
	assert_string_equal(draft->text, "zwei");
}

static void test_one_draft_a_key(void **state)
{
	Db *db = ((Fixture *)*state)->db;
	int64_t id = make(db, "schlüssel", "eins");

	assert_int_equal(make(db, "schlüssel", "zwei"), id);
	assert_int_not_equal(make(db, "anderer", "zwei"), id);
	assert_int_not_equal(make(db, NULL, "zwei"), make(db, NULL, "zwei"));
}

static void test_limits(void **state)
{
	Db *db = ((Fixture *)*state)->db;
	g_autofree char *large = g_strnfill(DRAFT_TEXT_LIMIT + 1, 'x');
	const DraftFields fields = {.text = large};
	const DraftFields small = {.text = "x"};
	g_autoptr(GError) error = NULL;
	int64_t id, revision;

	assert_false(drafts_create(db, MINE, NULL, &fields, &id, &revision, &error));
	assert_failure(error, FAILURE_DRAFT_LONG);
	large[DRAFT_TEXT_LIMIT] = '\0';
	for (unsigned i = 0; i < DRAFTS_LIMIT; i++)
		assert_true(drafts_create(db, MINE, NULL, &fields, &id, &revision, NULL));
	assert_false(drafts_create(db, MINE, NULL, &small, &id, &revision, &error));
	assert_failure(error, FAILURE_DRAFTS_MANY);
	assert_true(drafts_create(db, OTHERS, NULL, &small, &id, &revision, NULL));
}

/* ---- what becomes of them ---- */

static void assert_sent(
	Db *db, int64_t id, const char *key, const DraftFields *fields, bool is_same)
{
	g_autoptr(GError) error = NULL;
	int64_t revision = 1;
	DraftSent sent;

	assert_false(drafts_keep(db, MINE, key, fields, &id, &revision, &sent, &error));
	assert_failure(error, FAILURE_DRAFT_SENT);
	assert_int_equal(sent.mail_id, 42);
	assert_int_equal(sent.is_same, is_same);
	assert_true(sent.at > 1700000000);
}

static void test_sent_once(void **state)
{
	Db *db = ((Fixture *)*state)->db;
	int64_t id = make(db, "k", "Text"), revision = 1;
	const DraftFields later = {.to = "a@example.org", .text = "später"};
	g_autoptr(Draft) draft = drafts_get(db, MINE, id, NULL);
	g_autoptr(Draft) newer = NULL;
	const DraftFields said = draft_fields(draft);
	g_autoptr(GError) error = NULL;

	/* Changed since it was read: it stays. */
	assert_true(drafts_save(db, MINE, id, &revision, &later, NULL));
	assert_true(drafts_finish(db, MINE, draft, 41, NULL));
	newer = drafts_get(db, MINE, id, NULL);
	assert_string_equal(newer->text, "später");

	assert_true(drafts_finish(db, MINE, newer, 42, NULL));
	assert_null(drafts_get(db, MINE, id, &error));
	assert_failure(error, FAILURE_DRAFT_UNKNOWN);
	/* Whoever asks for it by its number or its key. */
	assert_sent(db, id, NULL, &later, true);
	assert_sent(db, 0, "k", &later, true);
	/* Another version is told, too. */
	assert_sent(db, id, "k", &said, false);
	assert_sent(db, 0, "k", &said, false);
}

static void test_nothing_else_counts_as_sent(void **state)
{
	Db *db = ((Fixture *)*state)->db;
	int64_t id = make(db, "k", "Text"), mine = id, theirs = id, other = 0;
	int64_t revision = 1;
	g_autoptr(Draft) draft = drafts_get(db, MINE, id, NULL);
	const DraftFields said = draft_fields(draft);
	DraftSent sent;

	assert_true(drafts_finish(db, MINE, draft, 42, NULL));
	assert_true(drafts_keep(db, OTHERS, "k", &said, &theirs, &revision, &sent, NULL));
	assert_int_not_equal(theirs, id);
	assert_true(drafts_keep(db, MINE, "anders", &said, &other, &revision, &sent, NULL));
	assert_int_equal(sent.mail_id, 0);
	/* Of one that was discarded nothing is lost. */
	mine = other;
	assert_true(drafts_discard(db, MINE, other, NULL));
	assert_true(drafts_keep(db, MINE, "anders", &said, &mine, &revision, &sent, NULL));
	assert_int_not_equal(mine, other);
}

static void test_a_page_kept_twice(void **state)
{
	Db *db = ((Fixture *)*state)->db;
	const DraftFields one = {.text = "eins"}, other = {.text = "zwei"};
	int64_t id = 0, again = 0, revision = 0;
	g_autoptr(GError) error = NULL;
	DraftSent sent;

	assert_true(drafts_keep(db, MINE, "k", &one, &id, &revision, &sent, NULL));
	assert_int_equal(revision, 1);
	assert_true(drafts_keep(db, MINE, "k", &one, &again, &revision, &sent, NULL));
	assert_int_equal(again, id);
	again = 0;
	assert_false(drafts_keep(db, MINE, "k", &other, &again, &revision, &sent, &error));
	assert_failure(error, FAILURE_DRAFT_CHANGED);
	assert_true(drafts_keep(db, MINE, "k", &other, &id, &revision, &sent, NULL));
	assert_int_equal(revision, 2);
}

static bool make_old(DbTransaction *transaction, void *data, GError **error)
{
	return db_run(transaction, error, "UPDATE drafts SET changed_at = $2 WHERE id = $1",
		db_int(*(const int64_t *)data), db_int(1000));
}

static void test_old_ones_go(void **state)
{
	Db *db = ((Fixture *)*state)->db;
	int64_t old = make(db, NULL, "alt"), new = make(db, NULL, "neu");
	g_autoptr(GPtrArray) list = NULL;

	run(db, make_old, &old);
	assert_true(drafts_tidy(db, NULL));
	list = drafts_list(db, MINE, NULL);
	assert_int_equal(list->len, 1);
	assert_int_equal(((const Draft *)list->pdata[0])->id, new);
}

static bool remove_user(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return db_run(transaction, error, "DELETE FROM users WHERE id = 7");
}

/* ---- files ---- */

static int64_t begin(Db *db, int64_t draft, const char *name, size_t size)
{
	const DraftFileOrder order = {
		.name = name, .type = "text/plain", .size = size, .limit = DRAFT_BYTES_LIMIT};
	int64_t file;

	assert_true(draft_file_begin(db, MINE, draft, &order, &file, NULL));
	return file;
}

static void test_a_file_in_pieces(void **state)
{
	Db *db = ((Fixture *)*state)->db;
	size_t size = 2 * MEGABYTE + 77;
	g_autofree char *bytes = g_malloc(size);
	g_autofree char *back = g_malloc0(size);
	int64_t draft_id = make(db, NULL, "x"), file = begin(db, draft_id, "Akte ß.txt", size);
	g_autoptr(Draft) half = NULL;
	g_autoptr(Draft) draft = NULL;
	g_autoptr(GError) error = NULL;
	bool whole;

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 7 + i / 1000);
	assert_true(draft_file_write(db, MINE, file, 0, bytes, MEGABYTE, &whole, NULL));
	assert_false(whole);
	half = drafts_get(db, MINE, draft_id, NULL);
	assert_int_equal(half->files->len, 0);
	/* Again; out of turn; too much; no whole piece; somebody else. */
	assert_true(draft_file_write(db, MINE, file, 0, bytes, MEGABYTE, &whole, NULL));
	assert_false(draft_file_write(
		db, MINE, file, 2 * MEGABYTE, bytes + 2 * MEGABYTE, 77, &whole, &error));
	assert_failure(error, FAILURE_DRAFT_FILE);
	assert_false(draft_file_write(db, MINE, file, MEGABYTE, bytes, size, &whole, &error));
	assert_failure(error, FAILURE_DRAFT_FILE);
	assert_false(draft_file_write(db, MINE, file, MEGABYTE, bytes, 1000, &whole, &error));
	assert_failure(error, FAILURE_DRAFT_FILE);
	assert_false(draft_file_write(db, OTHERS, file, MEGABYTE, bytes, MEGABYTE, &whole, &error));
	assert_failure(error, FAILURE_DRAFT_FILE);
	assert_true(draft_file_write(
		db, MINE, file, MEGABYTE, bytes + MEGABYTE, size - MEGABYTE, &whole, NULL));
	assert_true(whole);
	draft = drafts_get(db, MINE, draft_id, NULL);
	assert_int_equal(draft->files->len, 1);
	assert_string_equal(((const DraftFile *)draft->files->pdata[0])->name, "Akte ß.txt");
	assert_int_equal(draft_weight(draft), draft_file_weight(size));
	assert_true(draft->changes > half->changes);
	assert_int_equal(draft->revision, half->revision);
	for (size_t at = 0; at < size; at += 100001)
		assert_int_equal(draft_file_read(db, MINE, file, at, back + at, 100001, NULL),
			MIN(100001, size - at));
	assert_memory_equal(bytes, back, size);
	assert_int_equal(draft_file_read(db, MINE, file, size, back, 1, NULL), 0);
	assert_int_equal(draft_file_read(db, OTHERS, file, 0, back, 1, &error), -1);
	assert_failure(error, FAILURE_DRAFT_FILE);
}

static void test_a_long_name_keeps_its_ending(void **state)
{
	Db *db = ((Fixture *)*state)->db;
	g_autofree char *many = g_strnfill(70000, 'x');
	g_autofree char *endless = g_strconcat("ä", many, ".pdf", NULL);
	g_autoptr(GString) umlauts = g_string_new(NULL);
	int64_t id = make(db, NULL, "x");
	g_autoptr(Draft) draft = NULL;

	for (unsigned i = 0; i < 200; i++)
		g_string_append(umlauts, "ä");
	begin(db, id, endless, 0);
	begin(db, id, umlauts->str, 0);
	draft = drafts_get(db, MINE, id, NULL);
	for (guint i = 0; i < 2; i++) {
		const DraftFile *file = draft->files->pdata[i];

		assert_true(g_utf8_validate(file->name, -1, NULL));
		assert_int_equal(strlen(file->name), i == 0 ? 255 : 254);
		assert_int_equal(g_str_has_suffix(file->name, ".pdf"), i == 0);
	}
}

static void test_too_much(void **state)
{
	Db *db = ((Fixture *)*state)->db;
	int64_t draft = make(db, NULL, "x"), file;
	DraftFileOrder order = {.name = "groß", .size = 3 * MEGABYTE, .limit = 4 * MEGABYTE};
	g_autoptr(GError) error = NULL;

	/* Base64 makes more than four of three. */
	assert_false(draft_file_begin(db, MINE, draft, &order, &file, &error));
	assert_failure(error, FAILURE_DRAFT_LARGE);
	order.size = 2 * MEGABYTE;
	assert_true(draft_file_begin(db, MINE, draft, &order, &file, NULL));
	/* What is on its way counts. */
	assert_false(draft_file_begin(db, MINE, draft, &order, &file, &error));
	assert_failure(error, FAILURE_DRAFT_LARGE);
	order = (DraftFileOrder){.name = "x", .size = UINT64_MAX, .limit = UINT64_MAX};
	assert_false(draft_file_begin(db, MINE, draft, &order, &file, &error));
	assert_failure(error, FAILURE_DRAFT_LARGE);
	order = (DraftFileOrder){.name = "leer", .limit = 4 * MEGABYTE};
	for (unsigned i = 1; i < DRAFT_FILES_LIMIT; i++)
		assert_true(draft_file_begin(db, MINE, draft, &order, &file, NULL));
	assert_false(draft_file_begin(db, MINE, draft, &order, &file, &error));
	assert_failure(error, FAILURE_DRAFT_FILES_MANY);
}

static void test_too_much_in_all(void **state)
{
	Db *db = ((Fixture *)*state)->db;
	const DraftFileOrder order = {
		.name = "x", .size = 100 * 1000 * 1000, .limit = DRAFT_BYTES_LIMIT};
	g_autoptr(GError) error = NULL;
	int64_t file;

	for (unsigned i = 0; i < 10; i++)
		assert_true(draft_file_begin(db, MINE, make(db, NULL, "x"), &order, &file, NULL));
	assert_false(draft_file_begin(db, MINE, make(db, NULL, "x"), &order, &file, &error));
	assert_failure(error, FAILURE_DRAFTS_LARGE);
}

static void test_files_go(void **state)
{
	Db *db = ((Fixture *)*state)->db;
	int64_t one = make(db, NULL, "x"), other = make(db, NULL, "y");
	int64_t file = begin(db, one, "a", 3), kept = begin(db, other, "b", 3);
	bool whole;

	assert_true(draft_file_write(db, MINE, file, 0, "abc", 3, &whole, NULL));
	assert_true(draft_file_write(db, MINE, kept, 0, "def", 3, &whole, NULL));
	/* Of another draft nothing is taken. */
	assert_true(draft_file_remove(db, MINE, other, file, NULL));
	assert_int_equal(count(db, count_pieces), 2);
	assert_true(draft_file_remove(db, MINE, one, file, NULL));
	assert_int_equal(count(db, count_pieces), 1);
	assert_true(draft_file_remove(db, MINE, one, file, NULL));
	run(db, remove_user, NULL);
	assert_int_equal(count(db, count_pieces), 0);
	assert_int_equal(count(db, count_files), 0);
}

#define unit(function) cmocka_unit_test_setup_teardown(function, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(test_kept_as_typed),
		unit(test_nobody_elses),
		unit(test_the_older_window_is_told),
		unit(test_one_draft_a_key),
		unit(test_limits),
		unit(test_sent_once),
		unit(test_nothing_else_counts_as_sent),
		unit(test_a_page_kept_twice),
		unit(test_old_ones_go),
		unit(test_a_file_in_pieces),
		unit(test_a_long_name_keeps_its_ending),
		unit(test_too_much),
		unit(test_too_much_in_all),
		unit(test_files_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
