/* Fuzzes the lexer: the first half of the input chooses tokens to read, the second half is what the
 * server says. Nothing may be larger than its limit, and a failure must stick. */
#include <stdint.h>
#include <stdlib.h>
#include "imap/imap_lexer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool right)
{
	if (!right)
		abort();
}

static void read_literal(ImapLexer *lexer)
{
	uint64_t left = imap_lexer_literal(lexer);
	const void *data;
	ssize_t size;

	while ((size = imap_lexer_literal_read(lexer, &data)) > 0) {
		require((uint64_t)size <= left);
		left -= (uint64_t)size;
	}
	require(left == 0 || size < 0);
}

static void read_token(ImapLexer *lexer, GString *token, unsigned choice)
{
	static void (*const reads[])(ImapLexer * lexer, GString * token) = {
		imap_lexer_atom, imap_lexer_string, imap_lexer_astring, imap_lexer_item};
	static void (*const skips[])(ImapLexer * lexer) = {imap_lexer_skip_value,
		imap_lexer_skip_rest, imap_lexer_end_line, imap_lexer_forgive_length, read_literal};

	choice %= 12;
	if (choice < 4) {
		reads[choice](lexer, token);
		require(token->len <= IMAP_TOKEN_LIMIT);
	} else if (choice < 9) {
		skips[choice - 4](lexer);
	} else if (choice == 9) {
		imap_lexer_number(lexer, UINT32_MAX);
	} else if (choice == 10) {
		imap_lexer_nstring(lexer, token);
	} else {
		imap_lexer_text(lexer, token, ']', 10);
		require(token->len <= 10);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t half = size / 2;
	g_autoptr(GBytes) input = g_bytes_new(data + half, size - half);
	g_autoptr(Stream) stream = stream_open_memory(input, size > 0 ? data[0] % 16 + 1u : 1);
	g_autoptr(GString) token = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	ImapLexer lexer;

	imap_lexer_init(&lexer, stream);
	for (size_t i = 0; i < half; i++) {
		bool failed = imap_lexer_failed(&lexer);

		if (data[i] & 0x80)
			imap_lexer_sync(&lexer);
		read_token(&lexer, token, data[i] & 0x7f);
		require(!failed || imap_lexer_failed(&lexer));
	}
	error = imap_lexer_take_error(&lexer);
	require((error != NULL) == imap_lexer_failed(&lexer));
	imap_lexer_clear(&lexer);
	return 0;
}
