/* The file of an SQLite database before SQLite opens it. */
#pragma once

#include <stdbool.h>
#include <glib.h>

/* Makes PATH (an empty file, mode 0600) if it is missing and takes others' rights on it away;
 * SQLite gives its -wal and -shm the same mode. Refuses network file systems
 * (FAILURE_STORE_NETWORK) and another person's file (FAILURE_STORE_FOREIGN). */
bool db_sqlite_prepare_file(const char *path, GError **error);

/* A new empty file of mode 0600; FAILURE_OUTPUT if there is one already. */
bool db_sqlite_make_file(const char *path, GError **error);

/* Whether TYPE, a file system's name as in /proc/self/mountinfo, is one on which SQLite's locks or
 * its shared memory do not reach the other machines. */
bool db_sqlite_is_network_type(const char *type);
