/* Dates of RFC 3501: INTERNALDATE in, SEARCH's day out. */
#include "imap/imap_internal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const months[] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static int find_month(const char *name)
{
	for (int i = 0; i < (int)G_N_ELEMENTS(months); i++) {
		if (g_ascii_strcasecmp(name, months[i]) == 0)
			return i;
	}
	return -1;
}

/* "+0130" in seconds. */
static bool parse_zone(const char *zone, int *offset)
{
	int hours, minutes;

	if ((zone[0] != '+' && zone[0] != '-') || strlen(zone) != 5 ||
		sscanf(zone + 1, "%2d%2d", &hours, &minutes) != 2 || hours > 23 || minutes > 59)
		return false;
	*offset = (hours * 60 + minutes) * (zone[0] == '-' ? -60 : 60);
	return true;
}

static bool is_sane(const struct tm *time)
{
	return time->tm_mon >= 0 && time->tm_mday >= 1 && time->tm_mday <= 31 &&
	       time->tm_hour >= 0 && time->tm_hour <= 23 && time->tm_min >= 0 &&
	       time->tm_min <= 59 && time->tm_sec >= 0 && time->tm_sec <= 60 && time->tm_year >= 1;
}

bool imap_date_parse(const char *text, int64_t *seconds)
{
	struct tm time = {0};
	char month[4], zone[6];
	int offset;

	if (sscanf(text, " %2d-%3[A-Za-z]-%4d %2d:%2d:%2d %5s", &time.tm_mday, month, &time.tm_year,
		    &time.tm_hour, &time.tm_min, &time.tm_sec, zone) != 7)
		return false;
	time.tm_mon = find_month(month);
	time.tm_year -= 1900;
	if (!is_sane(&time) || !parse_zone(zone, &offset))
		return false;
	*seconds = (int64_t)timegm(&time) - offset;
	return true;
}

char *imap_date_format(int64_t seconds)
{
	time_t clock = (time_t)seconds;
	struct tm time;

	if (!gmtime_r(&clock, &time))
		return NULL;
	return g_strdup_printf(
		"%d-%s-%04d", time.tm_mday, months[time.tm_mon], time.tm_year + 1900);
}
