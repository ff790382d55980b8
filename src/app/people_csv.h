/* The users that a CSV file names, checked but not yet added. Only for people*.c. */
#pragma once

#include "app/people.h"

/* One user to be added. */
typedef struct PersonRow {
	unsigned line;
	User *user;
	GArray *changes; /* SettingChange; values owned by values */
	GPtrArray *values;
} PersonRow;

/* PersonRow * for each line of the SIZE bytes at CSV, yours; TAKEN holds the folded names that
 * exist already. NULL: the file as a whole is unusable and *ERROR says why, or single rows are bad
 * and ROW_ERRORS (RowError *) names each, in the file's order. */
GPtrArray *people_read_csv(const char *csv, size_t size, const GHashTable *taken,
	GPtrArray *row_errors, GError **error);

void people_add_row_error(GPtrArray *row_errors, unsigned line, const char *sentence);
/* Adds what *ERROR says in German, and clears it. */
void people_take_row_error(GPtrArray *row_errors, unsigned line, GError **error);
