/* The rows of the catalogue that are about drafts; part of failure_table.h. */
/* clang-format off */

FAILURE(FAILURE_DRAFT_UNKNOWN, "draft-unknown", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Diesen Entwurf gibt es nicht (mehr)."),
	N_("Er wurde gesendet, verworfen oder ist abgelaufen. Welche es gibt, zeigt „E-Mail senden“; Gesendetes steht im Postausgang und im Archiv."))
FAILURE(FAILURE_DRAFT_CHANGED, "draft-changed", FAILURE_CODE_CONFLICT, 2, ACTOR_CLERK,
	N_("Dieser Entwurf wurde inzwischen in einem anderen Fenster geändert."),
	N_("Gesendet und gespeichert wurde nichts. Hier steht, was Sie in diesem Fenster geschrieben haben, darunter die andere Fassung. „Entwurf speichern“ behält diese, „Als eigenen Entwurf speichern“ beide."))
FAILURE(FAILURE_DRAFT_SENT, "draft-sent", FAILURE_CODE_CONFLICT, 2, ACTOR_CLERK,
	N_("Dieser Entwurf wurde %s gesendet."),
	N_("Noch einmal gesendet und gespeichert wurde nichts. Was Sie in diesem Fenster geschrieben haben, steht noch hier; mit „Als eigenen Entwurf speichern“ wird daraus eine neue E-Mail. Die gesendete steht im Postausgang."))
FAILURE(FAILURE_DRAFTS_MANY, "drafts-many", FAILURE_CODE_LIMIT, 6, ACTOR_CLERK,
	N_("Es gibt schon 100 Entwürfe, mehr sind nicht möglich."),
	N_("Bitte senden oder verwerfen Sie einen davon. Was Sie eben geschrieben haben, steht noch auf dieser Seite."))
FAILURE(FAILURE_DRAFT_LONG, "draft-long", FAILURE_CODE_LIMIT, 6, ACTOR_CLERK,
	N_("Das ist zu lang für einen Entwurf: %s."),
	N_("Ein Text kann etwa 128.000 Zeichen haben. Bitte kürzen Sie ihn, oder fügen Sie ihn als Datei an."))
FAILURE(FAILURE_DRAFT_FILES_MANY, "draft-files-many", FAILURE_CODE_LIMIT, 6, ACTOR_CLERK,
	N_("Mehr als 100 Anlagen sind nicht möglich."),
	N_("Bitte fassen Sie mehrere Dateien zusammen, zum Beispiel als ZIP-Datei."))
FAILURE(FAILURE_DRAFT_LARGE, "draft-large", FAILURE_CODE_LIMIT, 6, ACTOR_CLERK,
	N_("Mit „%s“ wird die E-Mail zu groß."),
	N_("Bitte entfernen Sie Anlagen, verteilen Sie sie auf mehrere E-Mails, oder geben Sie sie auf anderem Weg weiter. Anlagen werden zum Senden um etwa ein Drittel größer."))
FAILURE(FAILURE_DRAFTS_LARGE, "drafts-large", FAILURE_CODE_LIMIT, 6, ACTOR_CLERK,
	N_("Die Anlagen Ihrer Entwürfe sind zusammen größer als 1 GB."),
	N_("Bitte senden oder verwerfen Sie Entwürfe mit großen Anlagen; die Liste unter „E-Mail senden“ zeigt, welche Anlagen haben."))
FAILURE(FAILURE_DRAFT_FILE, "draft-file", FAILURE_CODE_CONFLICT, 2, ACTOR_CLERK,
	N_("Diese Anlage ist nicht vollständig angekommen."),
	N_("Bitte fügen Sie die Datei noch einmal an."))
