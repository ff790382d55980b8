/* The embedded files of static/ (tools/embed-static). */
#pragma once

#include <stddef.h>

typedef struct StaticFile {
	const char *name; /* "kern.css" */
	const char *type;
	const char *digest; /* changes with the contents; part of the address */
	const char *data;
	size_t size;
	const char *packed; /* gzip; NULL: it would not help */
	size_t packed_size;
} StaticFile;

/* Ended by a NULL name. */
extern const StaticFile static_files[];
