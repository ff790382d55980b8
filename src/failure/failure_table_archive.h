/* The rows of the catalogue that are about single mails of the archive, filing and exporting them;
 * part of failure_table.h. */
/* clang-format off */

FAILURE(FAILURE_MAIL_UNKNOWN, "mail-unknown", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Eine E-Mail mit der Nummer %s gibt es im Archiv nicht."),
	N_("Vielleicht ist sie inzwischen gelöscht. Was da ist, zeigt die Liste des Archivs („amtspost archive list“)."))
FAILURE(FAILURE_MAIL_OTHERS, "mail-others", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Die E-Mail mit der Nummer %s dürfen Sie lesen, aber nicht ändern oder löschen: Auch andere haben sie erhalten oder abgelegt."),
	N_("Das kann, wer sie in einem eigenen Postfach hat, oder jemand mit dem Recht Archiv. Es wurde nichts geändert."))
FAILURE(FAILURE_ATTACHMENT_UNKNOWN, "attachment-unknown", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Diese E-Mail hat keine Anlage mit der Nummer %s."),
	N_("Welche Anlagen es gibt, steht bei der E-Mail („amtspost archive show“); die erste hat die Nummer 1."))
FAILURE(FAILURE_COPY_UNKNOWN, "copy-unknown", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Diese E-Mail hat keine Kopie mit der Nummer %s."),
	N_("Welche Kopien es gibt, steht bei der E-Mail („amtspost archive show“); sie zählen von 1 an."))
FAILURE(FAILURE_EXPORT_LARGE, "export-large", FAILURE_CODE_LIMIT, 2, ACTOR_CLERK,
	N_("Für eine ZIP-Datei sind das zu viele oder zu große E-Mails."),
	N_("Höchstens 500 E-Mails mit zusammen 1 GiB passen in eine. Bitte laden Sie die E-Mails in mehreren Teilen herunter."))
FAILURE(FAILURE_EXPORT_EMPTY, "export-empty", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Es ist keine E-Mail ausgewählt."),
	N_("Bitte kreuzen Sie in der Liste die E-Mails an, um die es geht."))
FAILURE(FAILURE_SELECTION_EMPTY, "selection-empty", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Es ist keine E-Mail ausgewählt."),
	N_("Bitte kreuzen Sie in der Liste die E-Mails an, die das Aktenzeichen bekommen sollen."))
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
	N_("„%s“ ist keine E-Mail-Datei."),
	N_("Bitte wählen Sie eine .eml-Datei. Es wurde nichts abgelegt."))
FAILURE(FAILURE_UPLOAD_BLANK, "upload-blank", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Die Datei „%s“ ist leer."),
	N_("Bitte speichern Sie die E-Mail noch einmal als .eml-Datei. Es wurde nichts abgelegt."))
FAILURE(FAILURE_UPLOAD_OUTLOOK, "upload-outlook", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("„%s“ ist eine Nachricht im Format von Outlook (.msg)."),
	N_("Bitte speichern Sie die E-Mail im E-Mail-Programm als .eml-Datei, oder importieren Sie sie aus dem Postfach. Es wurde nichts abgelegt."))
FAILURE(FAILURE_UPLOAD_HUGE, "upload-huge", FAILURE_CODE_LIMIT, 2, ACTOR_CLERK,
	N_("Die Datei „%s“ ist größer als 2 GiB."),
	N_("Größere E-Mails nimmt das Archiv nicht auf. Es wurde nichts abgelegt."))
FAILURE(FAILURE_CASE_MISSING, "case-missing", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Das Aktenzeichen fehlt."),
	N_("Bitte geben Sie ein Aktenzeichen ein."))
FAILURE(FAILURE_CASE_CHANGED, "case-changed", FAILURE_CODE_CONFLICT, 2, ACTOR_CLERK,
	N_("Das Aktenzeichen wurde inzwischen geändert, es lautet jetzt: %s"),
	N_("Ihre Eingabe ist noch nicht gespeichert. Soll sie gelten, speichern Sie bitte noch einmal."))
