/* What the pages of the archive's list share: what the address (or a form on the page) asks for,
 * and the page itself, which forms on it show again. */
#pragma once

#include "app/viewing.h"
#include "web/page.h"

#define ARCHIVE_PATH "/archiv"
#define ARCHIVE_SELECTION_PATH "/archiv-auswahl"
#define ARCHIVE_UPLOAD_PATH "/archiv-ablegen"
#define ARCHIVE_ROWS_A_PAGE 50

/* Texts are borrowed from the request. */
typedef struct ArchiveAsked {
	ArchiveFilter filter;
	const char *words;
	const char *from_day; /* "2026-11-23" */
	const char *to_day;
	const char *place; /* where the page begins; NULL: with the newest */
	bool wrong_day;
} ArchiveAsked;

/* Its parameters in an address, ended by NULL: the place is the last. */
extern const char *const archive_parameters[];
/* One of them, of the address or of the form that was sent; NULL: none. */
const char *archive_asked_text(const Visit *visit, const char *name);
void archive_asked_read(const Visit *visit, ArchiveAsked *asked);
/* Whether anything but the words narrows the list. */
bool archive_asked_is_filtered(const ArchiveAsked *asked);
/* The address that asks for the same without the parameter WITHOUT (nullable) and, unless there is
 * a PLACE (nullable), from the newest on; yours. */
char *archive_asked_path(const Visit *visit, const char *without, const char *place);

/* The list's page. PROBLEM (nullable): why what a form on it asked for was not done; then what was
 * typed there is shown again. */
bool archive_show(Visit *visit, const GError *problem, GError **error);

/* page_archive_form.c: the search with its chips. CASES (nullable) are offered for completion;
 * amtspost.js asks for them as one types. */
void archive_write_form(Html *h, const ArchiveAsked *asked, const Viewing *viewing);
void archive_write_cases(Html *h, const GPtrArray *cases);
void archive_write_chips(Html *h, const Visit *visit, const ArchiveAsked *asked);
/* page_selection.c: the rows with boxes, and what can be done with the ticked ones. */
void archive_write_rows(
	Html *h, const Visit *visit, const ArchivePage *page, const GError *problem);
/* page_upload.c: the form that files .eml files, and what came of it. */
void archive_write_upload(Html *h, const Visit *visit, const GError *problem);
void archive_write_uploaded(Html *h, const Visit *visit, const Viewing *viewing);
