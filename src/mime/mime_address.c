/* Addresses as people type them and as finished messages hold them. What is no address is refused,
 * never guessed at: mails go where these say. */
#include "mime/mime_write_internal.h"

#include <string.h>
#include <idn2.h>
#include "base/text.h"
#include "failure/failure.h"

#define ADDRESS_LIMIT 254 /* RFC 5321 section 4.5.3.1.3 without <>; its domain has at most 255 */
#define TEXT_LIMIT (MIME_WRITE_NAME_LIMIT + 2 * ADDRESS_LIMIT)
#define RAW_LIMIT                                                                                  \
	(8 * TEXT_LIMIT) /* of one in a header, where a name's letters take up to 5 bytes */

void mime_address_free(MimeAddress *address)
{
	if (!address)
		return;
	g_free(address->name);
	g_free(address->address);
	g_free(address);
}

static void refuse(GError **error, const char *text)
{
	g_autofree char *beginning = text_make_valid(text, strnlen(text, TEXT_LIMIT));
	g_autofree char *shown = text_for_terminal(beginning);

	failure_set(error, FAILURE_ADDRESS_INVALID, shown, "no address: '%s'", shown);
}

/* ---- on the wire ---- */

static bool is_ascii(const char *text)
{
	while (*text && (unsigned char)*text < 0x80)
		text++;
	return *text == '\0';
}

char *mime_address_domain(const char *address)
{
	const char *at = strrchr(address, '@');
	g_autofree char *domain = NULL;
	uint8_t *labels = NULL;

	if (!text_is_address(address) || is_ascii(at))
		return text_is_address(address) ? g_strdup(at + 1) : NULL;
	/* Not by g_hostname_to_ascii, which makes "strasse" of "straße": somebody else's (RFC
	 * 5890).
	 */
	if (idn2_lookup_u8((const uint8_t *)at + 1, &labels,
		    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return NULL;
	domain = g_strdup((const char *)labels);
	idn2_free(labels);
	return g_steal_pointer(&domain);
}

char *mime_address_wire(const char *address, GError **error)
{
	g_autofree char *domain = mime_address_domain(address);
	g_autofree char *local = NULL, *wire = NULL;

	if (!domain) {
		refuse(error, address);
		return NULL;
	}
	local = g_strndup(address, (size_t)(strrchr(address, '@') - address));
	wire = is_ascii(local) ? g_strdup_printf("%s@%s", local, domain) : g_strdup(address);
	if (strlen(wire) <= ADDRESS_LIMIT)
		return g_steal_pointer(&wire);
	refuse(error, address);
	return NULL;
}

/* ---- one address ---- */

/* Behind the quoted string that begins at TEXT; NULL: it has no end. */
static const char *skip_quoted(const char *text)
{
	for (text++; *text && *text != '"'; text++) {
		if (*text == '\\' && text[1])
			text++;
	}
	return *text ? text + 1 : NULL;
}

/* Whether a quoted string from TEXT to END (NULL: it has none) hides a "<" from its reader, and is
 * no name of its own: somebody's address got between two quotation marks. */
static bool hides_bracket(const char *text, const char *end, bool begins)
{
	size_t size = end ? (size_t)(end - text) : strlen(text);

	return memchr(text, '<', size) && !(begins && end);
}

/* The "<" that begins the address, NULL: there is none. *MANY: what stands before it looks like an
 * address and more. */
static const char *find_bracket(const char *text, bool *many)
{
	const char *start = text, *end;
	bool has_at = false, has_comma = false, hides = false;

	for (; *text && *text != '<'; text++) {
		has_at = has_at || *text == '@';
		has_comma = has_comma || *text == ',' || *text == ';';
		if (*text != '"')
			continue;
		end = skip_quoted(text);
		hides = hides || hides_bracket(text, end, text == start);
		text = end ? end - 1 : text;
	}
	*many = (has_at && has_comma) || hides;
	return *text ? text : NULL;
}

/* Yours: the name that SIZE bytes of TEXT say, without the quotation marks around it; NULL: none.
 */
static char *read_name(const char *text, size_t size)
{
	g_autofree char *name = g_strstrip(g_strndup(text, size));
	const char *end = *name == '"' ? skip_quoted(name) : NULL;
	char *to = name;

	if (end && !*end) {
		for (const char *from = name + 1; from + 1 < end; from++) {
			if (*from == '\\' && from + 2 < end)
				from++;
			*to++ = *from;
		}
		*to = '\0';
		g_strstrip(name);
	}
	return *name ? g_steal_pointer(&name) : NULL;
}

/* "NAME <ADDRESS>", with BRACKET at the "<". False: it is none. */
static bool read_bracketed(const char *text, const char *bracket, MimeAddress *address)
{
	const char *close = strchr(bracket, '>');

	if (!close || close[1])
		return false;
	address->name = read_name(text, (size_t)(bracket - text));
	address->address = g_strstrip(g_strndup(bracket + 1, (size_t)(close - bracket - 1)));
	return true;
}

/* Yours: TEXT without the blanks and tabs around it. */
static char *strip(const char *text)
{
	const char *start = text + strspn(text, " \t");
	size_t size = strlen(start);

	while (size > 0 && (start[size - 1] == ' ' || start[size - 1] == '\t'))
		size--;
	return g_strndup(start, size);
}

/* The address that TEXT of at most LIMIT bytes is. */
static MimeAddress *parse(const char *text, size_t limit, GError **error)
{
	g_autoptr(MimeAddress) address = g_new0(MimeAddress, 1);
	g_autofree char *bare = strip(text), *wire = NULL;
	bool sound = mime_is_line(bare, limit), many = false;
	const char *bracket = sound ? find_bracket(bare, &many) : NULL;

	if (bracket)
		sound = !many && read_bracketed(bare, bracket, address);
	else
		address->address = g_steal_pointer(&bare);
	wire = sound ? mime_address_wire(address->address, NULL) : NULL;
	if (wire)
		return g_steal_pointer(&address);
	refuse(error, text);
	return NULL;
}

MimeAddress *mime_address_parse(const char *text, GError **error)
{
	g_autoptr(MimeAddress) address = parse(text, TEXT_LIMIT, error);

	if (!address || !address->name || strlen(address->name) <= MIME_WRITE_NAME_LIMIT)
		return g_steal_pointer(&address);
	refuse(error, text);
	return NULL;
}

/* ---- lists ---- */

/* One pass over a field's value. */
typedef struct Splitter {
	const char *at;
	GString *piece; /* of one address so far */
	GPtrArray *addresses;
	bool is_sender; /* the field says who sends */
	bool has_at;	/* outside of words and brackets */
} Splitter;

static bool end_piece(Splitter *splitter, GError **error)
{
	g_autofree char *text = g_strstrip(g_strdup(splitter->piece->str));
	MimeAddress *address = *text ? parse(text, RAW_LIMIT, error) : NULL;

	g_string_truncate(splitter->piece, 0);
	if (address)
		g_ptr_array_add(splitter->addresses, address);
	return address || !*text;
}

/* Behind the comment at TEXT, comments within it included; NULL: it has no end. */
static const char *skip_comment(const char *text)
{
	unsigned depth = 0;

	do {
		if (*text == '\\' && text[1])
			text++;
		else if (*text == '(')
			depth++;
		else if (*text == ')')
			depth--;
		text++;
	} while (*text && depth > 0);
	return depth == 0 ? text : NULL;
}

/* Appends what cannot be cut: a quoted string, an address in brackets, or one letter; a comment is
 * a blank. False: it has no end. */
static bool take_unit(Splitter *splitter)
{
	const char *at = splitter->at, *end = at + 1;

	if (*at == '"') {
		end = skip_quoted(at);
	} else if (*at == '(') {
		end = skip_comment(at);
	} else if (*at == '<') {
		end = strchr(at, '>');
		end = end ? end + 1 : NULL;
	}
	if (!end)
		return false;
	if (*at == '(')
		g_string_append_c(splitter->piece, ' ');
	else
		g_string_append_len(splitter->piece, at, end - at);
	splitter->at = end;
	return true;
}

/* Whether LETTER, outside of words and brackets, makes a sender's field another's to some readers:
 * a group's, or an address before the one in brackets. */
static bool is_ambiguous(const Splitter *splitter, char letter)
{
	return letter == ':' || letter == ';' || (letter == '<' && splitter->has_at);
}

static bool split(Splitter *splitter, GError **error)
{
	while (*splitter->at) {
		char letter = *splitter->at;

		if (splitter->is_sender && is_ambiguous(splitter, letter)) {
			refuse(error, splitter->at);
			return false;
		}
		if (letter == ':') {
			/* A group's name is nobody. */
			g_string_truncate(splitter->piece, 0);
			splitter->at++;
		} else if (letter == ',' || letter == ';') {
			if (!end_piece(splitter, error))
				return false;
			splitter->at++;
		} else if (!take_unit(splitter)) {
			refuse(error, splitter->at);
			return false;
		}
		splitter->has_at = splitter->has_at || letter == '@';
	}
	return end_piece(splitter, error);
}

bool mime_address_list(const char *list, GPtrArray *addresses, GError **error)
{
	g_autoptr(GString) piece = g_string_new(NULL);
	Splitter splitter = {.at = list, .piece = piece, .addresses = addresses};

	return split(&splitter, error);
}

MimeAddress *mime_address_sender(const char *value)
{
	g_autoptr(GPtrArray) people =
		g_ptr_array_new_with_free_func((GDestroyNotify)mime_address_free);
	g_autoptr(GString) piece = g_string_new(NULL);
	Splitter splitter = {.at = value, .piece = piece, .addresses = people, .is_sender = true};

	if (!split(&splitter, NULL) || people->len != 1)
		return NULL;
	return g_ptr_array_steal_index(people, 0);
}
