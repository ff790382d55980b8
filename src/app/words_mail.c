/* Sentences about folders, a running import, and where an archived mail came from. */
#include "app/words.h"

#include <inttypes.h>
#include "base/clock.h"
#include "base/i18n.h"

char *words_hidden(const FolderView *folder)
{
	return folder->hidden_by ? g_strdup_printf(_("ausgeblendet durch den Eintrag „%s“"),
					   folder->hidden_by)
				 : NULL;
}

char *words_progress(const ImportProgress *progress)
{
	g_autofree char *size = words_size(progress->bytes);

	switch (progress->phase) {
	case IMPORT_CONNECTING:
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
	return g_strdup_printf(_("%s: %" PRIu64 " von %" PRIu64 " E-Mails, %s"), progress->folder,
		progress->done, progress->total, size);
}

char *words_source(const ArchiveSource *source)
{
	g_autofree char *time = clock_format_german(source->imported);

	return source->mailbox ? g_strdup_printf(_("%s, %s (abgelegt am %s von %s)"),
					 source->mailbox, source->folder, time, source->imported_by)
			       : g_strdup_printf(_("als Datei abgelegt am %s von %s"), time,
					 source->imported_by);
}
