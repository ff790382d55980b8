/* Looking for secrets in texts: the text as it came and what it may be an encoding of, then every
 * place of it, then whether what stands there is there without the secret, too. */
#include "base/repeats.h"

#include <string.h>

/* So many bytes one behind the other are a piece that counts: fewer tell little, and may be chance.
 */
#define PIECE_SIZE 8
/* A shorter secret stands in every other text; one below PIECE_SIZE counts as a whole. */
#define SECRET_LEAST 4
/* No word is so long. */
#define WORD_MOST 32
/* So many letters of base64 hold SECRET_LEAST bytes. */
#define LETTERS_LEAST 6
/* A piece of base64 begins at any of its letters, so that so many bits may belong to a byte before.
 */
#define BITS_MOST 6
/* The same of hexadecimal digits. */
#define DIGITS_LEAST 8
#define DIGIT_BITS 4
/* U+FFFD, which stands for what cannot be shown. */
#define REPLACEMENT "\xef\xbf\xbd"

/* What servers say to everybody. A password that is made of such a word is not repeated by it, and
 * to withhold the text would be what tells it. */
static const char *const words[] = {"access", "account", "address", "anmeldung", "authenticated",
	"authentication", "authorization", "authorized", "basic", "bearer", "benutzer", "blocked",
	"command", "connection", "credentials", "denied", "disabled", "error", "exceeded",
	"expired", "failed", "failure", "incorrect", "internal", "invalid", "kennwort", "locked",
	"login", "mailbox", "mechanism", "message", "password", "passwort", "please", "policy",
	"protocol", "refused", "rejected", "required", "server", "service", "session", "support",
	"system", "temporarily", "temporary", "token", "unavailable", "unknown", "unsuccessful",
	"username", "wrong"};

struct Repeats {
	GPtrArray *secrets; /* Secret *, in small letters */
	GPtrArray *bare;    /* the same, without backslashes */
	GPtrArray *names;   /* char * */
};

/* One secret is looked for in one text. */
typedef struct Quest {
	const Repeats *repeats;
	const Secret *secret;
	const char *text;
	size_t size;
	bool decoded; /* TEXT was encoded */
	bool report;  /* TEXT may be ours */
} Quest;

/* Length of the piece of the secret that begins at AT: all of it, or as much as counts; 0: none.
 * What is longer than that holds another one that ends with it. */
static size_t piece_at(const Quest *quest, size_t at)
{
	const char *text = quest->text + at, *secret = secret_text(quest->secret);
	size_t left = quest->size - at, whole = secret_size(quest->secret);
	size_t least = MIN(PIECE_SIZE, whole);

	if (left >= whole && memcmp(text, secret, whole) == 0)
		return whole;
	return left >= least && memmem(secret, whole, text, least) ? least : 0;
}

/* Whether the LENGTH bytes at AT are a part of something longer: "auth" of "authentication". */
static bool is_part_of_word(const Quest *quest, size_t at, size_t length)
{
	const char *begin = quest->text + at, *last = begin + length - 1;

	return (at > 0 && g_ascii_isalnum(*begin) && g_ascii_isalnum(begin[-1])) ||
	       (at + length < quest->size && g_ascii_isalnum(*last) && g_ascii_isalnum(last[1]));
}

/* Whether the LENGTH bytes at AT stand as a word does in a sentence, and not as an argument: alone,
 * in quotes, behind a NUL. */
static bool is_in_sentence(const Quest *quest, size_t at, size_t length)
{
	size_t end = at + length;
	bool first = at == 0, last = end == quest->size;

	if (first && last)
		return false;
	return (first || quest->text[at - 1] == ' ') &&
	       (last || (quest->text[end] && strchr(" .,:;!", quest->text[end])));
}

/* Whether WORD of SIZE letters, in any case, stands around the LENGTH bytes at AT and is what they
 * are there for. */
static bool explains(const Quest *quest, size_t at, size_t length, const char *word, size_t size)
{
	if (!quest->report && size == length && length == secret_size(quest->secret) &&
		!is_in_sentence(quest, at, length))
		return false;
	for (size_t before = 0; before + length <= size && before <= at; before++) {
		if (at - before + size <= quest->size &&
			g_ascii_strncasecmp(quest->text + at - before, word, size) == 0)
			return true;
	}
	return false;
}

/* The same for NAME and for what is on either side of its "@". */
static bool name_explains(const Quest *quest, size_t at, size_t length, const char *name)
{
	const char *sign = strchr(name, '@');

	if (sign && (explains(quest, at, length, name, (size_t)(sign - name)) ||
			    explains(quest, at, length, sign + 1, strlen(sign + 1))))
		return true;
	return explains(quest, at, length, name, strlen(name));
}

/* Whether the LENGTH bytes at AT are letters only, or none of them is one, but for what stands
 * between words. */
static bool is_of_one_kind(const Quest *quest, size_t at, size_t length)
{
	bool letters = false, others = false;

	for (size_t i = at; i < at + length; i++) {
		unsigned char byte = (unsigned char)quest->text[i];

		if (g_ascii_isalpha(byte) || byte >= 0x80)
			letters = true;
		else if (!byte || !strchr(" .,:;-", byte))
			others = true;
	}
	return !letters || !others;
}

/* Whether the LENGTH bytes at AT stand as only an argument does. */
static bool is_argument(const Quest *quest, size_t at, size_t length)
{
	static const char marks[] = "=\"'<>/:\\";
	char before = at > 0 ? quest->text[at - 1] : '\0';
	char after = at + length < quest->size ? quest->text[at + length] : '\0';

	return (before && strchr(marks, before)) || (after && after != ':' && strchr(marks, after));
}

/* Whether our own sentences may hold the LENGTH bytes at AT. */
static bool is_prose(const Quest *quest, size_t at, size_t length)
{
	bool whole = length == secret_size(quest->secret) && length >= PIECE_SIZE;

	return is_of_one_kind(quest, at, length) &&
	       !(whole && (length > WORD_MOST || is_argument(quest, at, length)));
}

/* Whether the LENGTH bytes at AT are what the server would say without knowing the secret. */
static bool is_harmless(const Quest *quest, size_t at, size_t length)
{
	const GPtrArray *names = quest->repeats->names;

	if (secret_size(quest->secret) < PIECE_SIZE && !quest->decoded &&
		is_part_of_word(quest, at, length))
		return true;
	if (quest->report && !quest->decoded && is_prose(quest, at, length))
		return true;
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		if (explains(quest, at, length, words[i], strlen(words[i])))
			return true;
	}
	for (guint i = 0; i < names->len; i++) {
		if (name_explains(quest, at, length, g_ptr_array_index(names, i)))
			return true;
	}
	return false;
}

static bool repeats_plainly(const Quest *quest)
{
	for (size_t at = 0; at < quest->size; at++) {
		size_t length = piece_at(quest, at);

		if (length > 0 && !is_harmless(quest, at, length))
			return true;
	}
	return false;
}

/* ---- bytes ---- */

/* Makes a Secret of SIZE BYTES, which are wiped and freed: they may hold one. */
static Secret *take_bytes(char *bytes, size_t size)
{
	Secret *secret = secret_new(bytes, size);

	secret_wipe(bytes, size);
	g_free(bytes);
	return secret;
}

static void fold(char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = g_ascii_tolower(bytes[i]);
}

/* SIZE bytes of TEXT without PART. */
static Secret *without(const char *text, size_t size, const char *part, size_t length)
{
	char *rest = g_malloc(size + 1);
	size_t left = 0;

	for (size_t i = 0; i < size;) {
		if (size - i >= length && memcmp(text + i, part, length) == 0)
			i += length;
		else
			rest[left++] = text[i++];
	}
	return take_bytes(rest, left);
}

/* QUEST without PART, such as the NULs of UTF-16. */
static bool repeats_without(const Quest *quest, const char *part, size_t length)
{
	g_autoptr(Secret) rest = NULL;
	Quest inner = *quest;

	if (!memmem(quest->text, quest->size, part, length))
		return false;
	rest = without(quest->text, quest->size, part, length);
	inner.text = secret_text(rest);
	inner.size = secret_size(rest);
	return repeats_plainly(&inner);
}

/* In small letters already. */
static bool repeats_in_bytes(const Quest *quest)
{
	return repeats_plainly(quest) || repeats_without(quest, "", 1) ||
	       repeats_without(quest, REPLACEMENT, strlen(REPLACEMENT));
}

/* ---- encodings ---- */

/* What LETTER stands for in base64 or base64url (RFC 4648); -1: nothing. */
static int value_of(char letter)
{
	if (letter >= 'A' && letter <= 'Z')
		return letter - 'A';
	if (letter >= 'a' && letter <= 'z')
		return letter - 'a' + 26;
	if (g_ascii_isdigit(letter))
		return letter - '0' + 52;
	if (letter == '+' || letter == '-')
		return 62;
	return letter == '/' || letter == '_' ? 63 : -1;
}

static int digit_of(char letter)
{
	return g_ascii_xdigit_value(letter);
}

/* Bytes as letters of so many bits each. */
typedef struct Alphabet {
	int (*value)(char letter); /* -1: it is none */
	int bits;
	int step;     /* a piece may begin so many bits before a byte, up to a letter's */
	size_t least; /* letters */
} Alphabet;

static const Alphabet base64 = {value_of, 6, 2, LETTERS_LEAST};
static const Alphabet hexadecimal = {digit_of, DIGIT_BITS, DIGIT_BITS, DIGITS_LEAST};

/* The bytes that COUNT LETTERS are for, without their first SKIP bits, into BYTES; how many. */
static size_t decode(
	const Alphabet *alphabet, const char *letters, size_t count, int skip, char *bytes)
{
	unsigned bits = 0;
	int held = -skip;
	size_t size = 0;

	for (size_t i = 0; i < count; i++) {
		bits = bits << alphabet->bits | (unsigned)alphabet->value(letters[i]);
		held += alphabet->bits;
		if (held < 8)
			continue;
		held -= 8;
		bytes[size++] = (char)(bits >> held);
		bits &= (1u << held) - 1;
	}
	return size;
}

/* COUNT LETTERS whose beginning may be missing; BYTES has room for what they hold. */
static bool letters_repeat(const Quest *quest, const Alphabet *alphabet, const char *letters,
	size_t count, char *bytes)
{
	Quest inner = *quest;

	inner.text = bytes;
	inner.decoded = true;
	for (int skip = 0; skip <= alphabet->bits; skip += alphabet->step) {
		inner.size = decode(alphabet, letters, count, skip, bytes);
		fold(bytes, inner.size);
		if (repeats_in_bytes(&inner))
			return true;
	}
	return false;
}

static bool repeats_in_letters(const Quest *quest, const Alphabet *alphabet)
{
	char *bytes = g_malloc(quest->size + 1);
	bool repeats = false;
	size_t count;

	for (size_t at = 0; at < quest->size && !repeats; at += count + 1) {
		count = 0;
		while (at + count < quest->size && alphabet->value(quest->text[at + count]) >= 0)
			count++;
		repeats = count >= alphabet->least &&
			  letters_repeat(quest, alphabet, quest->text + at, count, bytes);
	}
	secret_wipe(bytes, quest->size);
	g_free(bytes);
	return repeats;
}

/* Capitals count in an encoding, and not in what it encodes. */
static bool repeats_folded(const Quest *quest)
{
	char *bytes = g_memdup2(quest->text, quest->size);
	g_autoptr(Secret) folded = NULL;
	Quest inner = *quest;

	fold(bytes, quest->size);
	folded = take_bytes(bytes, quest->size);
	inner.text = secret_text(folded);
	return repeats_in_bytes(&inner);
}

static bool repeats_anyhow(const Quest *quest)
{
	return secret_size(quest->secret) >= SECRET_LEAST &&
	       (repeats_folded(quest) || repeats_in_letters(quest, &base64) ||
		       repeats_in_letters(quest, &hexadecimal));
}

/* "%2B" and the like; what is none stays. */
static Secret *decode_percent(const char *text, size_t size)
{
	char *bytes = g_malloc(size + 1);
	size_t count = 0;

	for (size_t i = 0; i < size; i++) {
		int high = text[i] == '%' && size - i > 2 ? digit_of(text[i + 1]) : -1;
		int low = high >= 0 ? digit_of(text[i + 2]) : -1;

		bytes[count] = text[i];
		if (low >= 0) {
			bytes[count] = (char)(high << DIGIT_BITS | low);
			i += 2;
		}
		count++;
	}
	return take_bytes(bytes, count);
}

static bool repeats_in_percent(const Quest *quest)
{
	g_autoptr(Secret) plain = NULL;
	Quest inner = *quest;

	if (!memchr(quest->text, '%', quest->size))
		return false;
	plain = decode_percent(quest->text, quest->size);
	inner.text = secret_text(plain);
	inner.size = secret_size(plain);
	return repeats_anyhow(&inner);
}

/* Without the backslashes that quoted strings have before quotes and themselves; BARE is the secret
 * without them. */
static bool repeats_quoted(const Quest *quest, const Secret *bare)
{
	g_autoptr(Secret) text = NULL;
	Quest inner = *quest;

	if (!memchr(quest->text, '\\', quest->size))
		return false;
	text = without(quest->text, quest->size, "\\", 1);
	inner.secret = bare;
	inner.text = secret_text(text);
	inner.size = secret_size(text);
	return repeats_anyhow(&inner);
}

static bool search(const Repeats *repeats, const char *text, size_t size, bool report)
{
	for (guint i = 0; repeats && size > 0 && i < repeats->secrets->len; i++) {
		const Secret *secret = g_ptr_array_index(repeats->secrets, i);
		const Secret *bare = g_ptr_array_index(repeats->bare, i);
		const Quest quest = {repeats, secret, text, size, false, report};

		if (repeats_anyhow(&quest) || repeats_in_percent(&quest) ||
			repeats_quoted(&quest, bare))
			return true;
	}
	return false;
}

/* ---- what is looked for ---- */

Repeats *repeats_new(void)
{
	Repeats *repeats = g_new0(Repeats, 1);

	repeats->secrets = g_ptr_array_new_with_free_func((GDestroyNotify)secret_free);
	repeats->bare = g_ptr_array_new_with_free_func((GDestroyNotify)secret_free);
	repeats->names = g_ptr_array_new_with_free_func(g_free);
	return repeats;
}

void repeats_free(Repeats *repeats)
{
	if (!repeats)
		return;
	g_ptr_array_unref(repeats->secrets);
	g_ptr_array_unref(repeats->bare);
	g_ptr_array_unref(repeats->names);
	g_free(repeats);
}

static bool holds(const GPtrArray *secrets, const Secret *wanted)
{
	for (guint i = 0; i < secrets->len; i++) {
		const Secret *secret = g_ptr_array_index(secrets, i);

		if (secret_size(secret) == secret_size(wanted) &&
			memcmp(secret_text(secret), secret_text(wanted), secret_size(wanted)) == 0)
			return true;
	}
	return false;
}

void repeats_add_secret(Repeats *repeats, const Secret *secret)
{
	size_t size = secret ? secret_size(secret) : 0;
	g_autoptr(Secret) folded = NULL;
	char *bytes;

	if (size < SECRET_LEAST)
		return;
	bytes = g_memdup2(secret_text(secret), size);
	fold(bytes, size);
	folded = take_bytes(bytes, size);
	if (holds(repeats->secrets, folded))
		return;
	g_ptr_array_add(repeats->bare, without(secret_text(folded), size, "\\", 1));
	g_ptr_array_add(repeats->secrets, g_steal_pointer(&folded));
}

void repeats_add_name(Repeats *repeats, const char *name)
{
	if (name && *name &&
		!g_ptr_array_find_with_equal_func(repeats->names, name, g_str_equal, NULL))
		g_ptr_array_add(repeats->names, g_strdup(name));
}

bool repeats_in_text(const Repeats *repeats, const char *text, size_t size)
{
	return search(repeats, text, size, false);
}

bool repeats_in_report(const Repeats *repeats, const char *text)
{
	return search(repeats, text, strlen(text), true);
}

const char *repeats_withhold(const Repeats *repeats, const char *text)
{
	return text && repeats_in_text(repeats, text, strlen(text)) ? REPEATS_WITHHELD : text;
}
