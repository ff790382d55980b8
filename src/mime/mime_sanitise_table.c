/* The lists of what may stay in a mail's HTML: elements, attributes, CSS properties. What is not
 * here goes. */
#include "mime/mime_sanitise.h"

#include <stdlib.h>
#include <string.h>

/* ---- attributes ---- */

typedef enum AttributeId {
	ALIGN,
	ALT,
	BGCOLOR,
	BORDER,
	CELLPADDING,
	CELLSPACING,
	COLOR,
	COLSPAN,
	DIRECTION,
	FACE,
	HEIGHT,
	HREF,
	LANG,
	ROWSPAN,
	SIZE,
	SPAN,
	START,
	STYLE,
	TITLE,
	TYPE,
	VALIGN,
	WIDTH,
	ATTRIBUTE_COUNT
} AttributeId;

#define BIT(id) (UINT32_C(1) << (id))

/* clang-format off */
static const MimeAttribute attributes[ATTRIBUTE_COUNT] = {
	[ALIGN]	      = {"align",	MIME_VALUE_WORD,   0, 0},
	[ALT]	      = {"alt",		MIME_VALUE_LABEL,  0, 0},
	[BGCOLOR]     = {"bgcolor",	MIME_VALUE_COLOR,  0, 0},
	[BORDER]      = {"border",	MIME_VALUE_NUMBER, 0, 50},
	[CELLPADDING] = {"cellpadding", MIME_VALUE_NUMBER, 0, 100},
	[CELLSPACING] = {"cellspacing", MIME_VALUE_NUMBER, 0, 100},
	[COLOR]	      = {"color",	MIME_VALUE_COLOR,  0, 0},
	[COLSPAN]     = {"colspan",	MIME_VALUE_NUMBER, 0, 100},
	[DIRECTION]   = {"dir",		MIME_VALUE_WORD,   0, 0},
	[FACE]	      = {"face",	MIME_VALUE_FONT,   0, 0},
	[HEIGHT]      = {"height",	MIME_VALUE_NUMBER, 0, 2000},
	[HREF]	      = {"href",	MIME_VALUE_LINK,   0, 0},
	[LANG]	      = {"lang",	MIME_VALUE_WORD,   0, 0},
	[ROWSPAN]     = {"rowspan",	MIME_VALUE_NUMBER, 0, 1000},
	[SIZE]	      = {"size",	MIME_VALUE_NUMBER, -7, 50},
	[SPAN]	      = {"span",	MIME_VALUE_NUMBER, 0, 100},
	[START]	      = {"start",	MIME_VALUE_NUMBER, 0, 1000000},
	[STYLE]	      = {"style",	MIME_VALUE_STYLE,  0, 0},
	[TITLE]	      = {"title",	MIME_VALUE_LABEL,  0, 0},
	[TYPE]	      = {"type",	MIME_VALUE_WORD,   0, 0},
	[VALIGN]      = {"valign",	MIME_VALUE_WORD,   0, 0},
	[WIDTH]	      = {"width",	MIME_VALUE_NUMBER, 0, 2000},
};
/* clang-format on */

const MimeAttribute *mime_attribute(const MimeElement *element, const char *name)
{
	for (int id = 0; id < ATTRIBUTE_COUNT; id++) {
		if (strcmp(attributes[id].name, name) == 0)
			return element->attributes & BIT(id) ? &attributes[id] : NULL;
	}
	return NULL;
}

/* ---- elements ---- */

#define ANY (BIT(STYLE) | BIT(TITLE) | BIT(LANG) | BIT(DIRECTION))
#define BLOCK (ANY | BIT(ALIGN))
#define CELLS (ANY | BIT(ALIGN) | BIT(VALIGN) | BIT(BGCOLOR) | BIT(WIDTH) | BIT(HEIGHT))

#define INLINE_AS(tag)                                                                             \
	{                                                                                          \
		MIME_KEEP, tag, ANY                                                                \
	}
#define BLOCK_AS(tag, more)                                                                        \
	{                                                                                          \
		MIME_KEEP | MIME_ENDS_P | (more), tag, BLOCK                                       \
	}
#define DIV BLOCK_AS(GUMBO_TAG_DIV, 0)
#define HEADING(tag) BLOCK_AS(tag, MIME_SPECIAL | MIME_HEADING)
#define LIST(tag)                                                                                  \
	{                                                                                          \
		MIME_KEEP | MIME_ENDS_P | MIME_SPECIAL, tag, ANY | BIT(TYPE) | BIT(START)          \
	}
#define ITEM(tag)                                                                                  \
	{                                                                                          \
		MIME_KEEP | MIME_ENDS_P | MIME_SPECIAL, tag, BLOCK | BIT(TYPE)                     \
	}
#define ROWS(tag)                                                                                  \
	{                                                                                          \
		MIME_KEEP | MIME_SPECIAL | MIME_ROWS, tag, CELLS                                   \
	}
#define CELL(tag)                                                                                  \
	{                                                                                          \
		MIME_KEEP | MIME_SPECIAL | MIME_SCOPE, tag, CELLS | BIT(COLSPAN) | BIT(ROWSPAN)    \
	}
#define GONE                                                                                       \
	{                                                                                          \
		MIME_DROP, 0, 0                                                                    \
	}
#define GONE_ACTIVE                                                                                \
	{                                                                                          \
		MIME_DROP | MIME_ACTIVE, 0, 0                                                      \
	}
#define GONE_FETCHING                                                                              \
	{                                                                                          \
		MIME_DROP | MIME_FETCHES, 0, 0                                                     \
	}

/* clang-format off */
static const MimeElement elements[GUMBO_TAG_LAST + 1] = {
	[GUMBO_TAG_A]	       = {MIME_KEEP, GUMBO_TAG_A, ANY | BIT(HREF)},
	[GUMBO_TAG_ABBR]       = INLINE_AS(GUMBO_TAG_ABBR),
	[GUMBO_TAG_ACRONYM]    = INLINE_AS(GUMBO_TAG_ABBR),
	[GUMBO_TAG_B]	       = INLINE_AS(GUMBO_TAG_B),
	[GUMBO_TAG_BIG]	       = INLINE_AS(GUMBO_TAG_BIG),
	[GUMBO_TAG_BR]	       = {MIME_KEEP | MIME_VOID, GUMBO_TAG_BR, 0},
	[GUMBO_TAG_CITE]       = INLINE_AS(GUMBO_TAG_CITE),
	[GUMBO_TAG_CODE]       = INLINE_AS(GUMBO_TAG_CODE),
	[GUMBO_TAG_DEL]	       = INLINE_AS(GUMBO_TAG_DEL),
	[GUMBO_TAG_EM]	       = INLINE_AS(GUMBO_TAG_EM),
	[GUMBO_TAG_FONT]       = {MIME_KEEP, GUMBO_TAG_FONT, ANY | BIT(COLOR) | BIT(FACE) | BIT(SIZE)},
	[GUMBO_TAG_I]	       = INLINE_AS(GUMBO_TAG_I),
	[GUMBO_TAG_IMG]	       = {MIME_KEEP | MIME_VOID, GUMBO_TAG_IMG,
				  ANY | BIT(ALT) | BIT(WIDTH) | BIT(HEIGHT) | BIT(ALIGN) | BIT(BORDER)},
	[GUMBO_TAG_INS]	       = INLINE_AS(GUMBO_TAG_INS),
	[GUMBO_TAG_KBD]	       = INLINE_AS(GUMBO_TAG_KBD),
	[GUMBO_TAG_Q]	       = INLINE_AS(GUMBO_TAG_Q),
	[GUMBO_TAG_S]	       = INLINE_AS(GUMBO_TAG_S),
	[GUMBO_TAG_SAMP]       = INLINE_AS(GUMBO_TAG_SAMP),
	[GUMBO_TAG_SMALL]      = INLINE_AS(GUMBO_TAG_SMALL),
	[GUMBO_TAG_SPAN]       = INLINE_AS(GUMBO_TAG_SPAN),
	[GUMBO_TAG_STRIKE]     = INLINE_AS(GUMBO_TAG_STRIKE),
	[GUMBO_TAG_STRONG]     = INLINE_AS(GUMBO_TAG_STRONG),
	[GUMBO_TAG_SUB]	       = INLINE_AS(GUMBO_TAG_SUB),
	[GUMBO_TAG_SUP]	       = INLINE_AS(GUMBO_TAG_SUP),
	[GUMBO_TAG_TT]	       = INLINE_AS(GUMBO_TAG_TT),
	[GUMBO_TAG_U]	       = INLINE_AS(GUMBO_TAG_U),
	[GUMBO_TAG_VAR]	       = INLINE_AS(GUMBO_TAG_VAR),

	[GUMBO_TAG_ADDRESS]    = BLOCK_AS(GUMBO_TAG_ADDRESS, 0),
	[GUMBO_TAG_BLOCKQUOTE] = BLOCK_AS(GUMBO_TAG_BLOCKQUOTE, MIME_SPECIAL),
	[GUMBO_TAG_CENTER]     = BLOCK_AS(GUMBO_TAG_CENTER, MIME_SPECIAL),
	[GUMBO_TAG_DIV]	       = DIV,
	[GUMBO_TAG_H1]	       = HEADING(GUMBO_TAG_H1),
	[GUMBO_TAG_H2]	       = HEADING(GUMBO_TAG_H2),
	[GUMBO_TAG_H3]	       = HEADING(GUMBO_TAG_H3),
	[GUMBO_TAG_H4]	       = HEADING(GUMBO_TAG_H4),
	[GUMBO_TAG_H5]	       = HEADING(GUMBO_TAG_H5),
	[GUMBO_TAG_H6]	       = HEADING(GUMBO_TAG_H6),
	[GUMBO_TAG_HR]	       = {MIME_KEEP | MIME_VOID | MIME_ENDS_P, GUMBO_TAG_HR,
				  BLOCK | BIT(WIDTH) | BIT(SIZE) | BIT(COLOR)},
	[GUMBO_TAG_P]	       = BLOCK_AS(GUMBO_TAG_P, 0),
	[GUMBO_TAG_LISTING]    = BLOCK_AS(GUMBO_TAG_PRE, MIME_SPECIAL),
	[GUMBO_TAG_PLAINTEXT]  = BLOCK_AS(GUMBO_TAG_PRE, MIME_SPECIAL),
	[GUMBO_TAG_PRE]	       = BLOCK_AS(GUMBO_TAG_PRE, MIME_SPECIAL),
	[GUMBO_TAG_XMP]	       = BLOCK_AS(GUMBO_TAG_PRE, MIME_SPECIAL),

	[GUMBO_TAG_ARTICLE]    = DIV, [GUMBO_TAG_ASIDE]	     = DIV, [GUMBO_TAG_DETAILS] = DIV,
	[GUMBO_TAG_FIELDSET]   = DIV, [GUMBO_TAG_FIGCAPTION] = DIV, [GUMBO_TAG_FIGURE]	= DIV,
	[GUMBO_TAG_FOOTER]     = DIV, [GUMBO_TAG_HEADER]     = DIV, [GUMBO_TAG_HGROUP]	= DIV,
	[GUMBO_TAG_MAIN]       = DIV, [GUMBO_TAG_NAV]	     = DIV, [GUMBO_TAG_SECTION] = DIV,
	[GUMBO_TAG_SUMMARY]    = DIV,

	[GUMBO_TAG_DIR]	       = LIST(GUMBO_TAG_UL),
	[GUMBO_TAG_DL]	       = LIST(GUMBO_TAG_DL),
	[GUMBO_TAG_MENU]       = LIST(GUMBO_TAG_UL),
	[GUMBO_TAG_OL]	       = LIST(GUMBO_TAG_OL),
	[GUMBO_TAG_UL]	       = LIST(GUMBO_TAG_UL),
	[GUMBO_TAG_DD]	       = ITEM(GUMBO_TAG_DD),
	[GUMBO_TAG_DT]	       = ITEM(GUMBO_TAG_DT),
	[GUMBO_TAG_LI]	       = ITEM(GUMBO_TAG_LI),

	[GUMBO_TAG_TABLE]      = {MIME_KEEP | MIME_SPECIAL | MIME_SCOPE | MIME_ROWS, GUMBO_TAG_TABLE,
				  CELLS | BIT(BORDER) | BIT(CELLPADDING) | BIT(CELLSPACING)},
	[GUMBO_TAG_CAPTION]    = {MIME_KEEP | MIME_SPECIAL | MIME_SCOPE, GUMBO_TAG_CAPTION, BLOCK},
	[GUMBO_TAG_COLGROUP]   = {MIME_KEEP | MIME_SPECIAL | MIME_ROWS, GUMBO_TAG_COLGROUP,
				  CELLS | BIT(SPAN)},
	[GUMBO_TAG_COL]	       = {MIME_KEEP | MIME_VOID, GUMBO_TAG_COL, CELLS | BIT(SPAN)},
	[GUMBO_TAG_TBODY]      = ROWS(GUMBO_TAG_TBODY),
	[GUMBO_TAG_THEAD]      = ROWS(GUMBO_TAG_THEAD),
	[GUMBO_TAG_TFOOT]      = ROWS(GUMBO_TAG_TFOOT),
	[GUMBO_TAG_TR]	       = ROWS(GUMBO_TAG_TR),
	[GUMBO_TAG_TD]	       = CELL(GUMBO_TAG_TD),
	[GUMBO_TAG_TH]	       = CELL(GUMBO_TAG_TH),

	[GUMBO_TAG_CANVAS]     = GONE, [GUMBO_TAG_DATALIST] = GONE, [GUMBO_TAG_NOEMBED]	 = GONE,
	[GUMBO_TAG_NOFRAMES]   = GONE, [GUMBO_TAG_STYLE]    = GONE, [GUMBO_TAG_TEMPLATE] = GONE,
	[GUMBO_TAG_TITLE]      = GONE,
	[GUMBO_TAG_AUDIO]      = GONE_FETCHING, [GUMBO_TAG_BGSOUND] = GONE_FETCHING,
	[GUMBO_TAG_VIDEO]      = GONE_FETCHING,
	[GUMBO_TAG_APPLET]     = GONE_ACTIVE, [GUMBO_TAG_EMBED]	   = GONE_ACTIVE,
	[GUMBO_TAG_FRAME]      = GONE_ACTIVE, [GUMBO_TAG_FRAMESET] = GONE_ACTIVE,
	[GUMBO_TAG_IFRAME]     = GONE_ACTIVE, [GUMBO_TAG_INPUT]	   = GONE_ACTIVE,
	[GUMBO_TAG_KEYGEN]     = GONE_ACTIVE, [GUMBO_TAG_MATH]	   = GONE_ACTIVE,
	[GUMBO_TAG_OBJECT]     = GONE_ACTIVE, [GUMBO_TAG_SCRIPT]   = GONE_ACTIVE,
	[GUMBO_TAG_SELECT]     = GONE_ACTIVE, [GUMBO_TAG_SVG]	   = GONE_ACTIVE,
	[GUMBO_TAG_TEXTAREA]   = GONE_ACTIVE,
	[GUMBO_TAG_BASE]       = {MIME_ACTIVE, 0, 0},
	[GUMBO_TAG_BUTTON]     = {MIME_ACTIVE, 0, 0},
	[GUMBO_TAG_FORM]       = {MIME_KEEP | MIME_ENDS_P | MIME_ACTIVE, GUMBO_TAG_DIV, ANY},
};
/* clang-format on */

const MimeElement *mime_element(GumboTag tag)
{
	return &elements[tag <= GUMBO_TAG_LAST ? tag : GUMBO_TAG_LAST];
}

static const struct {
	GumboTag parent, part;
} parts[] = {{GUMBO_TAG_TABLE, GUMBO_TAG_CAPTION}, {GUMBO_TAG_TABLE, GUMBO_TAG_COLGROUP},
	{GUMBO_TAG_TABLE, GUMBO_TAG_TBODY}, {GUMBO_TAG_TABLE, GUMBO_TAG_THEAD},
	{GUMBO_TAG_TABLE, GUMBO_TAG_TFOOT}, {GUMBO_TAG_COLGROUP, GUMBO_TAG_COL},
	{GUMBO_TAG_TBODY, GUMBO_TAG_TR}, {GUMBO_TAG_THEAD, GUMBO_TAG_TR},
	{GUMBO_TAG_TFOOT, GUMBO_TAG_TR}, {GUMBO_TAG_TR, GUMBO_TAG_TD},
	{GUMBO_TAG_TR, GUMBO_TAG_TH}};

bool mime_element_is_part(GumboTag part)
{
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		if (parts[i].part == part)
			return true;
	}
	return false;
}

bool mime_element_may_hold(GumboTag parent, GumboTag part)
{
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		if (parts[i].parent == parent && parts[i].part == part)
			return true;
	}
	return false;
}

/* ---- CSS ---- */

#define FONTS MIME_STYLE_FONTS
#define COLORS MIME_STYLE_COLORS
#define DISPLAY MIME_STYLE_DISPLAY

/* Sorted by name. Nothing here moves a box out of its place or hides it: no position, no negative
 * margin, no display:none, no overflow, no opacity. What is painted may still reach over what is
 * around it, as padding and background of an inline element do: whoever shows it clips it to its
 * place (web/mail_frame.c). */
/* clang-format off */
static const MimeProperty properties[] = {
	{"background",		 COLORS,	 0, 0, "background-color"},
	{"background-color",	 COLORS,	 0, 0, NULL},
	{"border",		 COLORS,	 0, 50, NULL},
	{"border-bottom",	 COLORS,	 0, 50, NULL},
	{"border-bottom-color",	 COLORS,	 0, 0, NULL},
	{"border-bottom-style",	 0,		 0, 0, NULL},
	{"border-bottom-width",	 0,		 0, 50, NULL},
	{"border-collapse",	 0,		 0, 0, NULL},
	{"border-color",	 COLORS,	 0, 0, NULL},
	{"border-left",		 COLORS,	 0, 50, NULL},
	{"border-left-color",	 COLORS,	 0, 0, NULL},
	{"border-left-style",	 0,		 0, 0, NULL},
	{"border-left-width",	 0,		 0, 50, NULL},
	{"border-radius",	 0,		 0, 200, NULL},
	{"border-right",	 COLORS,	 0, 50, NULL},
	{"border-right-color",	 COLORS,	 0, 0, NULL},
	{"border-right-style",	 0,		 0, 0, NULL},
	{"border-right-width",	 0,		 0, 50, NULL},
	{"border-spacing",	 0,		 0, 50, NULL},
	{"border-style",	 0,		 0, 0, NULL},
	{"border-top",		 COLORS,	 0, 50, NULL},
	{"border-top-color",	 COLORS,	 0, 0, NULL},
	{"border-top-style",	 0,		 0, 0, NULL},
	{"border-top-width",	 0,		 0, 50, NULL},
	{"border-width",	 0,		 0, 50, NULL},
	{"color",		 COLORS,	 0, 0, NULL},
	{"display",		 DISPLAY,	 0, 0, NULL},
	{"font",		 FONTS,		 0, 900, NULL},
	{"font-family",		 FONTS,		 0, 0, NULL},
	{"font-size",		 0,		 0, 100, NULL},
	{"font-stretch",	 0,		 0, 0, NULL},
	{"font-style",		 0,		 0, 0, NULL},
	{"font-variant",	 0,		 0, 0, NULL},
	{"font-weight",		 0,		 0, 900, NULL},
	{"height",		 0,		 0, 2000, NULL},
	{"letter-spacing",	 0,		 -2, 50, NULL},
	{"line-height",		 0,		 0, 200, NULL},
	{"list-style-type",	 0,		 0, 0, NULL},
	{"margin",		 0,		 0, 300, NULL},
	{"margin-bottom",	 0,		 0, 300, NULL},
	{"margin-left",		 0,		 0, 300, NULL},
	{"margin-right",	 0,		 0, 300, NULL},
	{"margin-top",		 0,		 0, 300, NULL},
	{"max-width",		 0,		 0, 2000, NULL},
	{"padding",		 0,		 0, 300, NULL},
	{"padding-bottom",	 0,		 0, 300, NULL},
	{"padding-left",	 0,		 0, 300, NULL},
	{"padding-right",	 0,		 0, 300, NULL},
	{"padding-top",		 0,		 0, 300, NULL},
	{"text-align",		 0,		 0, 0, NULL},
	{"text-decoration",	 COLORS,	 0, 0, NULL},
	{"text-indent",		 0,		 -100, 300, NULL},
	{"vertical-align",	 0,		 -50, 50, NULL},
	{"white-space",		 0,		 0, 0, NULL},
	{"width",		 0,		 0, 2000, NULL},
};
/* clang-format on */

static int compare_property(const void *name, const void *row)
{
	return strcmp(name, ((const MimeProperty *)row)->name);
}

const MimeProperty *mime_property(const char *name)
{
	return bsearch(
		name, properties, G_N_ELEMENTS(properties), sizeof properties[0], compare_property);
}
