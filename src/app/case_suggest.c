/* Known case numbers in references and subjects. */
#include "app/case_suggest.h"

#include <string.h>

/* A case number may have several words ("32 OWi 123/26"); a subject is looked through for so many
 * beginnings. */
#define WORDS_A_CASE 4
#define LOOKUPS 24
#define SHORTEST 4 /* letters */

void case_suggestion_free(CaseSuggestion *suggestion)
{
	if (!suggestion)
		return;
	g_free(suggestion->case_number);
	g_free(suggestion);
}

static CaseSuggestion *suggest(const char *case_number, int reason)
{
	CaseSuggestion *suggestion = g_new0(CaseSuggestion, 1);

	suggestion->case_number = g_strdup(case_number);
	suggestion->reason = reason;
	return suggestion;
}

static bool has_digit(const char *text)
{
	return strpbrk(text, "0123456789") != NULL;
}

/* Words without what people put around a number. */
static GPtrArray *split(const char *subject)
{
	g_auto(GStrv) parts = g_strsplit_set(subject, " \t[](){}<>,;:\"'", -1);
	GPtrArray *words = g_ptr_array_new_with_free_func(g_free);

	for (char **part = parts; *part; part++) {
		if (**part)
			g_ptr_array_add(words, g_strdup(*part));
	}
	return words;
}

/* The COUNT words from FIRST on, joined by blanks; yours. */
static char *join(const GPtrArray *words, guint first, guint count)
{
	GString *joined = g_string_new(words->pdata[first]);

	for (guint i = 1; i < count; i++)
		g_string_append_printf(joined, " %s", (const char *)words->pdata[first + i]);
	return g_string_free(joined, FALSE);
}

/* *KNOWN, yours: CANDIDATE as a case number is written; NULL: it is none. */
static bool look_up(Archive *archive, const ArchiveViewer *viewer, const char *candidate,
	char **known, GError **error)
{
	g_autoptr(GPtrArray) cases = archive_cases_named(archive, viewer, candidate, 1, error);

	*known = cases && cases->len > 0 ? g_strdup(cases->pdata[0]) : NULL;
	return cases != NULL;
}

static bool search_subject(Archive *archive, const ArchiveViewer *viewer, const char *subject,
	char **known, GError **error)
{
	g_autoptr(GPtrArray) words = split(subject);
	unsigned lookups = 0;

	*known = NULL;
	for (guint count = MIN(WORDS_A_CASE, words->len); count > 0; count--) {
		for (guint first = 0; first + count <= words->len; first++) {
			g_autofree char *candidate = join(words, first, count);

			if (!has_digit(candidate) || strlen(candidate) < SHORTEST ||
				lookups++ >= LOOKUPS)
				continue;
			if (!look_up(archive, viewer, candidate, known, error))
				return false;
			if (*known)
				return true;
		}
	}
	return true;
}

bool case_suggest(Office *office, const Viewing *viewing, const char *const *references,
	const char *subject, CaseSuggestion **suggestion, GError **error)
{
	const ArchiveViewer *viewer = viewing_viewer(viewing);
	Archive *archive = office_archive(office, error);
	g_autofree char *known = NULL;

	*suggestion = NULL;
	if (!archive)
		return false;
	if (references && *references) {
		g_autoptr(GPtrArray) found =
			archive_case_of_message_ids(archive, viewer, references, error);

		if (!found)
			return false;
		if (found->len > 0) {
			const ArchiveKnownCase *nearest = found->pdata[0];

			*suggestion = suggest(nearest->case_number, SUGGESTED_BY_REFERENCE);
			return true;
		}
	}
	if (!search_subject(archive, viewer, subject, &known, error))
		return false;
	if (known)
		*suggestion = suggest(known, SUGGESTED_BY_SUBJECT);
	return true;
}
