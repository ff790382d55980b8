/* Whether sanitised HTML is what it must be, told apart from the sanitiser: with lists of its own,
 * and by sanitising it once more. Shared by the fuzz target and the unit test. */
#pragma once

#include <stdbool.h>
#include <string.h>
#include "mime/mime_sanitise.h"

static inline bool is_one_of(const char *name, const char *const *list)
{
	for (; *list; list++) {
		if (strcmp(name, *list) == 0)
			return true;
	}
	return false;
}

/* Whether the parenthesis at PLACE is that of a colour. */
static inline bool is_color_function(const char *style, const char *place)
{
	static const char *const names[] = {"rgb", "rgba", "hsl", "hsla", NULL};

	for (size_t i = 0; names[i]; i++) {
		const char *start = place - strlen(names[i]);

		if (start > style && strchr(":, ", start[-1]) &&
			g_ascii_strncasecmp(start, names[i], strlen(names[i])) == 0)
			return true;
	}
	return false;
}

static inline bool is_harmless_style(const char *style)
{
	static const char *const bad[] = {"@", "\\", "/*", "<", "position:", "behavior:",
		"-moz-binding:", "opacity:", "transform:", "float:", "z-index:", "display:none",
		"content:", NULL};

	for (size_t i = 0; bad[i]; i++) {
		if (strstr(style, bad[i]))
			return false;
	}
	for (const char *place = style; (place = strchr(place, '(')); place++) {
		if (!is_color_function(style, place))
			return false;
	}
	return true;
}

static inline bool is_harmless_source(const char *source)
{
	static const char *const starts[] = {"data:image/png;base64,", "data:image/jpeg;base64,",
		"data:image/gif;base64,", "data:image/webp;base64,"};

	for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
		if (g_str_has_prefix(source, starts[i]))
			return strspn(source + strlen(starts[i]),
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789+/=") == strlen(source) - strlen(starts[i]);
	}
	return false;
}

static inline bool is_harmless_attribute(
	const GumboElement *element, const char *name, const char *value)
{
	static const char *const names[] = {"align", "alt", "bgcolor", "border", "cellpadding",
		"cellspacing", "color", "colspan", "dir", "face", "height", "href", "lang", "rel",
		"rowspan", "size", "span", "src", "start", "style", "target", "title", "type",
		"valign", "width", NULL};

	if (!is_one_of(name, names))
		return false;
	if (strcmp(name, "href") == 0)
		return element->tag == GUMBO_TAG_A &&
		       (g_ascii_strncasecmp(value, "http://", 7) == 0 ||
			       g_ascii_strncasecmp(value, "https://", 8) == 0 ||
			       g_ascii_strncasecmp(value, "mailto:", 7) == 0);
	if (strcmp(name, "src") == 0)
		return element->tag == GUMBO_TAG_IMG && is_harmless_source(value);
	return strcmp(name, "style") != 0 || is_harmless_style(value);
}

static inline bool is_harmless_element(const GumboElement *element, bool is_own)
{
	static const char *const names[] = {"a", "abbr", "address", "b", "big", "blockquote", "br",
		"caption", "center", "cite", "code", "col", "colgroup", "dd", "del", "div", "dl",
		"dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins",
		"kbd", "li", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strike",
		"strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt",
		"u", "ul", "var", NULL};

	if (is_own)
		return element->attributes.length == 0;
	if (element->tag_namespace != GUMBO_NAMESPACE_HTML || element->tag == GUMBO_TAG_UNKNOWN ||
		!is_one_of(gumbo_normalized_tagname(element->tag), names))
		return false;
	for (unsigned i = 0; i < element->attributes.length; i++) {
		const GumboAttribute *attribute = element->attributes.data[i];

		if (!is_harmless_attribute(element, attribute->name, attribute->value))
			return false;
	}
	return true;
}

/* html, head and body, which the parser adds. */
static inline bool is_frame_of(const GumboNode *node)
{
	GumboTag tag = node->v.element.tag;

	return (tag == GUMBO_TAG_HTML || tag == GUMBO_TAG_HEAD || tag == GUMBO_TAG_BODY) &&
	       node->parse_flags & GUMBO_INSERTION_BY_PARSER;
}

static inline bool is_harmless_tree(const GumboNode *node, unsigned depth)
{
	const GumboVector *children = &node->v.element.children;

	if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE)
		return true;
	if (node->type != GUMBO_NODE_ELEMENT || depth > MIME_VIEW_DEPTH_LIMIT + 3 ||
		!is_harmless_element(&node->v.element, is_frame_of(node)))
		return false;
	for (unsigned i = 0; i < children->length; i++) {
		if (!is_harmless_tree(children->data[i], depth + 1))
			return false;
	}
	return true;
}

static inline bool is_harmless_text(const char *html)
{
	if (!g_utf8_validate(html, -1, NULL))
		return false;
	for (const char *at = html; *at; at = g_utf8_next_char(at)) {
		gunichar letter = g_utf8_get_char(at);

		if ((g_unichar_iscntrl(letter) && letter != '\t' && letter != '\n') ||
			(letter >= 0x202A && letter <= 0x202E) ||
			(letter >= 0x2066 && letter <= 0x2069))
			return false;
	}
	return true;
}

/* Nothing but what may be shown, whoever parses it. */
static inline bool is_harmless(const char *html)
{
	GumboOutput *output = gumbo_parse(html);
	bool harmless = is_harmless_text(html) && is_harmless_tree(output->root, 0);

	gumbo_destroy_output(&kGumboDefaultOptions, output);
	return harmless;
}

/* Sanitised once more it is the same, and nothing is found in it. */
static inline bool is_stable(const char *html)
{
	g_auto(MimeSanitiser) again;

	mime_sanitiser_init(&again, NULL, NULL);
	mime_sanitiser_add_html(&again, html, false);
	return strcmp(again.html->str, html) == 0 && again.blocked_active == 0 &&
	       again.blocked_remote == 0 && !again.truncated;
}
