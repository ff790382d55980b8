/* What a check comes down to, for whoever reads only its end: what works with which account, what
 * does not open, what is to be done by whom. */
#pragma once

#include <stdint.h>
#include <glib.h>
#include "app/check.h"

typedef struct CliCheckSummary CliCheckSummary;

CliCheckSummary *cli_check_summary_new(void);
void cli_check_summary_free(CliCheckSummary *summary);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CliCheckSummary, cli_check_summary_free)

/* Each step as it comes. */
void cli_check_summary_take(CliCheckSummary *summary, const CheckResult *result);

/* Prints it; it took so many MILLISECONDS in all. */
void cli_check_summary_print(const CliCheckSummary *summary, int64_t milliseconds);
