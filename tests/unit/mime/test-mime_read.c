/* Whole mails as offices receive them. */
#include "mime_fixture.h"

#define HEADER                                                                                     \
	"From: =?iso-8859-1?Q?Bauherr_J=FCrgen?= <j@example.org>\r\nTo: bauamt@stadt.de\r\n"       \
	"Subject: Bauantrag\r\nDate: Mon, 23 Nov 2026 15:04:05 +0100\r\nMIME-Version: 1.0\r\n"

static void test_outlook(void **state)
{
	g_autoptr(MailContent) content = read_string(HEADER
		"Content-Type: multipart/mixed; boundary=\"_004_A_\"\r\n\r\n--_004_A_\r\n"
		"Content-Type: multipart/related; boundary=\"_003_B_\"; "
		"type=\"multipart/alternative\"\r\n\r\n--_003_B_\r\n"
		"Content-Type: multipart/alternative; boundary=\"_000_C_\"\r\n\r\n--_000_C_\r\n"
		"Content-Type: text/plain; charset=\"iso-8859-1\"\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
		"Sehr geehrte Damen und Herren,\r\n\r\nanbei die Pl=E4ne =80.\r\n\r\n--_000_C_\r\n"
		"Content-Type: text/html; charset=\"iso-8859-1\"\r\n\r\n<p>HTML</p>\r\n"
		"--_000_C_--\r\n\r\n--_003_B_\r\nContent-Type: image/png; name=\"image001.png\"\r\n"
		"Content-Disposition: inline; filename=\"image001.png\"\r\nContent-ID: <i@1>\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\niVBORw0K\r\n\r\n--_003_B_--\r\n\r\n"
		"--_004_A_\r\nContent-Type: application/pdf; "
		"name=\"=?utf-8?B?UGzDpG5lLnBkZg==?=\"\r\n"
		"Content-Disposition: attachment; filename=\"=?utf-8?B?UGzDpG5lLnBkZg==?=\"\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n\r\n--_004_A_--\r\n");

	(void)state;
	assert_string_equal(content->from, "Bauherr Jürgen <j@example.org>");
	assert_string_equal(content->text, "Sehr geehrte Damen und Herren,\n\nanbei die Pläne €.");
	assert_int_equal(content->attachments->len, 2);
	assert_string_equal(part_at(content, 0)->name, "image001.png");
	assert_int_equal(part_at(content, 0)->size, 6);
	assert_string_equal(part_at(content, 1)->name, "Pläne.pdf");
	assert_string_equal(part_at(content, 1)->type, "application/pdf");
	assert_int_equal(part_at(content, 1)->size, 9);
	assert_false(content->truncated);
}

/* Apple Mail puts the attachments into the HTML branch, text between them. */
static void test_apple(void **state)
{
	g_autoptr(MailContent) content = read_string(
		HEADER "Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\n"
		       "Content-Type: text/plain; charset=utf-8\r\n\r\nNur Text\r\n--a\r\n"
		       "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: "
		       "text/html\r\n\r\n"
		       "<p>oben\r\n--m\r\nContent-Type: "
		       "application/pdf;\r\n\tx-unix-mode=0644;\r\n\tname=\"a.pdf\"\r\n"
		       "Content-Disposition: "
		       "inline;\r\n\tfilename*=utf-8''B%C3%A4ume.pdf\r\n\r\nPDF\r\n--m\r\n"
		       "Content-Type: text/html\r\n\r\n<p>unten\r\n--m--\r\n--a--\r\n");

	(void)state;
	assert_string_equal(content->text, "Nur Text");
	assert_int_equal(content->attachments->len, 1);
	assert_string_equal(part_at(content, 0)->name, "Bäume.pdf");
	assert_int_equal(part_at(content, 0)->size, 3);
}

static void test_alternatives(void **state)
{
	static const struct {
		const char *parts;
		const char *text;
	} rows[] = {
		{"--a\r\n\r\n \r\n--a\r\nContent-Type: text/html\r\n\r\n<b>HTML</b>\r\n", "HTML"},
		{"--a\r\nContent-Type: text/html\r\n\r\nHTML\r\n--a\r\n\r\nText\r\n", "Text"},
		{"--a\r\nContent-Type: text/html\r\n\r\n&nbsp;\r\n", ""},
		{"--a\r\nContent-Type: text/html\r\n\r\nHTML\r\n--a\r\n"
		 "Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n",
			"HTML"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *mail =
			g_strconcat("Content-Type: multipart/alternative; boundary=a\r\n\r\n",
				rows[i].parts, "--a--\r\n", NULL);
		g_autoptr(MailContent) content = read_string(mail);

		assert_string_equal(content->text, rows[i].text);
	}
}

static void test_several_texts(void **state)
{
	g_autoptr(MailContent) content = read_string(
		"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\neins\r\n--a\r\n"
		"Content-Type: text/html; charset=utf-8\r\n\r\n<p>zwei\r\n--a\r\n"
		"Content-Type: text/plain; name=log.txt\r\n\r\nAnlage\r\n--a\r\n"
		"Content-Disposition: attachment\r\n\r\nauch\r\n--a\r\n"
		"Content-Type: text/html\r\n\r\n<p>&#32;\r\n--a--\r\n");

	(void)state;
	assert_string_equal(content->text, "eins\nzwei");
	assert_int_equal(content->attachments->len, 2);
	assert_string_equal(part_at(content, 0)->name, "log.txt");
	assert_string_equal(part_at(content, 1)->name, "Anlage-2.txt");
}

static void test_html_charset(void **state)
{
	g_autoptr(MailContent) named = read_string(
		"Content-Type: text/html\r\n\r\n<meta http-equiv=x content=\"text/html; "
		"charset=windows-1251\">\xcf\xf0\xe8");
	g_autoptr(MailContent) guessed = read_string("Content-Type: text/html\r\n\r\nf\xfcr");

	(void)state;
	assert_string_equal(named->text, "При");
	assert_string_equal(guessed->text, "für");
}

static void test_attached_message(void **state)
{
	g_autoptr(MailContent) content = read_string(HEADER
		"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\naussen\r\n--a\r\n"
		"Content-Type: message/rfc822\r\n\r\nSubject: =?utf-8?Q?Pl=C3=A4ne_1/2=3A_neu?=\r\n"
		"From: innen@x.de\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\n"
		"innerer Text\r\n--i\r\nContent-Type: image/png\r\n\r\nx\r\n--i--\r\n--a\r\n"
		"Content-Type: message/rfc822; name=Brief.eml\r\nContent-Transfer-Encoding: "
		"base64\r\n\r\n"
		"U3ViamVjdDogYmFzZQ0KDQprb2RpZXJ0\r\n--a\r\nContent-Type: message/rfc822\r\n\r\n"
		"\r\n--a--\r\n");

	(void)state;
	assert_string_equal(
		content->text, "aussen\nPläne 1/2: neu\ninnen@x.de\ninnerer Text\nbase\nkodiert");
	assert_int_equal(content->attachments->len, 3);
	assert_string_equal(part_at(content, 0)->name, "Pläne 1_2_ neu.eml");
	assert_string_equal(part_at(content, 0)->type, "message/rfc822");
	assert_string_equal(part_at(content, 1)->name, "Brief.eml");
	assert_int_equal(part_at(content, 1)->size, 24);
	assert_string_equal(part_at(content, 2)->name, "Nachricht-3.eml");
	assert_sound(content);
}

static void test_containers_of_other_programs(void **state)
{
	g_autoptr(MailContent) tnef = read_string(
		HEADER "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nText\r\n--a\r\n"
		       "Content-Type: application/ms-tnef; name=\"winmail.dat\"\r\n"
		       "Content-Transfer-Encoding: base64\r\n\r\neJ8+\r\n--a--\r\n");
	g_autoptr(MailContent) smime =
		read_string(HEADER "Content-Type: application/pkcs7-mime; "
				   "smime-type=enveloped-data; name=smime.p7m\r\n"
				   "Content-Transfer-Encoding: base64\r\n\r\nMIIB\r\n");
	g_autoptr(MailContent) is_signed = read_string(HEADER
		"Content-Type: multipart/signed; boundary=a\r\n\r\n--a\r\n\r\nsigniert\r\n--a\r\n"
		"Content-Type: application/pgp-signature\r\n\r\nSIG\r\n--a--\r\n");

	(void)state;
	assert_string_equal(part_at(tnef, 0)->name, "winmail.dat");
	assert_int_equal(part_at(tnef, 0)->size, 3);
	assert_string_equal(part_at(smime, 0)->name, "smime.p7m");
	assert_string_equal(smime->text, "");
	assert_string_equal(is_signed->text, "signiert");
	assert_string_equal(part_at(is_signed, 0)->name, "Anlage-1.asc");
}

static void test_nothing_in_it(void **state)
{
	g_autofree char *zeros = g_malloc0(100000);
	g_autoptr(MailContent) empty = mime_read_bytes(NULL, 0);
	g_autoptr(MailContent) nul = mime_read_bytes(zeros, 100000);
	g_autoptr(MailContent) bare = read_string("nur ein Satz ohne Kopf");

	(void)state;
	assert_sound(empty);
	assert_string_equal(empty->text, "");
	assert_false(empty->has_date);
	assert_null(empty->message_id);
	assert_int_equal(empty->attachments->len, 0);
	assert_sound(nul);
	assert_string_equal(nul->text, "");
	assert_string_equal(bare->text, "nur ein Satz ohne Kopf");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outlook),
		cmocka_unit_test(test_apple),
		cmocka_unit_test(test_alternatives),
		cmocka_unit_test(test_several_texts),
		cmocka_unit_test(test_html_charset),
		cmocka_unit_test(test_attached_message),
		cmocka_unit_test(test_containers_of_other_programs),
		cmocka_unit_test(test_nothing_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
