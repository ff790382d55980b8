/* For the tests of sent_folder.c. */
#pragma once

#include <glib.h>

/* Which of FOLDERS (ImapFolder *) holds what was sent, borrowed; NULL: none. */
const char *sent_folder_choose(const GPtrArray *folders);
