/* The rows of the catalogue that are about mails that are written; part of failure_table.h. */
/* clang-format off */

FAILURE(FAILURE_ADDRESS_INVALID, "address-invalid", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("„%s“ ist keine E-Mail-Adresse."),
	N_("Eine Adresse sieht so aus: name@amt.example oder „Vorname Name <name@amt.example>“; mehrere werden einzeln angegeben. Bitte prüfen Sie die Schreibweise. Gesendet wurde nichts."))
FAILURE(FAILURE_FIELD_INVALID, "field-invalid", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Die Angabe „%s“ ist so in einer E-Mail nicht möglich."),
	N_("Steuerzeichen darf sie nicht enthalten, Zeilenumbrüche nur im Text; beim Kopieren kommen leicht unsichtbare Zeichen mit. In einer fertigen E-Mail (.eml) muss jede Kopfzeile vollständig sein, und unter „From“ (ebenso unter „Sender“ und „Resent-…“) genau eine Adresse stehen; ein Name mit „@“ gehört in Anführungszeichen. Gesendet wurde nichts."))
FAILURE(FAILURE_FILE_CHANGED, "file-changed", FAILURE_CODE_CONFLICT, 2, ACTOR_CLERK,
	N_("Die Datei „%s“ wurde geändert, während die E-Mail entstand."),
	N_("Bitte fügen Sie die Datei noch einmal an, sobald sie fertig gespeichert ist. Gesendet wurde nichts."))
FAILURE(FAILURE_RECIPIENT_MISSING, "recipient-missing", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Die E-Mail hat keinen Empfänger."),
	N_("Bitte geben Sie mindestens eine Adresse an (An, Kopie oder Blindkopie). Gesendet wurde nichts."))
FAILURE(FAILURE_TEXT_ENCODING, "text-encoding", FAILURE_CODE_INPUT, 2, ACTOR_CLERK,
	N_("Der Text ist nicht in UTF-8: %s."),
	N_("Bitte speichern Sie ihn in UTF-8, oder wandeln Sie ihn um, zum Beispiel mit „iconv -f WINDOWS-1252 -t UTF-8“. Gesendet wurde nichts."))
