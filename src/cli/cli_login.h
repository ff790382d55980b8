/* Signing in on the way: commands that need a login ask for it where a person is there. */
#pragma once

#include "cli/cli_internal.h"

/* Runs COMMAND; if it ends for want of a sign-in and a person is at the terminal, says so, leads
 * through the sign-in of the option --user, and runs it once more. */
bool cli_run_signed_in(Cli *cli, CliRun *command, GError **error);
