/* Who sees which mails of the archive: the user's mailboxes as the settings say now, and the right
 * Archiv. */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include "app/office.h"
#include "archive/archive.h"
#include "user/user.h"

typedef struct Viewing {
	bool sees_all;
	GStrv mailboxes;      /* of the user, also where all are seen */
	ArchiveViewer viewer; /* borrows MAILBOXES and the user's name */
} Viewing;

/* What USER, borrowed, sees. */
bool viewing_open(Office *office, const User *user, Viewing *viewing, GError **error);
void viewing_clear(Viewing *viewing);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Viewing, viewing_clear)

/* For archive/, borrowed; NULL: sees all. */
const ArchiveViewer *viewing_viewer(const Viewing *viewing);
