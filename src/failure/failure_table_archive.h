/* The rows of the catalogue that are about single mails of the archive, filing and exporting them;
 * part of failure_table.h. */
/* clang-format off */

FAILURE(FAILURE_MAIL_UNKNOWN, "mail-unknown", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Eine E-Mail mit der Nummer %s gibt es im Archiv nicht."),
	N_("„amtspost archive list“ zeigt die vorhandenen."))
FAILURE(FAILURE_ATTACHMENT_UNKNOWN, "attachment-unknown", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Diese E-Mail hat keine Anlage mit der Nummer %s."),
	N_("„amtspost archive show“ zählt die Anlagen auf, beginnend mit 1."))
FAILURE(FAILURE_COPY_UNKNOWN, "copy-unknown", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Diese E-Mail hat keine Kopie mit der Nummer %s."),
	N_("„amtspost archive show“ nennt alle Kopien; sie zählen von 1 an."))
FAILURE(FAILURE_EXPORT_LARGE, "export-large", FAILURE_CODE_LIMIT, 2, ACTOR_CLERK,
	N_("Für eine ZIP-Datei sind das zu viele oder zu große E-Mails."),
	N_("Höchstens 500 E-Mails mit zusammen 1 GiB passen in eine. Bitte laden Sie die E-Mails in mehreren Teilen herunter."))
FAILURE(FAILURE_EXPORT_EMPTY, "export-empty", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Es ist keine E-Mail ausgewählt."),
	N_("Bitte kreuzen Sie in der Liste die E-Mails an, um die es geht; Programme nennen ihre Nummern."))
FAILURE(FAILURE_UPLOAD_EMPTY, "upload-empty", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Es ist keine Datei dabei."),
	N_("Bitte wählen Sie eine oder mehrere .eml-Dateien. Es wurde nichts abgelegt."))
FAILURE(FAILURE_UPLOAD_LARGE, "upload-large", FAILURE_CODE_LIMIT, 2, ACTOR_CLERK,
	N_("Das sind zu viele oder zu große Dateien auf einmal."),
	N_("Höchstens 200 Dateien mit zusammen 50 MB lassen sich auf einmal ablegen. Bitte verteilen Sie sie auf mehrere Male. Es wurde nichts abgelegt."))
FAILURE(FAILURE_REASON_MISSING, "reason-missing", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Zum Löschen fehlt der Grund, oder er ist länger als 500 Zeichen."),
	N_("Bitte geben Sie an, warum die E-Mail gelöscht wird; der Grund steht im Protokoll. Gelöscht wurde nichts."))
FAILURE(FAILURE_CASE_INVALID, "case-invalid", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("„%s“ ist kein zulässiges Aktenzeichen."),
	N_("Ein Aktenzeichen hat 1 bis 100 Zeichen und keine Steuerzeichen."))
FAILURE(FAILURE_UPLOAD_UNUSABLE, "upload-unusable", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("„%s“ ist keine E-Mail-Datei, leer oder größer als 2 GiB."),
	N_("Bitte wählen Sie eine .eml-Datei. Es wurde nichts abgelegt."))
