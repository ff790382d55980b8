/* The command line: commands as sentences, for people in German or, with --json, for programs. */
#pragma once

/* Runs one command and answers its exit status (man/amtspost.1). */
int cli_main(int argc, char **argv);
