/* Sizes, times and words for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "app/words.h"

/* Takes TEXT. */
static void assert_words(char *text, const char *expected)
{
	assert_string_equal(text, expected);
	g_free(text);
}

static void test_sizes(void **state)
{
	(void)state;
	assert_words(words_size(0), "0 Byte");
	assert_words(words_size(999), "999 Byte");
	assert_words(words_size(1000), "1,0 KB");
	assert_words(words_size(1949), "1,9 KB");
	assert_words(words_size(1951), "2,0 KB");
	assert_words(words_size(999960), "1000,0 KB");
	assert_words(words_size(1234567), "1,2 MB");
	assert_words(words_mail_size(0), "0 Byte");
	assert_words(words_mail_size(1024 * 1024), "1 MB");
	assert_words(words_mail_size(1363149), "1,3 MB");
	assert_words(words_mail_size((uint64_t)150 * 1024 * 1024), "150 MB");
	assert_words(words_size(UINT64_MAX), "18446744,1 TB");
}

static void test_durations(void **state)
{
	(void)state;
	assert_words(words_seconds(37), "0,0 s");
	assert_words(words_duration(37), "37 ms");
	assert_words(words_duration(1234), "1,2 s");
}

static void test_single_words(void **state)
{
	SettingView secret = {.setting = settings_get_row(SETTING_IMAP_PASSWORD), .set = true};

	(void)state;
	assert_string_equal(words_action("user.add"), "Benutzer angelegt");
	assert_string_equal(words_action("later.action"), "later.action");
	assert_string_equal(words_interface("later"), "later");
	assert_string_equal(words_sign_in(SIGN_IN_EXPIRED), "abgelaufen");
	assert_string_equal(words_value(&secret), "••••••");
	secret.set = false;
	assert_null(words_value(&secret));
}

static void test_sign_ins(void **state)
{
	LoginResult result = {.account = (char *)"a@amt.example", .imap.state = LOGIN_UNCHECKED};
	LoginCheck check = {.state = LOGIN_OK};

	(void)state;
	assert_words(words_login_result(&result, true), "a@amt.example ist nicht angemeldet.");
	assert_words(words_login_result(&result, false),
		"Das Kennwort von a@amt.example ist gespeichert, aber noch nicht geprüft.");
	result.imap.state = LOGIN_OK;
	assert_words(words_login_result(&result, false), "Angemeldet als a@amt.example.");
	assert_words(words_login_check(&check, "gut"), "gut");
}

static void assert_detail(const char *action, const char *detail, const char *expected)
{
	const AuditRow row = {.actor = "a", .action = action, .detail = detail};

	assert_words(words_audit_detail(&row), expected);
}

static void test_audit_details(void **state)
{
	(void)state;
	assert_detail("session.refused", "wrong password", "falsches Kennwort");
	assert_detail("session.start", "address: 127.0.0.1", "von: 127.0.0.1");
	assert_detail("login.password", "imap: refused, smtp: skipped",
		"IMAP: abgelehnt, SMTP: ausgelassen");
	assert_detail(
		"sign-in.refused", "imap: m.muster, mail.example", "IMAP: m.muster, mail.example");
	assert_detail("user.add", "display-name: A; B; rights: admin, archive; password: –",
		"Anzeigename: A; B; Rechte: Administrator, Archiv; Kennwort: keines");
	assert_detail("settings.set", "imap.use-default: – → true",
		"Verwende Default IMAP (imap.use-default): – → ja");
	assert_detail("settings.set", "of.tomorrow: 1 → 2", "of.tomorrow: 1 → 2");
	assert_detail("archive.delete", "wrong password", "wrong password");
	assert_detail("archive.delete",
		"reason: doppelt; case: A/1; sha256: 00ff; copies: 2; sources: 3",
		"Grund: doppelt; Aktenzeichen: A/1; SHA-256: 00ff; Kopien: 2; Fundorte: 3");
	assert_detail("archive.upload", "new: 1; known: 2; ids: 1, 2, 7",
		"neu: 1; schon im Archiv: 2; Nummern: 1, 2, 7");
	assert_detail("mail.queue", "mailbox: a@amt.example; recipients: 2; case: A/1",
		"Postfach: a@amt.example; Empfänger: 2; Aktenzeichen: A/1");
	assert_detail("outbox.cancel", "mailbox: a@amt.example; state: queued",
		"Postfach: a@amt.example; Zustand vorher: wartet auf Versand");
	assert_detail("archive.export", "count: 2; ids: 1, 2", "Anzahl: 2; Nummern: 1, 2");
}

static void assert_actor(const char *actor, const char *action, const char *expected)
{
	const AuditRow row = {.actor = actor, .action = action};

	assert_words(words_audit_actor(&row), expected);
}

static void test_audit_actors(void **state)
{
	(void)state;
	assert_actor("cli:root", "user.add", "Kommandozeile (root)");
	assert_actor("web:::1", "session.refused", "unbekannt, von ::1");
	assert_actor("setup", "user.add", "Einrichtung (setup)");
	assert_actor("setup", "settings.set", "setup");
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_audit_details),
		cmocka_unit_test(test_audit_actors),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_single_words),
		cmocka_unit_test(test_sign_ins),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
