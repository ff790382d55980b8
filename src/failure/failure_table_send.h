/* Rows of failure_table.h about sending. */
/* clang-format off */
FAILURE(FAILURE_SENDER_FOREIGN, "sender-foreign", FAILURE_CODE_INPUT, 2, ACTOR_ADMINISTRATOR,
	N_("Aus dem Postfach „%s“ kann dieser Benutzer nicht senden."),
	N_("Gesendet wird aus dem eigenen oder einem freigegebenen Postfach. Ein Administrator trägt weitere in der Benutzerverwaltung unter „weitere Postfächer“ ein."))
FAILURE(FAILURE_RECIPIENTS_MANY, "recipients-many", FAILURE_CODE_LIMIT, 2, ACTOR_CLERK,
	N_("Eine E-Mail kann höchstens %s Empfänger haben. Es wurde nichts gesendet."),
	N_("Bitte teilen Sie die Empfänger auf mehrere E-Mails auf oder nutzen Sie einen Verteiler."))
FAILURE(FAILURE_SEND_LATER, "send-later", FAILURE_CODE_RETRY, 5, ACTOR_NOBODY,
	N_("Der Mailserver nimmt die E-Mail zurzeit nicht an: %s"),
	N_("Die E-Mail bleibt im Postausgang und wird von selbst noch einmal gesendet."))
FAILURE(FAILURE_SEND_REFUSED, "send-refused", FAILURE_CODE_REFUSED, 6, ACTOR_CLERK,
	N_("Der Mailserver nimmt die E-Mail nicht an: %s"),
	N_("Von selbst wird sie nicht noch einmal gesendet. Ist die Ursache behoben, sendet „Erneut versuchen“ sie („amtspost outbox retry NR“)."))
FAILURE(FAILURE_SEND_GIVEN_UP, "send-given-up", FAILURE_CODE_REFUSED, 6, ACTOR_CLERK,
	N_("Die E-Mail ließ sich fünf Tage lang nicht senden; zuletzt: %s"),
	N_("Von selbst wird sie nicht noch einmal gesendet. Ist die Ursache behoben, sendet „Erneut versuchen“ sie („amtspost outbox retry NR“)."))
FAILURE(FAILURE_RECIPIENT_REFUSED, "recipient-refused", FAILURE_CODE_REFUSED, 6, ACTOR_CLERK,
	N_("Der Mailserver nimmt die E-Mail an „%s“ nicht an."),
	N_("Bitte prüfen Sie die Adresse. Was der Server dazu sagt, steht beim Empfänger."))
FAILURE(FAILURE_SENDS_FAILED, "sends-failed", FAILURE_CODE_REFUSED, 6, ACTOR_CLERK,
	N_("Nicht alles wurde gesendet."),
	N_("Die Gründe stehen bei den E-Mails. „amtspost outbox retry NR“ sendet eine noch einmal."))
FAILURE(FAILURE_SENDS_WAITING, "sends-waiting", FAILURE_CODE_RETRY, 5, ACTOR_NOBODY,
	N_("Noch ist nicht alles gesendet; was wartet, bleibt im Postausgang."),
	N_("Der Dienst sendet es von selbst, sobald es geht; ohne ihn tut es „amtspost outbox run“."))
FAILURE(FAILURE_TEST_LATER, "test-mail-later", FAILURE_CODE_RETRY, 5, ACTOR_NOBODY,
	N_("Der Mailserver nimmt die Testnachricht zurzeit nicht an: %s"),
	N_("Bitte prüfen Sie die Verbindung später noch einmal. Von selbst wird die Testnachricht nicht wiederholt."))
FAILURE(FAILURE_TEST_REFUSED, "test-mail-refused", FAILURE_CODE_REFUSED, 6, ACTOR_CLERK,
	N_("Der Mailserver nimmt die Testnachricht nicht an: %s"),
	N_("Den Grund nennt seine Antwort. Geht es darin um den Empfänger, prüfen Sie bitte die Schreibweise der Adresse; sonst hilft der Betreiber des Mailservers."))
FAILURE(FAILURE_TEST_UNKNOWN, "test-mail-unknown", FAILURE_CODE_RETRY, 5, ACTOR_NOBODY,
	N_("Die Testnachricht ist übergeben, aber die Verbindung brach vor der Antwort des Mailservers ab."),
	N_("Bitte sehen Sie nach, ob sie angekommen ist. Wenn nicht, prüfen Sie die Verbindung noch einmal."))
FAILURE(FAILURE_OUTBOX_FULL, "outbox-full", FAILURE_CODE_RETRY, 5, ACTOR_NOBODY,
	N_("Im Postausgang warten schon %s E-Mails dieses Benutzers."),
	N_("Bitte senden Sie weitere, sobald diese gesendet sind; woran es liegt, steht bei ihnen. Eingereiht wurde nichts."))
