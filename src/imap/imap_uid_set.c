/* Sets of UIDs as text: "4,6:8,10". */
#include "imap/imap_internal.h"

#include <string.h>

/* How many of the COUNT UIDS at the front form a run without gaps. */
static size_t run_length(const uint32_t *uids, size_t count)
{
	size_t length = 1;

	while (length < count && uids[length] == uids[length - 1] + 1)
		length++;
	return length;
}

static void append_run(GString *set, const uint32_t *uids, size_t length)
{
	if (set->len > 0)
		g_string_append_c(set, ',');
	g_string_append_printf(set, "%u", uids[0]);
	if (length > 1)
		g_string_append_printf(set, ":%u", uids[length - 1]);
}

size_t imap_uid_set_chunk(GString *set, const uint32_t *uids, size_t count, size_t most)
{
	static const size_t longest_run = 2 * 10 + 2; /* "4294967294:4294967295," */
	size_t done = 0;

	g_string_truncate(set, 0);
	count = MIN(count, most);
	while (done < count && set->len + longest_run <= IMAP_SET_LIMIT) {
		size_t length = run_length(uids + done, count - done);

		append_run(set, uids + done, length);
		done += length;
	}
	return done;
}

char *imap_uid_set_format(const uint32_t *uids, size_t count)
{
	GString *set = g_string_new(NULL);

	for (size_t done = 0; done < count;) {
		size_t length = run_length(uids + done, count - done);

		append_run(set, uids + done, length);
		done += length;
	}
	return g_string_free(set, FALSE);
}

/* "7" or "7:9" into the two ends, the smaller first. */
static bool parse_range(const char *text, uint32_t *first, uint32_t *last)
{
	g_auto(GStrv) ends = g_strsplit(text, ":", 3);
	guint64 one, two;

	if (g_strv_length(ends) < 1 || g_strv_length(ends) > 2 ||
		!g_ascii_string_to_unsigned(ends[0], 10, 1, UINT32_MAX, &one, NULL))
		return false;
	two = one;
	if (ends[1] && !g_ascii_string_to_unsigned(ends[1], 10, 1, UINT32_MAX, &two, NULL))
		return false;
	*first = (uint32_t)MIN(one, two);
	*last = (uint32_t)MAX(one, two);
	return true;
}

int imap_uid_compare(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

static bool is_ascending(const GArray *uids)
{
	for (guint i = 1; i < uids->len; i++) {
		if (g_array_index(uids, uint32_t, i - 1) >= g_array_index(uids, uint32_t, i))
			return false;
	}
	return true;
}

void imap_uids_sort(GArray *uids)
{
	uint32_t *all = (uint32_t *)(void *)uids->data;
	guint kept = 0;

	if (is_ascending(uids))
		return;
	g_array_sort(uids, imap_uid_compare);
	for (guint i = 0; i < uids->len; i++) {
		if (kept == 0 || all[kept - 1] != all[i])
			all[kept++] = all[i];
	}
	g_array_set_size(uids, kept);
}

bool imap_uids_add_range(GArray *uids, uint32_t first, uint32_t last, size_t limit)
{
	if (uids->len > limit || last - first >= limit - uids->len)
		return false;
	for (uint64_t uid = first; uid <= last; uid++) {
		uint32_t value = (uint32_t)uid;

		g_array_append_val(uids, value);
	}
	return true;
}

GArray *imap_uid_set_parse(const char *text, size_t limit, GError **error)
{
	g_autoptr(GArray) uids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	g_auto(GStrv) ranges = g_strsplit(text, ",", -1);
	uint32_t first, last;

	for (char **range = ranges; *range; range++) {
		if (!parse_range(*range, &first, &last) ||
			!imap_uids_add_range(uids, first, last, limit)) {
			failure_set(error, FAILURE_UID_SET_INVALID, text,
				"not a set of at most %zu UIDs", limit);
			return NULL;
		}
	}
	if (uids->len == 0) {
		failure_set(error, FAILURE_UID_SET_INVALID, text, "an empty set of UIDs");
		return NULL;
	}
	imap_uids_sort(uids);
	return g_steal_pointer(&uids);
}
