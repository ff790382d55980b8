/* Audit rows in words. They are stored as programs read them, and stay so: what is known is
 * translated where a person reads it, and everything else is shown as it stands. */
#include "app/words.h"
#include "app/words_send.h"

#include <string.h>
#include "base/clock.h"
#include "base/i18n.h"

typedef struct Word {
	const char *stored;
	const char *word;
} Word;

static const Word actions[] = {
	{"user.add", N_("Benutzer angelegt")},
	{"user.remove", N_("Benutzer entfernt")},
	{"user.change", N_("Name oder Rechte geändert")},
	{"user.lock", N_("Benutzer gesperrt")},
	{"user.unlock", N_("Benutzer freigegeben")},
	{"user.passwd", N_("Kennwort geändert")},
	{"user.invite", N_("Link zum Wählen des Kennworts erstellt")},
	{"session.start", N_("an der Seite angemeldet")},
	{"session.refused", N_("Anmeldung an der Seite abgelehnt")},
	{"apikey.add", N_("API-Schlüssel angelegt")},
	{"apikey.remove", N_("API-Schlüssel entfernt")},
	{"settings.set", N_("Einstellung geändert")},
	{"settings.unset", N_("Einstellung zurückgesetzt")},
	{"login.password", N_("Kennwort geprüft und gespeichert")},
	{"login.office365", N_("mit Office 365 angemeldet")},
	{"login.mailbox", N_("Kennwort eines weiteren Postfachs gespeichert")},
	{"login.remove", N_("Anmeldung entfernt")},
	{"sign-in.refused", N_("Anmeldung abgelehnt")},
	{"sign-in.ok", N_("Anmeldung wieder in Ordnung")},
	{"keyring.new", N_("neue Schlüsseldatei")},
	{"archive.assign", N_("Aktenzeichen geändert")},
	{"archive.delete", N_("E-Mail gelöscht")},
	{"archive.upload", N_("E-Mails als Datei abgelegt")},
	{"archive.export", N_("E-Mails als ZIP heruntergeladen")},
	{"import.run", N_("E-Mails importiert")},
	{"mail.test", N_("Testnachricht zum Senden gegeben")},
	{"mail.queue", N_("E-Mail zum Senden gegeben")},
	{"outbox.cancel", N_("Senden einer E-Mail abgebrochen")},
	{"outbox.retry", N_("E-Mail noch einmal zum Senden gegeben")},
};

static const char *find_word(const Word *words, size_t count, const char *stored)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(words[i].stored, stored) == 0)
			return _(words[i].word);
	}
	return NULL;
}

const char *words_action(const char *action)
{
	const char *word = find_word(actions, G_N_ELEMENTS(actions), action);

	return word ? word : action;
}

const char *words_action_at(size_t index)
{
	return index < G_N_ELEMENTS(actions) ? actions[index].stored : NULL;
}

char *words_actor(const char *actor)
{
	return g_str_has_prefix(actor, "cli:")
		       ? g_strdup_printf(_("Kommandozeile (%s)"), actor + strlen("cli:"))
		       : g_strdup(actor);
}

char *words_audit_actor(const AuditRow *row)
{
	const char *colon = strchr(row->actor, ':');

	if (g_str_has_prefix(row->actor, "web:"))
		return g_strdup_printf(_("unbekannt, von %s"), colon + 1);
	/* A user may be called so, too. */
	if (strcmp(row->actor, "setup") == 0 && strcmp(row->action, "user.add") == 0)
		return g_strdup(_("Einrichtung (setup)"));
	return words_actor(row->actor);
}

/* ---- the detail ---- */

/* Which protocols a sign-in at the mail server was tried for, "imap: refused, smtp: skipped"; NULL:
 * DETAIL is something else. */
static char *tell_outcomes(const char *detail)
{
	static const Word outcomes[] = {
		{"ok", N_("in Ordnung")},
		{"refused", N_("abgelehnt")},
		{"unchecked", N_("nicht geprüft")},
		{"skipped", N_("ausgelassen")},
	};
	g_auto(GStrv) parts = g_strsplit(detail, ", ", 3);
	const char *imap, *smtp;

	if (g_strv_length(parts) != 2 || !g_str_has_prefix(parts[0], "imap: ") ||
		!g_str_has_prefix(parts[1], "smtp: "))
		return NULL;
	imap = find_word(outcomes, G_N_ELEMENTS(outcomes), parts[0] + strlen("imap: "));
	smtp = find_word(outcomes, G_N_ELEMENTS(outcomes), parts[1] + strlen("smtp: "));
	return imap && smtp ? g_strdup_printf(_("IMAP: %1$s, SMTP: %2$s"), imap, smtp) : NULL;
}

/* "imap: NAME, SERVER" of a refusal that the server told at work. */
static char *tell_refusal(const char *detail)
{
	char *outcomes = tell_outcomes(detail);

	if (outcomes)
		return outcomes;
	if (g_str_has_prefix(detail, "imap: "))
		return g_strdup_printf("IMAP: %s", detail + strlen("imap: "));
	if (g_str_has_prefix(detail, "smtp: "))
		return g_strdup_printf("SMTP: %s", detail + strlen("smtp: "));
	if (g_str_has_prefix(detail, "office365: "))
		return g_strdup_printf(
			_("Office 365, technische Meldung: %s"), detail + strlen("office365: "));
	return NULL;
}

/* Of a mail in the outbox. */
static char *tell_state(const char *value)
{
	for (OutboxState state = OUTBOX_QUEUED; state <= OUTBOX_CANCELLED; state++) {
		if (strcmp(outbox_state_name(state), value) == 0)
			return g_strdup(words_outbox_state(state));
	}
	return g_strdup(value);
}

/* What stands behind the name of a field. */
static char *tell_value(const char *name, const char *value)
{
	int64_t time;

	if (strcmp(name, "rights") == 0) {
		return g_strdup(strcmp(value, "admin, archive") == 0 ? _("Administrator, Archiv")
				: strcmp(value, "admin") == 0	     ? _("Administrator")
				: strcmp(value, "archive") == 0	     ? _("Archiv")
								     : value);
	}
	if (strcmp(name, "expires") == 0)
		return clock_parse(value, &time) ? clock_format_german(time)
						 : g_strdup(_("unbegrenzt"));
	if (strcmp(name, "password") == 0)
		return g_strdup(strcmp(value, "–") == 0 ? _("keines") : _("gesetzt"));
	if (strcmp(name, "state") == 0)
		return tell_state(value);
	return g_strdup(value);
}

/* VALUE, or both of what it was and is. */
static char *tell_values(const char *name, const char *value)
{
	g_auto(GStrv) sides = g_strsplit(value, " → ", -1);
	g_autofree char *before = NULL;
	g_autofree char *after = NULL;

	if (g_strv_length(sides) != 2)
		return tell_value(name, value);
	before = tell_value(name, sides[0]);
	after = tell_value(name, sides[1]);
	return g_strdup_printf("%s → %s", before, after);
}

/* "display-name: Meier; rights: admin"; NULL: it holds a field that is not known. */
static char *tell_fields(const char *detail)
{
	static const Word names[] = {
		{"display-name", N_("Anzeigename")},
		{"rights", N_("Rechte")},
		{"password", N_("Kennwort")},
		{"account", N_("Kontoname")},
		{"user", N_("Benutzer")},
		{"expires", N_("gültig bis")},
		{"address", N_("von")},
		{"sha256", N_("SHA-256")},
		{"copies", N_("Kopien")},
		{"sources", N_("Fundorte")},
		{"case", N_("Aktenzeichen")},
		{"reason", N_("Grund")},
		{"new", N_("neu")},
		{"known", N_("schon im Archiv")},
		{"count", N_("Anzahl")},
		{"ids", N_("Nummern")},
		{"mailbox", N_("Postfach")},
		{"recipient", N_("Empfänger")},
		{"folder", N_("Ordner")},
		{"imported", N_("neu")},
		{"failed", N_("nicht importiert")},
		{"condition", N_("Fehler")},
		{"recipients", N_("Empfänger")},
		{"state", N_("Zustand vorher")},
	};
	g_auto(GStrv) parts = g_strsplit(detail, "; ", -1);
	GString *text = g_string_new(NULL);

	for (char **part = parts; *part; part++) {
		char *colon = strstr(*part, ": ");
		g_autofree char *name = colon ? g_strndup(*part, (gsize)(colon - *part)) : NULL;
		const char *word = name ? find_word(names, G_N_ELEMENTS(names), name) : NULL;
		g_autofree char *value = word ? tell_values(name, colon + 2) : NULL;

		if (part != parts)
			g_string_append(text, "; ");
		if (word)
			g_string_append_printf(text, "%s: %s", word, value);
		else
			g_string_append(text, *part);
	}
	return g_string_free(text, FALSE);
}

static const char *tell_page_refusal(const char *detail)
{
	static const Word reasons[] = {
		{"locked", N_("gesperrt")},
		{"unknown user", N_("unbekannter Benutzername")},
		{"no password", N_("noch kein Kennwort gesetzt")},
		{"wrong password", N_("falsches Kennwort")},
	};

	return find_word(reasons, G_N_ELEMENTS(reasons), detail);
}

/* One side of a change as the page calls it. */
static char *tell_side(const Setting *setting, const char *value)
{
	if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
		return g_strdup(words_yes_no(*value == 't'));
	for (const SettingChoice *choice = setting->choices; choice && choice->value; choice++) {
		if (strcmp(choice->value, value) == 0)
			return g_strdup(_(choice->label));
	}
	return g_strdup(value);
}

/* "imap.port: 993 → 143" with the label of the setting before its name. */
static char *tell_change(const char *detail)
{
	const char *colon = strstr(detail, ": ");
	g_autofree char *key = colon ? g_strndup(detail, (gsize)(colon - detail)) : NULL;
	const Setting *setting = key ? settings_find_row(key, NULL) : NULL;
	g_auto(GStrv) sides = setting ? g_strsplit(colon + 2, " → ", -1) : NULL;
	g_autofree char *before = NULL;
	g_autofree char *after = NULL;

	if (!setting)
		return NULL;
	if (g_strv_length(sides) != 2)
		return g_strdup_printf("%s (%s): %s", _(setting->label), key, colon + 2);
	before = tell_side(setting, sides[0]);
	after = tell_side(setting, sides[1]);
	return g_strdup_printf("%s (%s): %s → %s", _(setting->label), key, before, after);
}

char *words_audit_detail(const AuditRow *row)
{
	const char *detail = row->detail;
	const char *action = row->action;
	char *told = NULL;

	if (!detail)
		return NULL;
	if (strcmp(action, "session.refused") == 0)
		told = g_strdup(tell_page_refusal(detail));
	else if (strcmp(action, "login.password") == 0)
		told = tell_outcomes(detail);
	else if (g_str_has_prefix(action, "sign-in."))
		told = tell_refusal(detail);
	else if (g_str_has_prefix(action, "settings."))
		told = tell_change(detail);
	else if (g_str_has_prefix(action, "user.") || g_str_has_prefix(action, "apikey.") ||
		 strcmp(action, "session.start") == 0 || strcmp(action, "archive.upload") == 0 ||
		 strcmp(action, "archive.export") == 0 || strcmp(action, "import.run") == 0 ||
		 strcmp(action, "mail.queue") == 0 || g_str_has_prefix(action, "outbox.") ||
		 (strcmp(action, "archive.delete") == 0 && g_str_has_prefix(detail, "reason: ")))
		told = tell_fields(detail);
	else if (strcmp(action, "login.remove") == 0 && strcmp(detail, "*") == 0)
		told = g_strdup(_("alle weiteren Postfächer"));
	return told ? told : g_strdup(detail);
}
