/* What a run leaves in the audit log: who imported, from where, how it ended. No subjects. */
#include "app/import_internal.h"

#include <inttypes.h>
#include "audit/audit.h"
#include "base/log.h"
#include "failure/failure.h"

#define NAME_LIMIT 200 /* letters */

typedef struct Note {
	const ImportRun *run;
	char *detail;
} Note;

static void add_name(GString *detail, const char *name, const char *const *values)
{
	for (; values && *values; values++) {
		g_autofree char *value =
			g_utf8_substring(*values, 0, MIN(g_utf8_strlen(*values, -1), NAME_LIMIT));

		/* What parts our fields. */
		g_strdelimit(value, ";", ',');
		g_string_append_printf(detail, "%s: %s; ", name, value);
	}
}

static void add_count(GString *detail, const char *name, uint64_t count)
{
	if (count > 0)
		g_string_append_printf(detail, "; %s: %" PRIu64, name, count);
}

/* "mailbox: a@amt.example; folder: INBOX; case: 4711; imported: 3; failed: 1; condition:
 * some-failed"; yours. */
static char *describe(const ImportRun *run, const GError *problem)
{
	const ImportRequest *request = run->request;
	const ImportResult *result = run->result;
	GString *detail = g_string_new(NULL);

	add_name(detail, "mailbox", request->mailboxes);
	add_name(detail, "folder", request->folders);
	add_name(detail, "case", (const char *[]){request->case_number, NULL});
	g_string_append_printf(detail, "imported: %" PRIu64, result->imported);
	add_count(detail, "known", result->known);
	add_count(detail, "failed", result->failed);
	if (problem)
		g_string_append_printf(detail, "; condition: %s", failure_name(problem));
	return g_string_free(detail, FALSE);
}

static bool note_in(DbTransaction *transaction, void *data, GError **error)
{
	const Note *note = data;
	const ImportRequest *request = note->run->request;

	return audit_add(
		transaction, request->actor, "import.run", request->user, note->detail, error);
}

void import_note(const ImportRun *run, const GError *problem)
{
	g_autofree char *detail = describe(run, problem);
	Note note = {.run = run, .detail = detail};
	g_autoptr(GError) error = NULL;

	if (run->result->imported == 0 && !problem)
		return;
	if (!db_write(office_db(run->office), note_in, &note, &error))
		log_warning("an import is missing in the audit log: %s", error->message);
}
