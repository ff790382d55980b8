/* Hidden folders: each entry is a set of folded names and perhaps a SPECIAL-USE role. */
#include "app/hidden.h"

#include <string.h>
#include "base/text.h"
#include "settings/settings.h"

/* What servers really call the folders of the standard list (docs/decisions/hidden-folders.md). */
typedef struct Alias {
	const char *entry;
	ImapRole role;
	const char *names[6];
} Alias;

/* clang-format off */
static const Alias aliases[] = {
	{"Kalender", IMAP_ROLE_NONE, {"Calendar"}},
	{"Kontakte", IMAP_ROLE_NONE, {"Contacts"}},
	{"Notizen", IMAP_ROLE_NONE, {"Notes"}},
	{"RSS-Abonnements", IMAP_ROLE_NONE, {"RSS-Feeds", "RSS Feeds", "RSS Subscriptions"}},
	{"Synchronisierungsprobleme", IMAP_ROLE_NONE, {"Sync Issues"}},
	{"Verlauf der Unterhaltung", IMAP_ROLE_NONE,
		{"Aufgezeichnete Unterhaltungen", "Conversation History"}},
	{"Suchordner", IMAP_ROLE_NONE, {"Search Folders"}},
	{"Aufgaben", IMAP_ROLE_NONE, {"Tasks"}},
	{"Junk-E-Mail", IMAP_ROLE_JUNK, {"Junk Email", "Junk E-Mail", "Junk", "Spam"}},
	{"Gelöscht", IMAP_ROLE_TRASH,
		{"Gelöschte Elemente", "Gelöschte Objekte", "Papierkorb", "Deleted Items", "Trash"}},
	{"Journal", IMAP_ROLE_NONE, {NULL}},
};
/* clang-format on */

typedef struct Rule {
	char *entry;	  /* as written */
	GPtrArray *names; /* folded: the entry and, in the standard list, its aliases */
	ImapRole role;	  /* IMAP_ROLE_NONE: names only */
	bool matched;	  /* some folder that was noted */
} Rule;

struct HiddenRules {
	GPtrArray *rules; /* Rule * */
};

static void rule_free(Rule *rule)
{
	g_free(rule->entry);
	g_ptr_array_unref(rule->names);
	g_free(rule);
}

void hidden_rules_free(HiddenRules *rules)
{
	if (!rules)
		return;
	g_ptr_array_unref(rules->rules);
	g_free(rules);
}

/* The standard's names stand for their aliases also in a list of the user's own. */
static void add_aliases(Rule *rule)
{
	const char *folded = g_ptr_array_index(rule->names, 0);

	for (size_t i = 0; i < G_N_ELEMENTS(aliases); i++) {
		g_autofree char *entry = text_fold(aliases[i].entry);

		if (strcmp(entry, folded) != 0)
			continue;
		rule->role = aliases[i].role;
		for (size_t n = 0; n < G_N_ELEMENTS(aliases[i].names) && aliases[i].names[n]; n++)
			g_ptr_array_add(rule->names, text_fold(aliases[i].names[n]));
		return;
	}
}

static void add_rule(HiddenRules *rules, const char *entry)
{
	Rule *rule = g_new0(Rule, 1);

	rule->entry = g_strdup(entry);
	rule->names = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(rule->names, text_fold(entry));
	add_aliases(rule);
	g_ptr_array_add(rules->rules, rule);
}

HiddenRules *hidden_rules_new(const Account *account)
{
	HiddenRules *rules = g_new0(HiddenRules, 1);

	rules->rules = g_ptr_array_new_with_free_func((GDestroyNotify)rule_free);
	if (account->hidden_standard) {
		for (const char *const *entry = settings_hidden_standard(); *entry; entry++)
			add_rule(rules, *entry);
	} else {
		for (guint i = 0; i < account->hidden_folders->len; i++)
			add_rule(rules, g_ptr_array_index(account->hidden_folders, i));
	}
	return rules;
}

/* Whether NAME (folded) equals the path PATH or lies below it. */
static bool is_at_or_below(const char *name, const char *path, char delimiter)
{
	size_t length = strlen(path);

	return strncmp(name, path, length) == 0 &&
	       (name[length] == '\0' || (delimiter && name[length] == delimiter));
}

/* Whether NAME has the COMPONENT between delimiters at any depth. */
static bool has_component(const char *name, const char *component, char delimiter)
{
	while (name) {
		if (is_at_or_below(name, component, delimiter))
			return true;
		name = delimiter ? strchr(name, delimiter) : NULL;
		if (name)
			name++;
	}
	return false;
}

static bool names_match(const Rule *rule, const char *name, char delimiter)
{
	for (guint i = 0; i < rule->names->len; i++) {
		const char *path = g_ptr_array_index(rule->names, i);

		if (delimiter && strchr(path, delimiter) ? is_at_or_below(name, path, delimiter)
							 : has_component(name, path, delimiter))
			return true;
	}
	return false;
}

/* Whether FOLDER has the rule's role or lies below one that has. */
static bool role_matches(const Rule *rule, const ImapFolder *folder, const GPtrArray *marked)
{
	if (rule->role == IMAP_ROLE_NONE)
		return false;
	if (folder->role == rule->role)
		return true;
	for (guint i = 0; marked && i < marked->len; i++) {
		const ImapFolder *other = g_ptr_array_index(marked, i);

		if (other->role == rule->role &&
			is_at_or_below(folder->name, other->name, folder->delimiter))
			return true;
	}
	return false;
}

GPtrArray *hidden_list_marked(const GPtrArray *folders)
{
	GPtrArray *marked = g_ptr_array_new();

	for (guint i = 0; i < folders->len; i++) {
		ImapFolder *folder = g_ptr_array_index(folders, i);

		if (folder->role != IMAP_ROLE_NONE)
			g_ptr_array_add(marked, folder);
	}
	return marked;
}

const char *hidden_rules_match(
	const HiddenRules *rules, const ImapFolder *folder, const GPtrArray *marked)
{
	g_autofree char *name = text_fold(folder->name);

	for (guint i = 0; i < rules->rules->len; i++) {
		const Rule *rule = g_ptr_array_index(rules->rules, i);

		if (names_match(rule, name, folder->delimiter) ||
			role_matches(rule, folder, marked))
			return rule->entry;
	}
	return NULL;
}

const char *hidden_rules_match_mailbox(const HiddenRules *rules, const char *address)
{
	for (guint i = 0; i < rules->rules->len; i++) {
		const Rule *rule = g_ptr_array_index(rules->rules, i);

		if (strchr(rule->entry, '@') && text_is_same(rule->entry, address))
			return rule->entry;
	}
	return NULL;
}

void hidden_rules_note(HiddenRules *rules, const ImapFolder *folder, const GPtrArray *marked)
{
	g_autofree char *name = text_fold(folder->name);

	for (guint i = 0; i < rules->rules->len; i++) {
		Rule *rule = g_ptr_array_index(rules->rules, i);

		rule->matched |= names_match(rule, name, folder->delimiter) ||
				 role_matches(rule, folder, marked);
	}
}

GPtrArray *hidden_rules_unmatched(const HiddenRules *rules, const Account *account)
{
	GPtrArray *entries = g_ptr_array_new();

	for (guint i = 0; i < rules->rules->len; i++) {
		const Rule *rule = g_ptr_array_index(rules->rules, i);

		if (!rule->matched && !account_find_mailbox(account, rule->entry))
			g_ptr_array_add(entries, rule->entry);
	}
	return entries;
}
