/* Readable text out of bytes: charsets, line ends, limits. HTML is mime_html.c's. */
#include "mime/mime_internal.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>
#include "base/text.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* What mails are written in. glibc keeps one table each in a file of its own, which the sealed
 * worker cannot open any more. */
static const char *const charsets[] = {"ISO-8859-1", "ISO-8859-2", "ISO-8859-3", "ISO-8859-4",
	"ISO-8859-5", "ISO-8859-6", "ISO-8859-7", "ISO-8859-8", "ISO-8859-9", "ISO-8859-10",
	"ISO-8859-13", "ISO-8859-14", "ISO-8859-15", "ISO-8859-16", "WINDOWS-1250", "WINDOWS-1251",
	"WINDOWS-1252", "WINDOWS-1253", "WINDOWS-1254", "WINDOWS-1255", "WINDOWS-1256",
	"WINDOWS-1257", "WINDOWS-1258", "IBM437", "IBM850", "IBM852", "IBM858", "IBM866",
	"MACINTOSH", "KOI8-R", "KOI8-U", "UTF-7", "UTF-16", "UTF-16LE", "UTF-16BE", "UTF-32",
	"UCS-2", "ISO-2022-JP", "EUC-JP", "SHIFT_JIS", "CP932", "GB2312", "GBK", "GB18030", "BIG5",
	"EUC-KR", "CP949", "ISO-2022-KR", "TIS-620", "US-ASCII", "UTF-8"};

void mime_text_open_charsets(void)
{
	static iconv_t converters[G_N_ELEMENTS(charsets)];

	/* Kept open for good: glibc unloads the table of a converter that nobody holds. */
	for (size_t i = 0; i < G_N_ELEMENTS(charsets); i++) {
		if (!converters[i])
			converters[i] = iconv_open("UTF-8", charsets[i]);
	}
}

/* Converts all of DATA; what the charset does not know becomes U+FFFD. */
static GString *convert(iconv_t converter, const char *data, size_t size)
{
	GString *text = g_string_sized_new(size + size / 4);
	char piece[4096];
	char *in = (char *)data;

	for (;;) {
		char *out = piece;
		size_t room = sizeof piece;
		size_t done = iconv(converter, size ? &in : NULL, &size, &out, &room);
		int reason = errno;

		g_string_append_len(text, piece, out - piece);
		if (done != (size_t)-1 && size == 0 && in == NULL)
			break;
		if (done != (size_t)-1) {
			in = NULL; /* once more: flush */
			size = 0;
			continue;
		}
		if (reason == E2BIG)
			continue;
		g_string_append(text, REPLACEMENT);
		if (reason != EILSEQ || size == 0)
			break;
		in++;
		size--;
	}
	return text;
}

/* Latin 1 is read as windows-1252, as all browsers do: its C1 controls never occur in mails, the
 * other's quotation marks and the euro do. */
static const char *usual_charset(const char *charset)
{
	static const char *const latin[] = {
		"iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "ascii", "us-ascii", "cp1252"};

	for (size_t i = 0; i < G_N_ELEMENTS(latin); i++) {
		if (g_ascii_strcasecmp(charset, latin[i]) == 0)
			return "WINDOWS-1252";
	}
	return charset;
}

static iconv_t open_converter(const char *charset)
{
	const char *name = g_mime_charset_iconv_name(charset);

	/* A name with a slash would choose options of iconv, not a charset. */
	if (strchr(charset, '/'))
		return (iconv_t)-1;
	return iconv_open("UTF-8", usual_charset(name ? name : charset));
}

static bool is_utf8_name(const char *charset)
{
	return g_ascii_strcasecmp(charset, "utf-8") == 0 ||
	       g_ascii_strcasecmp(charset, "utf8") == 0;
}

/* Without 8-bit bytes most charsets are ASCII, but these are not. */
static bool is_stateful(const char *charset)
{
	return g_ascii_strncasecmp(charset, "iso-2022", 8) == 0 ||
	       g_ascii_strncasecmp(charset, "utf-7", 5) == 0 ||
	       g_ascii_strncasecmp(charset, "utf-16", 6) == 0 ||
	       g_ascii_strncasecmp(charset, "utf-32", 6) == 0 ||
	       g_ascii_strncasecmp(charset, "ucs", 3) == 0 ||
	       g_ascii_strncasecmp(charset, "unicode", 7) == 0 ||
	       g_ascii_strncasecmp(charset, "hz", 2) == 0;
}

static bool is_ascii(const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if ((signed char)data[i] < 0)
			return false;
	}
	return true;
}

/* UTF-8 that a limit cut within a character is UTF-8 all the same. */
static bool is_utf8(const char *data, size_t size)
{
	const char *bad;

	return g_utf8_validate_len(data, size, &bad) ||
	       ((size_t)(data + size - bad) < 4 && bad > data &&
		       g_utf8_get_char_validated(bad, data + size - bad) == (gunichar)-2);
}

/* A converter for DATA; (iconv_t)-1: take it as UTF-8. */
static iconv_t choose_converter(const char *data, size_t size, const char *charset)
{
	iconv_t converter = (iconv_t)-1;

	if (charset && is_stateful(charset))
		return open_converter(charset);
	if (is_ascii(data, size))
		return converter;
	if (charset && !is_utf8_name(charset) && g_ascii_strcasecmp(charset, "us-ascii") != 0)
		converter = open_converter(charset);
	if (converter == (iconv_t)-1 && !is_utf8(data, size))
		converter = iconv_open("UTF-8", "WINDOWS-1252");
	return converter;
}

static void drop_nul(GString *text)
{
	size_t kept = 0;

	if (!memchr(text->str, '\0', text->len))
		return;
	for (size_t at = 0; at < text->len; at++) {
		if (text->str[at] != '\0')
			text->str[kept++] = text->str[at];
	}
	g_string_truncate(text, kept);
}

char *mime_text_to_utf8(const char *data, size_t size, const char *charset)
{
	iconv_t converter = choose_converter(data, size, charset);
	g_autoptr(GString) text = NULL;

	if (converter == (iconv_t)-1) {
		text = g_string_new_len(data, (gssize)size);
	} else {
		text = convert(converter, data, size);
		iconv_close(converter);
	}
	drop_nul(text);
	return text_make_valid(text->str, text->len);
}

char *mime_text_tidy(const char *text)
{
	GString *tidy = g_string_sized_new(strlen(text));

	for (const char *at = text; *at; at = g_utf8_next_char(at)) {
		gunichar letter = g_utf8_get_char(at);

		if (letter == '\r') {
			if (at[1] != '\n')
				g_string_append_c(tidy, '\n');
		} else if (letter == '\n' || letter == '\t' ||
			   (!g_unichar_iscntrl(letter) && letter != 0xFEFF)) {
			g_string_append_len(tidy, at, g_utf8_next_char(at) - at);
		}
	}
	return g_strchomp(g_string_free(tidy, FALSE));
}

bool mime_text_append(GString *to, const char *text, size_t limit)
{
	size_t size = strlen(text);
	size_t room = limit - MIN(limit, to->len);

	if (size <= room) {
		g_string_append_len(to, text, (gssize)size);
		return true;
	}
	while (room > 0 && ((unsigned char)text[room] & 0xC0) == 0x80)
		room--;
	g_string_append_len(to, text, (gssize)room);
	return false;
}
