/* Only fields that are known to hold no secret are carried: settings by their rows, and a list. */
#include "web/again.h"

#include <stdbool.h>
#include <string.h>
#include "settings/settings.h"
#include "web/setting_form_internal.h"

#define LIMIT ((size_t)64 * 1024) /* bytes of names and values */
#define PREFIX "feld:"

/* Of forms that are not settings alone; one with '-' at its end is a beginning. */
static const char *const names[] = {AGAIN_WHO, "weiter", "schalter", "stand", "uebernehmen",
	"namen", "postfach", "ordner", "suche", "seite", "gueltig", "uid", "seit", "aktenzeichen",
	"name", "anzeigename", "admin", "archiv", "benutzername-", "von", "an", "kopie",
	"blindkopie", "betreff", "text", "entwurf", "antwort-auf"};

static bool may_be_carried(const char *name)
{
	g_autofree char *plain = NULL;
	const Setting *setting;

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (g_str_has_suffix(names[i], "-") ? g_str_has_prefix(name, names[i])
						    : strcmp(name, names[i]) == 0)
			return true;
	}
	/* What a field showed may be carried as the field itself. */
	plain = g_strndup(
		name, strlen(name) - (g_str_has_suffix(name, FORM_SHOWN) ? strlen(FORM_SHOWN) : 0));
	setting = settings_find_row(plain, NULL);
	return setting && setting->type != TYPE_SECRET;
}

/* Those of FORM whose names begin with PREFIX_TEXT, without it. */
static Form *pick(const Form *form, const char *prefix)
{
	g_autoptr(Form) picked = form_new();
	const char *name, *value;
	size_t size = 0, count = 0;

	for (size_t i = 0; form_text_at(form, i, &name, &value); i++) {
		if (!value || !g_str_has_prefix(name, prefix) ||
			!may_be_carried(name + strlen(prefix)))
			continue;
		size += strlen(name) + strlen(value);
		count++;
		form_add(picked, name + strlen(prefix), value);
	}
	return count > 0 && size <= LIMIT ? g_steal_pointer(&picked) : NULL;
}

Form *again_pick(const Form *form)
{
	return pick(form, "");
}

Form *again_read(const Form *form)
{
	return pick(form, PREFIX);
}

void again_write(Html *h, const Form *picked)
{
	const char *name, *value;

	for (size_t i = 0; form_text_at(picked, i, &name, &value); i++) {
		html(h, "<input type=\"hidden\" name=\"" PREFIX);
		html_attr(h, name);
		html(h, "\" value=\"");
		html_attr(h, value);
		html(h, "\">\n");
	}
}
