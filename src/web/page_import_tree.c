/* E-Mail importieren: mailboxes, and the folders of the one that is open. */
#include "web/page_import.h"

#include <string.h>
#include "app/words.h"
#include "base/i18n.h"
#include "base/text.h"

#define DEEPEST 5

/* NAME without the nearest folder above that is listed, too; *DEPTH how many of these there are. */
static const char *find_label(const FolderView *folder, GHashTable *depths, int *depth)
{
	const char *name = folder->name;

	*depth = 0;
	for (size_t i = strlen(name); folder->delimiter && i > 1; i--) {
		g_autofree char *above =
			name[i - 1] == folder->delimiter ? g_strndup(name, i - 1) : NULL;
		void *known;

		if (above && g_hash_table_lookup_extended(depths, above, NULL, &known)) {
			*depth = MIN(GPOINTER_TO_INT(known) + 1, DEEPEST);
			return name + i;
		}
	}
	return name;
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

/* The parts of NAME; it has one where there is no DELIMITER. */
static char **split_name(const char *name, char delimiter)
{
	const char delimiters[] = {delimiter, '\0'};

	return delimiter ? g_strsplit(name, delimiters, -1)
			 : g_strdupv((char *[]){(char *)name, NULL});
}

/* INBOX first, the others part by part, so that folders stand below the one that they lie in. */
static int compare_folders(const void *left, const void *right)
{
	const FolderView *one = *(FolderView *const *)left;
	const FolderView *other = *(FolderView *const *)right;
	bool one_inbox = g_ascii_strcasecmp(one->name, "INBOX") == 0;
	bool other_inbox = g_ascii_strcasecmp(other->name, "INBOX") == 0;
	g_auto(GStrv) parts = split_name(one->name, one->delimiter);
	g_auto(GStrv) others = split_name(other->name, other->delimiter);
	int order = other_inbox - one_inbox;
	size_t i = 0;

	for (; parts[i] && others[i] && order == 0; i++)
		order = g_utf8_collate(parts[i], others[i]);
	return order != 0 ? order : (parts[i] != NULL) - (others[i] != NULL);
}

static void write_folders(Html *h, const ImportPlace *place, const FolderList *folders)
{
	g_autoptr(GHashTable) depths = g_hash_table_new(g_str_hash, g_str_equal);

	if (folders->views->len == 0) {
		html(h, "<p class=\"note\">");
		html_text(h, folders->hidden > 0 || folders->hidden_mailboxes > 0
				     ? _("Alle Ordner dieses Postfachs sind ausgeblendet.")
				     : _("Dieses Postfach hat keine Ordner mit E-Mails."));
		html(h, "</p>\n");
		return;
	}
	g_ptr_array_sort(folders->views, compare_folders);
	html(h, "<ul>\n");
	for (guint i = 0; i < folders->views->len; i++)
		write_folder(h, place, folders->views->pdata[i], depths);
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
