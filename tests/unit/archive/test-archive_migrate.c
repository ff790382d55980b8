/* An archive of a version before this one, with mails in it, becomes one of today. */
#include "fixture.h"
#include "db/db_driver.h"
#include <glib/gstdio.h>

/* The main database as it was before the first script that mentions WORD. */
static void make_older(Fixture *fixture, const char *word)
{
	static const char *older[256]; /* the database keeps them */
	GError *error = NULL;

	fixture_close(fixture);
	fixture_remove_folder(fixture->folder);
	g_mkdir(fixture->folder, 0700);
	for (size_t i = 0; !strstr(db_migrations_sqlite[i], word); i++) {
		assert_true(i + 1 < G_N_ELEMENTS(older));
		older[i] = db_migrations_sqlite[i];
	}
	fixture->db = db_open(fixture->url, DB_DURABLE, older, &error);
	assert_no_failure(error);
}

static const char *const rows[] = {
	"INSERT INTO users (id, name, name_folded) VALUES (1, 'mueller', 'mueller'),"
	" (2, 'schulze', 'schulze'), (5, 'meier', 'meier')",
	"INSERT INTO audit (time, actor, action, subject) VALUES"
	" (100, 'root', 'user.add', 'meier'), (500, 'root', 'user.remove', 'meier'),"
	" (600, 'root', 'user.add', 'meier')",
	"INSERT INTO packs (id, name, size) VALUES (1, '0123456789abcdef0123456789abcdef', 9)",
	"INSERT INTO mails (id, date, case_number) VALUES (1, 10, 'A'), (2, 20, 'A'),"
	" (3, 30, NULL), (4, 40, 'Ä'), (5, 50, NULL)",
	"INSERT INTO copies (id, mail_id, sha256, size, pack_id, start)"
	" SELECT id, id, CAST(printf('%032d', id) AS BLOB), 100 + id, 1, id FROM mails",
	"INSERT INTO copies (id, mail_id, sha256, size, pack_id, start)"
	" VALUES (9, 1, CAST(printf('%032d', 9) AS BLOB), 1, 1, 9)",
	"INSERT INTO mailboxes (id, address, address_folded) VALUES (1, 'a@x', 'a@x')",
	"INSERT INTO folders (id, user_id, user_name, server, mailbox_id, name, uid_validity)"
	" VALUES (1, 1, 'mueller', 's', 1, 'INBOX', 1), (2, 2, 'schulze', 's', 1, 'INBOX', 1)",
	"INSERT INTO sources (folder_id, uid, copy_id, received, imported_at, imported_by) VALUES"
	" (1, 1, 1, 0, 9, 'mueller'), (1, 2, 9, 0, 9, 'mueller'), (1, 3, NULL, 0, 9, 'mueller'),"
	" (2, 1, 2, 0, 9, 'cli:root')",
	"INSERT INTO mail_mailboxes (mail_id, mailbox_id, position)"
	" VALUES (1, 1, (10 << 29) | 1), (2, 1, (20 << 29) | 2)",
	"INSERT INTO uploads (copy_id, imported_by, imported_at) VALUES (3, 'schulze', 9),"
	" (2, 'schulze', 9), (3, 'cli:root', 9), (4, 'meier', 300), (5, 'meier', 700),"
	" (4, 'weg', 700)",
	"INSERT INTO attachments (mail_id, number, name, type, size)"
	" VALUES (4, 1, 'n', 't', 1), (4, 2, 'n', 't', 1)",
};

static void test_rows_from_before(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;

	make_older(fixture, "mail_filers");
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		fixture_run(fixture, rows[i]);
	fixture_reopen(fixture);
	assert_listed(fixture, "1", .viewer = &(const ArchiveViewer){1, "mueller", NULL});
	assert_listed(fixture, "3 2", .viewer = &(const ArchiveViewer){2, "schulze", NULL});
	/* What the former user of that name uploaded is not the present one's. */
	assert_listed(fixture, "5", .viewer = &(const ArchiveViewer){5, "meier", NULL});
	assert_listed(fixture, "4", .with_attachments = true);
	assert_listed(fixture, "5 4 3 2 1");
	assert_int_equal(fixture_count(fixture, "SELECT count(*) FROM mail_filers"), 4);
	assert_int_equal(
		fixture_count(fixture, "SELECT attachment_count FROM mails WHERE id = 4"), 2);
	assert_int_equal(fixture_count(fixture, "SELECT size FROM mails WHERE id = 1"), 101);
	assert_int_equal(
		fixture_count(fixture, "SELECT count(*) FROM mails WHERE size = 100 + id"), 5);
	g_autoptr(GPtrArray) cases = archive_cases(
		fixture->archive, &(const ArchiveViewer){1, "mueller", NULL}, "a", 5, &error);
	assert_int_equal(cases->len, 1);
	g_autoptr(GPtrArray) all = archive_cases(fixture->archive, NULL, "ä", 5, &error);
	assert_int_equal(all->len, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_rows_from_before, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
