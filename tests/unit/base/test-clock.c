/* Dates as people and programs write them, and what is none. */
#include "base/clock.h"
#include "scratch.h"

#define UNTOUCHED 4711

static void assert_parsed(const char *text, int64_t expected)
{
	int64_t seconds = UNTOUCHED;

	if (!clock_parse(text, &seconds))
		fail_msg("'%s' was refused", text);
	if (seconds != expected)
		fail_msg("'%s' became %lld", text, (long long)seconds);
}

static void assert_refused(const char *text)
{
	int64_t seconds = UNTOUCHED;

	if (clock_parse(text, &seconds))
		fail_msg("'%s' became %lld", text, (long long)seconds);
	assert_int_equal(seconds, UNTOUCHED);
}

static void test_parses_rfc_3339(void **state)
{
	(void)state;
	assert_parsed("1970-01-01T00:00:00Z", 0);
	assert_parsed("2026-11-23T14:04:05Z", 1795442645);
	assert_parsed("2026-11-23T14:04:05+00:00", 1795442645);
	assert_parsed("2026-11-23T15:04:05+01:00", 1795442645);
	assert_parsed("2026-11-23T08:34:05-05:30", 1795442645);
	assert_parsed("2026-11-23T14:04:05.25Z", 1795442645);
	assert_parsed("2026-11-23T14:04:05.123456789+00:00", 1795442645);
	assert_parsed("1969-12-31T23:59:59Z", -1);
	assert_parsed("9999-12-31T23:59:59Z", 253402300799);
}

static void test_parses_plain_dates(void **state)
{
	(void)state;
	assert_parsed("2026-11-23", 1795392000);
	assert_parsed("23.11.2026", 1795392000);
	assert_parsed("1.2.2026", 1769904000);
	assert_parsed("01.02.2026", 1769904000);
	assert_parsed("0001-01-01", -62135596800);
}

static void test_knows_leap_days(void **state)
{
	(void)state;
	assert_parsed("2024-02-29", 1709164800);
	assert_parsed("29.02.2000", 951782400);
	assert_refused("2026-02-29");
	assert_refused("29.02.1900");
	assert_refused("2100-02-29T00:00:00Z");
}

static void test_refuses_what_is_no_date(void **state)
{
	static const char *const texts[] = {"", " ", "gestern", "2026", "2026-11", "2026-13-01",
		"2026-00-01", "2026-11-00", "2026-11-31", "2026-1-1", "26-11-23", "20261123",
		"0000-01-01", "-2026-11-23", "+2026-11-23", " 2026-11-23", "2026-11-23 ",
		"2026-11-23x", "2026-W48-1", "2026-327", "10000-01-01", "32.01.2026", "1.13.2026",
		"0.1.2026", "1.1.26", "1.1.20266", "1. 1.2026", "+1.1.2026", "1.1.2026 ", "1..2026",
		".1.2026", "1.1.", "..", ".2026"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		assert_refused(texts[i]);
}

static void test_refuses_what_is_no_time(void **state)
{
	static const char *const texts[] = {"2026-11-23T", "2026-11-23T14", "2026-11-23T14:04",
		"2026-11-23T14:04Z", "2026-11-23T14:04:05", "2026-11-23 14:04:05Z",
		"2026-11-23T24:00:01Z", "2026-11-23T25:00:00Z", "2026-11-23T14:60:00Z",
		"2026-11-23T14:04:62Z", "2026-11-23T14:04:05.Z", "2026-11-23T14:04:05,5Z",
		"2026-11-23T14:04:05ZZ", "2026-11-23T14:04:05+1", "2026-11-23T14:04:05+0100",
		"2026-11-23T14:04:05+01:00 ", "2026-11-23T14:04:05+99:99", "20261123T140405Z",
		"2026-W48-1T14:04:05Z", "T14:04:05Z", "T"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		assert_refused(texts[i]);
}

static void assert_format(char *(*format)(int64_t), int64_t seconds, const char *expected)
{
	g_autofree char *text = format(seconds);

	assert_string_equal(text, expected);
}

static void test_formats_utc(void **state)
{
	(void)state;
	assert_format(clock_format, 0, "1970-01-01T00:00:00Z");
	assert_format(clock_format, -1, "1969-12-31T23:59:59Z");
	assert_format(clock_format, 1795442645, "2026-11-23T14:04:05Z");
	assert_format(clock_format, 951782400, "2000-02-29T00:00:00Z");
}

static void test_formats_no_time_outside_the_calendar(void **state)
{
	(void)state;
	/* A Date header may say anything. */
	assert_format(clock_format, INT64_MAX, "");
	assert_format(clock_format, INT64_MIN, "");
	assert_format(clock_format_german, INT64_MAX, "");
	assert_format(clock_format, 253402300800, "");
}

static void test_formats_german_local_time(void **state)
{
	(void)state;
	assert_format(clock_format_german, 1795442645, "23.11.2026, 15:04 Uhr");
	/* Around the end of summer time: the same hour twice. */
	assert_format(clock_format_german, 1792888200, "25.10.2026, 02:30 Uhr");
	assert_format(clock_format_german, 1792891800, "25.10.2026, 02:30 Uhr");
	/* Around its begin: an hour missing. */
	assert_format(clock_format_german, 1774745999, "29.03.2026, 01:59 Uhr");
	assert_format(clock_format_german, 1774746000, "29.03.2026, 03:00 Uhr");
}

static void test_formats_day_and_zone(void **state)
{
	const struct {
		const char *moment;
		const char *zone;
		const char *day;
	} cases[] = {
		{"2026-11-23T14:04:05Z", "23.11.2026, 15:04 Uhr (UTC+1)", "23.11.2026"},
		{"2026-06-30T22:30:00Z", "01.07.2026, 00:30 Uhr (UTC+2)", "01.07.2026"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		int64_t seconds = 0;
		g_autofree char *zone = NULL;
		g_autofree char *day = NULL;

		assert_true(clock_parse(cases[i].moment, &seconds));
		zone = clock_format_zone(seconds);
		day = clock_format_day(seconds);
		assert_string_equal(zone, cases[i].zone);
		assert_string_equal(day, cases[i].day);
	}
}

static void test_formats_for_mails(void **state)
{
	(void)state;
	assert_format(clock_format_mail, 1795442645, "Mon, 23 Nov 2026 15:04:05 +0100");
	assert_format(clock_format_mail, 1783173600, "Sat, 4 Jul 2026 16:00:00 +0200");
	assert_format(clock_format_mail, 253402300799 - 86400, "Fri, 31 Dec 9999 00:59:59 +0100");
	assert_format(clock_format_mail, INT64_MAX, "");
	assert_format(clock_format_mail, INT64_MIN, "");
}

static void test_parse_and_format_agree(void **state)
{
	(void)state;
	for (int64_t seconds = -86400LL * 400; seconds < 86400LL * 40000; seconds += 12345677) {
		g_autofree char *text = clock_format(seconds);

		assert_parsed(text, seconds);
	}
}

static void test_clocks_go_forward(void **state)
{
	int64_t before = clock_monotonic();
	int64_t now = clock_now();

	(void)state;
	assert_true(now > 1700000000);
	g_usleep(20000);
	assert_in_range((uintmax_t)(clock_monotonic() - before), 20, 60000);
	assert_true(clock_now() >= now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parses_rfc_3339),
		cmocka_unit_test(test_parses_plain_dates),
		cmocka_unit_test(test_knows_leap_days),
		cmocka_unit_test(test_refuses_what_is_no_date),
		cmocka_unit_test(test_refuses_what_is_no_time),
		cmocka_unit_test(test_formats_utc),
		cmocka_unit_test(test_formats_no_time_outside_the_calendar),
		cmocka_unit_test(test_formats_german_local_time),
		cmocka_unit_test(test_formats_day_and_zone),
		cmocka_unit_test(test_formats_for_mails),
		cmocka_unit_test(test_parse_and_format_agree),
		cmocka_unit_test(test_clocks_go_forward),
	};

	/* Spelled out, so that no time zone database is needed. */
	g_setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", TRUE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
