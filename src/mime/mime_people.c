/* People in address fields, as a person reads them. GMime's parser reads RFC 5322; what offices
 * receive is cut up by it: encoded words with commas in them (=?utf-8?Q?M=C3=BCller,_Hans?=), bare
 * "Müller, Hans <…>", Outlook's semicolons, "Bürger:innen <…>". It also recurses for each group
 * within a group. So the list is split here, in one pass, and only encoded words are GMime's. */
#include "mime/mime_internal.h"

#include <string.h>

#define WORD_LIMIT 1000 /* RFC 2047 allows 75 */

/* One pass over a field's value. */
typedef struct Splitter {
	const char *at;
	GString *piece;	   /* of one person so far */
	bool quotes_end;   /* no closing quotation mark follows any more */
	bool comments_end; /* nor a closing parenthesis */
	bool brackets_end; /* nor a closing angle bracket */
	GPtrArray *people;
	bool complete;
} Splitter;

/* ---- one person ---- */

/* Yours: TEXT without quotation marks and their backslashes, decoded (RFC 2047 within quotation
 * marks is wrong and usual). */
static char *decode_name(const char *text, size_t size)
{
	g_autoptr(GString) bare = g_string_sized_new(size);
	g_autofree char *decoded = NULL;
	bool quoted = false;

	for (size_t i = 0; i < size; i++) {
		if (text[i] == '"')
			quoted = !quoted;
		else if (quoted && text[i] == '\\' && i + 1 < size)
			g_string_append_c(bare, text[++i]);
		else
			g_string_append_c(bare, text[i]);
	}
	decoded = g_mime_utils_header_decode_text(mime_options(), bare->str);
	return mime_clean_line(decoded, MIME_SUBJECT_LIMIT);
}

/* Whether NAME only repeats ADDRESS, perhaps in apostrophes as Outlook writes it. */
static bool repeats(const char *name, const char *address)
{
	size_t length = strlen(name);

	if (length > 2 && name[0] == '\'' && name[length - 1] == '\'')
		return strlen(address) == length - 2 &&
		       g_ascii_strncasecmp(name + 1, address, length - 2) == 0;
	return g_ascii_strcasecmp(name, address) == 0;
}

static void add_person(Splitter *splitter, const char *name, const char *raw_address)
{
	g_autofree char *address = mime_clean_line(raw_address, MIME_SUBJECT_LIMIT);

	if (!*name && !*address)
		return;
	if (splitter->people->len >= MIME_PEOPLE_LIMIT)
		splitter->complete = false;
	else if (*name && *address && !repeats(name, address))
		g_ptr_array_add(splitter->people, g_strdup_printf("%s <%s>", name, address));
	else
		g_ptr_array_add(splitter->people, g_strdup(*address ? address : name));
}

/* "ADDRESS (NAME)", as RFC 822 had it. False if TEXT is none. */
static bool add_commented(Splitter *splitter, const char *text)
{
	const char *open = strchr(text, '(');
	const char *close = strrchr(text, ')');
	g_autofree char *name = NULL;
	g_autofree char *address = NULL;

	if (!open || !close || close < open || close[1] ||
		!memchr(text, '@', (size_t)(open - text)))
		return false;
	name = decode_name(open + 1, (size_t)(close - open - 1));
	address = g_strndup(text, (size_t)(open - text));
	add_person(splitter, name, address);
	return true;
}

/* "NAME ADDRESS" without brackets. False if TEXT is none. */
static bool add_unbracketed(Splitter *splitter, const char *text)
{
	const char *space = strrchr(text, ' ');
	g_autofree char *name = NULL;

	if (!space || !strchr(space, '@') || memchr(text, '@', (size_t)(space - text)))
		return false;
	name = decode_name(text, (size_t)(space - text));
	add_person(splitter, name, space + 1);
	return true;
}

/* The piece is whole: the person in it is added. */
static void end_piece(Splitter *splitter)
{
	char *text = g_strstrip(splitter->piece->str);
	char *open = strrchr(text, '<');
	g_autofree char *name = NULL;

	if (open) {
		name = decode_name(text, (size_t)(open - text));
		open[1 + strcspn(open + 1, ">")] = '\0';
		add_person(splitter, name, open + 1);
	} else if (!add_commented(splitter, text) && !add_unbracketed(splitter, text)) {
		name = decode_name(text, strlen(text));
		add_person(splitter, name, "");
	}
	g_string_truncate(splitter->piece, 0);
}

/* ---- the list ---- */

/* Where a part that begins at the splitter's place and ends with CLOSE is over; the place itself if
 * it never is: then that character means nothing. */
static const char *skip_enclosed(const char *at, char close, bool *never)
{
	const char *place = at;

	if (*never)
		return place;
	for (at++; *at && *at != close; at++) {
		if (*at == '\\' && at[1])
			at++;
	}
	*never = !*at;
	return *at ? at : place;
}

/* The same for an address in angle brackets, which neither comma nor semicolon may be in. */
static const char *skip_brackets(const char *at, bool *never)
{
	const char *end = *never ? at : at + strcspn(at, ">,;");

	*never = *never || !*end;
	return *end == '>' ? end : at;
}

/* An encoded word is opaque, whatever it holds; its end, or its begin if it is none. */
static const char *skip_encoded_word(const char *at)
{
	const char *end = at + 2;

	for (int marks = 0; *end && !g_ascii_isspace(*end) && end - at < WORD_LIMIT; end++) {
		if (*end == '?' && ++marks > 2 && end[1] == '=')
			return end + 1;
	}
	return at;
}

/* The end of what the splitter's place opens, be it one character. */
static const char *skip_unit(Splitter *splitter)
{
	const char *at = splitter->at;

	switch (*at) {
	case '"':
		return skip_enclosed(at, '"', &splitter->quotes_end);
	case '(':
		return skip_enclosed(at, ')', &splitter->comments_end);
	case '<':
		return skip_brackets(at, &splitter->brackets_end);
	case '=':
		return at[1] == '?' ? skip_encoded_word(at) : at;
	case '\\':
		return at[1] ? at + 1 : at;
	default:
		return at;
	}
}

/* Appends the next character with all that it opens. */
static void take(Splitter *splitter)
{
	const char *end = skip_unit(splitter) + 1;

	g_string_append_len(splitter->piece, splitter->at, end - splitter->at);
	splitter->at = end;
}

/* Whether the comma at AT belongs to a name: "Müller, Hans <…>". */
static bool is_comma_of_name(const Splitter *splitter)
{
	const char *next = splitter->at + 1;
	size_t length = strcspn(next, "<@,;\"(");

	return splitter->piece->len > 0 && !strpbrk(splitter->piece->str, "<@") &&
	       next[length] == '<';
}

/* A colon begins a group only where a semicolon can end it. */
static bool begins_group(const Splitter *splitter, const char *last_semicolon)
{
	return last_semicolon > splitter->at && !strpbrk(splitter->piece->str, "<@");
}

static void split(Splitter *splitter)
{
	const char *last_semicolon = strrchr(splitter->at, ';');

	while (*splitter->at) {
		char letter = *splitter->at;

		if (letter == ':' && begins_group(splitter, last_semicolon)) {
			/* A group's name is nobody: "undisclosed-recipients:;" is an empty list. */
			g_string_truncate(splitter->piece, 0);
		} else if (letter == ';' || (letter == ',' && !is_comma_of_name(splitter))) {
			end_piece(splitter);
		} else {
			take(splitter);
			continue;
		}
		splitter->at++;
	}
	end_piece(splitter);
}

bool mime_people_read(const MimeHeader *header, MimeField field, GPtrArray *people)
{
	g_autofree char *value = mime_header_value(header, field);
	g_autoptr(GString) piece = g_string_new(NULL);
	Splitter splitter = {.at = value, .piece = piece, .people = people, .complete = true};

	if (value)
		split(&splitter);
	return splitter.complete;
}

bool mime_senders_read(const MimeHeader *header, GPtrArray *senders)
{
	bool complete = mime_people_read(header, MIME_FROM, senders);

	return senders->len > 0 ? complete
				: mime_people_read(header, MIME_SENDER, senders) && complete;
}
