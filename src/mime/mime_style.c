/* CSS in style attributes: declaration by declaration, token by token. Only what is understood is
 * written, in one spelling; there is no function but colours, no escape, no comment, no URL. A
 * quoted text cut in two by a semicolon does no harm: each half must stand for itself. */
#include "mime/mime_sanitise.h"

#include <string.h>

#define TOKEN_LIMIT 32
#define NAME_LIMIT 24	  /* the longest property has 19 letters */
#define PERCENT_LIMIT 500 /* of a length in percent */

/* One value as it is read. */
typedef struct Value {
	const char *at;
	GString *out;
	size_t start; /* of the value in out */
	const MimeProperty *property;
} Value;

static bool is_space(char letter)
{
	return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r' ||
	       letter == '\f';
}

static const char *skip_space(const char *at)
{
	while (is_space(*at))
		at++;
	return at;
}

/* ---- numbers ---- */

/* CSS pixels of one UNIT; 0: none that is allowed. Those of the window are not. */
static double pixels_of(const char *unit, size_t length)
{
	static const struct {
		const char *name;
		double pixels;
	} units[] = {{"px", 1}, {"pt", 4.0 / 3}, {"em", 16}, {"rem", 16}, {"ex", 8}, {"ch", 8},
		{"pc", 16}, {"in", 96}, {"cm", 96 / 2.54}, {"mm", 9.6 / 2.54}};

	if (length == 0)
		return 1;
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		if (strlen(units[i].name) == length &&
			g_ascii_strncasecmp(units[i].name, unit, length) == 0)
			return units[i].pixels;
	}
	return 0;
}

/* Reads "-12.5"; the number of letters, 0: none, or one that is too long. */
static size_t read_number(const char *text, double *number)
{
	const char *at = text + (*text == '-' || *text == '+');
	double sign = *text == '-' ? -1 : 1, scale = 1, value = 0;
	size_t digits = 0;

	for (; g_ascii_isdigit(*at); at++, digits++)
		value = value * 10 + (*at - '0');
	if (*at == '.' && g_ascii_isdigit(at[1])) {
		for (at++; g_ascii_isdigit(*at); at++, digits++)
			value += (*at - '0') * (scale /= 10);
	}
	*number = sign * value;
	return digits > 0 && digits <= 12 ? (size_t)(at - text) : 0;
}

static bool take_number(Value *value)
{
	double number, pixels;
	size_t length = read_number(value->at, &number), unit = 0;
	const char *rest = value->at + length;

	if (length == 0)
		return false;
	if (*rest == '%') {
		if (number < (value->property->least < 0 ? -PERCENT_LIMIT : 0) ||
			number > PERCENT_LIMIT)
			return false;
		unit = 1;
	} else {
		while (g_ascii_isalpha(rest[unit]))
			unit++;
		pixels = pixels_of(rest, unit);
		if (pixels <= 0 || number * pixels < value->property->least ||
			number * pixels > value->property->most)
			return false;
	}
	g_string_append_len(value->out, value->at, (gssize)(length + unit));
	value->at = rest + unit;
	return true;
}

/* ---- words and colours ---- */

static bool is_display(const char *word, size_t length)
{
	return (length == 5 && g_ascii_strncasecmp(word, "block", 5) == 0) ||
	       (length == 6 && g_ascii_strncasecmp(word, "inline", 6) == 0) ||
	       (length == 12 && g_ascii_strncasecmp(word, "inline-block", 12) == 0) ||
	       (length >= 5 && g_ascii_strncasecmp(word, "table", 5) == 0);
}

/* Takes "rgb(1, 2, 3)", whose name has LENGTH letters. */
static bool take_color_function(Value *value, size_t length)
{
	const char *name = value->at;
	size_t inner = strspn(name + length + 1, "0123456789.,%/+- ");

	if (!(value->property->flags & MIME_STYLE_COLORS) || inner > 2 * TOKEN_LIMIT ||
		name[length + 1 + inner] != ')' ||
		(g_ascii_strncasecmp(name, "rgb", 3) != 0 &&
			g_ascii_strncasecmp(name, "hsl", 3) != 0) ||
		(length != 3 && !(length == 4 && g_ascii_tolower(name[3]) == 'a')))
		return false;
	g_string_append_len(value->out, name, (gssize)(length + inner + 2));
	value->at = name + length + inner + 2;
	return true;
}

static bool take_word(Value *value)
{
	size_t length = 0;

	while (g_ascii_isalnum(value->at[length]) || value->at[length] == '-' ||
		value->at[length] == '_')
		length++;
	if (value->at[length] == '(')
		return take_color_function(value, length);
	if (length == 0 || length > TOKEN_LIMIT ||
		(value->property->flags & MIME_STYLE_DISPLAY && !is_display(value->at, length)))
		return false;
	g_string_append_len(value->out, value->at, (gssize)length);
	value->at += length;
	return true;
}

static bool take_hash(Value *value)
{
	size_t length = 1;

	while (g_ascii_isxdigit(value->at[length]))
		length++;
	if (length < 4 || length > 9)
		return false;
	g_string_append_len(value->out, value->at, (gssize)length);
	value->at += length;
	return true;
}

/* Takes a font's name in quotes. */
static bool take_quoted(Value *value)
{
	const char *at = value->at + 1;
	char quote = *value->at;

	while (*at && *at != quote) {
		gunichar letter = g_utf8_get_char(at);

		if (!g_unichar_isalnum(letter) && !strchr(" -_.", (int)MIN(letter, 127)))
			return false;
		at = g_utf8_next_char(at);
	}
	if (*at != quote || at - value->at > 2 * TOKEN_LIMIT)
		return false;
	g_string_append_len(value->out, value->at, at + 1 - value->at);
	value->at = at + 1;
	return true;
}

static bool starts_number(const char *at)
{
	if (*at == '-' || *at == '+')
		at++;
	return g_ascii_isdigit(*at) || (*at == '.' && g_ascii_isdigit(at[1]));
}

static bool take_token(Value *value)
{
	char letter = *value->at;
	bool fonts = value->property->flags & MIME_STYLE_FONTS;

	if (letter == ',' || (letter == '/' && fonts)) {
		g_string_append_c(value->out, letter);
		value->at++;
		return true;
	}
	if (starts_number(value->at))
		return take_number(value);
	if (letter == '#')
		return take_hash(value);
	if ((letter == '"' || letter == '\'') && fonts)
		return take_quoted(value);
	return take_word(value);
}

/* Takes all of it, single blanks between tokens; false if any of it may not stay. */
static bool take_value(Value *value)
{
	while (*(value->at = skip_space(value->at))) {
		bool blank = value->at[-1] == ' ' && value->out->len > value->start &&
			     *value->at != ',' && value->out->str[value->out->len - 1] != ',';

		if (blank)
			g_string_append_c(value->out, ' ');
		if (!take_token(value))
			return false;
	}
	return value->out->len > value->start;
}

/* ---- declarations ---- */

/* Cuts "!important" off TEXT; false if there is another exclamation mark. */
static bool cut_important(char *text)
{
	char *mark = strchr(text, '!');

	if (!mark)
		return true;
	*mark = '\0';
	return g_ascii_strcasecmp(skip_space(mark + 1), "important") == 0;
}

/* Appends "name:value" if DECLARATION, which is changed, may stay. */
static void append_declaration(GString *to, char *declaration)
{
	size_t before = to->len;
	char *colon = strchr(declaration, ':');
	const MimeProperty *property;
	Value value = {.out = to};

	if (!colon)
		return;
	*colon = '\0';
	g_strstrip(declaration);
	for (char *at = declaration; *at; at++)
		*at = g_ascii_tolower(*at);
	property = strlen(declaration) < NAME_LIMIT ? mime_property(declaration) : NULL;
	g_strstrip(colon + 1);
	if (!property || !cut_important(colon + 1))
		return;
	if (to->len > 0)
		g_string_append_c(to, ';');
	g_string_append(to, property->as ? property->as : property->name);
	g_string_append_c(to, ':');
	value.at = colon + 1;
	value.start = to->len;
	value.property = property;
	if (!take_value(&value))
		g_string_truncate(to, before);
}

void mime_style_append(GString *to, const char *style)
{
	g_autofree char *copy = NULL;
	char *next;

	if (strlen(style) > MIME_STYLE_LIMIT)
		return;
	copy = g_strdup(style);
	for (char *at = copy; *at; at++) {
		if (is_space(*at))
			*at = ' ';
	}
	for (char *at = copy; at; at = next) {
		next = strchr(at, ';');
		if (next)
			*next++ = '\0';
		append_declaration(to, at);
	}
}

/* ---- what was in it ---- */

/* Whether TEXT holds one of WORDS, in any case. */
static bool holds(const char *text, const char *const *words)
{
	g_autofree char *small = g_ascii_strdown(text, -1);

	for (; *words; words++) {
		if (strstr(small, *words))
			return true;
	}
	return false;
}

bool mime_style_fetches(const char *text)
{
	static const char *const words[] = {"url(", "@import", "image-set(", "image(", NULL};

	return holds(text, words);
}

bool mime_style_is_active(const char *text)
{
	static const char *const words[] = {"expression(",
		"behavior:", "-moz-binding:", "javascript:", "vbscript:", "\\", NULL};

	return holds(text, words);
}
