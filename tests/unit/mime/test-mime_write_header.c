/* Header fields: what stands there, how it is folded, and that it reads back as it was. */
#include "write_fixture.h"

#include "mime/mime_internal.h"

typedef void Add(MimeFold *fold, const char *text);

/* Yours: FIELD with what ADD makes of TEXT; no line above 76 bytes. */
static char *field_of(const char *field, Add *add, const char *text)
{
	g_autoptr(GString) header = g_string_new(NULL);
	MimeFold fold = {.text = header};
	g_auto(GStrv) lines = NULL;

	mime_fold_begin(&fold, field);
	add(&fold, text);
	mime_fold_end(&fold);
	lines = g_strsplit(header->str, CRLF, -1);
	for (char **line = lines; *line; line++) {
		assert_true(strlen(*line) <= 76);
		assert_null(strpbrk(*line, "\r\n"));
		assert_true(g_str_is_ascii(*line));
		/* Each encoded word is one (RFC 2047 section 2). */
		for (const char *at = strstr(*line, "=?"); at; at = strstr(at + 2, " =?"))
			assert_true(strcspn(at + (*at == ' '), " ") <= 75);
	}
	return g_string_free(g_steal_pointer(&header), FALSE);
}

static void test_text_stands_as_it_is_where_it_can(void **state)
{
	static const struct {
		const char *text, *field;
	} rows[] = {
		{"", "Subject:" CRLF},
		{"Bescheid", "Subject: Bescheid" CRLF},
		{"Re: [Amt] 5 < 6 = 100%_?", "Subject: Re: [Amt] 5 < 6 = 100%_?" CRLF},
		{"Grüße", "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=" CRLF},
		{"Größe: 5 = ?", "Subject: =?UTF-8?Q?Gr=C3=B6=C3=9Fe:_5_=3D_=3F?=" CRLF},
		{"Привет", "Subject: =?UTF-8?B?0J/RgNC40LLQtdGC?=" CRLF},
		{EMOJI, "Subject: =?UTF-8?B?8J+YgA==?=" CRLF},
		/* What a reader would decode or lose. */
		{"=?UTF-8?Q?x?=", "Subject: =?UTF-8?Q?=3D=3FUTF-8=3FQ=3Fx=3F=3D?=" CRLF},
		{" a", "Subject: =?UTF-8?Q?_a?=" CRLF},
		{"a ", "Subject: =?UTF-8?Q?a_?=" CRLF},
		{"a  b", "Subject: =?UTF-8?Q?a__b?=" CRLF},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *field = field_of("Subject", mime_fold_text, rows[i].text);

		assert_string_equal(field, rows[i].field);
	}
}

/* TEXT reads back by GMime as it was. */
static void assert_text(const char *text)
{
	g_autofree char *field = field_of("Subject", mime_fold_text, text);
	g_autofree char *unfolded =
		mime_join_words(g_mime_utils_header_unfold(field + strlen("Subject:")));
	g_autofree char *decoded = g_mime_utils_header_decode_text(NULL, unfolded);

	assert_string_equal(decoded, text);
}

static void test_long_text_reads_back(void **state)
{
	static const char *const pieces[] = {"a", "ä", EMOJI, "ab ", "äö ü", "a" EMOJI "ß ",
		"👨‍👩‍👧‍👦", "Wort, das umbricht: ", "=?", "  ", "_", "e\xcc\x81"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
		g_autoptr(GString) text = g_string_new(NULL);

		for (unsigned count = 1; count < 130; count++) {
			g_string_append(text, pieces[i]);
			assert_text(text->str);
		}
		while (g_utf8_strlen(text->str, -1) < 2000)
			g_string_append(text, pieces[i]);
		assert_text(text->str);
	}
}

static void test_plain_text_folds_at_blanks(void **state)
{
	g_autoptr(GString) text = g_string_new("Wort");
	g_autofree char *field = NULL;

	(void)state;
	for (int i = 0; i < 100; i++)
		g_string_append(text, " Wort");
	field = field_of("Subject", mime_fold_text, text->str);
	assert_non_null(strstr(field, "Wort" CRLF " Wort"));
	assert_null(strstr(field, "=?"));
}

static void test_phrases(void **state)
{
	static const struct {
		const char *name, *field;
	} rows[] = {
		{"Hans Meier", "To: Hans Meier" CRLF},
		{"Meier, Hans", "To: \"Meier, Hans\"" CRLF},
		{"Dr. Meier", "To: \"Dr. Meier\"" CRLF},
		{"a \"b\" \\c", "To: \"a \\\"b\\\" \\\\c\"" CRLF},
		{"<x@y.de>", "To: \"<x@y.de>\"" CRLF},
		{"(Amt)", "To: \"(Amt)\"" CRLF},
		{"a  b", "To: \"a  b\"" CRLF},
		{"=?UTF-8?Q?x?=", "To: =?UTF-8?Q?=3D=3FUTF-8=3FQ=3Fx=3F=3D?=" CRLF},
		{"Müller, Hans", "To: =?UTF-8?Q?M=C3=BCller=2C_Hans?=" CRLF},
		{"Amt für Straßenwesen, Größen und Übergrößen der Stadt Köln am Rhein",
			"To: =?UTF-8?Q?Amt_f=C3=BCr_Stra=C3=9Fenwesen=2C_Gr=C3=B6=C3=9Fen?= "
			"und" CRLF
			" =?UTF-8?Q?=C3=9Cbergr=C3=B6=C3=9Fen_der_Stadt_K=C3=B6ln_am_Rhein?=" CRLF},
		{"Jürgen \"J\" <x>", "To: =?UTF-8?Q?J=C3=BCrgen_=22J=22_=3Cx=3E?=" CRLF},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *field = field_of("To", mime_fold_phrase, rows[i].name);

		assert_string_equal(field, rows[i].field);
	}
}

static void test_long_phrases_fold(void **state)
{
	static const char *const pieces[] = {"a", "ä", EMOJI, "ab ", "Müller, ", "\"", "\\",
		"Hans Ü ", "Ä und der  ö ", "=? ", "Größenordnung "};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
		g_autoptr(GString) name = g_string_new("x");

		for (unsigned count = 1; count < 200; count++) {
			g_autofree char *bare = NULL, *field = NULL, *unfolded = NULL;
			g_autofree char *decoded = NULL;

			g_string_append(name, pieces[i]);
			bare = g_strchomp(g_strdup(name->str));
			field = field_of("To", mime_fold_phrase, bare);
			unfolded =
				mime_join_words(g_mime_utils_header_unfold(field + strlen("To:")));
			g_mime_utils_unquote_string(unfolded);
			decoded = g_mime_utils_header_decode_phrase(NULL, unfolded);
			assert_string_equal(decoded, bare);
		}
	}
}

static void add_name(MimeFold *fold, const char *name)
{
	mime_fold_word(fold, "attachment");
	mime_fold_parameter(fold, "filename", name);
}

static char *disposition_of(const char *name)
{
	return field_of("Content-Disposition", add_name, name);
}

static void test_parameters(void **state)
{
#define START "Content-Disposition: attachment;"
	static const struct {
		const char *name, *field;
	} rows[] = {
		{"Plan.pdf", START " filename=\"Plan.pdf\"" CRLF},
		{"Plan 1; neu.pdf", START " filename=\"Plan 1; neu.pdf\"" CRLF},
		{"Grüße.pdf", START " filename*=UTF-8''Gr%C3%BC%C3%9Fe.pdf" CRLF},
		{"a\"b.pdf", START " filename*=UTF-8''a%22b.pdf" CRLF},
		{"a\\b.pdf", START " filename*=UTF-8''a%5Cb.pdf" CRLF},
		{"=?x?=.pdf", START " filename*=UTF-8''%3D%3Fx%3F%3D.pdf" CRLF},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *field = disposition_of(rows[i].name);

		assert_string_equal(field, rows[i].field);
	}
}

static void test_long_names_are_cut_between_letters(void **state)
{
	static const char *const pieces[] = {"a", "ä", EMOJI, ("a ä" EMOJI)};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
		g_autoptr(GString) name = g_string_new(NULL);

		while (name->len < 300) {
			g_autofree char *field = NULL;
			GMimeContentDisposition *read;

			g_string_append(name, pieces[i]);
			field = disposition_of(name->str);
			read = g_mime_content_disposition_parse(
				NULL, field + strlen("Content-Disposition:"));
			assert_string_equal(
				g_mime_content_disposition_get_parameter(read, "filename"),
				name->str);
			g_object_unref(read);
			/* Python decodes each section alone. */
			assert_null(strstr(field, "filename*1*=%8"));
			assert_null(strstr(field, "filename*1*=%9"));
			assert_null(strstr(field, "filename*1*=%A"));
			assert_null(strstr(field, "filename*1*=%B"));
		}
	}
}

static int start_gmime(void **state)
{
	(void)state;
	g_mime_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_stands_as_it_is_where_it_can),
		cmocka_unit_test(test_long_text_reads_back),
		cmocka_unit_test(test_plain_text_folds_at_blanks),
		cmocka_unit_test(test_phrases),
		cmocka_unit_test(test_long_phrases_fold),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_long_names_are_cut_between_letters),
	};

	return cmocka_run_group_tests(tests, start_gmime, NULL);
}
