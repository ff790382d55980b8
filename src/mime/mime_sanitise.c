/* The sanitiser: walks gumbo's tree by a loop and writes what may stay. An element is written only
 * where a parser that reads it again puts it at the same place; where it would not, as a paragraph
 * within a paragraph, its content alone stays. */
#include "mime/mime_sanitise.h"

#include <string.h>

#define TABLE_DEPTH 4 /* table, tbody, tr, td: all of them or none */

void mime_sanitiser_init(MimeSanitiser *sanitiser, MimeFindImage find_image, void *user_data)
{
	*sanitiser = (MimeSanitiser){.find_image = find_image,
		.user_data = user_data,
		.html = g_string_new(NULL),
		.time = MIME_VIEW_TIME_LIMIT,
		.pre_end = SIZE_MAX};
}

void mime_sanitiser_clear(MimeSanitiser *sanitiser)
{
	if (sanitiser->html)
		g_string_free(sanitiser->html, TRUE);
	sanitiser->html = NULL;
}

/* ---- what was in it ---- */

static const char *value_of(const GumboElement *element, const char *name)
{
	const GumboAttribute *attribute = gumbo_get_attribute(&element->attributes, name);

	return attribute ? attribute->value : NULL;
}

/* Whether URL leads out of the mail. */
static bool is_remote(const char *url)
{
	if (!url)
		return false;
	url += strspn(url, " \t\r\n\f");
	return *url && g_ascii_strncasecmp(url, "cid:", 4) != 0 &&
	       g_ascii_strncasecmp(url, "data:", 5) != 0 &&
	       g_ascii_strncasecmp(url, "about:", 6) != 0;
}

static void count_attribute(MimeSanitiser *sanitiser, const char *name, const char *value)
{
	static const char *const fetched[] = {
		"background", "srcset", "poster", "lowsrc", "dynsrc", "imagesrcset"};

	if (g_str_has_prefix(name, "on"))
		sanitiser->blocked_active++;
	else if (strcmp(name, "style") == 0 && mime_style_is_active(value))
		sanitiser->blocked_active++;
	else if (strcmp(name, "style") == 0 && mime_style_fetches(value))
		sanitiser->blocked_remote++;
	else if (strcmp(name, "href") == 0 && mime_link_is_active(value))
		sanitiser->blocked_active++;
	for (size_t i = 0; i < G_N_ELEMENTS(fetched); i++) {
		if (strcmp(name, fetched[i]) == 0 && is_remote(value))
			sanitiser->blocked_remote++;
	}
}

static bool is_fetched_link(const GumboElement *element)
{
	const char *relation = value_of(element, "rel");
	g_autofree char *small = g_ascii_strdown(relation ? relation : "", -1);

	return is_remote(value_of(element, "href")) &&
	       (strstr(small, "stylesheet") || strstr(small, "icon") || strstr(small, "pre"));
}

static bool is_fetching_style(const GumboElement *element)
{
	for (unsigned i = 0; i < element->children.length; i++) {
		const GumboNode *child = element->children.data[i];

		if (child->type == GUMBO_NODE_TEXT && mime_style_fetches(child->v.text.text))
			return true;
	}
	return false;
}

/* Counts what ELEMENT would have done or fetched; images count themselves. */
static void count_element(
	MimeSanitiser *sanitiser, const MimeElement *rule, const GumboElement *element)
{
	bool fetches = (rule->flags & MIME_FETCHES && is_remote(value_of(element, "src"))) ||
		       (element->tag == GUMBO_TAG_LINK && is_fetched_link(element)) ||
		       (element->tag == GUMBO_TAG_STYLE && is_fetching_style(element));
	bool acts = rule->flags & MIME_ACTIVE ||
		    (element->tag == GUMBO_TAG_META && value_of(element, "http-equiv") &&
			    g_ascii_strcasecmp(value_of(element, "http-equiv"), "refresh") == 0);

	sanitiser->blocked_remote += fetches;
	sanitiser->blocked_active += acts;
	for (unsigned i = 0; i < MIN(element->attributes.length, MIME_ATTRIBUTES_LIMIT); i++) {
		const GumboAttribute *attribute = element->attributes.data[i];

		count_attribute(sanitiser, attribute->name, attribute->value);
	}
}

/* ---- where an element may be ---- */

static GumboTag innermost(const MimeSanitiser *sanitiser)
{
	return sanitiser->depth ? sanitiser->open[sanitiser->depth - 1].tag : GUMBO_TAG_BODY;
}

static bool is_in_rows(const MimeSanitiser *sanitiser)
{
	return mime_element(innermost(sanitiser))->flags & MIME_ROWS;
}

static bool is_description(GumboTag tag)
{
	return tag == GUMBO_TAG_DD || tag == GUMBO_TAG_DT;
}

/* Whether TAG's start tag would end what is open. SEARCHED: the search for an open item goes on. */
static bool ends(GumboTag tag, unsigned flags, GumboTag open, bool searched)
{
	if (flags & MIME_ENDS_P && open == GUMBO_TAG_P)
		return true;
	if (flags & MIME_HEADING && mime_element(open)->flags & MIME_HEADING)
		return true;
	if (tag == GUMBO_TAG_A && open == GUMBO_TAG_A)
		return true;
	return searched && ((tag == GUMBO_TAG_LI && open == GUMBO_TAG_LI) ||
				   (is_description(tag) && is_description(open)));
}

/* Whether a parser would put TAG where it is written, and nothing is too deep. */
static bool fits(const MimeSanitiser *sanitiser, GumboTag tag)
{
	unsigned flags = mime_element(tag)->flags;
	bool searched = true;

	if (sanitiser->depth + (tag == GUMBO_TAG_TABLE ? TABLE_DEPTH : 1) > MIME_VIEW_DEPTH_LIMIT)
		return false;
	if (mime_element_is_part(tag))
		return mime_element_may_hold(innermost(sanitiser), tag);
	if (is_in_rows(sanitiser))
		return false;
	for (unsigned i = sanitiser->depth; i-- > 0;) {
		GumboTag open = sanitiser->open[i].tag;

		if (ends(tag, flags, open, searched))
			return false;
		if (mime_element(open)->flags & MIME_SCOPE)
			break;
		searched &= !(mime_element(open)->flags & MIME_SPECIAL);
	}
	return true;
}

/* ---- writing ---- */

/* How many bytes may still come before the end tags. */
static size_t room(const MimeSanitiser *sanitiser)
{
	size_t used = sanitiser->html->len - sanitiser->image_size + sanitiser->closing;

	return MAIL_HTML_LIMIT - MIN(used, MAIL_HTML_LIMIT);
}

static size_t end_size(GumboTag tag)
{
	return strlen(gumbo_normalized_tagname(tag)) + 3;
}

/* Takes back what was written since BEFORE if it was too much. */
static void keep_or_cut(MimeSanitiser *sanitiser, size_t before, size_t more)
{
	size_t used = sanitiser->html->len - sanitiser->image_size + sanitiser->closing + more;

	if (used <= MAIL_HTML_LIMIT)
		return;
	g_string_truncate(sanitiser->html, before);
	sanitiser->cut = true;
}

/* START: where the start tag, just written, begins. */
static void push(MimeSanitiser *sanitiser, const GumboNode *node, GumboTag tag, size_t start)
{
	sanitiser->open[sanitiser->depth++] = (MimeOpen){node, tag, start, sanitiser->html->len};
	sanitiser->closing += end_size(tag);
}

/* Whether the innermost element shows nothing: formatting of no text. Of misnested tags parsers
 * make any number of these, which take a browser seconds. */
static bool is_idle(const MimeSanitiser *sanitiser, const MimeOpen *open)
{
	const unsigned boxes =
		MIME_ENDS_P | MIME_SCOPE | MIME_SPECIAL | MIME_HEADING | MIME_ROWS | MIME_VOID;

	return sanitiser->html->len == open->content && !(mime_element(open->tag)->flags & boxes) &&
	       !strstr(sanitiser->html->str + open->start, " style=\"");
}

static void pop(MimeSanitiser *sanitiser)
{
	const MimeOpen *open = &sanitiser->open[--sanitiser->depth];

	if (is_idle(sanitiser, open))
		g_string_truncate(sanitiser->html, open->start);
	else
		g_string_append_printf(
			sanitiser->html, "</%s>", gumbo_normalized_tagname(open->tag));
	sanitiser->closing -= end_size(open->tag);
}

static void write_attribute(MimeSanitiser *sanitiser, const char *name, const char *value)
{
	g_string_append_printf(sanitiser->html, " %s=\"", name);
	mime_text_append_escaped(sanitiser->html, value, true);
	g_string_append_c(sanitiser->html, '"');
}

static void write_attributes(
	MimeSanitiser *sanitiser, const MimeElement *rule, const GumboElement *element)
{
	for (unsigned i = 0; i < MIN(element->attributes.length, MIME_ATTRIBUTES_LIMIT); i++) {
		const GumboAttribute *attribute = element->attributes.data[i];
		const MimeAttribute *known = mime_attribute(rule, attribute->name);
		g_autofree char *value =
			known ? mime_attribute_value(known, attribute->value) : NULL;

		if (!value)
			continue;
		write_attribute(sanitiser, known->name, value);
		if (known->kind == MIME_VALUE_LINK)
			g_string_append(sanitiser->html,
				" target=\"_blank\" rel=\"noopener noreferrer nofollow\"");
	}
}

static void write_element(MimeSanitiser *sanitiser, const MimeElement *rule, const GumboNode *node)
{
	size_t before = sanitiser->html->len;
	bool is_void = rule->flags & MIME_VOID;

	g_string_append_printf(sanitiser->html, "<%s", gumbo_normalized_tagname(rule->as));
	write_attributes(sanitiser, rule, &node->v.element);
	g_string_append_c(sanitiser->html, '>');
	keep_or_cut(sanitiser, before, is_void ? 0 : end_size(rule->as));
	if (is_void || sanitiser->cut)
		return;
	push(sanitiser, node, rule->as, before);
	if (rule->as == GUMBO_TAG_PRE)
		sanitiser->pre_end = sanitiser->html->len;
}

/* Opens a block of our own with STYLE, which is safe. */
static void write_block(MimeSanitiser *sanitiser, const GumboNode *node, const char *style)
{
	size_t before = sanitiser->html->len;

	g_string_append(sanitiser->html, "<div");
	if (*style)
		write_attribute(sanitiser, "style", style);
	g_string_append_c(sanitiser->html, '>');
	keep_or_cut(sanitiser, before, end_size(GUMBO_TAG_DIV));
	if (!sanitiser->cut)
		push(sanitiser, node, GUMBO_TAG_DIV, before);
}

/* ---- text ---- */

static bool is_space(char letter)
{
	return letter == ' ' || letter == '\t' || letter == '\n';
}

static bool is_blank_from(const GString *html, size_t start)
{
	while (start < html->len && is_space(html->str[start]))
		start++;
	return start == html->len;
}

/* Shortens what was written to SIZE bytes, not within a character or an entity. */
static void shorten(GString *html, size_t start, size_t size)
{
	const char *amp;

	while (size > start && ((unsigned char)html->str[size] & 0xC0) == 0x80)
		size--;
	g_string_truncate(html, size);
	amp = strrchr(html->str + start, '&');
	if (amp && !strchr(amp, ';'))
		g_string_truncate(html, (gsize)(amp - html->str));
}

/* A parser overlooks blanks before the first content, and a line end behind <pre>; text directly in
 * a table it moves out. */
static void write_text(MimeSanitiser *sanitiser, const char *text)
{
	GString *html = sanitiser->html;
	size_t before = html->len, most = before + room(sanitiser), blanks = 0;

	mime_text_append_escaped(html, text, false);
	if (before == sanitiser->pre_end && html->len > before && html->str[before] == '\n')
		g_string_insert_c(html, (gssize)before, '\n');
	if (is_in_rows(sanitiser) && !is_blank_from(html, before))
		g_string_truncate(html, before);
	while (before == 0 && is_space(html->str[blanks]))
		blanks++;
	g_string_erase(html, 0, (gssize)blanks);
	if (html->len > most) {
		shorten(html, before, most);
		sanitiser->cut = true;
	}
}

/* ---- images ---- */

/* Yours: the image that SRC names and that there is room for; NULL: none. */
static GBytes *image_of(MimeSanitiser *sanitiser, const char *source)
{
	g_autoptr(GBytes) image = NULL;
	g_autofree char *id = NULL;

	source += strspn(source, " \t\r\n\f");
	if (g_ascii_strncasecmp(source, "cid:", 4) == 0) {
		id = g_uri_unescape_string(source + 4, NULL);
		image = id && sanitiser->find_image
				? sanitiser->find_image(id, sanitiser->user_data)
				: NULL;
	} else {
		image = mime_image_from_uri(source);
	}
	if (image && g_bytes_get_size(image) > MIME_IMAGES_LIMIT - sanitiser->images) {
		sanitiser->truncated = true;
		return NULL;
	}
	return g_steal_pointer(&image);
}

static void write_shown(MimeSanitiser *sanitiser, const GumboElement *element, GBytes *image)
{
	size_t before = sanitiser->html->len, size;

	g_string_append(sanitiser->html, "<img src=\"");
	size = sanitiser->html->len;
	mime_image_append_uri(sanitiser->html, image);
	size = sanitiser->html->len - size;
	g_string_append_c(sanitiser->html, '"');
	write_attributes(sanitiser, mime_element(GUMBO_TAG_IMG), element);
	g_string_append_c(sanitiser->html, '>');
	sanitiser->image_size += size;
	sanitiser->images += g_bytes_get_size(image);
	keep_or_cut(sanitiser, before, 0);
	if (sanitiser->cut)
		sanitiser->image_size -= size;
}

/* Writes an image of the mail's own, else what it says instead of itself in brackets. */
static void write_image(MimeSanitiser *sanitiser, const GumboElement *element)
{
	const char *source = value_of(element, "src"), *alternative = value_of(element, "alt");
	g_autoptr(GBytes) image = source ? image_of(sanitiser, source) : NULL;
	g_autofree char *label = NULL;

	if (image && fits(sanitiser, GUMBO_TAG_IMG)) {
		write_shown(sanitiser, element, image);
		return;
	}
	sanitiser->blocked_remote += is_remote(source);
	label = g_strstrip(g_strndup(alternative ? alternative : "", MIME_LABEL_LIMIT));
	if (*label) {
		g_autofree char *valid = g_utf8_make_valid(label, -1);
		g_autofree char *text = g_strconcat("[", valid, "]", NULL);

		write_text(sanitiser, text);
	}
}

/* ---- walking ---- */

/* Colours of the page are the page's: a block around everything takes them over. */
static void write_body(MimeSanitiser *sanitiser, const GumboNode *node)
{
	static const char *const colors[][2] = {{"bgcolor", "background-color"}, {"text", "color"}};
	const char *own = value_of(&node->v.element, "style");
	g_autoptr(GString) raw = g_string_new(NULL);
	g_autoptr(GString) style = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(colors); i++) {
		const char *color = value_of(&node->v.element, colors[i][0]);
		bool bare =
			color && strlen(color) == 6 && strspn(color, "0123456789abcdefABCDEF") == 6;

		if (color && !strchr(color, ';'))
			g_string_append_printf(
				raw, "%s:%s%s;", colors[i][1], bare ? "#" : "", color);
	}
	g_string_append(raw, own ? own : "");
	mime_style_append(style, raw->str);
	if (style->len > 0 && fits(sanitiser, GUMBO_TAG_DIV))
		write_block(sanitiser, node, style->str);
}

/* Word's islands of data, which browsers show. */
static bool is_xml_island(const GumboElement *element)
{
	GumboStringPiece name = element->original_tag;

	if (element->tag != GUMBO_TAG_UNKNOWN || !name.data)
		return false;
	gumbo_tag_from_original_text(&name);
	return name.length == 3 && g_ascii_strncasecmp(name.data, "xml", 3) == 0;
}

/* Writes what ELEMENT begins; answers whether its content is looked at. */
static bool enter_element(MimeSanitiser *sanitiser, const GumboNode *node)
{
	const unsigned clones = GUMBO_INSERTION_RECONSTRUCTED_FORMATTING_ELEMENT |
				GUMBO_INSERTION_ADOPTION_AGENCY_CLONED;
	const GumboElement *element = &node->v.element;
	const MimeElement *rule = mime_element(element->tag);

	if (!(node->parse_flags & clones))
		count_element(sanitiser, rule, element);
	if (element->tag_namespace != GUMBO_NAMESPACE_HTML || rule->flags & MIME_DROP ||
		is_xml_island(element))
		return false;
	if (element->tag == GUMBO_TAG_IMG)
		write_image(sanitiser, element);
	else if (element->tag == GUMBO_TAG_BODY)
		write_body(sanitiser, node);
	else if (rule->flags & MIME_KEEP && fits(sanitiser, rule->as))
		write_element(sanitiser, rule, node);
	return true;
}

static bool is_in_head(const GumboNode *node)
{
	return node->parent && node->parent->type == GUMBO_NODE_ELEMENT &&
	       node->parent->v.element.tag == GUMBO_TAG_HEAD;
}

/* The content of NODE to look at, NULL: none. */
static const GumboVector *enter_node(MimeSanitiser *sanitiser, const GumboNode *node)
{
	switch (node->type) {
	case GUMBO_NODE_DOCUMENT:
		return &node->v.document.children;
	case GUMBO_NODE_ELEMENT:
		return enter_element(sanitiser, node) ? &node->v.element.children : NULL;
	case GUMBO_NODE_TEXT:
	case GUMBO_NODE_WHITESPACE:
	case GUMBO_NODE_CDATA:
		if (!is_in_head(node))
			write_text(sanitiser, node->v.text.text);
		return NULL;
	default:
		return NULL;
	}
}

/* Closes NODE and its ancestors until one has a next sibling; answers that, NULL at ROOT. */
static const GumboNode *leave_node(
	MimeSanitiser *sanitiser, const GumboNode *node, const GumboNode *root)
{
	while (node != root) {
		const GumboNode *parent = node->parent;
		const GumboVector *siblings = parent->type == GUMBO_NODE_DOCUMENT
						      ? &parent->v.document.children
						      : &parent->v.element.children;

		if (sanitiser->depth > 0 && sanitiser->open[sanitiser->depth - 1].node == node)
			pop(sanitiser);
		if (node->index_within_parent + 1 < siblings->length)
			return siblings->data[node->index_within_parent + 1];
		node = parent;
	}
	return NULL;
}

static void walk(const GumboNode *root, void *user_data)
{
	MimeSanitiser *sanitiser = user_data;
	const GumboNode *node = root;

	while (node && !sanitiser->cut) {
		const GumboVector *children = enter_node(sanitiser, node);

		node = children && children->length > 0 ? children->data[0]
							: leave_node(sanitiser, node, root);
	}
}

/* ---- the whole ---- */

static void close_all(MimeSanitiser *sanitiser)
{
	while (sanitiser->depth > 0)
		pop(sanitiser);
	sanitiser->truncated |= sanitiser->cut;
}

void mime_sanitiser_add_html(MimeSanitiser *sanitiser, const char *html, bool wrapped)
{
	if (wrapped && !sanitiser->cut)
		write_block(sanitiser, NULL, "");
	if (!sanitiser->cut)
		sanitiser->truncated |= !mime_html_parse(
			html, MIME_VIEW_MEMORY_LIMIT, &sanitiser->time, walk, sanitiser);
	close_all(sanitiser);
}

void mime_sanitiser_add_text(MimeSanitiser *sanitiser, const char *text)
{
	if (!sanitiser->cut)
		write_block(sanitiser, NULL, "white-space:pre-wrap");
	if (!sanitiser->cut)
		write_text(sanitiser, text);
	close_all(sanitiser);
}
