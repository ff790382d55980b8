/* Dates of RFC 3501: INTERNALDATE in, SEARCH's day out. */
#include "imap/imap_internal.h"

#include <string.h>
#include <time.h>

static const char *const months[] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static bool take(const char **at, char byte)
{
	if (**at != byte)
		return false;
	++*at;
	return true;
}

/* One to DIGITS digits. */
static bool take_number(const char **at, int digits, int *number)
{
	const char *start = *at;

	*number = 0;
	while (g_ascii_isdigit(**at) && *at - start < digits)
		*number = *number * 10 + g_ascii_digit_value(*(*at)++);
	return *at > start;
}

static bool take_month(const char **at, int *month)
{
	for (int i = 0; i < (int)G_N_ELEMENTS(months); i++) {
		if (g_ascii_strncasecmp(*at, months[i], 3) == 0) {
			*at += 3;
			*month = i;
			return true;
		}
	}
	return false;
}

static bool take_day(const char **at, struct tm *time)
{
	take(at, ' ');
	return take_number(at, 2, &time->tm_mday) && take(at, '-') &&
	       take_month(at, &time->tm_mon) && take(at, '-') && take_number(at, 4, &time->tm_year);
}

static bool take_clock(const char **at, struct tm *time)
{
	return take_number(at, 2, &time->tm_hour) && take(at, ':') &&
	       take_number(at, 2, &time->tm_min) && take(at, ':') &&
	       take_number(at, 2, &time->tm_sec);
}

/* "+0130" and the text's end; in seconds. */
static bool take_zone(const char **at, int *offset)
{
	bool west = take(at, '-');
	const char *digits;
	int number;

	if (!west && !take(at, '+'))
		return false;
	digits = *at;
	if (!take_number(at, 4, &number) || *at - digits != 4 || **at != '\0' ||
		number / 100 > 23 || number % 100 > 59)
		return false;
	*offset = (number / 100 * 60 + number % 100) * (west ? -60 : 60);
	return true;
}

static bool is_sane(const struct tm *time)
{
	return time->tm_mday >= 1 && time->tm_mday <= 31 && time->tm_hour <= 23 &&
	       time->tm_min <= 59 && time->tm_sec <= 60 && time->tm_year >= 1;
}

bool imap_date_parse(const char *text, int64_t *seconds)
{
	struct tm time = {0};
	int offset;

	if (!take_day(&text, &time) || !take(&text, ' ') || !take_clock(&text, &time) ||
		!take(&text, ' ') || !take_zone(&text, &offset))
		return false;
	time.tm_year -= 1900;
	if (!is_sane(&time))
		return false;
	*seconds = (int64_t)timegm(&time) - offset;
	return true;
}

char *imap_date_format_time(int64_t seconds)
{
	time_t clock = (time_t)seconds;
	struct tm time;

	if (!gmtime_r(&clock, &time))
		return NULL;
	return g_strdup_printf("%2d-%s-%04d %02d:%02d:%02d +0000", time.tm_mday,
		months[time.tm_mon], time.tm_year + 1900, time.tm_hour, time.tm_min, time.tm_sec);
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
