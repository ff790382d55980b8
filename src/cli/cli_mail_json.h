/* An archived mail as JSON and as text for people. Only for cli*.c. */
#pragma once

#include <jansson.h>
#include "archive/archive.h"

json_t *cli_mail_json(const ArchiveMail *mail);

/* The mail's page with its readable TEXT. */
void cli_mail_print(const ArchiveMail *mail, const char *text);
