/* E-Mail importieren: mailboxes, and the folders of the one that is open. */
#include "web/page_import.h"

#include <string.h>
#include "app/words.h"
#include "base/i18n.h"
#include "base/text.h"

#define DEEPEST 5
/* Of a name that are looked at one by one: servers make them of 4 KB. */
#define PARTS 50

/* NAME without the nearest folder above that is listed, too; *DEPTH how many of these there are. Of
 * a name with very many parts only the last ones are looked at. */
static const char *find_label(const FolderView *folder, GHashTable *depths, int *depth)
{
	g_autofree char *above = g_strdup(folder->name);
	int parts = 0;

	*depth = 0;
	for (size_t i = strlen(above); folder->delimiter && i > 1 && parts < PARTS; i--) {
		void *known;

		if (above[i - 1] != folder->delimiter)
			continue;
		above[i - 1] = '\0';
		parts++;
		if (g_hash_table_lookup_extended(depths, above, NULL, &known)) {
			*depth = MIN(GPOINTER_TO_INT(known) + 1, DEEPEST);
			return folder->name + i;
		}
	}
	return folder->name;
}

static void write_label(Html *h, const FolderView *folder, const char *label)
{
	const char *words = words_folder(folder->name);

	html_text(h, words != folder->name ? words : label);
}

static void write_counts(Html *h, const FolderView *folder)
{
	if (folder->messages < 0)
		return;
	html(h, " <span class=\"count\">");
	if (folder->unseen > 0) {
		html(h, "<strong>");
		html_number(h, folder->unseen);
		html(h, "</strong>");
		html(h, "<span class=\"kern-sr-only\"> ");
		html_text(h, _("ungelesen"));
		html(h, "</span> / ");
	}
	html_number(h, folder->messages);
	html(h, "<span class=\"kern-sr-only\"> ");
	html_text(h, _("E-Mails"));
	html(h, "</span></span>");
}

static void write_folder(
	Html *h, const ImportPlace *place, const FolderView *folder, GHashTable *depths)
{
	const ImportPlace there = {
		.mailbox = place->mailbox, .folder = folder->name, .all = place->all};
	g_autofree char *path = import_place_path(&there);
	g_autofree char *hidden = words_hidden(folder);
	bool here = place->folder && strcmp(place->folder, folder->name) == 0;
	const char *label;
	int depth;

	label = find_label(folder, depths, &depth);
	g_hash_table_insert(depths, folder->name, GINT_TO_POINTER(depth));
	html(h, "<li class=\"depth-");
	html_number(h, depth);
	html(h, "\"><a href=\"");
	html_attr(h, path);
	html(h, "#mails\" title=\"");
	html_text(h, folder->name);
	html(h, "\"");
	if (here)
		html(h, " aria-current=\"page\"");
	html(h, "><span class=\"name\">");
	write_label(h, folder, label);
	html(h, "</span>");
	write_counts(h, folder);
	html(h, "</a>");
	if (hidden) {
		html(h, "<span class=\"note\">");
		html_text(h, hidden);
		html(h, "</span>");
	}
	html(h, "</li>\n");
}

/* A folder in its place: its name's parts as they compare. */
typedef struct Placed {
	FolderView *folder;
	bool is_inbox;
	GStrv keys;
} Placed;

static void placed_free(Placed *placed)
{
	g_strfreev(placed->keys);
	g_free(placed);
}

static Placed *place_folder(FolderView *folder)
{
	const char delimiters[] = {folder->delimiter, '\0'};
	Placed *placed = g_new0(Placed, 1);

	placed->folder = folder;
	placed->is_inbox = g_ascii_strcasecmp(folder->name, "INBOX") == 0;
	placed->keys = folder->delimiter ? g_strsplit(folder->name, delimiters, PARTS)
					 : g_strdupv((char *[]){folder->name, NULL});
	for (char **key = placed->keys; *key; key++) {
		g_autofree char *part = *key;

		*key = g_utf8_collate_key(part, -1);
	}
	return placed;
}

/* INBOX first, the others part by part, so that folders stand below the one that they lie in. */
static int compare_folders(const void *left, const void *right)
{
	const Placed *one = *(Placed *const *)left;
	const Placed *other = *(Placed *const *)right;
	int order = other->is_inbox - one->is_inbox;
	size_t i = 0;

	for (; one->keys[i] && other->keys[i] && order == 0; i++)
		order = strcmp(one->keys[i], other->keys[i]);
	return order != 0 ? order : (one->keys[i] != NULL) - (other->keys[i] != NULL);
}

/* Placed *, yours. */
static GPtrArray *sort_folders(const GPtrArray *views)
{
	GPtrArray *sorted = g_ptr_array_new_with_free_func((GDestroyNotify)placed_free);

	for (guint i = 0; i < views->len; i++)
		g_ptr_array_add(sorted, place_folder(views->pdata[i]));
	g_ptr_array_sort(sorted, compare_folders);
	return sorted;
}

static void write_folders(Html *h, const ImportPlace *place, const FolderList *folders)
{
	g_autoptr(GHashTable) depths = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) sorted = NULL;

	if (folders->views->len == 0) {
		html(h, "<p class=\"note\">");
		html_text(h, folders->hidden > 0 || folders->hidden_mailboxes > 0
				     ? _("Alle Ordner dieses Postfachs sind ausgeblendet.")
				     : _("Dieses Postfach hat keine Ordner mit E-Mails."));
		html(h, "</p>\n");
		return;
	}
	sorted = sort_folders(folders->views);
	html(h, "<ul>\n");
	for (guint i = 0; i < sorted->len; i++)
		write_folder(h, place, ((const Placed *)sorted->pdata[i])->folder, depths);
	html(h, "</ul>\n");
	if (folders->is_cut) {
		html(h, "<p class=\"note\">");
		html_text(h,
			_("Dieses Postfach hat sehr viele Ordner; hier steht nur ein Teil davon. "
			  "Weitere Ordner kann Ihr Administrator mit „amtspost import“ ablegen."));
		html(h, "</p>\n");
	}
}

/* The way to what is hidden, and back. */
static void write_switch(Html *h, const ImportPlace *place, const FolderList *folders)
{
	ImportPlace there = *place;
	g_autofree char *path = NULL;

	if (!place->all && folders->hidden == 0 && folders->hidden_mailboxes == 0)
		return;
	there.all = !place->all;
	path = import_place_path(&there);
	html(h, "<p><a class=\"kern-link\" href=\"");
	html_attr(h, path);
	html(h, "\">");
	if (place->all)
		html_text(h, _("Ausgeblendete verbergen"));
	else if (folders->hidden > 0)
		html_printf(h, _("Ausgeblendete anzeigen (%u)"), folders->hidden);
	else
		html_text(h, _("Ausgeblendete anzeigen"));
	html(h, "</a></p>\n");
}

/* A narrow column may break it behind the @. */
static void write_address(Html *h, const char *address)
{
	const char *at = strchr(address, '@');
	g_autofree char *start = g_strndup(address, at ? (gsize)(at + 1 - address) : 0);

	html(h, "<span>");
	html_text(h, start);
	html(h, "<wbr>");
	html_text(h, at ? at + 1 : address);
	html(h, "</span>");
}

static void write_mailbox(
	Html *h, const ImportPlace *place, const char *address, const FolderList *folders)
{
	const ImportPlace there = {.mailbox = address};
	g_autofree char *path = import_place_path(&there);
	bool open = place->mailbox && text_is_same(address, place->mailbox);

	html(h, "<li class=\"mailbox\"><a href=\"");
	html_attr(h, path);
	html(h, "\"");
	if (open)
		html(h, " aria-current=\"true\"");
	html(h, ">");
	write_address(h, address);
	html(h, "</a>\n");
	if (open && folders) {
		write_folders(h, place, folders);
		write_switch(h, place, folders);
	}
	html(h, "</li>\n");
}

void import_write_tree(
	Html *h, const ImportPlace *place, const Account *account, const FolderList *folders)
{
	html(h, "<nav class=\"tree\" aria-label=\"");
	html_attr(h, _("Postfächer und Ordner"));
	html(h, "\"><h2 class=\"kern-heading-small\">");
	html_text(h, _("Postfächer"));
	html(h, "</h2>\n<ul>\n");
	write_mailbox(h, place, account->address, folders);
	for (guint i = 0; i < account->mailboxes->len; i++) {
		const char *address = account->mailboxes->pdata[i];

		/* One that is listed twice, or is the main one. */
		if (account_find_mailbox(account, address) == address)
			write_mailbox(h, place, address, folders);
	}
	html(h, "</ul></nav>\n");
}
