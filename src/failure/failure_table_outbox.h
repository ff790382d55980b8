/* The rows of the catalogue that are about mails in the outbox; part of failure_table.h. */
/* clang-format off */

FAILURE(FAILURE_OUTBOX_UNKNOWN, "outbox-unknown", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Eine E-Mail mit der Nummer %s gibt es im Postausgang nicht."),
	N_("Was da ist, zeigt die Liste des Postausgangs („amtspost outbox list“)."))
FAILURE(FAILURE_OUTBOX_STATE, "outbox-state", FAILURE_CODE_CONFLICT, 2, ACTOR_CLERK,
	N_("Das ist jetzt nicht möglich: Die E-Mail %s."),
	N_("Es wurde nichts geändert. Wie es um sie steht, zeigt der Postausgang („amtspost outbox list“)."))
FAILURE(FAILURE_OUTBOX_ERASED, "outbox-erased", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Der Inhalt der E-Mail mit der Nummer %s ist nicht mehr im Postausgang."),
	N_("Einige Zeit nach dem Ende wird er gelöscht. Bitte schreiben Sie die E-Mail neu; was gesendet wurde, steht im Archiv."))
FAILURE(FAILURE_SENT_UNKNOWN, "sent-unknown", FAILURE_CODE_RETRY, 5, ACTOR_CLERK,
	N_("Die E-Mail wurde übergeben, aber die Verbindung riss ab, bevor der Mailserver den Empfang bestätigte."),
	N_("Bitte fragen Sie beim Empfänger nach, ob sie angekommen ist. „Erneut versuchen“ schickt sie noch einmal; dann kann sie doppelt ankommen."))
FAILURE(FAILURE_SENT_INTERRUPTED, "sent-interrupted", FAILURE_CODE_RETRY, 5, ACTOR_CLERK,
	N_("Amtspost wurde beim Senden unterbrochen; vielleicht ist die E-Mail schon gesendet worden."),
	N_("Bitte fragen Sie beim Empfänger nach, ob sie angekommen ist. „Erneut versuchen“ schickt sie noch einmal; dann kann sie doppelt ankommen."))
FAILURE(FAILURE_SENT_RESTORED, "sent-restored", FAILURE_CODE_RETRY, 5, ACTOR_CLERK,
	N_("Eine ältere Sicherung von Amtspost wurde wiederhergestellt; vielleicht ist die E-Mail seitdem schon gesendet worden."),
	N_("Bitte fragen Sie beim Empfänger nach, ob sie angekommen ist. „Erneut versuchen“ schickt sie noch einmal; dann kann sie doppelt ankommen."))
