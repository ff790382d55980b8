/* Structure: where bodies begin and end, byte by byte, in whole and broken mails. */
#include "mime_fixture.h"

/* "TYPE@PARENT=BODY" of every entity, joined by " | ". */
static char *structure_of(const char *mail)
{
	g_auto(MimeStructure) structure = {0};
	g_auto(MimeSource) source = {0};
	GString *all = g_string_new(NULL);

	mime_start_library();
	mime_source_init_memory(&source, mail, strlen(mail));
	mime_scan(&structure, &source, MIME_PART_LIMIT);
	for (guint i = 0; i < structure.entities->len; i++) {
		const MimeEntity *entity = g_ptr_array_index(structure.entities, i);

		g_string_append_printf(
			all, "%s%s@%d=", i ? " | " : "", entity->type, entity->parent);
		if (!mime_entity_is_multipart(entity))
			g_string_append_len(
				all, mail + entity->start, (gssize)(entity->end - entity->start));
	}
	return g_string_free(all, FALSE);
}

#define MULTI "Content-Type: multipart/mixed; boundary=\"b\"\r\n"

static void test_structures(void **state)
{
	static const struct {
		const char *mail;
		const char *structure;
	} rows[] = {
		{"Subject: x\r\n\r\nText\r\n", "text/plain@-1=Text\r\n"},
		{"Subject: x\n\nText\n", "text/plain@-1=Text\n"},
		{"Subject: x\r\n", "text/plain@-1="},
		{"", "text/plain@-1="},
		{"kein Kopf\r\nnur Text", "text/plain@-1=kein Kopf\r\nnur Text"},
		{"\r\nText", "text/plain@-1=Text"},
		{"From a@b Mon Nov 23\nSubject: x\n\nText", "text/plain@-1=Text"},
		{"Fr", "text/plain@-1=Fr"},
		{">From a@b\nSubject: x\n\nText", "text/plain@-1=Text"},
		{"Subject: x\r\nkaputte Zeile\r\nTo: a@b\r\n\r\nText", "text/plain@-1=Text"},
		{MULTI "\r\nVorwort\r\n--b\r\n\r\neins\r\n--b\r\n\r\nzwei\r\n--b--\r\nNachwort",
			"multipart/mixed@-1= | text/plain@0=eins | text/plain@0=zwei"},
		{MULTI "\n--b\n\neins\n\n--b--\n", "multipart/mixed@-1= | text/plain@0=eins\n"},
		/* Never closed. */
		{MULTI "\r\n--b\r\n\r\neins", "multipart/mixed@-1= | text/plain@0=eins"},
		{MULTI "\r\n--b", "multipart/mixed@-1= | text/plain@0="},
		{MULTI "\r\n--b\r\n--b\r\n\r\nzwei\r\n--b--",
			"multipart/mixed@-1= | text/plain@0= | text/plain@0=zwei"},
		/* A boundary that only begins like ours, or has blanks behind it. */
		{MULTI "\r\n--b\r\n\r\neins\r\n--bb\r\n-- b\r\n--b \t\r\n\r\nzwei\r\n--b-- ",
			"multipart/mixed@-1= | text/plain@0=eins\r\n--bb\r\n-- b | "
			"text/plain@0=zwei"},
		/* The outer boundary ends the inner multipart. */
		{MULTI "\r\n--b\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n"
		       "--i\r\n\r\ninnen\r\n--b\r\nContent-Type: image/png\r\n\r\nPNG\r\n--b--",
			"multipart/mixed@-1= | multipart/alternative@0= | text/plain@1=innen | "
			"image/png@0=PNG"},
		/* An inner boundary that the outer one begins with. */
		{"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
		 "Content-Type: multipart/mixed; boundary=b1\r\n\r\n--b1\r\n\r\ninnen\r\n--b1--\r\n"
		 "--b\r\n\r\naussen\r\n--b--\r\n",
			"multipart/mixed@-1= | multipart/mixed@0= | text/plain@1=innen | "
			"text/plain@0=aussen"},
		/* No boundary named: text. */
		{"Content-Type: multipart/mixed\r\n\r\n--b\r\nText", "text/plain@-1=--b\r\nText"},
		{"Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: x\r\n--b--",
			"multipart/digest@-1= | message/rfc822@0=Subject: x"},
		/* An attached message is not looked into, but its boundaries are not ours. */
		{MULTI "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: i\r\n"
		       "Content-Type: multipart/mixed; "
		       "boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b--",
			"multipart/mixed@-1= | message/rfc822@0=Subject: i\r\nContent-Type: "
			"multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--"},
		{"Content-Type: Kauderwelsch\r\n\r\nText", "text/plain@-1=Text"},
		{"Content-Type: text\r\n\r\nText", "text/plain@-1=Text"},
		{"Content-Type: ((((\r\n\r\nText", "text/plain@-1=Text"},
		{"Content-Type: TEXT/Html; charset=x\r\n\r\nText", "text/html@-1=Text"},
		{"Content-Type: image/x\xff\r\n\r\nText", "image/x__@-1=Text"},
		/* RFC 2231 in the boundary itself. */
		{"Content-Type: multipart/mixed; boundary*0=gr; "
		 "boundary*1=enze\r\n\r\n--grenze\r\n\r\n"
		 "x\r\n--grenze--",
			"multipart/mixed@-1= | text/plain@0=x"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *structure = structure_of(rows[i].mail);

		assert_string_equal(structure, rows[i].structure);
	}
}

/* The name of the attachment with these Content- fields. */
static char *name_of(const char *fields)
{
	g_autofree char *mail = g_strconcat(fields, "\r\n\r\nx", NULL);
	g_autoptr(MailContent) content = read_string(mail);

	assert_sound(content);
	return g_strdup(part_at(content, 0)->name);
}

#define PDF "Content-Type: application/pdf"
#define FILENAME PDF "\r\nContent-Disposition: attachment; filename"

static void test_names(void **state)
{
	static const struct {
		const char *fields;
		const char *name;
	} rows[] = {
		{FILENAME "=Plan.pdf", "Plan.pdf"},
		{FILENAME "=\"Pl\xc3\xa4ne 1.pdf\"", "Pläne 1.pdf"},
		{FILENAME "=\"Pl\xe4ne 1.pdf\"", "Pläne 1.pdf"},
		{FILENAME "*=utf-8''Pl%C3%A4ne%201.pdf", "Pläne 1.pdf"},
		{FILENAME "*=iso-8859-1'de'Pl%E4ne.pdf", "Pläne.pdf"},
		{FILENAME "*0*=utf-8''Pl%C3%A4;\r\n filename*1*=ne%20;\r\n filename*2=Blatt.pdf",
			"Pläne Blatt.pdf"},
		{FILENAME "=\"=?utf-8?Q?Pl=C3=A4ne.pdf?=\"", "Pläne.pdf"},
		{FILENAME "=\"=?iso-8859-1?B?UGzkbmUucGRm?=\"", "Pläne.pdf"},
		{FILENAME "=\"=?utf-8?Q?Pl=C3=A4?=\r\n =?utf-8?Q?ne.pdf?=\"", "Pläne.pdf"},
		{PDF "; name=\"=?utf-8?Q?Pl=C3=A4ne.pdf?=\"", "Pläne.pdf"},
		{PDF "; name=Typ.pdf\r\nContent-Disposition: attachment; filename=Anlage.pdf",
			"Anlage.pdf"},
		{FILENAME "=\"C:\\\\Users\\\\hans\\\\Plan.pdf\"", "Plan.pdf"},
		{FILENAME "=\"../../etc/passwd\"", "passwd"},
		{FILENAME "*=utf-8''..%2F..%2Fboese%00%0A.pdf", "boese"},
		{FILENAME "=\"...\"", "Anlage-1.pdf"},
		{FILENAME "=\"\"", "Anlage-1.pdf"},
		{PDF, "Anlage-1.pdf"},
		{"Content-Type: application/x-unbekannt", "Anlage-1.bin"},
		{"Content-Type: image/jpeg", "Anlage-1.jpg"},
		{FILENAME "=\"Rechnung\xe2\x80\xae"
			  "fdp.exe\"",
			"Rechnungfdp.exe"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *name = name_of(rows[i].fields);

		assert_string_equal(name, rows[i].name);
	}
}

static void test_long_name_keeps_its_extension(void **state)
{
	g_autoptr(GString) stem = repeat("ä", 500);
	g_autofree char *fields = g_strdup_printf(FILENAME "=\"%s.docx\"", stem->str);
	g_autofree char *name = name_of(fields);

	(void)state;
	assert_true(g_str_has_suffix(name, "ä.docx"));
	assert_true(strlen(name) <= MIME_NAME_LIMIT);
}

/* Each mail cut after every byte is sound, and from a file the same as from memory. */
static void test_cut_anywhere(void **state)
{
	static const char mail[] =
		"Subject: =?utf-8?Q?=C3=84?=\r\nTo: \"A, B\" <a@b>\r\n" MULTI
		"\r\nVor\r\n--b\r\nContent-Type: text/html; "
		"charset=utf-8\r\n\r\n<p>\xc3\xa4</p>\r\n--b\r\n"
		"Content-Type: message/rfc822\r\n\r\nSubject: innen\r\n\r\nText\r\n--b\r\n"
		"Content-Type: application/pdf; name*=utf-8''%C3%A4.pdf\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\nSGFsbG8=\r\n--b--\r\n";

	(void)state;
	for (size_t size = 0; size <= sizeof mail - 1; size++) {
		g_auto(Descriptor) file = file_with(mail, size);
		g_autofree char *exact = g_memdup2(mail, size);
		g_autoptr(MailContent) memory = mime_read_bytes(exact, size);
		g_autoptr(MailContent) from_file = mime_read(file, (MimeRange){0, size});

		assert_sound(memory);
		assert_string_equal(memory->text, from_file->text);
		assert_int_equal(memory->attachments->len, from_file->attachments->len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_structures),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_long_name_keeps_its_extension),
		cmocka_unit_test(test_cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
