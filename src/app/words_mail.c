/* Sentences about folders, a running import, and where an archived mail came from. */
#include "app/words.h"

#include <inttypes.h>
#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"

char *words_hidden(const FolderView *folder)
{
	return folder->hidden_by ? g_strdup_printf(_("ausgeblendet durch den Eintrag „%s“"),
					   folder->hidden_by)
				 : NULL;
}

/* Where the import is, in at most ROOM letters; yours. */
static char *place_text(const ImportProgress *progress, glong room)
{
	const char *folder = progress->folder ? progress->folder : "…";
	g_autofree char *place = progress->several
					 ? g_strdup_printf("%s, %s", progress->mailbox, folder)
					 : g_strdup(folder);
	g_autofree char *safe = text_for_terminal(place);
	g_autofree char *start = NULL;

	if (g_utf8_strlen(safe, -1) <= room)
		return g_steal_pointer(&safe);
	start = g_utf8_substring(safe, 0, MAX(room - 1, 0));
	return g_strconcat(start, "…", NULL);
}

char *words_progress(const ImportProgress *progress, int width)
{
	g_autofree char *size = words_size(progress->bytes);
	g_autofree char *count = NULL;
	g_autofree char *where = NULL;

	switch (progress->phase) {
	case IMPORT_CONNECTING:
		if (progress->several)
			return g_strdup_printf(_("Verbindung zum Postfach %s wird aufgebaut …"),
				progress->mailbox);
		return g_strdup(_("Verbindung zum Mailserver wird aufgebaut …"));
	case IMPORT_WAITING:
		return g_strdup_printf(
			_("Der Mailserver ist gerade nicht bereit, neuer Versuch in %d s …"),
			progress->wait);
	case IMPORT_LISTING:
		return g_strdup(
			_("Alle E-Mails sind abgelegt; sie werden für Liste und Suche gelesen …"));
	case IMPORT_FETCHING:
		break;
	}
	count = g_strdup_printf(_("%" PRIu64 " von %" PRIu64 " E-Mails, %s"), progress->done,
		progress->total, size);
	where = place_text(progress, width - g_utf8_strlen(count, -1) - 2);
	return g_strdup_printf("%s: %s", where, count);
}

char *words_source(const ArchiveSource *source)
{
	g_autofree char *time = clock_format_german(source->imported);

	return source->mailbox ? g_strdup_printf(_("%s, %s (abgelegt am %s von %s)"),
					 source->mailbox, source->folder, time, source->imported_by)
			       : g_strdup_printf(_("als Datei abgelegt am %s von %s"), time,
					 source->imported_by);
}
