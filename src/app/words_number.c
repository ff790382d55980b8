/* Sizes and times. */
#include "app/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/i18n.h"

#define NUMBER_SIZE 32
#define MEBIBYTE ((uint64_t)1024 * 1024)

/* VALUE with so many DECIMALS and the language's decimal mark, in NUMBER. */
static const char *with_mark(double value, int decimals, char number[static NUMBER_SIZE])
{
	/* The decimal mark of numbers; "," in German, "." in English. */
	const char *mark = _(",");
	char *point;

	snprintf(number, NUMBER_SIZE, "%.*f", decimals, value);
	point = strchr(number, '.');
	if (point)
		*point = *mark;
	return number;
}

/* In whole numbers: a list has many. */
char *words_size(uint64_t bytes)
{
	static const char *const units[] = {N_("Byte"), "KB", "MB", "GB", "TB"};
	uint64_t factor = 1;
	uint64_t tenths;
	size_t unit = 0;

	while (bytes / factor >= 1000 && unit + 1 < G_N_ELEMENTS(units)) {
		factor *= 1000;
		unit++;
	}
	if (unit == 0)
		return g_strdup_printf("%d %s", (int)bytes, _(units[0]));
	tenths = bytes / factor * 10 + (bytes % factor * 10 + factor / 2) / factor;
	return g_strdup_printf(
		"%" PRIu64 "%c%d %s", tenths / 10, *_(","), (int)(tenths % 10), units[unit]);
}

char *words_mail_size(uint64_t bytes)
{
	uint64_t tenths = (bytes * 10 + MEBIBYTE / 2) / MEBIBYTE;

	if (bytes < MEBIBYTE)
		return words_size(bytes);
	return tenths % 10 == 0 ? g_strdup_printf("%" PRIu64 " MB", tenths / 10)
				: g_strdup_printf("%" PRIu64 "%c%d MB", tenths / 10, *_(","),
					  (int)(tenths % 10));
}

char *words_seconds(int64_t milliseconds)
{
	char number[NUMBER_SIZE];

	return g_strdup_printf("%s s", with_mark((double)milliseconds / 1000, 1, number));
}

char *words_duration(int64_t milliseconds)
{
	return milliseconds < 1000 ? g_strdup_printf("%d ms", (int)milliseconds)
				   : words_seconds(milliseconds);
}

char *words_exact_time(int64_t seconds)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(seconds);

	return time ? g_date_time_format(time, "%d.%m.%Y %H:%M:%S") : NULL;
}

char *words_tls_version(const char *version)
{
	if (!g_str_has_prefix(version, "TLSv"))
		return g_strdup(version);
	return g_strdup_printf("TLS %s", strchr(version, '.') ? version + 4 : "1.0");
}
