/* An archived mail as text for people. Only for cli*.c. */
#pragma once

#include "archive/archive.h"

/* The mail's page with its readable TEXT. */
void cli_mail_print(const ArchiveMail *mail, const char *text);
