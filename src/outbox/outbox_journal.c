/* A worker's journal: its lock's file. Records are a length and a GVariant; what a process has
 * written is there after its kill -9. After a power cut it proves nothing, as nobody waits for the
 * disk: outbox_recover does not read it then. */
#include "outbox/outbox_internal.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/text.h"

#define LIMIT                                                                                      \
	((size_t)16 * 1024 * 1024) /* bytes of a journal; what is more goes to the rows at once */

/* ---- words ---- */

static char *fit(const char *text)
{
	return text ? text_make_valid(text, strlen(text)) : NULL;
}

static GPtrArray *copy_recipients(const GPtrArray *recipients)
{
	GPtrArray *copy = g_ptr_array_new_full(recipients->len, outbox_recipient_free);

	for (guint i = 0; i < recipients->len; i++) {
		const OutboxRecipient *recipient = recipients->pdata[i];
		OutboxRecipient *copied = g_new0(OutboxRecipient, 1);

		g_assert(recipient->state != OUTBOX_SENDING);
		copied->state = recipient->state;
		copied->reply = outbox_fit_reply(recipient->reply);
		g_ptr_array_add(copy, copied);
	}
	return copy;
}

OutboxWord *outbox_word_new(const OutboxOutcome *outcome, int64_t claim, int64_t handed_at)
{
	OutboxWord *word = g_new0(OutboxWord, 1);

	word->id = outcome->mail->id;
	word->claim = claim;
	word->handed_at = handed_at;
	word->noted_at = clock_now();
	word->next = outcome->next;
	word->condition = g_strdup(outcome->condition);
	word->reason = fit(outcome->reason);
	word->recipients = copy_recipients(outcome->mail->recipients);
	return word;
}

void outbox_word_free(OutboxWord *word)
{
	if (!word)
		return;
	g_free(word->condition);
	g_free(word->reason);
	g_ptr_array_unref(word->recipients);
	g_free(word);
}

/* ---- records ---- */

#define RECIPIENTS "a(ums)"
/* A word, and the mail that is handed over with its claim; 0: none. */
#define RECORD "(xxxxxmsms" RECIPIENTS "xx)"

static GVariant *write_recipients(const GPtrArray *recipients)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE(RECIPIENTS));
	for (guint i = 0; i < recipients->len; i++) {
		const OutboxRecipient *recipient = recipients->pdata[i];

		g_variant_builder_add(
			&builder, "(ums)", (guint32)recipient->state, recipient->reply);
	}
	return g_variant_builder_end(&builder);
}

/* Behind the last whole record, also where half a one was left. */
static bool write_record(OutboxLease *lease, GVariant *record)
{
	guint64 length = g_variant_get_size(record); /* eight bytes: what follows is aligned */
	size_t size = sizeof length + (size_t)length;
	g_autofree char *bytes = NULL;

	if ((size_t)lease->written + size > LIMIT)
		return false;
	bytes = g_malloc(size);
	memcpy(bytes, &length, sizeof length);
	g_variant_store(record, bytes + sizeof length);
	if (pwrite(lease->file, bytes, size, lease->written) != (ssize_t)size)
		return false;
	lease->written += (off_t)size;
	return true;
}

bool outbox_journal_add(OutboxLease *lease, const OutboxWord *word, int64_t id, int64_t claim)
{
	g_autoptr(GVariant) record =
		g_variant_ref_sink(g_variant_new("(xxxxxmsms@" RECIPIENTS "xx)", word->id,
			word->claim, word->handed_at, word->noted_at, word->next, word->condition,
			word->reason, write_recipients(word->recipients), id, claim));

	return write_record(lease, record);
}

/* Where what is over stays in the file it changes nothing: claims have numbers. */
void outbox_journal_clear(OutboxLease *lease)
{
	lease->written = 0;
	(void)!ftruncate(lease->file, 0);
}

/* ---- reading ---- */

static GPtrArray *read_recipients(GVariantIter *iter)
{
	GPtrArray *recipients = g_ptr_array_new_with_free_func(outbox_recipient_free);
	guint32 state;
	char *reply;

	while (g_variant_iter_next(iter, "(ums)", &state, &reply)) {
		OutboxRecipient *recipient = g_new0(OutboxRecipient, 1);

		recipient->state = (OutboxState)state;
		recipient->reply = reply;
		g_ptr_array_add(recipients, recipient);
	}
	return recipients;
}

static void read_record(OutboxJournal *journal, GVariant *record)
{
	OutboxWord *word = g_new0(OutboxWord, 1);
	g_autoptr(GVariantIter) iter = NULL;
	int64_t id, claim;

	g_variant_get(record, RECORD, &word->id, &word->claim, &word->handed_at, &word->noted_at,
		&word->next, &word->condition, &word->reason, &iter, &id, &claim);
	word->recipients = read_recipients(iter);
	g_ptr_array_add(journal->words, word);
	if (id != 0)
		outbox_claim_note(journal->handed, id, claim);
}

/* Up to the first record that is none, or not whole. */
static void read_records(OutboxJournal *journal, const char *bytes, size_t size)
{
	guint64 length;

	for (size_t at = 0; size - at >= sizeof length; at += length) {
		g_autoptr(GBytes) piece = NULL;
		g_autoptr(GVariant) record = NULL;

		memcpy(&length, bytes + at, sizeof length);
		at += sizeof length;
		if (length > size - at)
			return;
		piece = g_bytes_new(bytes + at, length);
		record = g_variant_ref_sink(
			g_variant_new_from_bytes(G_VARIANT_TYPE(RECORD), piece, FALSE));
		if (!g_variant_is_normal_form(record))
			return;
		read_record(journal, record);
	}
}

/* All of FILE, yours; NULL: it cannot be read. */
static char *read_file(int file, size_t *size)
{
	struct stat status;
	g_autofree char *bytes = NULL;

	if (fstat(file, &status) < 0 || (size_t)status.st_size > LIMIT)
		return NULL;
	*size = (size_t)status.st_size;
	bytes = g_malloc(*size + 1);
	return pread(file, bytes, *size, 0) == status.st_size ? g_steal_pointer(&bytes) : NULL;
}

OutboxJournal *outbox_journal_read(int file)
{
	size_t size = 0;
	g_autofree char *bytes = read_file(file, &size);
	OutboxJournal *journal;

	if (!bytes)
		return NULL;
	journal = g_new0(OutboxJournal, 1);
	journal->words = g_ptr_array_new_with_free_func((GDestroyNotify)outbox_word_free);
	journal->handed = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	read_records(journal, bytes, size);
	return journal;
}

void outbox_journal_free(OutboxJournal *journal)
{
	if (!journal)
		return;
	g_ptr_array_unref(journal->words);
	g_hash_table_unref(journal->handed);
	g_free(journal);
}

const OutboxWord *outbox_journal_find(const OutboxJournal *journal, int64_t id, int64_t claim)
{
	for (guint i = 0; i < journal->words->len; i++) {
		const OutboxWord *word = journal->words->pdata[i];

		if (word->id == id && word->claim == claim)
			return word;
	}
	return NULL;
}

bool outbox_journal_has_handed(const OutboxJournal *journal, int64_t id, int64_t claim)
{
	return outbox_claim_number(journal->handed, id) == claim;
}
