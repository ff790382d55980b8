/* A form's fields: application/x-www-form-urlencoded, within limits; or multipart/form-data with
 * one file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <glib.h>

typedef struct Form Form;

/* At most 1,000 fields. NULL with FAILURE_FORM_INVALID: not UTF-8, NUL, too many. */
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
