/* Inside mime/: HTML of mails made safe to show. Everything is dropped but what the lists in
 * mime_sanitise_table.c name, and what is kept is written anew, so that no byte of the mail's
 * markup reaches a browser's parser. What comes out is nested as that parser would nest it:
 * sanitised once more, it stays as it is. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>
#include <gumbo.h>
#include "mime/mime_internal.h"

/* ---- limits ---- */

#define MIME_VIEW_DEPTH_LIMIT 256	  /* elements within each other; deeper ones are left out */
#define MIME_VIEW_BODY_LIMIT (6 << 20)	  /* of one text part, decoded: images may be in it */
#define MIME_VIEW_MEMORY_LIMIT (64 << 20) /* for gumbo's tree */
#define MIME_IMAGE_LIMIT ((size_t)2 << 20)
#define MIME_IMAGES_LIMIT ((size_t)4 << 20) /* of all images, not encoded */
#define MIME_LINK_LIMIT 4096
#define MIME_STYLE_LIMIT 8192	 /* of a style attribute before it is sanitised */
#define MIME_LABEL_LIMIT 1024	 /* of alt and title */
#define MIME_ATTRIBUTES_LIMIT 64 /* of an element that are looked at */

/* ---- what may stay (mime_sanitise_table.c) ---- */

typedef enum MimeElementFlag {
	MIME_KEEP = 1 << 0,
	MIME_VOID = 1 << 1,    /* has no content and no end tag */
	MIME_DROP = 1 << 2,    /* goes with its content */
	MIME_ACTIVE = 1 << 3,  /* counts as something that does things */
	MIME_FETCHES = 1 << 4, /* its src would be fetched */
	/* How parsers nest: */
	MIME_ENDS_P = 1 << 5,  /* its start tag ends an open paragraph */
	MIME_SCOPE = 1 << 6,   /* what is open outside is not ended from inside */
	MIME_SPECIAL = 1 << 7, /* stops the search for an open list item; not div, p, address */
	MIME_HEADING = 1 << 8,
	MIME_ROWS = 1 << 9, /* holds parts of a table only */
} MimeElementFlag;

typedef struct MimeElement {
	unsigned flags;
	GumboTag as;	     /* what is written for it */
	uint32_t attributes; /* bits 1 << MimeAttributeId */
} MimeElement;

/* What becomes of an element TAG; one without MIME_KEEP and MIME_DROP leaves its content. */
const MimeElement *mime_element(GumboTag tag);
/* Whether PART, which belongs into a table, may stand directly in PARENT. */
bool mime_element_is_part(GumboTag part);
bool mime_element_may_hold(GumboTag parent, GumboTag part);

typedef enum MimeAttributeKind {
	MIME_VALUE_WORD,
	MIME_VALUE_NUMBER, /* within its limits, or a percentage */
	MIME_VALUE_COLOR,
	MIME_VALUE_FONT,
	MIME_VALUE_LABEL,
	MIME_VALUE_LINK,
	MIME_VALUE_STYLE
} MimeAttributeKind;

typedef struct MimeAttribute {
	const char *name;
	MimeAttributeKind kind;
	int least, most;
} MimeAttribute;

/* The rule for the attribute NAME of ELEMENT; NULL: it goes. */
const MimeAttribute *mime_attribute(const MimeElement *element, const char *name);

typedef enum MimePropertyFlag {
	MIME_STYLE_FONTS = 1 << 0,  /* quoted names, and a slash */
	MIME_STYLE_COLORS = 1 << 1, /* rgb() and the like */
	MIME_STYLE_DISPLAY = 1 << 2 /* only some words */
} MimePropertyFlag;

typedef struct MimeProperty {
	const char *name;
	unsigned flags;
	int least, most; /* CSS pixels of a length */
	const char *as;	 /* NULL: its own name */
} MimeProperty;

/* The rule for a CSS property in small letters; NULL: it goes. */
const MimeProperty *mime_property(const char *name);

/* ---- values (mime_style.c, mime_attribute.c) ---- */

/* Appends the declarations of STYLE that may stay, "name:value;name:value". */
void mime_style_append(GString *to, const char *style);
/* Whether TEXT, a style sheet or attribute, would fetch something; or hides what it does. */
bool mime_style_fetches(const char *text);
bool mime_style_is_active(const char *text);

/* Yours: what may stay of VALUE; NULL: the attribute goes. */
char *mime_attribute_value(const MimeAttribute *attribute, const char *value);
/* Yours: a link with one of the schemes that may stay, without controls; NULL: none of them. */
char *mime_attribute_link(const char *value);
/* Whether a link would run something. */
bool mime_link_is_active(const char *value);

/* Appends TEXT for text or a quoted attribute: escaped, without controls and direction marks. In an
 * attribute line ends are blanks. */
void mime_text_append_escaped(GString *to, const char *text, bool in_attribute);

/* ---- images (mime_image.c) ---- */

/* "image/png" and so on by how DATA begins; NULL: none that is shown. */
const char *mime_image_type(const void *data, size_t size);
/* Yours: the bytes of a data: URI with an image that is what it says; NULL: anything else. */
GBytes *mime_image_from_uri(const char *uri);
void mime_image_append_uri(GString *to, GBytes *image);

/* ---- the whole (mime_sanitise.c) ---- */

/* The image that the mail calls CONTENT_ID, yours; NULL: none that can be shown. */
typedef GBytes *(*MimeFindImage)(const char *content_id, void *user_data);

typedef struct MimeOpen {
	const GumboNode *node; /* whose end ends it; NULL: none's */
	GumboTag tag;
	size_t start, content; /* where its start tag is in the HTML, and what follows that */
} MimeOpen;

typedef struct MimeSanitiser {
	MimeFindImage find_image; /* NULL: there are none */
	void *user_data;
	GString *html;
	unsigned blocked_remote, blocked_active;
	bool truncated;

	int64_t time; /* CPU microseconds left */
	MimeOpen open[MIME_VIEW_DEPTH_LIMIT];
	unsigned depth;
	size_t closing;	   /* bytes of the end tags that are owed */
	size_t image_size; /* bytes of html that are images */
	size_t images;	   /* bytes of all images, not encoded */
	size_t pre_end;	   /* where a <pre> just began, SIZE_MAX: nowhere */
	bool cut;
} MimeSanitiser;

void mime_sanitiser_init(MimeSanitiser *sanitiser, MimeFindImage find_image, void *user_data);
void mime_sanitiser_clear(MimeSanitiser *sanitiser);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MimeSanitiser, mime_sanitiser_clear)

/* Appends an HTML document; WRAPPED: as one of several. */
void mime_sanitiser_add_html(MimeSanitiser *sanitiser, const char *html, bool wrapped);
/* Appends plain text with its lines. */
void mime_sanitiser_add_text(MimeSanitiser *sanitiser, const char *text);
