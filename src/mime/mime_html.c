/* HTML: gumbo builds the tree within bounded memory and time, for the text here and for
 * mime_sanitise.c. Readable text: a loop (not a recursion) walks the tree. It shows nothing to
 * anybody, so it need not be pretty: blocks become lines. */
#include "mime/mime_internal.h"

#include <setjmp.h>
#include <string.h>
#include <time.h>
#include <gumbo.h>

#define CHUNK_SIZE (32 * 1024)
#define ALIGNMENT 16
#define TIME_MINIMUM 5000 /* microseconds; with less left nothing is begun */
#define REQUESTS_A_LOOK 16
#define INPUT_MINIMUM 1024 /* below it a document that is too large is given up */

/* ---- memory ---- */

/* A few hundred KB of misnested tags make gumbo ask for gigabytes, or work for minutes; it cannot
 * be told to stop, and it does not look whether memory came. So it gets an arena with an end, of
 * bytes and of time, which is left by a jump. */
typedef struct Arena {
	GPtrArray *chunks;
	char *next;
	size_t left;
	size_t used;
	size_t limit;
	unsigned requests;
	int64_t deadline; /* by cpu_time */
	jmp_buf full;
} Arena;

/* Microseconds that this thread has worked: on a busy machine no text may be lost. */
static int64_t cpu_time(void)
{
	struct timespec used = {0};

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return used.tv_sec * G_USEC_PER_SEC + used.tv_nsec / 1000;
}

static bool is_late(Arena *arena)
{
	return ++arena->requests % REQUESTS_A_LOOK == 0 && cpu_time() > arena->deadline;
}

static void *arena_allocate(void *user_data, size_t size)
{
	Arena *arena = user_data;
	size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	void *memory;

	if (rounded > arena->limit - arena->used || is_late(arena))
		longjmp(arena->full, 1);
	if (rounded > arena->left) {
		arena->left = MAX(rounded, (size_t)CHUNK_SIZE);
		arena->next = g_malloc(arena->left);
		g_ptr_array_add(arena->chunks, arena->next);
	}
	memory = arena->next;
	arena->next += rounded;
	arena->left -= rounded;
	arena->used += rounded;
	return memory;
}

static void arena_keep(G_GNUC_UNUSED void *user_data, G_GNUC_UNUSED void *memory)
{
}

static void arena_clear(Arena *arena)
{
	g_ptr_array_set_size(arena->chunks, 0);
	arena->left = arena->used = 0;
}

/* ---- what elements mean for the text ---- */

typedef enum Effect {
	EFFECT_NONE,
	EFFECT_SKIP,
	EFFECT_BREAK,
	EFFECT_PARAGRAPH,
	EFFECT_CELL
} Effect;

/* clang-format off */
static const unsigned char effects[GUMBO_TAG_LAST + 1] = {
	[GUMBO_TAG_HEAD] = EFFECT_SKIP, [GUMBO_TAG_TITLE] = EFFECT_SKIP,
	[GUMBO_TAG_SCRIPT] = EFFECT_SKIP, [GUMBO_TAG_STYLE] = EFFECT_SKIP,
	[GUMBO_TAG_TEMPLATE] = EFFECT_SKIP, [GUMBO_TAG_SVG] = EFFECT_SKIP,
	[GUMBO_TAG_OBJECT] = EFFECT_SKIP, [GUMBO_TAG_IFRAME] = EFFECT_SKIP,

	[GUMBO_TAG_BR] = EFFECT_BREAK, [GUMBO_TAG_HR] = EFFECT_BREAK,
	[GUMBO_TAG_DIV] = EFFECT_BREAK, [GUMBO_TAG_CENTER] = EFFECT_BREAK,
	[GUMBO_TAG_SECTION] = EFFECT_BREAK, [GUMBO_TAG_ARTICLE] = EFFECT_BREAK,
	[GUMBO_TAG_HEADER] = EFFECT_BREAK, [GUMBO_TAG_FOOTER] = EFFECT_BREAK,
	[GUMBO_TAG_TR] = EFFECT_BREAK, [GUMBO_TAG_LI] = EFFECT_BREAK,
	[GUMBO_TAG_DT] = EFFECT_BREAK, [GUMBO_TAG_DD] = EFFECT_BREAK,
	[GUMBO_TAG_ADDRESS] = EFFECT_BREAK, [GUMBO_TAG_OPTION] = EFFECT_BREAK,

	[GUMBO_TAG_P] = EFFECT_PARAGRAPH, [GUMBO_TAG_PRE] = EFFECT_PARAGRAPH,
	[GUMBO_TAG_H1] = EFFECT_PARAGRAPH, [GUMBO_TAG_H2] = EFFECT_PARAGRAPH,
	[GUMBO_TAG_H3] = EFFECT_PARAGRAPH, [GUMBO_TAG_H4] = EFFECT_PARAGRAPH,
	[GUMBO_TAG_H5] = EFFECT_PARAGRAPH, [GUMBO_TAG_H6] = EFFECT_PARAGRAPH,
	[GUMBO_TAG_UL] = EFFECT_PARAGRAPH, [GUMBO_TAG_OL] = EFFECT_PARAGRAPH,
	[GUMBO_TAG_DL] = EFFECT_PARAGRAPH, [GUMBO_TAG_TABLE] = EFFECT_PARAGRAPH,
	[GUMBO_TAG_BLOCKQUOTE] = EFFECT_PARAGRAPH,

	[GUMBO_TAG_TD] = EFFECT_CELL, [GUMBO_TAG_TH] = EFFECT_CELL,
};
/* clang-format on */

static Effect effect_of(GumboTag tag)
{
	return tag <= GUMBO_TAG_LAST ? (Effect)effects[tag] : EFFECT_NONE;
}

/* ---- writing ---- */

typedef struct Writer {
	GString *text;
	size_t start; /* of this document in text */
	size_t limit;
	int breaks; /* line ends owed before the next word */
	bool blank; /* a blank is owed */
	int pre;    /* within how many <pre> */
	bool cut;
} Writer;

static void owe_breaks(Writer *writer, int breaks)
{
	writer->breaks = MAX(writer->breaks, breaks);
}

/* Writes what is owed, then WORD. */
static void write_word(Writer *writer, const char *word, size_t size)
{
	bool first = writer->text->len == writer->start;
	size_t owed = first ? 0 : writer->breaks ? (size_t)writer->breaks : writer->blank ? 1 : 0;

	if (writer->text->len + owed + size > writer->limit) {
		writer->cut = true;
		return;
	}
	for (size_t i = 0; i < owed; i++)
		g_string_append_c(writer->text, writer->breaks ? '\n' : ' ');
	writer->breaks = 0;
	writer->blank = false;
	g_string_append_len(writer->text, word, (gssize)size);
}

static bool is_space(char letter)
{
	return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r' ||
	       letter == '\f';
}

/* Runs of white space count as one blank (no-break spaces are none of it). */
static void write_text(Writer *writer, const char *text)
{
	while (*text && !writer->cut) {
		const char *start = text;

		while (*text && !is_space(*text))
			text++;
		if (text > start)
			write_word(writer, start, (size_t)(text - start));
		for (; is_space(*text); text++) {
			writer->blank = true;
			if (writer->pre && *text == '\n')
				writer->breaks++;
		}
	}
}

/* ---- walking ---- */

static void apply(Writer *writer, const GumboElement *element, bool enters)
{
	Effect effect = effect_of(element->tag);

	if (effect == EFFECT_BREAK)
		owe_breaks(writer, 1);
	else if (effect == EFFECT_PARAGRAPH)
		owe_breaks(writer, 2);
	else if (effect == EFFECT_CELL)
		writer->blank = true;
	if (element->tag == GUMBO_TAG_PRE)
		writer->pre += enters ? 1 : -1;
	if (enters && element->tag == GUMBO_TAG_LI)
		write_word(writer, "- ", 2);
	if (enters && element->tag == GUMBO_TAG_IMG) {
		const GumboAttribute *alt = gumbo_get_attribute(&element->attributes, "alt");

		if (alt && alt->value)
			write_text(writer, alt->value);
	}
}

static const GumboVector *children_of(const GumboNode *node)
{
	if (node->type == GUMBO_NODE_DOCUMENT)
		return &node->v.document.children;
	if (node->type == GUMBO_NODE_ELEMENT && effect_of(node->v.element.tag) != EFFECT_SKIP)
		return &node->v.element.children;
	return NULL;
}

static void enter_node(Writer *writer, const GumboNode *node)
{
	if (node->type == GUMBO_NODE_ELEMENT)
		apply(writer, &node->v.element, true);
	else if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE ||
		 node->type == GUMBO_NODE_CDATA)
		write_text(writer, node->v.text.text);
}

/* Closes NODE and its ancestors until one has a next sibling; answers that, NULL at ROOT. */
static const GumboNode *leave_node(Writer *writer, const GumboNode *node, const GumboNode *root)
{
	while (node != root) {
		const GumboNode *parent = node->parent;
		const GumboVector *siblings = children_of(parent);

		if (node->type == GUMBO_NODE_ELEMENT)
			apply(writer, &node->v.element, false);
		if (node->index_within_parent + 1 < siblings->length)
			return siblings->data[node->index_within_parent + 1];
		node = parent;
	}
	return NULL;
}

static void walk(Writer *writer, const GumboNode *root)
{
	const GumboNode *node = root;

	while (node && !writer->cut) {
		const GumboVector *children;

		enter_node(writer, node);
		children = children_of(node);
		node = children && children->length > 0 ? children->data[0]
							: leave_node(writer, node, root);
	}
}

/* ---- parsing ---- */

/* Parses the first SIZE bytes and shows them; false if the arena was at its end before. */
static bool visit_document(
	Arena *arena, const char *html, size_t size, MimeTreeVisit visit, void *user_data)
{
	GumboOptions options = kGumboDefaultOptions;
	GumboOutput *output;

	options.allocator = arena_allocate;
	options.deallocator = arena_keep;
	options.userdata = arena;
	options.max_errors = 0;
	if (setjmp(arena->full) != 0)
		return false;
	output = gumbo_parse_with_options(&options, html, size);
	visit(output->document, user_data);
	return true;
}

bool mime_html_parse(const char *html, size_t memory, int64_t *microseconds, MimeTreeVisit visit,
	void *user_data)
{
	Arena arena = {.chunks = g_ptr_array_new_with_free_func(g_free), .limit = memory};
	size_t size = strlen(html);
	bool whole = true, done = false;

	/* Each attempt has half of what is left: further ones, and further documents, get some. */
	while (!done && *microseconds >= TIME_MINIMUM) {
		int64_t start = cpu_time();

		arena_clear(&arena);
		arena.deadline = start + *microseconds / 2;
		done = visit_document(&arena, html, size, visit, user_data);
		*microseconds -= cpu_time() - start;
		whole &= done;
		if (size <= INPUT_MINIMUM)
			break;
		size /= 4;
	}
	g_ptr_array_free(arena.chunks, TRUE);
	return whole && done;
}

static void write_document(const GumboNode *document, void *user_data)
{
	walk(user_data, document);
}

bool mime_html_append(GString *to, const char *html, size_t limit, int64_t *microseconds)
{
	Writer writer = {.text = to, .start = to->len, .limit = limit};
	bool whole = mime_html_parse(
		html, MIME_HTML_MEMORY_LIMIT, microseconds, write_document, &writer);

	return whole && !writer.cut;
}
