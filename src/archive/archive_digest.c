/* SHA-256 of a mail without its trace headers, computed while the bytes stream by.
 *
 * All other bytes count as they are: the Message-ID is among them, so that equal digests mean equal
 * Message-IDs too. In doubt a header counts: two rows in the list are a nuisance, a mail hidden
 * behind another one is a loss. */
#include "archive/archive_digest.h"

#include <string.h>

/* THE table of headers that servers and programs on the way write into a mail, in lower case; a
 * '*' at the end stands for any rest. DKIM-Signature, List-* and Thread-* count as content: they
 * are the sender's, or mark a mail that a mailing list sent out anew. */
static const char *const trace_headers[] = {
	/* RFC 5321, 5322 and 7001: the way here */
	"received",
	"return-path",
	"authentication-results",
	"received-spf",
	/* RFC 8617: the chain of forwarders */
	"arc-seal",
	"arc-message-signature",
	"arc-authentication-results",
	/* whose mailbox it was put into */
	"delivered-to",
	"x-delivered-to",
	"envelope-to",
	"x-envelope-to",
	"x-envelope-from",
	"x-original-to",
	"x-resolved-to",
	"delivery-date",
	"x-received",
	/* Exchange and Exchange Online */
	"x-ms-exchange-*",
	"x-ms-has-attach",
	"x-ms-tnef-correlator",
	"x-ms-publictraffictype",
	"x-ms-traffictypediagnostic",
	"x-ms-office365-filtering-*",
	"x-microsoft-antispam*",
	"x-forefront-antispam-report*",
	"x-eopattributedmessage",
	"x-eoptenantattributedmessage",
	/* filters at each receiving server */
	"x-spam-*",
	"x-spamd-*",
	"x-rspamd-*",
	"x-virus-*",
	"x-greylist",
	"x-sieve",
	/* marks of the program that kept the mail */
	"status",
	"x-status",
	"x-uid",
	"x-uidl",
	"x-keywords",
	"x-mozilla-status",
	"x-mozilla-status2",
	"x-mozilla-keys",
	"x-gmail-labels",
	"x-gm-thrid",
};

/* Longer names are in no row of the table. */
#define NAME_LIMIT 64

typedef enum Where {
	AT_NAME,       /* reading a line's first bytes; they wait in name */
	IN_FIELD,      /* behind a name that was decided on */
	AT_LINE_START, /* a blank would go on with the field before */
	IN_BODY,
} Where;

struct ArchiveDigest {
	Sha256 *hash;
	Where where;
	bool counts;	    /* the current field */
	bool is_message_id; /* the current field */
	bool has_message_id;
	size_t name_size;
	char name[NAME_LIMIT];
};

static void start(ArchiveDigest *digest)
{
	digest->where = AT_NAME;
	digest->counts = true;
	digest->is_message_id = false;
	digest->has_message_id = false;
	digest->name_size = 0;
}

ArchiveDigest *archive_digest_new(void)
{
	ArchiveDigest *digest = g_new0(ArchiveDigest, 1);

	digest->hash = sha256_new();
	start(digest);
	return digest;
}

void archive_digest_free(ArchiveDigest *digest)
{
	if (!digest)
		return;
	sha256_free(digest->hash);
	g_free(digest);
}

static bool matches(const char *row, const char *name, size_t size)
{
	size_t length = strlen(row);

	if (row[length - 1] == '*')
		return size >= length - 1 && memcmp(row, name, length - 1) == 0;
	return size == length && memcmp(row, name, size) == 0;
}

static bool is_trace(const char *name, size_t size)
{
	for (size_t i = 0; i < G_N_ELEMENTS(trace_headers); i++) {
		if (matches(trace_headers[i], name, size))
			return true;
	}
	return false;
}

/* The bytes in name are all of a line's name: decides about the field and lets them count. */
static void decide(ArchiveDigest *digest, bool is_field)
{
	char lower[NAME_LIMIT];
	size_t size = digest->name_size;

	while (is_field && size > 0 &&
		(digest->name[size - 1] == ' ' || digest->name[size - 1] == '\t'))
		size--;
	for (size_t i = 0; i < size; i++)
		lower[i] = g_ascii_tolower(digest->name[i]);
	digest->counts = !is_field || !is_trace(lower, size);
	digest->is_message_id = is_field && matches("message-id", lower, size);
	if (digest->counts)
		sha256_update(digest->hash, digest->name, digest->name_size);
	digest->name_size = 0;
	digest->where = IN_FIELD;
}

/* One byte of a line's beginning; false: it belongs to what follows and is looked at again. */
static bool take_name(ArchiveDigest *digest, char byte)
{
	bool empty = digest->name_size == 0 || (digest->name_size == 1 && digest->name[0] == '\r');

	if (byte == '\n' && empty) {
		decide(digest, false);
		digest->where = IN_BODY;
		return false;
	}
	if (byte == ':' || byte == '\n' || digest->name_size == NAME_LIMIT) {
		decide(digest, byte == ':');
		return false;
	}
	digest->name[digest->name_size++] = byte;
	return true;
}

/* The rest of a line, as far as it has come; answers how many bytes that were. */
static size_t take_field(ArchiveDigest *digest, const char *data, size_t size)
{
	const char *end = memchr(data, '\n', size);
	size_t length = end ? (size_t)(end - data) + 1 : size;

	if (digest->counts)
		sha256_update(digest->hash, data, length);
	for (size_t i = 0; digest->is_message_id && !digest->has_message_id && i < length; i++)
		digest->has_message_id = data[i] != ':' && !g_ascii_isspace(data[i]);
	if (end)
		digest->where = AT_LINE_START;
	return length;
}

/* One step; answers how many bytes it took. */
static size_t step(ArchiveDigest *digest, const char *data, size_t size)
{
	switch (digest->where) {
	case AT_NAME:
		return take_name(digest, *data) ? 1 : 0;
	case IN_FIELD:
		return take_field(digest, data, size);
	case AT_LINE_START:
		digest->where = *data == ' ' || *data == '\t' ? IN_FIELD : AT_NAME;
		return 0;
	case IN_BODY:
		break;
	}
	sha256_update(digest->hash, data, size);
	return size;
}

void archive_digest_update(ArchiveDigest *digest, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		size_t taken = step(digest, at, size);

		at += taken;
		size -= taken;
	}
}

bool archive_digest_finish(ArchiveDigest *digest, uint8_t key[static SHA256_SIZE])
{
	bool has_message_id = digest->has_message_id;

	if (digest->where == AT_NAME)
		decide(digest, false);
	sha256_finish(digest->hash, key);
	start(digest);
	return has_message_id;
}
