/* Wall and monotonic clock, RFC 3339. */
#include "base/clock.h"

#include <pthread.h>
#include <string.h>
#include <time.h>
#include <glib.h>
#include "base/i18n.h"

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

static GTimeZone *local_zone;

static void find_local_zone(void)
{
	local_zone = g_time_zone_new_local();
}

/* In the time zone of when the process first asked: GLib would look that up in files each time. */
static GDateTime *local_time(int64_t seconds)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);

	pthread_once(&once, find_local_zone);
	return time ? g_date_time_to_timezone(time, local_zone) : NULL;
}

static void append_two_digits(GString *text, int number)
{
	g_string_append_c(text, (char)('0' + number / 10 % 10));
	g_string_append_c(text, (char)('0' + number % 10));
}

/* The number that the LETTER behind a % stands for; -1: another one. */
static int number_of(GDateTime *time, char letter)
{
	switch (letter) {
	case 'd':
		return g_date_time_get_day_of_month(time);
	case 'm':
		return g_date_time_get_month(time);
	case 'Y':
		return g_date_time_get_year(time);
	case 'H':
		return g_date_time_get_hour(time);
	case 'M':
		return g_date_time_get_minute(time);
	default:
		return -1;
	}
}

/* As g_date_time_format, which takes five times as long for what pages show many times. TIME NULL:
 * "". */
static char *format_time(GDateTime *time, const char *format)
{
	g_autoptr(GString) text = g_string_sized_new(32);

	if (!time)
		return g_strdup("");
	for (const char *place = format; *place; place++) {
		int number = *place == '%' ? number_of(time, *++place) : 0;

		if (number < 0 || (*place == 'Y' && number < 1000))
			return g_date_time_format(time, format);
		if (place == format || place[-1] != '%') {
			g_string_append_c(text, *place);
			continue;
		}
		if (*place == 'Y')
			append_two_digits(text, number / 100);
		append_two_digits(text, number % 100);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

char *clock_format_german(int64_t seconds)
{
	g_autoptr(GDateTime) time = local_time(seconds);

	return format_time(time, _("%d.%m.%Y, %H:%M Uhr"));
}

char *clock_format_zone(int64_t seconds)
{
	g_autoptr(GDateTime) time = local_time(seconds);
	g_autofree char *local = clock_format_german(seconds);
	int minutes = time ? (int)(g_date_time_get_utc_offset(time) / G_TIME_SPAN_MINUTE) : 0;
	int hours = ABS(minutes) / 60;
	const char *sign = minutes < 0 ? "-" : "+";

	if (minutes == 0)
		return g_strdup_printf("%s (UTC)", local);
	if (minutes % 60 == 0)
		return g_strdup_printf("%s (UTC%s%d)", local, sign, hours);
	return g_strdup_printf("%s (UTC%s%d:%02d)", local, sign, hours, ABS(minutes) % 60);
}

char *clock_format_day(int64_t seconds)
{
	g_autoptr(GDateTime) time = local_time(seconds);

	return format_time(time, _("%d.%m.%Y"));
}

char *clock_format_hour(int64_t seconds)
{
	g_autoptr(GDateTime) time = local_time(seconds);

	return format_time(time, _("%H:%M Uhr"));
}

char *clock_format_mail(int64_t seconds)
{
	static const char days[] = "MonTueWedThuFriSatSun";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	g_autoptr(GDateTime) time = local_time(seconds);
	int minutes = time ? (int)(g_date_time_get_utc_offset(time) / G_TIME_SPAN_MINUTE) : 0;

	/* Not g_date_time_format, whose names are of the person's language. */
	if (!time)
		return g_strdup("");
	return g_strdup_printf("%.3s, %d %.3s %04d %02d:%02d:%02d %c%02d%02d",
		days + 3 * (ptrdiff_t)(g_date_time_get_day_of_week(time) - 1),
		g_date_time_get_day_of_month(time),
		months + 3 * (ptrdiff_t)(g_date_time_get_month(time) - 1),
		g_date_time_get_year(time), g_date_time_get_hour(time),
		g_date_time_get_minute(time), g_date_time_get_second(time), minutes < 0 ? '-' : '+',
		ABS(minutes) / 60, ABS(minutes) % 60);
}

/* Behind the part of TEXT that looks like PATTERN, in which 9 is any digit; NULL if it does not. */
static const char *skip_pattern(const char *text, const char *pattern)
{
	for (; *pattern; pattern++, text++) {
		if (*pattern == '9' ? !g_ascii_isdigit(*text) : *text != *pattern)
			return NULL;
	}
	return text;
}

/* RFC 3339 with its zone. GLib alone would also take weeks, missing zones and missing parts. */
static bool is_rfc3339(const char *text)
{
	const char *rest = skip_pattern(text, "9999-99-99T99:99:99");

	if (rest && *rest == '.') {
		rest = skip_pattern(rest, ".9");
		rest = rest ? rest + strspn(rest, "0123456789") : NULL;
	}
	if (!rest || strcmp(rest, "Z") == 0)
		return rest != NULL;
	if (*rest != '+' && *rest != '-')
		return false;
	rest = skip_pattern(rest + 1, "99:99");
	return rest && *rest == '\0';
}

/* The first second in UTC of a German date such as 23.11.2026 or 1.2.2026; NULL if it is none. */
static GDateTime *parse_german(const char *text)
{
	struct tm parts = {0};
	const char *year = strrchr(text, '.');
	const char *end = year ? skip_pattern(year, ".9999") : NULL;

	if (!end || *end != '\0' || strspn(text, "0123456789.") != (size_t)(end - text) ||
		strptime(text, "%d.%m.%Y", &parts) != end)
		return NULL;
	return g_date_time_new_utc(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, 0, 0, 0);
}

static GDateTime *parse_rfc3339(const char *text)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();

	return is_rfc3339(text) ? g_date_time_new_from_iso8601(text, utc) : NULL;
}

bool clock_parse(const char *text, int64_t *seconds)
{
	const char *end = skip_pattern(text, "9999-99-99");
	bool is_day = end && *end == '\0';
	g_autofree char *start = is_day ? g_strconcat(text, "T00:00:00Z", NULL) : g_strdup(text);
	g_autoptr(GDateTime) time = strchr(start, 'T') ? parse_rfc3339(start) : parse_german(start);

	if (time)
		*seconds = g_date_time_to_unix(time);
	return time != NULL;
}
