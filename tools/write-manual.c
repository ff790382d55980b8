/* Writes the chapters that are loops over tables: the settings and the catalogue of failures. The
 * results are committed; a test compares them with what this program writes (tools/check-manual).
 *
 *   write-manual settings | failures | settings-man */
#include <stdio.h>
#include <string.h>
#include "failure/failure.h"
#include "settings/settings.h"

static const char *scope_words(unsigned scopes)
{
	switch (scopes) {
	case SCOPE_GLOBAL:
		return "Systemsteuerung";
	case SCOPE_USER:
		return "Benutzer";
	default:
		return "Systemsteuerung, Benutzer";
	}
}

/* "true, false", "1 bis 65535" …; yours. */
static char *value_words(const Setting *setting)
{
	GString *words;

	switch (setting->type) {
	case TYPE_BOOLEAN:
		return g_strdup("`true`, `false`");
	case TYPE_INTEGER:
		return g_strdup_printf("%d bis %d%s%s", setting->minimum, setting->maximum,
			setting->unit ? " " : "", setting->unit ? setting->unit : "");
	case TYPE_HOST:
		return g_strdup("Name, IPv4 oder IPv6");
	case TYPE_ADDRESS:
		return g_strdup("eine Adresse");
	case TYPE_LIST:
		return g_strdup("Liste, getrennt durch `;`");
	case TYPE_SECRET:
		return g_strdup("geheim");
	case TYPE_FILE:
		return g_strdup("Datei");
	case TYPE_URL:
		return g_strdup("Adresse im Netz");
	case TYPE_TEXT:
	case TYPE_LINES:
		return g_strdup("Text");
	case TYPE_CHOICE:
		break;
	}
	words = g_string_new(NULL);
	for (const SettingChoice *choice = setting->choices; choice->value; choice++)
		g_string_append_printf(
			words, "%s`%s` %s", words->len ? ", " : "", choice->value, choice->label);
	return g_string_free(words, FALSE);
}

static void write_settings(void)
{
	puts("# Einstellungen\n\nErzeugt aus der Tabelle der Einstellungen "
	     "(`src/settings/settings_table.c`).\n");
	puts("| Schlüssel | Bezeichnung | Wo | Werte | Standard | Erklärung |");
	puts("| --- | --- | --- | --- | --- | --- |");
	for (int key = 0; key < SETTING_COUNT; key++) {
		const Setting *setting = settings_get_row((SettingKey)key);
		g_autofree char *values = value_words(setting);

		printf("| `%s` | %s | %s%s | %s | %s%s%s | %s |\n", setting->name, setting->label,
			scope_words(setting->scopes),
			setting->clerk ? ", auch der Anwender selbst" : "", values,
			setting->fallback ? "`" : "", setting->fallback ? setting->fallback : "–",
			setting->fallback ? "`" : "", setting->help);
	}
}

/* Roff takes a line's first dot or apostrophe, and every backslash, for itself. */
static void print_roff(const char *text)
{
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else if (*text != '`')
			fputc(*text, stdout);
	}
}

static void write_settings_man(void)
{
	for (int key = 0; key < SETTING_COUNT; key++) {
		const Setting *setting = settings_get_row((SettingKey)key);
		g_autofree char *values = value_words(setting);

		fputs(".TP\n.B ", stdout);
		print_roff(setting->name);
		printf("\n%s (%s). ", setting->label, scope_words(setting->scopes));
		print_roff(values);
		if (setting->fallback) {
			fputs("; Standard: ", stdout);
			print_roff(setting->fallback);
		}
		puts(".");
		print_roff(setting->help);
		puts("");
	}
}

static const char *actor_words(FailureActor actor)
{
	static const char *const words[] = {
		[ACTOR_NOBODY] = "niemand (abwarten)",
		[ACTOR_CLERK] = "Anwender",
		[ACTOR_ADMINISTRATOR] = "Administrator",
		[ACTOR_OPERATOR] = "IT",
		[ACTOR_PROVIDER] = "Betreiber des Mailservers",
	};

	return words[actor];
}

static void write_failures(void)
{
	puts("# Wenn etwas nicht geht\n\nErzeugt aus dem Katalog der Fehler "
	     "(`src/failure/failure_table.h`).");
	puts("„…“ steht für den Server, Ordner oder Wert, um den es geht.\n");
	puts("| Status | Name | Was Sie lesen | Was zu tun ist | Wer |");
	puts("| --- | --- | --- | --- | --- |");
	for (int failure = 0; failure < FAILURE_COUNT; failure++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *sentence = NULL;
		g_autofree char *advice = NULL;

		failure_set(&error, (Failure)failure, "…", "%s", "");
		sentence = failure_sentence(error);
		advice = failure_advice(error);
		printf("| %d | `%s` | %s | %s | %s |\n", failure_status(error), failure_name(error),
			sentence, advice, actor_words(failure_actor(error)));
	}
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";

	if (strcmp(what, "settings") == 0)
		write_settings();
	else if (strcmp(what, "settings-man") == 0)
		write_settings_man();
	else if (strcmp(what, "failures") == 0)
		write_failures();
	else
		return 2;
	return 0;
}
