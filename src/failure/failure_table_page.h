/* The rows of the catalogue that are about the page and the API; part of failure_table.h. */
/* clang-format off */

/* The page and the API */
FAILURE(FAILURE_PAGE_UNKNOWN, "page-unknown", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Diese Seite gibt es nicht."),
	N_("Vielleicht ist die Adresse unvollständig, oder der Eintrag wurde inzwischen entfernt. Die Startseite führt zu allem."))
FAILURE(FAILURE_PAGE_METHOD, "page-method", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Diese Adresse lässt sich so nicht aufrufen."),
	N_("Bitte gehen Sie über die Startseite und die Schaltflächen dorthin."))
FAILURE(FAILURE_PAGE_SIGNED_OUT, "page-signed-out", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Dafür ist eine Anmeldung nötig."),
	N_("Bitte melden Sie sich an; Programme senden einen gültigen API-Schlüssel mit („Authorization: Bearer …“)."))
FAILURE(FAILURE_PAGE_FORBIDDEN, "page-forbidden", FAILURE_CODE_INPUT, 2, ACTOR_ADMINISTRATOR,
	N_("Das dürfen nur Administratoren."),
	N_("Brauchen Sie dieses Recht, wenden Sie sich bitte an einen Administrator von Amtspost."))
FAILURE(FAILURE_MAILS_FOREIGN, "mails-foreign", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Die E-Mails eines anderen Benutzers („%s“) sieht nur dieser selbst."),
	N_("Das gilt auch für Administratoren. Bitte fragen Sie nach den eigenen E-Mails, ohne einen anderen Benutzer zu nennen."))
FAILURE(FAILURE_FORM_INVALID, "form-invalid", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Das Formular ist nicht vollständig angekommen."),
	N_("Es wurde nichts geändert. Bitte laden Sie die Seite neu und versuchen Sie es noch einmal."))
FAILURE(FAILURE_FORM_FIELDS, "form-fields", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Einige Angaben stimmen noch nicht."),
	N_("Es wurde nichts gespeichert. Was falsch ist, steht bei jedem Feld."))
FAILURE(FAILURE_FORM_FOREIGN, "form-foreign", FAILURE_CODE_CONFLICT, 2, ACTOR_CLERK,
	N_("Das Formular gehört nicht zu dieser Anmeldung, oder es kam von einer fremden Seite."),
	N_("Es wurde nichts geändert. Bitte öffnen Sie die Seite mit dem Formular neu, und senden Sie es dort noch einmal ab."))
FAILURE(FAILURE_PAGE_PASSWORD, "page-password", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Benutzername oder Kennwort ist falsch."),
	N_("Bitte prüfen Sie beides, auch die Feststelltaste. Haben Sie das Kennwort vergessen, wenden Sie sich an einen Administrator: Er schickt Ihnen einen Link, mit dem Sie ein neues wählen."))
FAILURE(FAILURE_PAGE_TRIES, "page-tries", FAILURE_CODE_RETRY, 5, ACTOR_CLERK,
	N_("Es gab zu viele Anmeldeversuche. Der nächste ist möglich in %s."),
	N_("Bitte warten Sie so lange. Haben Sie das Kennwort vergessen, kann ein Administrator Sie neu einladen."))
FAILURE(FAILURE_PAGE_FORMER_PASSWORD, "page-former-password", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Das eingegebene bisherige Kennwort stimmt nicht. Ihr Kennwort ist unverändert."),
	N_("Bitte geben Sie das Kennwort ein, mit dem Sie sich an Amtspost anmelden, und dann das neue zweimal. Haben Sie es vergessen, kann ein Administrator Sie neu einladen."))
FAILURE(FAILURE_PASSWORDS_DIFFER, "passwords-differ", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Die beiden Kennwörter sind nicht gleich."),
	N_("Es wurde nichts gespeichert. Bitte geben Sie das neue Kennwort zweimal gleich ein."))
FAILURE(FAILURE_SETUP_OVER, "setup-over", FAILURE_CODE_CONFLICT, 2, ACTOR_OPERATOR,
	N_("Diese Einrichtungsadresse gilt nicht mehr."),
	N_("Solange niemand sich als Administrator anmelden kann, nennt „amtspost serve“ bei jedem Start eine neue; sonst lädt ein Administrator weitere Benutzer ein."))
FAILURE(FAILURE_IMPORT_UNKNOWN, "import-unknown", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Dieser Import ist nicht mehr bekannt."),
	N_("Er ist länger als einen Tag oder viele Importe her, oder Amtspost wurde inzwischen neu gestartet. Was bis dahin abgelegt wurde, ist im Archiv; ein neuer Import macht dort weiter."))
FAILURE(FAILURE_WAITS_MANY, "waits-many", FAILURE_CODE_RETRY, 5, ACTOR_NOBODY,
	N_("Es warten schon zu viele Anfragen auf ein Ergebnis."),
	N_("Bitte versuchen Sie es in einer Minute noch einmal. Offene Seiten mit laufenden Importen und Programme, die auf einen Import warten, zählen zusammen."))
FAILURE(FAILURE_API_BODY, "api-body", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Der Inhalt der Anfrage ist kein passendes JSON-Dokument: %s"),
	N_("Die Beschreibung der Schnittstelle steht unter /api/v1/openapi.json. Es wurde nichts geändert."))

FAILURE(FAILURE_API_MEMBER, "api-member", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("„%s“ gehört nicht zu dieser Anfrage."),
	N_("Welche Parameter und Felder sie hat, steht unter /api/v1/openapi.json. Es wurde nichts geändert."))
FAILURE(FAILURE_API_PARAMETER, "api-parameter", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Der Parameter „%s“ hat keinen zulässigen Wert."),
	N_("Welche Werte er haben kann, steht unter /api/v1/openapi.json. Es wurde nichts geändert."))
FAILURE(FAILURE_API_PATH, "api-path", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Diese Adresse gibt es in der HTTP-Schnittstelle nicht: %s"),
	N_("Welche Adressen es gibt, steht unter /api/v1/openapi.json."))
FAILURE(FAILURE_API_METHOD, "api-method", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Diesen Aufruf gibt es in der HTTP-Schnittstelle nicht: %s"),
	N_("Welche Methoden die Adresse kennt, nennt das Kopffeld Allow; beschrieben sind sie unter /api/v1/openapi.json."))
FAILURE(FAILURE_API_SIZE, "api-size", FAILURE_CODE_LIMIT, 2, ACTOR_CLERK,
	N_("Der Inhalt der Anfrage ist zu groß."),
	N_("Bitte auf mehrere Anfragen verteilen. Es wurde nichts geändert."))
FAILURE(FAILURE_API_REFUSED, "api-refused", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Diese Anfrage kann Amtspost so nicht beantworten."),
	N_("Mit dem Status 503 bitte etwas später wiederholen, sonst Adresse und Kopffelder prüfen. Es wurde nichts geändert."))
FAILURE(FAILURE_MESSAGE_GONE, "message-gone", FAILURE_CODE_REFUSED, 6, ACTOR_CLERK,
	N_("Diese E-Mail ist auf dem Mailserver nicht mehr da."),
	N_("Vielleicht wurde sie inzwischen verschoben oder gelöscht. Bitte laden Sie die Liste des Ordners neu."))
FAILURE(FAILURE_FOLDER_RENEWED, "folder-renewed", FAILURE_CODE_REFUSED, 6, ACTOR_CLERK,
	N_("Der Mailserver hat die E-Mails im Ordner „%s“ neu nummeriert."),
	N_("Die Auswahl passt nicht mehr, es wurde nichts importiert. Bitte laden Sie die Liste des Ordners neu und wählen Sie noch einmal aus."))
FAILURE(FAILURE_PREVIEW_LARGE, "preview-large", FAILURE_CODE_LIMIT, 6, ACTOR_CLERK,
	N_("Diese E-Mail ist zu groß für die Vorschau."),
	N_("Importieren können Sie sie trotzdem; danach steht sie im Archiv."))
FAILURE(FAILURE_NOTHING_PICKED, "nothing-picked", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Es ist keine E-Mail ausgewählt."),
	N_("Bitte kreuzen Sie an, was importiert werden soll, oder importieren Sie den ganzen Ordner."))
FAILURE(FAILURE_DATE_INVALID, "date-invalid", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("„%s“ ist kein Datum."),
	N_("Bitte geben Sie es wie 23.11.2026 oder 2026-11-23 an. Es wurde nichts importiert."))
