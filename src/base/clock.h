/* Time: wall clock in seconds since 1970 (UTC), monotonic clock in milliseconds. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

int64_t clock_now(void);
int64_t clock_monotonic(void);

/* RFC 3339 in UTC ("2026-11-23T14:04:05Z"); yours. */
char *clock_format(int64_t seconds);

/* What a clerk reads: "23.11.2026, 15:04 Uhr" in local time (the zone that was set when the process
 * asked first); yours. */
char *clock_format_german(int64_t seconds);

/* The same with its zone: "23.11.2026, 15:04 Uhr (UTC+1)"; yours. */
char *clock_format_zone(int64_t seconds);

/* Only the day, "23.11.2026"; yours. */
char *clock_format_day(int64_t seconds);

/* Only the time of day, "15:04 Uhr"; yours. */
char *clock_format_hour(int64_t seconds);

/* As in a mail's header (RFC 5322 section 3.3): "Mon, 23 Nov 2026 15:04:05 +0100" in local time;
 * yours. "" outside the years 1 to 9999. */
char *clock_format_mail(int64_t seconds);

/* RFC 3339 with its zone, or a plain date (2026-11-23, 23.11.2026) meaning its first second in UTC.
 * False for everything else, with *SECONDS as it was. */
bool clock_parse(const char *text, int64_t *seconds);
