/* THE catalogue: one row a condition. Sentences may hold one %s, the subject, and
 * advice one, the remedy. Included several times with FAILURE defined; has no guard for that
 * reason.
 *
 * FAILURE(id, name, code, status, actor, sentence, advice) */
/* clang-format off */

/* Ours */
FAILURE(FAILURE_INTERNAL, "internal", FAILURE_CODE_STORE, 1, ACTOR_OPERATOR,
	N_("Im Programm ist ein unerwarteter Fehler aufgetreten."),
	N_("Bitte geben Sie die technische Meldung an Ihre IT weiter."))
FAILURE(FAILURE_CANCELLED, "cancelled", FAILURE_CODE_CANCELLED, 130, ACTOR_NOBODY,
	N_("Der Vorgang wurde abgebrochen."),
	N_("Es ging nichts verloren. Was bis dahin gespeichert war, bleibt gespeichert; ein neuer Import macht dort weiter."))
FAILURE(FAILURE_USAGE, "usage", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Der Aufruf ist so nicht möglich: %s"),
	N_("„amtspost BEFEHL --help“ zeigt, wie der Befehl aufgerufen wird. Ein Text mit Leerzeichen gehört in Anführungszeichen."))
FAILURE(FAILURE_INPUT_UNREADABLE, "input-unreadable", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Die Datei „%s“ kann nicht gelesen werden."),
	N_("Bitte prüfen Sie Name, Ort und Leserechte der Datei."))
FAILURE(FAILURE_OUTPUT, "output", FAILURE_CODE_STORE, 1, ACTOR_CLERK,
	N_("„%s“ kann nicht geschrieben werden."),
	N_("Bitte prüfen Sie Ort, Schreibrechte und freien Speicherplatz."))

#include "failure/failure_table_page.h"
#include "failure/failure_table_send.h"

/* People and settings */
FAILURE(FAILURE_USER_UNKNOWN, "user-unknown", FAILURE_CODE_INPUT, 2, ACTOR_ADMINISTRATOR,
	N_("Den Benutzer „%s“ gibt es nicht."),
	N_("Bitte prüfen Sie die Schreibweise; in der Benutzerverwaltung stehen unter „Alle“ alle Benutzer („amtspost user list“)."))
FAILURE(FAILURE_USER_EXISTS, "user-exists", FAILURE_CODE_CONFLICT, 2, ACTOR_ADMINISTRATOR,
	N_("Den Benutzer „%s“ gibt es schon."),
	N_("Bei Benutzernamen zählt Groß- und Kleinschreibung nicht. Bitte wählen Sie einen anderen Namen."))
FAILURE(FAILURE_USER_NAME_INVALID, "user-name-invalid", FAILURE_CODE_INPUT, 2, ACTOR_ADMINISTRATOR,
	N_("„%s“ ist kein zulässiger Benutzername."),
	N_("Erlaubt sind 1 bis 64 Buchstaben, Ziffern, Punkt, Unterstrich, Bindestrich und @; der Punkt nicht am Anfang."))
FAILURE(FAILURE_DISPLAY_NAME_INVALID, "display-name-invalid", FAILURE_CODE_INPUT, 2, ACTOR_ADMINISTRATOR,
	N_("„%s“ ist kein zulässiger Anzeigename."),
	N_("Ein Anzeigename hat höchstens 200 Zeichen und keine Steuerzeichen."))
FAILURE(FAILURE_USER_LOCKED, "user-locked", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Benutzer „%s“ ist gesperrt."),
	N_("Ein Administrator kann ihn in der Benutzerverwaltung wieder freigeben."))
FAILURE(FAILURE_USER_LOCKED_ALONE, "user-locked-alone", FAILURE_CODE_SETUP, 3, ACTOR_OPERATOR,
	N_("Der Benutzer „%s“ ist gesperrt."),
	N_("Zurzeit kann sich kein Administrator anmelden. Wer den Rechner betreut, gibt einen mit „amtspost user unlock NAME“ frei; hat er kein Kennwort mehr, setzt „amtspost user passwd NAME“ ein neues."))
FAILURE(FAILURE_USER_LAST_ADMINISTRATOR, "user-last-administrator", FAILURE_CODE_CONFLICT, 2, ACTOR_ADMINISTRATOR,
	N_("„%s“ ist der letzte Administrator, der sich anmelden kann. Geändert wurde nichts."),
	N_("Bitte geben Sie zuerst einem anderen Benutzer das Recht Administrator und laden Sie ihn ein; sobald er sein Kennwort gewählt hat, ist dies möglich."))
FAILURE(FAILURE_USER_OWN, "user-own", FAILURE_CODE_CONFLICT, 2, ACTOR_ADMINISTRATOR,
	N_("Das eigene Konto können Sie nicht selbst sperren oder entfernen, und das eigene Recht Administrator nicht selbst abgeben. Geändert wurde nichts."),
	N_("Das muss ein anderer Administrator tun."))
FAILURE(FAILURE_PASSWORD_EMPTY, "password-empty", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Es wurde kein Kennwort eingegeben."),
	N_("Es wurde nichts gespeichert. Bitte geben Sie es noch einmal ein; Programme übergeben es über die Standardeingabe."))
FAILURE(FAILURE_PASSWORD_INVALID, "password-invalid", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Dieses Kennwort ist %s."),
	N_("Bitte wählen Sie ein anderes, mit 8 bis 1024 Zeichen, das weder das bisherige noch der Benutzername ist."))
FAILURE(FAILURE_INVITATION_OVER, "invitation-over", FAILURE_CODE_INPUT, 2, ACTOR_ADMINISTRATOR,
	N_("Dieser Link gilt nicht mehr: Er wurde schon benutzt, durch einen neueren ersetzt oder ist älter als sieben Tage."),
	N_("Bitte melden Sie sich mit Ihrem Kennwort an. Haben Sie noch keines, kann ein Administrator Ihnen einen neuen Link schicken („amtspost user invite NAME“)."))
FAILURE(FAILURE_IMPORTS_MANY, "imports-many", FAILURE_CODE_RETRY, 5, ACTOR_NOBODY,
	N_("Es warten gerade zu viele Importe."),
	N_("Bitte versuchen Sie es in einigen Minuten noch einmal. Laufende Importe stehen unter „E-Mail importieren“ und lassen sich dort abbrechen."))
FAILURE(FAILURE_IDEMPOTENCY_KEY, "idempotency-key", FAILURE_CODE_CONFLICT, 2, ACTOR_CLERK,
	N_("Der Schlüssel „%s“ wurde schon für eine andere Anfrage verwendet."),
	N_("Jede neue Anfrage braucht ihren eigenen Schlüssel (Idempotency-Key); nur die Wiederholung derselben Anfrage darf ihn noch einmal nennen."))
FAILURE(FAILURE_KEY_EXISTS, "key-exists", FAILURE_CODE_CONFLICT, 2, ACTOR_ADMINISTRATOR,
	N_("Einen API-Schlüssel mit der Bezeichnung „%s“ gibt es schon."),
	N_("Bei Bezeichnungen zählt Groß- und Kleinschreibung nicht. Bitte wählen Sie eine andere, oder entfernen Sie zuerst den bisherigen Schlüssel („amtspost apikey remove BEZEICHNUNG“)."))
FAILURE(FAILURE_KEY_LABEL, "key-label", FAILURE_CODE_INPUT, 2, ACTOR_ADMINISTRATOR,
	N_("„%s“ ist keine zulässige Bezeichnung für einen API-Schlüssel."),
	N_("Eine Bezeichnung hat 1 bis 100 Zeichen und keine Steuerzeichen; am besten sagt sie, welches Programm den Schlüssel benutzt."))
FAILURE(FAILURE_KEY_EXPIRES, "key-expires", FAILURE_CODE_INPUT, 2, ACTOR_ADMINISTRATOR,
	N_("Der API-Schlüssel wäre schon abgelaufen: %s ist vorbei."),
	N_("Bitte geben Sie einen späteren Tag an, oder keinen, wenn der Schlüssel gelten soll, bis Sie ihn entfernen. Angelegt wurde nichts."))
FAILURE(FAILURE_KEY_UNKNOWN, "key-unknown", FAILURE_CODE_INPUT, 2, ACTOR_ADMINISTRATOR,
	N_("Einen API-Schlüssel mit der Bezeichnung „%s“ gibt es nicht."),
	N_("Bitte prüfen Sie die Schreibweise; „amtspost apikey list“ zeigt alle Schlüssel."))
FAILURE(FAILURE_CSV_INVALID, "csv-invalid", FAILURE_CODE_INPUT, 2, ACTOR_ADMINISTRATOR,
	N_("Die CSV-Datei kann so nicht übernommen werden. %s"),
	N_("Bitte berichtigen Sie die genannten Zeilen und rufen Sie den Import erneut auf. Es wurde niemand angelegt."))
FAILURE(FAILURE_CSV_ENCODING, "csv-encoding", FAILURE_CODE_INPUT, 2, ACTOR_ADMINISTRATOR,
	N_("Die CSV-Datei ist nicht in UTF-8 gespeichert."),
	N_("Bitte speichern Sie sie in UTF-8 (in Excel: „CSV UTF-8“). Es wurde niemand angelegt."))
FAILURE(FAILURE_CSV_TOO_LARGE, "csv-too-large", FAILURE_CODE_INPUT, 2, ACTOR_ADMINISTRATOR,
	N_("Die CSV-Datei „%s“ ist größer als 8 MB."),
	N_("Bitte teilen Sie die Datei auf. Es wurde niemand angelegt."))
FAILURE(FAILURE_CSV_SECRET, "csv-secret", FAILURE_CODE_INPUT, 2, ACTOR_ADMINISTRATOR,
	N_("Die Spalte „%s“ enthält Geheimes und darf nicht in der CSV-Datei stehen."),
	N_("Kennwörter gibt jeder Benutzer selbst ein."))
FAILURE(FAILURE_SETTING_UNKNOWN, "setting-unknown", FAILURE_CODE_INPUT, 2, ACTOR_ADMINISTRATOR,
	N_("Die Einstellung „%s“ gibt es nicht."),
	N_("„amtspost settings list“ zeigt alle Einstellungen."))
FAILURE(FAILURE_SETTING_INVALID, "setting-invalid", FAILURE_CODE_INPUT, 2, ACTOR_ADMINISTRATOR,
	N_("Der Wert passt nicht zur Einstellung: %s"),
	N_("Bitte geben Sie einen zulässigen Wert ein. Gespeichert wurde nichts."))
FAILURE(FAILURE_SETTING_SCOPE, "setting-scope", FAILURE_CODE_INPUT, 2, ACTOR_ADMINISTRATOR,
	N_("Die Einstellung „%s“ gibt es an dieser Stelle nicht."),
	N_("Manche Einstellungen gelten nur für alle (Systemsteuerung, ohne --user), manche nur je Benutzer (Benutzerverwaltung, mit --user NAME)."))
FAILURE(FAILURE_SETTING_MISSING, "setting-missing", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Es fehlt eine Einstellung: %s."),
	N_("Ein Administrator muss sie eintragen, %s."))
FAILURE(FAILURE_SETTING_MISSING_GLOBAL, "setting-missing-global", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Es fehlt eine Einstellung: %s."),
	N_("Ein Administrator muss sie in der Systemsteuerung eintragen."))
FAILURE(FAILURE_AFTER_FOLDER_MISSING, "after-folder-missing", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Nach dem Import soll verschoben werden, aber der Zielordner fehlt."),
	N_("Bitte tragen Sie den Ordner ein („amtspost settings set import.after-folder ORDNER --user NAME“) oder stellen Sie import.after auf none."))
FAILURE(FAILURE_SETTINGS_CHANGED, "settings-changed", FAILURE_CODE_CONFLICT, 1, ACTOR_ADMINISTRATOR,
	N_("Die Einstellungen wurden inzwischen von jemand anderem geändert."),
	N_("Bitte sehen Sie sich den neuen Stand an und ändern Sie dann erneut."))
FAILURE(FAILURE_ACCOUNT_CHANGED, "account-changed", FAILURE_CODE_CONFLICT, 1, ACTOR_NOBODY,
	N_("Das Postfach oder der Mailserver von „%s“ wurde während des Imports in den Einstellungen geändert."),
	N_("Was bis dahin abgelegt wurde, bleibt im Archiv. Ein neuer Import nimmt die neuen Einstellungen."))
FAILURE(FAILURE_SECRET_ARGUMENT, "secret-argument", FAILURE_CODE_INPUT, 2, ACTOR_ADMINISTRATOR,
	N_("Die Einstellung „%s“ ist geheim und darf nicht in der Befehlszeile stehen."),
	N_("Bitte geben Sie „-“ als Wert an und den geheimen Wert über die Standardeingabe."))
FAILURE(FAILURE_INTERFACE_DISABLED, "interface-disabled", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Für „%s“ ist E-Mail nicht eingeschaltet (Schnittstelle: Deaktiviert)."),
	N_("Ein Administrator kann die Schnittstelle in der Benutzerverwaltung unter „Office und E-Mail“ einschalten."))
FAILURE(FAILURE_MAILBOX_UNKNOWN, "mailbox-unknown", FAILURE_CODE_INPUT, 2, ACTOR_ADMINISTRATOR,
	N_("Das Postfach „%s“ gehört nicht zu den Postfächern dieses Benutzers."),
	N_("Ein Administrator kann es in der Benutzerverwaltung unter „weitere Postfächer“ eintragen."))

FAILURE(FAILURE_MAILBOX_DENIED, "mailbox-denied", FAILURE_CODE_REFUSED, 6, ACTOR_ADMINISTRATOR,
	N_("Das Postfach „%s“ lässt sich nicht öffnen: Die Berechtigung dafür fehlt, oder es gibt das Postfach nicht."),
	N_("Bitte prüfen Sie die Adresse auf Tippfehler; ein Administrator kann sie ändern."))
FAILURE(FAILURE_MAILBOX_DENIED_BEFORE, "mailbox-denied-before", FAILURE_CODE_REFUSED, 6, ACTOR_ADMINISTRATOR,
	N_("Der Server hat den Zugriff auf das Postfach %s."),
	N_("Wurde das Recht inzwischen gegeben, fragt „amtspost check --user %s“ sofort."))
FAILURE(FAILURE_MAILBOX_NOT_TRIED, "mailbox-not-tried", FAILURE_CODE_REFUSED, 6, ACTOR_ADMINISTRATOR,
	N_("Das Postfach „%s“ wurde nicht versucht: Der Server hat ein anderes Postfach mit der Anmeldung des Hauptkontos abgelehnt, und weitere Versuche könnten das Hauptkonto sperren."),
	N_("Bitte nehmen Sie Postfächer ohne Berechtigung aus „weitere Postfächer“, oder hinterlegen Sie dafür eigene Zugangsdaten. Was zurückgestellt ist, versucht Amtspost der Reihe nach, solange eines abgelehnt wird, eines je Stunde; „amtspost check --user %s“ versucht das nächste sofort."))
FAILURE(FAILURE_MAILBOX_LOST, "mailbox-lost", FAILURE_CODE_REFUSED, 6, ACTOR_ADMINISTRATOR,
	N_("Das Postfach „%s“ ließ sich während des Vorgangs nicht mehr öffnen: Die Berechtigung wurde entzogen, oder das Postfach wurde entfernt."),
	N_("Was bis dahin abgelegt wurde, bleibt im Archiv. Wird das Postfach weiter gebraucht, muss, wer die Postfächer verwaltet, den Zugriff wieder geben."))
FAILURE(FAILURE_MAILBOX_LOGIN_REFUSED, "mailbox-login-refused", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Der Server hat die eigenen Zugangsdaten des Postfachs „%s“ abgelehnt."),
	N_("Bitte geben Sie sie neu ein: „amtspost login --user %s“. Bis dahin meldet sich Amtspost damit nicht noch einmal an, damit das Konto nicht gesperrt wird."))
FAILURE(FAILURE_MAILBOX_SECRET, "mailbox-secret", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Das gespeicherte Kennwort des Postfachs „%s“ lässt sich nicht mehr entschlüsseln."),
	N_("Bitte geben Sie es neu ein: „amtspost login --user %s“."))
FAILURE(FAILURE_MAILBOX_LOGIN_NOT_STORED, "mailbox-login-not-stored", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Der Server hat die eigenen Zugangsdaten des Postfachs „%s“ abgelehnt: Benutzername oder Kennwort sind nicht richtig. Das eingegebene Kennwort wurde nicht gespeichert."),
	N_("Bitte geben Sie es noch einmal ein: „amtspost login --user NAME --mailbox ADRESSE“. Ein bisher gespeichertes Kennwort bleibt, wie es war."))
FAILURE(FAILURE_MAILBOXES_FAILED, "mailboxes-failed", FAILURE_CODE_REFUSED, 6, ACTOR_ADMINISTRATOR,
	N_("Die Anmeldung gilt, aber diese Postfächer lassen sich nicht öffnen: %s."),
	N_("Der Grund steht bei jedem Postfach; die Berechtigung gibt, wer die Postfächer verwaltet. Alle anderen können verwendet werden."))

/* Serving the pages */
FAILURE(FAILURE_LISTEN, "listen", FAILURE_CODE_SETUP, 3, ACTOR_OPERATOR,
	N_("Amtspost kann unter der Adresse %s keine Verbindungen annehmen."),
	N_("Adresse und Port müssen zu diesem Rechner gehören und frei sein. Wer den Rechner betreut, kann andere angeben oder das Programm beenden, das den Port belegt."))
FAILURE(FAILURE_TLS_FILE, "tls-file", FAILURE_CODE_SETUP, 3, ACTOR_OPERATOR,
	N_("Zertifikat oder Schlüssel für die verschlüsselte Verbindung lässt sich nicht verwenden: „%s“."),
	N_("Wer den Rechner betreut, muss zwei PEM-Dateien angeben, die zusammengehören und die Amtspost lesen darf; der Schlüssel darf kein Kennwort haben."))
FAILURE(FAILURE_SERVE_CERTIFICATE, "serve-certificate", FAILURE_CODE_SETUP, 3, ACTOR_OPERATOR,
	N_("In der Datei „%s“ steht kein Zertifikat."),
	N_("Wer den Rechner betreut, muss bei --tls-cert eine PEM-Datei angeben: zuerst das Zertifikat dieses Rechners („-----BEGIN CERTIFICATE-----“), dann die Zertifikate der Zwischenstellen."))
FAILURE(FAILURE_SERVE_KEY, "serve-key", FAILURE_CODE_SETUP, 3, ACTOR_OPERATOR,
	N_("In der Datei „%s“ steht kein privater Schlüssel."),
	N_("Wer den Rechner betreut, muss bei --tls-key die PEM-Datei mit dem privaten Schlüssel angeben („-----BEGIN PRIVATE KEY-----“)."))
FAILURE(FAILURE_SERVE_KEY_PASSWORD, "serve-key-password", FAILURE_CODE_SETUP, 3, ACTOR_OPERATOR,
	N_("Der Schlüssel in „%s“ ist mit einem Kennwort geschützt."),
	N_("Amtspost kann danach niemanden fragen. Wer den Rechner betreut, kann ihn ohne Kennwort ablegen („openssl pkey -in ALT -out NEU“) und dafür sorgen, dass nur Amtspost die Datei lesen darf."))
FAILURE(FAILURE_SERVE_KEY_OTHER, "serve-key-other", FAILURE_CODE_SETUP, 3, ACTOR_OPERATOR,
	N_("Der Schlüssel in „%s“ gehört nicht zum Zertifikat."),
	N_("Wer den Rechner betreut, muss bei --tls-key den Schlüssel angeben, mit dem genau dieses Zertifikat beantragt wurde; in der Zertifikatsdatei muss das eigene Zertifikat an erster Stelle stehen."))

/* Reaching the server */
FAILURE(FAILURE_NAME_UNKNOWN, "name-unknown", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Servername „%s“ ist nicht bekannt."),
	N_("Ein Administrator muss den Servernamen auf Tippfehler prüfen; wie der Server heißt, weiß, wer ihn betreut."))
FAILURE(FAILURE_NAME_TEMPORARY, "name-temporary", FAILURE_CODE_RETRY, 5, ACTOR_OPERATOR,
	N_("Die Adresse zum Servernamen „%s“ ist gerade nicht zu ermitteln."),
	N_("Bitte versuchen Sie es später noch einmal. Bleibt es dabei, muss die IT die Namensauflösung (DNS) prüfen."))
FAILURE(FAILURE_CONNECT_REFUSED, "connect-refused", FAILURE_CODE_RETRY, 5, ACTOR_ADMINISTRATOR,
	N_("Der Server %s nimmt keine Verbindung an."),
	N_("Bitte versuchen Sie es später noch einmal. Bleibt es dabei, muss ein Administrator Servername und Port prüfen."))
FAILURE(FAILURE_TIMEOUT, "timeout", FAILURE_CODE_RETRY, 5, ACTOR_PROVIDER,
	N_("Der Server %s antwortet nicht."),
	N_("Bitte versuchen Sie es später noch einmal. Bleibt es dabei, muss ein Administrator Port und Zeitgrenze prüfen."))
FAILURE(FAILURE_CONNECTION_LOST, "connection-lost", FAILURE_CODE_RETRY, 5, ACTOR_PROVIDER,
	N_("Die Verbindung zum Server %s ist abgebrochen."),
	N_("Bitte versuchen Sie es noch einmal; was schon abgelegt ist, bleibt abgelegt."))
FAILURE(FAILURE_PROXY_NAME_UNKNOWN, "proxy-name-unknown", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Name des Proxys „%s“ ist nicht bekannt."),
	N_("Ein Administrator muss „Proxy Hostname/Server“ berichtigen."))
FAILURE(FAILURE_PROXY_NAME_TEMPORARY, "proxy-name-temporary", FAILURE_CODE_RETRY, 5, ACTOR_OPERATOR,
	N_("Die Adresse des Proxys „%s“ ist gerade nicht zu ermitteln."),
	N_("Bitte versuchen Sie es später noch einmal. Bleibt es dabei, muss die IT die Namensauflösung (DNS) prüfen."))
FAILURE(FAILURE_PROXY_REFUSED, "proxy-refused", FAILURE_CODE_RETRY, 5, ACTOR_ADMINISTRATOR,
	N_("Der Proxy %s nimmt keine Verbindung an; der Server dahinter wurde nicht gefragt."),
	N_("Bitte versuchen Sie es später noch einmal. Bleibt es dabei, muss ein Administrator „Proxy Hostname/Server“ und „Proxy Port“ prüfen."))
FAILURE(FAILURE_PROXY_LOGIN, "proxy-login", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Proxy %s lehnt die Anmeldung am Proxy ab; der Server dahinter wurde nicht gefragt."),
	N_("Ein Administrator muss Proxy Benutzername und Proxy Benutzerpasswort berichtigen."))
FAILURE(FAILURE_PROXY_LOGIN_MISSING, "proxy-login-missing", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Proxy %s verlangt eine Anmeldung, es ist aber keine eingetragen."),
	N_("Ein Administrator muss Proxy Benutzername und Proxy Benutzerpasswort eintragen."))
FAILURE(FAILURE_PROXY_NOT_HTTP, "proxy-not-http", FAILURE_CODE_RETRY, 5, ACTOR_ADMINISTRATOR,
	N_("%s antwortet nicht wie ein HTTP-Proxy; der Server dahinter wurde nicht gefragt."),
	N_("Ein Administrator muss „Proxy-Art“ und „Proxy Port“ prüfen."))
FAILURE(FAILURE_PROXY_NOT_SOCKS, "proxy-not-socks", FAILURE_CODE_RETRY, 5, ACTOR_ADMINISTRATOR,
	N_("%s antwortet nicht wie ein SOCKS5-Proxy; der Server dahinter wurde nicht gefragt."),
	N_("Ein Administrator muss „Proxy-Art“ und „Proxy Port“ prüfen."))
FAILURE(FAILURE_PROXY_FORBIDDEN, "proxy-forbidden", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Proxy %s erlaubt die Verbindung zum Server dahinter nicht."),
	N_("Wer den Proxy betreut, muss Server und Port freigeben."))
FAILURE(FAILURE_PROXY_UNREACHABLE, "proxy-unreachable", FAILURE_CODE_RETRY, 5, ACTOR_OPERATOR,
	N_("Über den Proxy %s ist der Server dahinter gerade nicht zu erreichen."),
	N_("Bitte versuchen Sie es später noch einmal. Bleibt es dabei, muss ein Administrator Servername und Port des Servers prüfen, und die IT, ob der Proxy ihn erreicht."))
FAILURE(FAILURE_TLS_STARTTLS_MISSING, "starttls-missing", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Server %s bietet auf diesem Port keine Verschlüsselung (STARTTLS) an. Es wurde nichts übertragen."),
	N_("Ein Administrator muss Port und SSL/TLS prüfen; üblich ist Port %s."))
FAILURE(FAILURE_TLS_NOT_SPOKEN, "tls-not-spoken", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Server %s spricht auf diesem Port kein TLS. Es wurde nichts übertragen."),
	N_("Ein Administrator muss Port und SSL/TLS prüfen; üblich ist Port %s."))
FAILURE(FAILURE_TLS_REQUIRED, "tls-required", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Server %s spricht auf diesem Port nur verschlüsselt (TLS), eingestellt ist aber „Nein“. Es wurde nichts übertragen."),
	N_("Ein Administrator muss unter SSL/TLS den Wert „Server (Standard)“ wählen oder den Port berichtigen."))
FAILURE(FAILURE_TLS_IMPLICIT, "tls-implicit", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Server %s verschlüsselt auf diesem Port von Anfang an und nicht erst mit STARTTLS, wie es dort üblich ist. Es wurde nichts übertragen."),
	N_("Ein Administrator muss den Port berichtigen, auf diesem verwendet Amtspost STARTTLS; üblich ist Port %s."))
FAILURE(FAILURE_TLS_INJECTION, "tls-injection", FAILURE_CODE_PROTOCOL, 5, ACTOR_OPERATOR,
	N_("Beim Umschalten auf Verschlüsselung kamen vom Server %s Daten, die dort nicht sein dürfen. Die Verbindung wurde getrennt, bevor etwas übertragen wurde."),
	N_("Das kann ein Angriff auf die Verbindung sein. Bitte informieren Sie Ihre IT."))
FAILURE(FAILURE_TLS_VERSION, "tls-version", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Die Verschlüsselung mit dem Server kommt nicht zustande, weil die TLS-Versionen nicht passen: %s."),
	N_("%s Kann der Server nur TLS 1.0 oder 1.1, sollte er erneuert werden."))
FAILURE(FAILURE_TLS_HANDSHAKE, "tls-handshake", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Die Verschlüsselung mit dem Server %s kommt nicht zustande."),
	N_("Ein Administrator muss Port und SSL/TLS prüfen; die technische Meldung nennt den Grund."))
FAILURE(FAILURE_TLS_HOST_MISMATCH, "tls-host-mismatch", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Das Zertifikat des Servers ist nicht auf den Namen „%s“ ausgestellt. Es wurde nichts übertragen."),
	N_("Ein Administrator muss den Servernamen so eintragen, wie er im Zertifikat steht."))
FAILURE(FAILURE_TLS_AUTHORITY, "tls-authority", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Das Zertifikat des Servers %s stammt von einer unbekannten Zertifizierungsstelle. Es wurde nichts übertragen."),
	N_("Bei einer eigenen Zertifizierungsstelle trägt ein Administrator deren Datei unter „zusätzliche Zertifizierungsstellen“ ein."))
FAILURE(FAILURE_TLS_EXPIRED, "tls-expired", FAILURE_CODE_SETUP, 3, ACTOR_PROVIDER,
	N_("Das Zertifikat des Servers %s ist abgelaufen. Es wurde nichts übertragen."),
	N_("Wer den Mailserver betreut, muss das Zertifikat erneuern. Geht die Uhr dieses Rechners vor, muss die IT sie stellen."))
FAILURE(FAILURE_TLS_NOT_YET_VALID, "tls-not-yet-valid", FAILURE_CODE_SETUP, 3, ACTOR_OPERATOR,
	N_("Das Zertifikat des Servers %s gilt noch nicht. Wahrscheinlich geht die Uhr dieses Rechners falsch. Es wurde nichts übertragen."),
	N_("Die IT muss Datum und Uhrzeit dieses Rechners stellen. Stimmen sie, muss, wer den Mailserver betreut, ein Zertifikat einsetzen, das schon gilt."))
FAILURE(FAILURE_TLS_CERTIFICATE, "tls-certificate", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Das Zertifikat des Servers %s ist nicht gültig. Es wurde nichts übertragen."),
	N_("Wer den Mailserver betreut, muss das Zertifikat berichtigen; die technische Meldung nennt den Grund."))
FAILURE(FAILURE_TLS_CA_FILE, "tls-ca-file", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Die Datei „%s“ mit zusätzlichen Zertifizierungsstellen ist nicht lesbar oder keine PEM-Datei."),
	N_("Ein Administrator muss die Einstellung „zusätzliche Zertifizierungsstellen“ berichtigen."))

/* Talking to the server */
FAILURE(FAILURE_SERVER_GARBAGE, "server-garbage", FAILURE_CODE_PROTOCOL, 5, ACTOR_PROVIDER,
	N_("Der Server %s antwortet nicht so, wie es ein Mailserver tut."),
	N_("Bitte versuchen Sie es später noch einmal. Bleibt es dabei, muss ein Administrator Servername und Port prüfen."))
FAILURE(FAILURE_LINE_TOO_LONG, "line-too-long", FAILURE_CODE_PROTOCOL, 5, ACTOR_PROVIDER,
	N_("Der Server %s sendet eine Antwort ohne Ende. Die Verbindung wurde getrennt."),
	N_("Bitte versuchen Sie es später noch einmal. Bleibt es dabei, muss sich die IT an den Betreiber des Mailservers wenden."))
FAILURE(FAILURE_SERVER_BYE, "server-bye", FAILURE_CODE_RETRY, 5, ACTOR_PROVIDER,
	N_("Der Server %s hat die Verbindung beendet."),
	N_("Bitte versuchen Sie es in einigen Minuten noch einmal."))
FAILURE(FAILURE_NOT_IMAP, "not-imap", FAILURE_CODE_PROTOCOL, 5, ACTOR_ADMINISTRATOR,
	N_("Auf Port %s, kein IMAP-Server."),
	N_("Ein Administrator muss den Port berichtigen; üblich ist 993."))
FAILURE(FAILURE_NOT_SMTP, "not-smtp", FAILURE_CODE_PROTOCOL, 5, ACTOR_ADMINISTRATOR,
	N_("Auf Port %s, kein SMTP-Server."),
	N_("Ein Administrator muss den Port berichtigen; üblich ist 587."))
FAILURE(FAILURE_CLIENT_REFUSED, "client-refused", FAILURE_CODE_RETRY, 5, ACTOR_PROVIDER,
	N_("Der Server %s lässt diesen Rechner nicht zu."),
	N_("Wer den Mailserver betreut, muss die Adresse dieses Rechners zulassen; die technische Meldung nennt den Grund."))
FAILURE(FAILURE_SERVER_UNAVAILABLE, "server-unavailable", FAILURE_CODE_RETRY, 5, ACTOR_PROVIDER,
	N_("Der Server %s kann die Anfrage gerade nicht bearbeiten."),
	N_("Bitte versuchen Sie es in einigen Minuten noch einmal."))
FAILURE(FAILURE_THROTTLED, "throttled", FAILURE_CODE_RETRY, 5, ACTOR_NOBODY,
	N_("Der Server %s bittet um eine Pause, weil zu viele Anfragen kamen."),
	N_("Bitte versuchen Sie es in einigen Minuten noch einmal."))
FAILURE(FAILURE_LOGIN_MISSING, "login-missing", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Für „%s“ ist keine Anmeldung gespeichert."),
	N_("Bitte melden Sie sich an: „amtspost login --user NAME“."))
FAILURE(FAILURE_LOGIN_REFUSED, "login-refused", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Der Server hat die Anmeldung von „%s“ abgelehnt: Benutzername oder Kennwort sind nicht richtig."),
	N_("Bitte melden Sie sich mit Ihrem aktuellen Kennwort neu an: „amtspost login --user NAME“. Bis dahin meldet sich Amtspost nicht noch einmal an, damit das Konto nicht gesperrt wird."))
FAILURE(FAILURE_LOGIN_NOT_STORED, "login-not-stored", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Der Server hat die Anmeldung von „%s“ abgelehnt: Benutzername oder Kennwort sind nicht richtig. Das eingegebene Kennwort wurde nicht gespeichert."),
	N_("Bitte geben Sie es noch einmal ein: „amtspost login --user NAME“. Ein bisher gespeichertes Kennwort bleibt, wie es war."))
FAILURE(FAILURE_LOGIN_REFUSED_BEFORE, "login-refused-before", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Der Server hat die Anmeldung von „%s“ abgelehnt; vielleicht wurde das Kennwort geändert."),
	N_("Mit demselben Kennwort wird er nicht noch einmal gefragt. Bitte melden Sie sich mit Ihrem aktuellen Kennwort neu an: „amtspost login --user NAME“."))
FAILURE(FAILURE_LOGIN_REFUSED_SHARED, "login-refused-shared", FAILURE_CODE_LOGIN, 4, ACTOR_ADMINISTRATOR,
	N_("Der Server hat die gemeinsame Anmeldung „%s“ aus der Systemsteuerung abgelehnt: Benutzername oder Kennwort sind nicht richtig."),
	N_("Ein Administrator muss das Kennwort neu hinterlegen: „amtspost settings set %s -“. Bis dahin meldet sich Amtspost damit für niemanden noch einmal an, damit das Konto nicht gesperrt wird."))
FAILURE(FAILURE_LOGIN_REFUSED_SHARED_BEFORE, "login-refused-shared-before", FAILURE_CODE_LOGIN, 4, ACTOR_ADMINISTRATOR,
	N_("Der Server hat die gemeinsame Anmeldung „%s“ aus der Systemsteuerung vorhin abgelehnt und wurde nicht noch einmal gefragt."),
	N_("Ein Administrator muss das Kennwort neu hinterlegen: „amtspost settings set %s -“. Dann meldet sich Amtspost wieder an."))
FAILURE(FAILURE_LOGIN_UNUSABLE, "login-unusable", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Benutzername oder Kennwort von „%s“ enthalten Zeichen, die bei einer Anmeldung nicht erlaubt sind."),
	N_("Bitte geben Sie beide neu ein."))
FAILURE(FAILURE_LOGIN_MECHANISM, "login-mechanism", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Server %s bietet keine Anmeldung an, wie sie für die eingestellte Schnittstelle nötig ist."),
	N_("Ein Administrator muss prüfen, ob Port, SSL/TLS und Schnittstelle stimmen; ohne Verschlüsselung lassen viele Server keine Anmeldung zu."))
FAILURE(FAILURE_LOGIN_NOT_CONNECTED, "login-not-connected", FAILURE_CODE_LOGIN, 4, ACTOR_ADMINISTRATOR,
	N_("Der Server hat die Anmeldung angenommen, öffnet für dieses Konto aber kein Postfach: Es ist das falsche Konto, oder ihm fehlt das Recht an dem Postfach."),
	N_("Bitte melden Sie sich mit dem Konto an, dem das Postfach gehört: „amtspost login --user NAME --new“. Ist es ein gemeinsames Postfach, muss ein Administrator des Mailservers diesem Konto den Vollzugriff darauf geben und IMAP dafür einschalten."))
FAILURE(FAILURE_SMTP_AUTH_MISSING, "smtp-auth-missing", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Server %s bietet auf diesem Port keine Anmeldung zum Versenden an."),
	N_("Ein Administrator muss Port und SSL/TLS für den Versand prüfen; meist ist Port 587 richtig, und ohne Verschlüsselung bieten viele Server keine Anmeldung an."))
FAILURE(FAILURE_SMTP_AUTH_OFF, "smtp-auth-off", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Beim Mailanbieter ist für „%s“ das Anmelden zum Versenden (SMTP AUTH) abgeschaltet."),
	N_("Ein Administrator von Microsoft 365 kann es einschalten: für ein Postfach im Admin Center beim Benutzer unter „E-Mail“, „E-Mail-Apps verwalten“, „Authentifiziertes SMTP“; für alle mit dem Exchange-Befehl „Set-TransportConfig -SmtpClientAuthenticationDisabled $false“."))
FAILURE(FAILURE_SENDER_REFUSED, "sender-refused", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Server nimmt „%s“ nicht als Absender an."),
	N_("Wer den Mailserver betreut, muss dem angemeldeten Konto erlauben, mit dieser Adresse zu senden; ein Administrator kann prüfen, ob die Adresse stimmt."))
FAILURE(FAILURE_ADDRESS_UNUSABLE, "address-unusable", FAILURE_CODE_REFUSED, 6, ACTOR_CLERK,
	N_("Mit der Adresse „%s“ kann über diesen Mailserver nicht gesendet werden."),
	N_("Bitte prüfen Sie die Schreibweise. Adressen mit Umlauten oder anderen besonderen Buchstaben nimmt nicht jeder Mailserver an; vielleicht gibt es eine Adresse ohne sie."))
FAILURE(FAILURE_SMTP_LACKS, "smtp-lacks", FAILURE_CODE_REFUSED, 6, ACTOR_PROVIDER,
	N_("Diese E-Mail enthält Zeichen, die der Mailserver nicht annimmt; ihm fehlt dafür die Erweiterung %s."),
	N_("Bitte schreiben Sie den Inhalt als neue E-Mail: Was Amtspost selbst verfasst, kommt ohne diese Erweiterung aus. Wer den Mailserver betreut, kann sie einschalten."))
FAILURE(FAILURE_MAIL_TOO_LARGE, "mail-too-large", FAILURE_CODE_LIMIT, 6, ACTOR_CLERK,
	N_("Die E-Mail ist zum Senden zu groß; möglich sind höchstens %s."),
	N_("Bitte verteilen Sie die Anlagen auf mehrere E-Mails, oder geben Sie sie auf anderem Weg weiter. Anlagen werden zum Senden um etwa ein Drittel größer."))
FAILURE(FAILURE_BASIC_AUTH_RETIRED, "basic-auth-retired", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Mailserver nimmt für „%s“ keine Anmeldung mit Kennwort mehr an."),
	N_("Ein Administrator muss für diesen Benutzer die Schnittstelle „Outlook/Office 365 (IMAP/SMTP)“ einstellen. Danach meldet sich der Benutzer einmal bei Microsoft an."))
FAILURE(FAILURE_SASL_INVALID, "sasl-invalid", FAILURE_CODE_PROTOCOL, 5, ACTOR_PROVIDER,
	N_("Der Server konnte sich bei der Anmeldung nicht ausweisen. Die Verbindung wurde getrennt."),
	N_("Das kann ein Fehler des Servers oder ein Angriff sein. Bitte informieren Sie Ihre IT."))
FAILURE(FAILURE_FOLDERS_NONE, "folders-none", FAILURE_CODE_REFUSED, 6, ACTOR_PROVIDER,
	N_("Im Postfach „%s“ lässt sich kein Ordner öffnen."),
	N_("Wer den Mailserver betreut, muss prüfen, ob das Postfach eingerichtet ist und der Benutzer Rechte daran hat."))
FAILURE(FAILURE_FOLDER_UNKNOWN, "folder-unknown", FAILURE_CODE_REFUSED, 2, ACTOR_CLERK,
	N_("Im Postfach %s, oder er ist nicht freigegeben."),
	N_("Bitte wählen Sie einen der Ordner, die es gibt („amtspost folders --user NAME --all“)."))
FAILURE(FAILURE_FOLDER_NAME, "folder-name", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Der Name des Ordners ist leer oder enthält Zeichen, die in keinem Namen stehen."),
	N_("Bitte wählen Sie einen der Ordner, die es gibt („amtspost folders --user NAME --all“)."))
FAILURE(FAILURE_FOLDER_BARE, "folder-bare", FAILURE_CODE_REFUSED, 2, ACTOR_CLERK,
	N_("Der Ordner „%s“ enthält selbst keine E-Mails, nur Unterordner."),
	N_("Bitte wählen Sie einen davon („amtspost folders --user NAME --all“)."))
FAILURE(FAILURE_FOLDER_DENIED, "folder-denied", FAILURE_CODE_REFUSED, 6, ACTOR_PROVIDER,
	N_("Der Server lässt den Zugriff auf den Ordner „%s“ nicht zu."),
	N_("Wer den Mailserver betreut, kann das Leserecht geben."))
FAILURE(FAILURE_FOLDER_UNSTABLE, "folder-unstable", FAILURE_CODE_REFUSED, 6, ACTOR_PROVIDER,
	N_("Der Server vergibt im Ordner „%s“ keine dauerhaften Nummern für E-Mails; er kann nicht importiert werden."),
	N_("Wer den Mailserver betreut, muss UIDVALIDITY für diesen Ordner einrichten."))
FAILURE(FAILURE_MARKING_DENIED, "marking-denied", FAILURE_CODE_REFUSED, 6, ACTOR_ADMINISTRATOR,
	N_("Im Postfach „%s“ fehlt das Recht dazu."),
	N_("Wer die Postfächer verwaltet, muss das Recht geben, E-Mails zu kennzeichnen; oder ein Administrator stellt import.after auf none."))
FAILURE(FAILURE_COMMAND_REFUSED, "command-refused", FAILURE_CODE_REFUSED, 6, ACTOR_PROVIDER,
	N_("Der Server hat eine Anfrage abgelehnt: %s"),
	N_("Bitte versuchen Sie es noch einmal; bleibt es dabei, hilft die IT mit der technischen Meldung weiter."))
FAILURE(FAILURE_MESSAGE_MISSING, "message-missing", FAILURE_CODE_REFUSED, 6, ACTOR_NOBODY,
	N_("Der Server hat eine E-Mail nicht herausgegeben (UID %s)."),
	N_("Sie wird beim nächsten Import noch einmal versucht."))
FAILURE(FAILURE_MESSAGE_STUB, "message-stub", FAILURE_CODE_REFUSED, 6, ACTOR_PROVIDER,
	N_("Der Server hat statt einer E-Mail nur einen Hinweis geliefert, dass er sie nicht herausgeben kann (UID %s)."),
	N_("Sie wird beim nächsten Import noch einmal versucht. Bis dahin kann sie in Outlook geöffnet und als Datei abgelegt werden."))
FAILURE(FAILURE_MESSAGE_TOO_LARGE, "message-too-large", FAILURE_CODE_LIMIT, 6, ACTOR_CLERK,
	N_("Eine E-Mail ist größer als 2 GiB und kann nicht importiert werden (UID %s)."),
	N_("Alle anderen E-Mails werden importiert. Ist diese E-Mail wichtig, kann ihr Absender die Anlagen auf anderem Weg schicken."))
FAILURE(FAILURE_UID_SET_INVALID, "uid-set-invalid", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("„%s“ ist keine Auswahl von UIDs."),
	N_("Gültig sind Zahlen und Bereiche wie 4,6:8."))
FAILURE(FAILURE_SOME_FAILED, "some-failed", FAILURE_CODE_REFUSED, 6, ACTOR_NOBODY,
	N_("Nicht alles konnte importiert werden; Zahl der Fehler: %s."),
	N_("Alles andere ist im Archiv. Der Grund steht bei jedem Fehler und, wo jemand helfen muss, ein Rat."))

/* Signing in with OAuth 2.0: what the authority answers (microsoft-365: AADSTS numbers) */
FAILURE(FAILURE_OAUTH_REVOKED, "oauth-revoked", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Die Anmeldung von „%s“ gilt nicht mehr: Das Kennwort wurde geändert oder die Anmeldung widerrufen."),
	N_("Bitte melden Sie sich neu an: „amtspost login --user NAME“."))
FAILURE(FAILURE_OAUTH_EXPIRED, "oauth-expired", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Die Anmeldung von „%s“ ist abgelaufen, weil sie lange nicht benutzt wurde."),
	N_("Bitte melden Sie sich neu an: „amtspost login --user NAME“."))
FAILURE(FAILURE_OAUTH_POLICY, "oauth-policy", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Die Anmeldung von „%s“ ist abgelaufen: Eine Richtlinie Ihrer Organisation verlangt, dass sie in Abständen erneuert wird."),
	N_("Bitte melden Sie sich neu an: „amtspost login --user NAME“. Wie oft das nötig ist, legt die IT fest."))
FAILURE(FAILURE_OAUTH_SPA, "oauth-spa", FAILURE_CODE_LOGIN, 4, ACTOR_ADMINISTRATOR,
	N_("Die Anmeldung von „%s“ ist nach einem Tag abgelaufen, weil Amtspost beim Anmeldedienst als Einzelseiten-Anwendung (SPA) registriert ist."),
	N_("Bitte melden Sie sich neu an: „amtspost login --user NAME“. Damit es nicht täglich nötig ist, muss ein Administrator die Umleitungsadresse als Desktop- oder Web-Anwendung registrieren."))
FAILURE(FAILURE_OAUTH_CODE_USED, "oauth-code-used", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Der Anmeldedienst hat die Anmeldung von „%s“ nicht zu Ende geführt: Die Bestätigung war schon verwendet worden oder gehörte zu einem anderen Versuch."),
	N_("Bitte melden Sie sich noch einmal an: „amtspost login --user NAME“."))
FAILURE(FAILURE_OAUTH_INTERACTION, "oauth-interaction", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Der Anmeldedienst verlangt von „%s“ eine weitere Bestätigung (zweiter Faktor)."),
	N_("Bitte melden Sie sich neu an und bestätigen Sie die Anmeldung dort, etwa am Telefon: „amtspost login --user NAME“."))
FAILURE(FAILURE_OAUTH_CONSENT, "oauth-consent", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("„%s“ hat dem Zugriff von Amtspost auf das Postfach noch nicht zugestimmt."),
	N_("Bitte melden Sie sich an und stimmen Sie dort zu: „amtspost login --user NAME“. Lässt der Anmeldedienst das nicht zu, muss ein Administrator zustimmen; „amtspost login consent“ zeigt ihm die Adresse dafür."))
FAILURE(FAILURE_OAUTH_DECLINED, "oauth-declined", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Die Anmeldung von „%s“ wurde abgebrochen: Dem Zugriff auf das Postfach wurde nicht zugestimmt."),
	N_("Ohne die Zustimmung kann Amtspost keine E-Mails abrufen. Bitte melden Sie sich noch einmal an und stimmen Sie zu: „amtspost login --user NAME“."))
FAILURE(FAILURE_OAUTH_ADMIN_CONSENT, "oauth-admin-consent", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Anmeldedienst lässt „%s“ erst zu, wenn ein Administrator Ihrer Organisation dem Zugriff von Amtspost zugestimmt hat."),
	N_("„amtspost login consent“ zeigt dem Administrator die Adresse für die Zustimmung und wofür jede Berechtigung gebraucht wird. Danach bitte noch einmal anmelden."))
FAILURE(FAILURE_OAUTH_NOT_ASSIGNED, "oauth-not-assigned", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("„%s“ ist der Anwendung Amtspost beim Anmeldedienst nicht zugewiesen."),
	N_("Ein Administrator muss den Benutzer dort unter „Benutzer und Gruppen“ der Unternehmensanwendung zuweisen. Danach bitte noch einmal anmelden."))
FAILURE(FAILURE_OAUTH_DEVICE, "oauth-device", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Eine Zugriffsrichtlinie Ihrer Organisation lässt die Anmeldung von „%s“ mit diesem Gerät, von diesem Ort oder mit dieser Anwendung nicht zu."),
	N_("Ein Administrator muss in den Anmeldeprotokollen nachsehen, welche Richtlinie das ist, und über eine Ausnahme entscheiden."))
FAILURE(FAILURE_OAUTH_ACCOUNT_LOCKED, "oauth-account-locked", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Das Konto „%s“ ist beim Anmeldedienst wegen zu vieler Versuche vorübergehend gesperrt."),
	N_("Bitte warten Sie einige Minuten und melden Sie sich dann neu an: „amtspost login --user NAME“. Von selbst versucht Amtspost es nicht noch einmal."))
FAILURE(FAILURE_OAUTH_PASSWORD_EXPIRED, "oauth-password-expired", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Das Kennwort von „%s“ ist abgelaufen."),
	N_("Bitte vergeben Sie bei der Anmeldung ein neues Kennwort: „amtspost login --user NAME“."))
FAILURE(FAILURE_OAUTH_ACCOUNT_DISABLED, "oauth-account-disabled", FAILURE_CODE_LOGIN, 4, ACTOR_ADMINISTRATOR,
	N_("Das Konto „%s“ ist beim Anmeldedienst abgeschaltet."),
	N_("Ein Administrator der Organisation muss das Konto wieder einschalten. Danach bitte neu anmelden."))
FAILURE(FAILURE_OAUTH_PASSWORD_WRONG, "oauth-password-wrong", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Der Anmeldedienst hat Benutzername oder Kennwort von „%s“ nicht angenommen."),
	N_("Bitte melden Sie sich neu an: „amtspost login --user NAME“. Von selbst versucht Amtspost es nicht noch einmal, damit das Konto nicht gesperrt wird."))
FAILURE(FAILURE_OAUTH_ACCOUNT_FOREIGN, "oauth-account-foreign", FAILURE_CODE_LOGIN, 4, ACTOR_ADMINISTRATOR,
	N_("Das angemeldete Konto gehört nicht zur Organisation (zum Mandanten), bei der Amtspost registriert ist; als Kontoname ist „%s“ eingetragen."),
	N_("Bitte melden Sie sich mit Ihrem dienstlichen Konto an. Ist es das schon, muss ein Administrator den Mandanten in der Systemsteuerung prüfen."))
FAILURE(FAILURE_OAUTH_REDIRECT, "oauth-redirect", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Anmeldedienst kennt die Umleitungsadresse von Amtspost nicht: %s"),
	N_("Ein Administrator muss genau diese Adresse beim Anmeldedienst registrieren (Plattform „Mobilgerät- und Desktopanwendungen“ bei localhost, sonst „Web“)."))
FAILURE(FAILURE_OAUTH_SECRET_EXPECTED, "oauth-secret-expected", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Anmeldedienst erwartet von Amtspost ein Geheimnis, weil die Anwendung nicht als öffentlicher Client registriert ist."),
	N_("Ein Administrator muss die Umleitungsadresse dort von der Plattform „Web“ zu „Mobilgerät- und Desktopanwendungen“ verschieben oder in der Systemsteuerung das Geheimnis der Anwendung eintragen."))
FAILURE(FAILURE_OAUTH_SECRET_WRONG, "oauth-secret-wrong", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Das Geheimnis der OAuth-Anwendung ist falsch; bis das richtige eingetragen ist, kann sich niemand anmelden."),
	N_("Ein Administrator muss in der Systemsteuerung den Wert des Geheimnisses eintragen (nicht seine ID)."))
FAILURE(FAILURE_OAUTH_SECRET_EXPIRED, "oauth-secret-expired", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Das Geheimnis der OAuth-Anwendung ist abgelaufen; bis ein neues eingetragen ist, kann sich niemand anmelden."),
	N_("Ein Administrator muss beim Anmeldedienst ein neues Geheimnis anlegen und in der Systemsteuerung eintragen."))
FAILURE(FAILURE_OAUTH_SECRET_NEEDLESS, "oauth-secret-needless", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Für die OAuth-Anwendung ist ein Geheimnis eingetragen, ihre Umleitungsadresse ist beim Anmeldedienst aber als „Mobilgerät- und Desktopanwendung“ registriert; dort ist kein Geheimnis erlaubt."),
	N_("Ein Administrator muss in der Systemsteuerung das Geheimnis entfernen oder die Adresse beim Anmeldedienst unter der Plattform „Web“ registrieren."))
FAILURE(FAILURE_OAUTH_SINGLE_TENANT, "oauth-single-tenant", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Die OAuth-Anwendung ist nur für eine Organisation registriert, als Mandant ist aber „%s“ eingetragen."),
	N_("Ein Administrator muss in der Systemsteuerung als Mandanten die Mandanten-ID oder die Domäne der Organisation eintragen."))
FAILURE(FAILURE_OAUTH_APPLICATION, "oauth-application", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Anmeldedienst kennt die Anwendung „%s“ in diesem Mandanten nicht."),
	N_("Ein Administrator muss Anwendungs-ID und Mandant in der Systemsteuerung prüfen."))
FAILURE(FAILURE_OAUTH_TENANT, "oauth-tenant", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Anmeldedienst kennt den Mandanten „%s“ nicht."),
	N_("Ein Administrator muss den Mandanten in der Systemsteuerung berichtigen (Mandanten-ID, Domäne oder „organizations“)."))
FAILURE(FAILURE_OAUTH_SIGN_IN, "oauth-sign-in", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Der Anmeldedienst verlangt, dass „%s“ sich neu anmeldet."),
	N_("Bitte melden Sie sich neu an: „amtspost login --user NAME“. Den Grund des Anmeldedienstes nennt die technische Meldung."))
FAILURE(FAILURE_OAUTH_SETUP, "oauth-setup", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Anmeldedienst nimmt Anfragen von Amtspost nicht an: %s"),
	N_("Ein Administrator muss die Angaben zur OAuth-Anwendung in der Systemsteuerung und beim Anmeldedienst prüfen; die technische Meldung hilft dabei."))
FAILURE(FAILURE_OAUTH_LOOP, "oauth-loop", FAILURE_CODE_RETRY, 5, ACTOR_OPERATOR,
	N_("Der Anmeldedienst hat Amtspost angehalten, weil für „%s“ zu oft in kurzer Zeit angefragt wurde."),
	N_("Amtspost fragt einige Zeit nicht mehr nach. Bleibt es dabei, muss die IT prüfen, ob ein Programm Amtspost in einer Schleife aufruft."))
FAILURE(FAILURE_OAUTH_BUSY, "oauth-busy", FAILURE_CODE_RETRY, 5, ACTOR_NOBODY,
	N_("Der Anmeldedienst %s ist gerade überlastet oder gestört. Ihre Anmeldung bleibt gespeichert."),
	N_("Bitte versuchen Sie es in einigen Minuten noch einmal."))
FAILURE(FAILURE_OAUTH_UNREACHABLE, "oauth-unreachable", FAILURE_CODE_RETRY, 5, ACTOR_OPERATOR,
	N_("Der Anmeldedienst %s ist gerade nicht zu erreichen. Ihre Anmeldung bleibt gespeichert."),
	N_("Bitte versuchen Sie es später noch einmal. Bleibt es dabei, muss die IT prüfen, ob Firewall oder Proxy den Weg dorthin sperren."))
FAILURE(FAILURE_OAUTH_GARBAGE, "oauth-garbage", FAILURE_CODE_PROTOCOL, 5, ACTOR_OPERATOR,
	N_("Der Anmeldedienst %s antwortet nicht so, wie er es sollte. Ihre Anmeldung bleibt gespeichert."),
	N_("Bitte versuchen Sie es später noch einmal. Bleibt es dabei, muss die IT prüfen, ob ein Proxy oder eine Firewall sich dazwischenschaltet."))

/* The flow and the token file */
FAILURE(FAILURE_OAUTH_STATE, "oauth-state", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Die Rückmeldung des Anmeldedienstes gehört nicht zu dieser Anmeldung oder wurde schon verwendet. Sie wurde nicht beachtet."),
	N_("Bitte beginnen Sie die Anmeldung neu: „amtspost login --user NAME“. Kam die Rückmeldung ohne Ihr Zutun, informieren Sie bitte Ihre IT."))
FAILURE(FAILURE_OAUTH_NO_REDIRECT, "oauth-no-redirect", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Das ist nicht die Adresse, zu der der Browser nach der Anmeldung geleitet wird, oder nur ein Teil von ihr."),
	N_("Bitte öffnen Sie die gezeigte Adresse im Browser, melden Sie sich dort an und fügen Sie dann die ganze Adresse ein, die danach im Browser steht. Ein Kennwort wird hier nicht eingegeben."))
FAILURE(FAILURE_OAUTH_NOT_COMPLETED, "oauth-not-completed", FAILURE_CODE_RETRY, 5, ACTOR_OPERATOR,
	N_("Die Anmeldung ist nicht zustande gekommen, weil der Anmeldedienst %s gerade gestört oder nicht zu erreichen ist. Was bisher gespeichert war, bleibt, wie es war."),
	N_("Bitte beginnen Sie die Anmeldung später neu. Bleibt es dabei, muss die IT prüfen, ob Firewall oder Proxy den Weg dorthin sperren."))
FAILURE(FAILURE_OAUTH_UNFINISHED, "oauth-unfinished", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Die Anmeldung von „%s“ wurde nicht innerhalb von zehn Minuten zu Ende geführt."),
	N_("Bitte beginnen Sie sie neu: „amtspost login --user NAME“. Zeigte der Browser eine Meldung mit AADSTS und einer Nummer, nennen Sie diese bitte der IT."))
FAILURE(FAILURE_OAUTH_PASTE_MISSING, "oauth-paste-missing", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Die Anmeldung von „%s“ wurde nicht zu Ende geführt: Es kam keine Rückmeldung des Anmeldedienstes an."),
	N_("Bitte beginnen Sie die Anmeldung neu: „amtspost login --user NAME“. Fügen Sie am Ende die Adresse ein, zu der der Browser geleitet wird."))
FAILURE(FAILURE_OAUTH_PORT_BUSY, "oauth-port-busy", FAILURE_CODE_RETRY, 5, ACTOR_CLERK,
	N_("%s ist auf diesem Rechner gerade belegt; vielleicht meldet sich dort soeben jemand anderes an."),
	N_("Bitte versuchen Sie es in einigen Minuten noch einmal. Bleibt es dabei, muss die IT nachsehen, welches Programm den Port benutzt."))
FAILURE(FAILURE_OAUTH_LISTEN, "oauth-listen", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Amtspost kann auf diesem Rechner nicht auf die Rückmeldung des Anmeldedienstes warten: %s ist belegt oder gesperrt."),
	N_("Ein Administrator kann die Umleitungsadresse leeren, dann wählt Amtspost selbst einen freien Port; ein fester muss frei sein."))
FAILURE(FAILURE_OAUTH_WRONG_PERSON, "oauth-wrong-person", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Angemeldet hat sich %s. Es wurde nichts gespeichert."),
	N_("Bitte melden Sie sich mit dem eingetragenen Konto an: „amtspost login --user NAME --new“. Stimmt der eingetragene Kontoname nicht, kann ein Administrator ihn in der Benutzerverwaltung ändern."))
FAILURE(FAILURE_OAUTH_UNKNOWN_PERSON, "oauth-unknown-person", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Wer sich angemeldet hat, ist nicht zu erkennen, und das Postfach „%s“ öffnet sich mit dieser Anmeldung nicht. Es wurde nichts gespeichert."),
	N_("Bitte melden Sie sich mit dem Konto an, das eingetragen ist: „amtspost login --user NAME --new“."))
FAILURE(FAILURE_OAUTH_TOKEN_REFUSED, "oauth-token-refused", FAILURE_CODE_LOGIN, 4, ACTOR_ADMINISTRATOR,
	N_("Der Mailserver nimmt die Anmeldung von „%s“ nicht an, obwohl der Anmeldedienst sie bestätigt hat."),
	N_("Bitte melden Sie sich neu an: „amtspost login --user NAME --new“. Bleibt es dabei, muss ein Administrator prüfen, ob Kontoname und Lizenz stimmen und IMAP und SMTP für das Postfach eingeschaltet sind."))
FAILURE(FAILURE_TOKEN_MISSING, "token-missing", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Die Tokendatei „%s“ wurde gelöscht oder umbenannt; damit gilt die Anmeldung nicht mehr."),
	N_("Bitte melden Sie sich neu an: „amtspost login --user NAME“."))
FAILURE(FAILURE_TOKEN_BROKEN, "token-broken", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Die Tokendatei „%s“ ist beschädigt oder unvollständig."),
	N_("Bitte melden Sie sich neu an: „amtspost login --user NAME“. Die Datei wird dabei ersetzt."))
FAILURE(FAILURE_TOKEN_UNKNOWN, "token-unknown", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Die Tokendatei „%s“ stammt nicht von Amtspost."),
	N_("Bitte melden Sie sich neu an: „amtspost login --user NAME“. Die fremde Datei bleibt daneben mit der Endung „.alt“ erhalten."))
FAILURE(FAILURE_TOKEN_NEWER, "token-newer", FAILURE_CODE_LOGIN, 4, ACTOR_OPERATOR,
	N_("Die Tokendatei „%s“ wurde von einer neueren Fassung von Amtspost geschrieben."),
	N_("Bitte verwenden Sie die neuere Fassung, oder melden Sie sich mit dieser neu an: „amtspost login --user NAME“. Die neuere Datei bleibt dabei mit der Endung „.alt“ erhalten."))
FAILURE(FAILURE_TOKEN_UNREADABLE, "token-unreadable", FAILURE_CODE_SETUP, 3, ACTOR_OPERATOR,
	N_("Amtspost darf die Tokendatei „%s“ nicht lesen."),
	N_("Wer den Rechner betreut, muss dem Konto, unter dem Amtspost läuft, Zugriff auf die Datei und ihren Ordner geben."))
FAILURE(FAILURE_TOKEN_SEALED, "token-sealed", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Die Tokendatei „%s“ lässt sich nicht entschlüsseln; sie wurde verändert, oder der Schlüssel dieser Installation ist ein anderer."),
	N_("Bitte melden Sie sich neu an: „amtspost login --user NAME“."))
FAILURE(FAILURE_TOKEN_FOREIGN, "token-foreign", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Die Tokendatei „%s“ gehört einem anderen Benutzer. Sie wurde nicht verändert."),
	N_("Jeder Benutzer braucht einen eigenen Ordner: Ein Administrator kann unter „Ordner der Tokendatei“ einen Pfad mit {user} eintragen."))
FAILURE(FAILURE_TOKEN_FOREIGN_OWNER, "token-foreign-owner", FAILURE_CODE_SETUP, 3, ACTOR_OPERATOR,
	N_("Die Tokendatei „%s“ gehört einem anderen Konto dieses Rechners. Sie wurde nicht verändert."),
	N_("Wer den Rechner betreut, muss die Datei dem Konto geben, unter dem Amtspost läuft (chown), oder sie entfernen."))
FAILURE(FAILURE_TOKEN_FOREIGN_OFFICE, "token-foreign-office", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Die Tokendatei „%s“ gehört zu einer anderen Installation von Amtspost. Sie wurde nicht verändert."),
	N_("Jede Installation braucht einen eigenen Ordner für ihre Tokendateien: Ein Administrator kann ihn unter „Ordner der Tokendatei“ eintragen."))
FAILURE(FAILURE_TOKEN_FOLDER, "token-folder", FAILURE_CODE_SETUP, 3, ACTOR_ADMINISTRATOR,
	N_("Der Ordner der Tokendatei lässt sich nicht verwenden: %s"),
	N_("Amtspost muss darin schreiben dürfen, alle anderen nicht. Ein Administrator muss den Ordner so freigeben oder unter „Ordner der Tokendatei“ einen anderen eintragen."))
FAILURE(FAILURE_TOKEN_OTHER_ACCOUNT, "token-other-account", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Der Kontoname wurde geändert; die gespeicherte Anmeldung gilt noch für „%s“."),
	N_("Bitte melden Sie sich mit dem neuen Konto an: „amtspost login --user NAME“."))
FAILURE(FAILURE_TOKEN_OTHER_LOGIN, "token-other-login", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Die Tokendatei „%s“ gehört zu einer anderen, früheren Anmeldung."),
	N_("Bitte melden Sie sich neu an: „amtspost login --user NAME“."))
FAILURE(FAILURE_TOKEN_OTHER_CLIENT, "token-other-client", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Ein Administrator hat Anmeldedienst, Mandant oder Anwendungs-ID geändert; die Anmeldung von „%s“ gilt dort nicht."),
	N_("Bitte melden Sie sich neu an: „amtspost login --user NAME“."))
FAILURE(FAILURE_TOKEN_WITHOUT_REFRESH, "token-without-refresh", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Die Anmeldung von „%s“ ist abgelaufen, und der Anmeldedienst hat nichts ausgestellt, womit sie sich erneuern ließe."),
	N_("Bitte melden Sie sich neu an: „amtspost login --user NAME“. Damit sie länger gilt, muss ein Administrator bei den Berechtigungen „offline_access“ eintragen."))

/* Storing */
FAILURE(FAILURE_DATABASE_UNSUPPORTED, "database-unsupported", FAILURE_CODE_INPUT, 2, ACTOR_OPERATOR,
	N_("Die Datenbank „%s“ kann diese Fassung von Amtspost nicht verwenden."),
	N_("Möglich ist sqlite:PFAD."))
FAILURE(FAILURE_SCHEMA_NEWER, "schema-newer", FAILURE_CODE_STORE, 1, ACTOR_OPERATOR,
	N_("Die Datenbank wurde von einer neueren Fassung von Amtspost angelegt."),
	N_("Bitte verwenden Sie die neuere Fassung. Es wurde nichts geändert."))
FAILURE(FAILURE_STORE, "store", FAILURE_CODE_STORE, 1, ACTOR_OPERATOR,
	N_("Das Speichern ist fehlgeschlagen."),
	N_("Bitte geben Sie die technische Meldung an Ihre IT weiter; was schon abgelegt ist, bleibt abgelegt."))
FAILURE(FAILURE_STORE_BUSY, "store-busy", FAILURE_CODE_RETRY, 5, ACTOR_NOBODY,
	N_("Die Datenbank ist gerade beschäftigt."),
	N_("Bitte versuchen Sie es gleich noch einmal."))
FAILURE(FAILURE_STORE_FOREIGN, "store-foreign", FAILURE_CODE_STORE, 1, ACTOR_OPERATOR,
	N_("„%s“ gehört jemand anderem."),
	N_("Bitte rufen Sie Amtspost als Eigentümer des Ordners auf oder geben Sie mit --data einen anderen an."))
FAILURE(FAILURE_STORE_NETWORK, "store-network", FAILURE_CODE_STORE, 1, ACTOR_OPERATOR,
	N_("Der Datenordner „%s“ liegt auf einem Netzlaufwerk; dort ist SQLite nicht sicher."),
	N_("Bitte legen Sie den Datenordner auf eine örtliche Platte."))
FAILURE(FAILURE_DATA_FOLDER, "data-folder", FAILURE_CODE_STORE, 1, ACTOR_OPERATOR,
	N_("Der Datenordner „%s“ kann nicht angelegt oder gelesen werden."),
	N_("Bitte prüfen Sie den Pfad und die Rechte. Amtspost legt nur den letzten Ordner des Pfades an; der darüber muss vorhanden sein."))
FAILURE(FAILURE_DATA_FOLDER_OPEN, "data-folder-open", FAILURE_CODE_STORE, 1, ACTOR_OPERATOR,
	N_("In den Datenordner „%s“ dürfen auch andere schreiben."),
	N_("Bitte nehmen Sie allen außer seinem Eigentümer das Schreibrecht (chmod go-w)."))
FAILURE(FAILURE_DATABASE_MISSING, "database-missing", FAILURE_CODE_STORE, 1, ACTOR_OPERATOR,
	N_("Im Datenordner „%s“ liegt ein Archiv ohne seine Datenbank."),
	N_("Bitte stellen Sie die Datenbank (amtspost.db) aus der Sicherung wieder her. Es wurde nichts angelegt und nichts gelöscht."))
FAILURE(FAILURE_KEYRING_MISSING, "keyring-missing", FAILURE_CODE_STORE, 1, ACTOR_OPERATOR,
	N_("Die Schlüsseldatei der Datenbank fehlt. Ohne sie lassen sich Kennwörter weder lesen noch ablegen."),
	N_("Bitte stellen Sie die Datei „keyring“ aus der Sicherung wieder her. Ist sie verloren, beschreibt das Handbuch unter „Einrichten“, wie eine neue entsteht."))
FAILURE(FAILURE_KEYRING_FOREIGN, "keyring-foreign", FAILURE_CODE_STORE, 1, ACTOR_OPERATOR,
	N_("Die Schlüsseldatei „%s“ gehört jemand anderem."),
	N_("Sie muss dem Eigentümer des Datenordners gehören (chown)."))
FAILURE(FAILURE_KEYRING_WRONG, "keyring-wrong", FAILURE_CODE_STORE, 1, ACTOR_OPERATOR,
	N_("Die Schlüsseldatei passt nicht zur Datenbank."),
	N_("Bitte stellen Sie die Schlüsseldatei aus der Sicherung wieder her; ohne sie sind gespeicherte Kennwörter verloren."))
FAILURE(FAILURE_KEYRING_UNUSABLE, "keyring-unusable", FAILURE_CODE_STORE, 1, ACTOR_OPERATOR,
	N_("Die Schlüsseldatei „%s“ ist beschädigt oder für andere lesbar."),
	N_("Sie darf nur für ihren Eigentümer lesbar sein (Rechte 0600)."))
FAILURE(FAILURE_SECRET_UNREADABLE, "secret-unreadable", FAILURE_CODE_LOGIN, 4, ACTOR_CLERK,
	N_("Das gespeicherte Geheimnis „%s“ lässt sich nicht mehr entschlüsseln."),
	N_("Bitte geben Sie es neu ein."))
FAILURE(FAILURE_DISK_FULL, "disk-full", FAILURE_CODE_STORE, 1, ACTOR_OPERATOR,
	N_("Auf der Platte ist nicht mehr genug Platz. Der Vorgang wurde sauber angehalten."),
	N_("Bitte schaffen Sie Platz und rufen Sie den Befehl erneut auf; ein Import macht dort weiter, wo er stand."))
FAILURE(FAILURE_ARCHIVE_DAMAGED, "archive-damaged", FAILURE_CODE_STORE, 1, ACTOR_OPERATOR,
	N_("Im Archiv ist etwas beschädigt: %s."),
	N_("Bitte lassen Sie die Platte prüfen und stellen Sie die betroffenen Dateien aus der Sicherung wieder her."))
#include "failure/failure_table_archive.h"
#include "failure/failure_table_outbox.h"
#include "failure/failure_table_drafts.h"
#include "failure/failure_table_mime.h"
FAILURE(FAILURE_PARSER_DIED, "parser-died", FAILURE_CODE_REFUSED, 6, ACTOR_NOBODY,
	N_("Eine E-Mail ließ sich nicht lesen. Sie ist unverändert im Archiv."),
	N_("Sie kann als .eml-Datei ausgegeben werden."))
/* clang-format on */
