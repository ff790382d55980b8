/* The frame around every page, and the pieces that pages are made of: KERN's components with our
 * content. Pages work without scripts; amtspost.js only makes them livelier. */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include "failure/failure.h"
#include "web/html.h"
#include "web/route.h"

typedef struct Page {
	const char *title;	  /* "Benutzerverwaltung": heading and first part of the title */
	const char *const *trail; /* where it lies: "Administration", "Benutzerverwaltung", NULL */
	const char *here;	  /* the path of the menu's entry that this page belongs to */
	const char *const *tabs;  /* pairs of path and label, ended by NULL; NULL: none */
	const char *tab;	  /* the path of the present one */
	int refresh; /* seconds until it loads itself anew where scripts are off; 0: never */
	bool wide;   /* lists take the whole width, forms about 70 characters */
} Page;

/* Opens the document up to the heading, with the notice of the redirect that led here. */
Html *page_begin(const Visit *visit, const Page *page);
/* Closes the document, for pages that are sent piece by piece. */
void page_close(Html *h);
/* Closes it and answers VISIT with STATUS. Frees H. Answers true. */
bool page_end(Visit *visit, Html *h, unsigned status);

/* A whole page that tells ERROR: what happened, what to do, who can, the technical text folded. The
 * status follows from its code. Answers true. */
bool page_failure(Visit *visit, const GError *error);
/* ERROR above a form that is shown again. */
void page_alert_failure(Html *h, const GError *error);
/* What ERROR (nullable) says and advises if it is FAILURE, for the field that it is about; yours.
 * NULL: it is not. */
char *page_field_error(const GError *error, Failure failure);

typedef enum PageTone { TONE_INFO, TONE_SUCCESS, TONE_WARNING, TONE_DANGER } PageTone;
/* A box with a heading and, unless TEXT is NULL, a text. */
void page_alert(Html *h, PageTone tone, const char *heading, const char *text);
/* A word in a coloured box that a sign tells, too. */
void page_badge(Html *h, PageTone tone, const char *word);

/* ---- forms ---- */

/* <form method="post" action="ACTION"> with the session's token. */
void form_begin(Html *h, const Visit *visit, const char *action);
/* The same with an ID, for buttons that stand elsewhere. */
void form_begin_named(Html *h, const Visit *visit, const char *action, const char *id);
/* What form_begin writes of the session, for a form with attributes of its own. */
void form_session(Html *h, const Visit *visit);
void form_end(Html *h);
/* A form whose only control is a button: one deed. CLASS: "primary", "secondary", "tertiary". */
void form_button(
	Html *h, const Visit *visit, const char *action, const char *label, const char *class);
/* NAME and VALUE (nullable) are what the form sends. */
void form_submit(
	Html *h, const char *label, const char *class, const char *name, const char *value);

/* A form that starts the connection check of USER (NULL: one's own). */
void form_check(Html *h, const Visit *visit, const char *user);

typedef struct Field {
	const char *name; /* of the form; also its id */
	const char *label;
	const char *hint;	  /* below the label; NULL: none */
	const char *value;	  /* NULL: empty */
	const char *type;	  /* "text", "password", "number", "email" … NULL: text */
	const char *autocomplete; /* NULL: off */
	const char *error;	  /* a sentence tied to the field; NULL: it is fine */
	bool required;
	bool read_only;
	bool disabled;
	const char *badge;    /* beside the label ("aus Systemsteuerung"); NULL: none */
	const char *list;     /* id of a datalist; NULL: none */
	int minimum, maximum; /* numbers; 0, 0: any */
} Field;

void field_input(Html *h, const Field *field);
/* Several lines. */
void field_lines(Html *h, const Field *field, int rows);
/* CHECKED in place of the value. Sends "true", or nothing. */
void field_checkbox(Html *h, const Field *field, bool checked);

typedef struct Option {
	const char *value;
	const char *label;
	const char *group; /* options of the same group stand together; NULL: none */
} Option;

/* OPTIONS ended by a NULL value. */
void field_select(Html *h, const Field *field, const Option *options);

/* ---- lists ---- */

/* A table that becomes cards on a narrow screen: each cell carries its column's label. LABELS ended
 * by NULL; CAPTION is read out. */
void table_begin(Html *h, const char *caption, const char *const *labels);
void table_row(Html *h);
/* The next cell, labelled LABEL; the first one of a row is its heading. */
void table_cell(Html *h, const char *label);
void table_heading_cell(Html *h, const char *label);
/* A heading over the rows that follow, across COLUMNS. */
void table_group(Html *h, const char *heading, int columns);
void table_end(Html *h);

/* NUMBER, or the nearest page that there is: SIZE a page, COUNT in all. */
int64_t page_clamp(int64_t number, int64_t size, int64_t count);
/* "1–50 von 10.000" with links; PATH holds the query up to "seite=". */
void page_numbers(Html *h, const char *path, int64_t page, int64_t size, int64_t count);

/* Key and value in a list of descriptions: description_begin, …, description_end. */
void description_begin(Html *h);
void description_text(Html *h, const char *key, const char *value);
/* Opens the value for any content; description_close closes it. */
void description_open(Html *h, const char *key);
void description_close(Html *h);
void description_end(Html *h);
