/* A form's fields: application/x-www-form-urlencoded, within limits; or multipart/form-data with
 * files. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <glib.h>

typedef struct Form Form;

/* Files stay where they are in BODY, which must live as long. At most 1,000 fields. NULL with
 * FAILURE_FORM_INVALID: not UTF-8, NUL, too many. */
Form *form_parse(const char *type, const char *body, size_t size, GError **error);
void form_free(Form *form);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Form, form_free)

/* Borrowed; NULL: not there. Line ends are LF. */
const char *form_get(const Form *form, const char *name);
/* The INDEX-th value of NAME, for lists; NULL: no more. */
const char *form_get_at(const Form *form, const char *name, size_t index);
/* The INDEX-th of all fields; *VALUE is NULL where it is a file. False: no more. */
bool form_text_at(const Form *form, size_t index, const char **name, const char **value);
/* An empty one, and a field more. */
Form *form_new(void);
void form_add(Form *form, const char *name, const char *value);
/* An uploaded file's bytes; NULL: none. */
const char *form_file(const Form *form, const char *name, size_t *size);

typedef struct FormFile {
	const char *name; /* "" where the browser did not say; invalid UTF-8 is replaced */
	const char *data; /* no NUL behind it */
	size_t size;
} FormFile;

/* The INDEX-th file of NAME (NULL: of any name), borrowed; false: no more. A field for files that
 * was left empty is none. */
bool form_file_at(const Form *form, const char *name, size_t index, FormFile *file);
