/* What an answer takes over from the mail that it answers, and new Message-IDs. */
#include "mime/mime_write.h"

#include <string.h>
#include <sys/random.h>
#include "base/text.h"
#include "mime/mime_write_internal.h"

#define RANDOM_BYTES 16

char *mime_message_id_new(const char *address)
{
	g_autofree char *domain = mime_address_domain(address);
	unsigned char bytes[RANDOM_BYTES];
	g_autoptr(GString) id = g_string_new(NULL);
	/* So few bytes come whole (getrandom(2)). */
	ssize_t count = getrandom(bytes, sizeof bytes, 0);

	g_assert(count == (ssize_t)sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++)
		g_string_append_printf(
			id, "%s%02x", i == sizeof bytes / 2 ? "." : "", (unsigned)bytes[i]);
	return g_strdup_printf("%s@%s", id->str, domain ? domain : "localhost");
}

/* Appends SIZE bytes of LINE without what no mail may hold: the mail that is answered is foreign.
 */
static void append_clean(GString *to, const char *line, size_t size)
{
	for (const char *at = line; at < line + size; at = g_utf8_next_char(at)) {
		if (*at == '\t' || !g_unichar_iscntrl(g_utf8_get_char(at)))
			g_string_append_len(to, at, g_utf8_next_char(at) - at);
	}
}

char *mime_quote(const char *text, size_t limit)
{
	g_autofree char *valid = text_make_valid(text, strlen(text));
	g_autoptr(GString) quotation = g_string_new(NULL);
	const char *at = g_strchomp(valid), *next;
	size_t size;

	for (; (next = mime_text_line(at, &size)); at = next) {
		if ((size_t)(at - valid) + size > limit) {
			g_string_append(quotation, "> […]\n");
			break;
		}
		/* Readers count the marks: none is parted from those of earlier answers. */
		g_string_append(quotation, size == 0 || *at == '>' ? ">" : "> ");
		append_clean(quotation, at, size);
		g_string_append_c(quotation, '\n');
	}
	return g_string_free(g_steal_pointer(&quotation), FALSE);
}

char *mime_answer_subject(const char *subject)
{
	static const char *const beginnings[] = {"Re:", "AW:", "Antwort:"};
	g_autofree char *bare = g_strstrip(g_strdup(subject));

	for (size_t i = 0; i < G_N_ELEMENTS(beginnings); i++) {
		if (g_ascii_strncasecmp(bare, beginnings[i], strlen(beginnings[i])) == 0)
			return g_steal_pointer(&bare);
	}
	return g_strdup_printf("AW: %s", bare);
}
