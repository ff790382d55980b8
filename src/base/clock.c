/* Wall and monotonic clock, RFC 3339. */
#include "base/clock.h"

#include <string.h>
#include <time.h>
#include <glib.h>

int64_t clock_now(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

int64_t clock_monotonic(void)
{
	return g_get_monotonic_time() / 1000;
}

char *clock_format(int64_t seconds)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);

	return time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : g_strdup("");
}

char *clock_format_german(int64_t seconds)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(seconds);

	return time ? g_date_time_format(time, "%d.%m.%Y, %H:%M Uhr") : g_strdup("");
}

/* The whole of TEXT by a strptime format in UTC, as a real calendar date. */
static bool parse_day(const char *text, const char *format, int64_t *seconds)
{
	struct tm parts = {0};
	const char *end = strptime(text, format, &parts);
	g_autoptr(GDateTime) day = NULL;

	if (!end || *end != '\0')
		return false;
	day = g_date_time_new_utc(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, 0, 0, 0);
	if (day)
		*seconds = g_date_time_to_unix(day);
	return day != NULL;
}

bool clock_parse(const char *text, int64_t *seconds)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) time = NULL;

	if (parse_day(text, "%Y-%m-%d", seconds) || parse_day(text, "%d.%m.%Y", seconds))
		return true;
	time = g_date_time_new_from_iso8601(text, utc);
	if (time)
		*seconds = g_date_time_to_unix(time);
	return time != NULL;
}
