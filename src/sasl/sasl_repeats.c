/* Whether a text of a server repeats a secret of the login. Servers like to name what they could
 * not make sense of or did not accept: the command, its argument, what they decoded of it, all of
 * that or a part. Messages go into logs and to other people, secrets do not. */
#include "sasl/sasl_internal.h"

#include <string.h>

/* So many bytes one behind the other are a piece that counts: fewer tell little, and may be chance.
 */
#define PIECE_SIZE 8
/* A shorter secret stands in every other text; one below PIECE_SIZE counts as a whole. */
#define SECRET_LEAST 4
/* So many letters of base64 hold SECRET_LEAST bytes. */
#define LETTERS_LEAST 6
/* A piece of base64 begins at any of its letters, so that so many bits may belong to a byte before.
 */
#define BITS_MOST 6

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

/* One secret is looked for in one text. */
typedef struct Quest {
	const SaslIdentity *identity;
	const Secret *secret;
	const char *text;
	size_t size;
	bool decoded; /* TEXT was base64 */
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
	if (size == length && length == secret_size(quest->secret) &&
		!is_in_sentence(quest, at, length))
		return false;
	for (size_t before = 0; before + length <= size && before <= at; before++) {
		if (at - before + size <= quest->size &&
			g_ascii_strncasecmp(quest->text + at - before, word, size) == 0)
			return true;
	}
	return false;
}

/* The same for NAME (NULL: none), a user's or a host's, and for what is on either side of its "@".
 */
static bool name_explains(const Quest *quest, size_t at, size_t length, const char *name)
{
	const char *sign = name ? strchr(name, '@') : NULL;

	if (sign && (explains(quest, at, length, name, (size_t)(sign - name)) ||
			    explains(quest, at, length, sign + 1, strlen(sign + 1))))
		return true;
	return name && explains(quest, at, length, name, strlen(name));
}

/* Whether the LENGTH bytes at AT are what the server would say without knowing the secret. */
static bool is_harmless(const Quest *quest, size_t at, size_t length)
{
	const SaslIdentity *identity = quest->identity;

	if (secret_size(quest->secret) < PIECE_SIZE && !quest->decoded &&
		is_part_of_word(quest, at, length))
		return true;
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		if (explains(quest, at, length, words[i], strlen(words[i])))
			return true;
	}
	return name_explains(quest, at, length, identity->username) ||
	       name_explains(quest, at, length, identity->authorize_as) ||
	       name_explains(quest, at, length, identity->host);
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

/* The bytes that COUNT LETTERS are for, without their first SKIP bits, into BYTES; how many. */
static size_t decode(const char *letters, size_t count, int skip, char *bytes)
{
	unsigned bits = 0;
	int held = -skip;
	size_t size = 0;

	for (size_t i = 0; i < count; i++) {
		bits = bits << 6 | (unsigned)value_of(letters[i]);
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		bytes[size++] = (char)(bits >> held);
		bits &= (1u << held) - 1;
	}
	return size;
}

/* COUNT LETTERS of base64 whose beginning may be missing; BYTES has room for what they hold. */
static bool letters_repeat(const Quest *quest, const char *letters, size_t count, char *bytes)
{
	Quest inner = *quest;

	inner.text = bytes;
	inner.decoded = true;
	for (int skip = 0; skip <= BITS_MOST; skip += 2) {
		inner.size = decode(letters, count, skip, bytes);
		if (repeats_plainly(&inner))
			return true;
	}
	return false;
}

static bool repeats_in_base64(const Quest *quest)
{
	char *bytes = g_malloc(quest->size + 1);
	bool repeats = false;
	size_t count;

	for (size_t at = 0; at < quest->size && !repeats; at += count + 1) {
		count = 0;
		while (at + count < quest->size && value_of(quest->text[at + count]) >= 0)
			count++;
		repeats = count >= LETTERS_LEAST &&
			  letters_repeat(quest, quest->text + at, count, bytes);
	}
	secret_wipe(bytes, quest->size);
	g_free(bytes);
	return repeats;
}

static bool repeats(const Quest *quest)
{
	return secret_size(quest->secret) >= SECRET_LEAST &&
	       (repeats_plainly(quest) || repeats_in_base64(quest));
}

/* Without the backslashes that quoted strings have before quotes and themselves; a Secret, as it
 * may be one. */
static Secret *without_backslashes(const char *text, size_t size)
{
	GString *plain = g_string_sized_new(size);

	for (size_t i = 0; i < size; i++) {
		if (text[i] != '\\')
			g_string_append_c(plain, text[i]);
	}
	return sasl_secret_take(plain);
}

static bool repeats_quoted(const Quest *quest)
{
	g_autoptr(Secret) text = without_backslashes(quest->text, quest->size);
	g_autoptr(Secret) secret =
		without_backslashes(secret_text(quest->secret), secret_size(quest->secret));
	const Quest plain = {quest->identity, secret, secret_text(text), secret_size(text), false};

	return repeats(&plain);
}

bool sasl_repeats_secret(
	const SaslIdentity *identity, const Sasl *sasl, const char *text, size_t size)
{
	const Secret *secrets[] = {identity->password, identity->token, sasl ? sasl->proof : NULL};

	for (size_t i = 0; i < G_N_ELEMENTS(secrets); i++) {
		const Quest quest = {identity, secrets[i], text, size, false};

		if (!secrets[i])
			continue;
		if (repeats(&quest) || (memchr(text, '\\', size) && repeats_quoted(&quest)))
			return true;
	}
	return false;
}
