/* A folder that people name: how its mailbox spells it, and what they may mean where there is none.
 */
#include "app/mailbox_internal.h"

#include <string.h>
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"

const char *mailbox_call_folder(const char *folder)
{
	return g_ascii_strcasecmp(folder, "INBOX") == 0 ? "INBOX" : folder;
}

void mailbox_miss_folder(
	GError **error, const char *address, const char *folder, const char *message)
{
	/* Follows on "Im Postfach". */
	g_autofree char *subject = g_strdup_printf(
		_("„%s“ gibt es keinen Ordner „%s“"), address ? address : "?", folder);

	failure_set(error, FAILURE_FOLDER_UNKNOWN, subject, "%s", message);
}

/* Yours: NAME as it looks, whoever wrote its umlauts. */
static char *compose(const char *name)
{
	g_autofree char *valid = text_make_valid(name, strlen(name));

	return g_utf8_normalize(valid, -1, G_NORMALIZE_NFC);
}

/* What a mailbox has instead of the folder that is wanted; borrowed. */
typedef struct Likeness {
	const char *same;  /* looks the same */
	const char *other; /* differs in small and capital letters */
	bool itself;	   /* it is there, but does not open */
	bool parent;	   /* folders lie below it */
} Likeness;

static void compare_folder(const char *wanted, const ImapFolder *folder, Likeness *likeness)
{
	g_autofree char *name = compose(folder->name);
	g_autofree char *look = compose(wanted);
	g_autofree char *folded_name = text_fold(name);
	g_autofree char *folded_look = text_fold(look);
	size_t length = strlen(look);

	if (!folder->selectable)
		likeness->parent |= strcmp(name, look) == 0;
	else if (strcmp(folder->name, wanted) == 0)
		likeness->itself = true;
	else if (strcmp(name, look) == 0)
		likeness->same = folder->name;
	else if (strcmp(folded_name, folded_look) == 0)
		likeness->other = folder->name;
	likeness->parent |= folder->delimiter && strncmp(name, look, length) == 0 &&
			    name[length] == folder->delimiter;
}

/* Says why FOLDER does not open. */
static void explain(const Mailbox *mailbox, const char *folder, const Likeness *likeness,
	bool *hint, GError **error)
{
	GError *problem = NULL;

	*hint = !likeness->itself && (likeness->parent || likeness->other);
	if (*hint && likeness->parent) {
		failure_set(
			error, FAILURE_FOLDER_BARE, folder, "%s: only folders below it", folder);
		return;
	}
	mailbox_miss_folder(&problem, mailbox->address, folder, folder);
	if (*hint) {
		g_autofree char *question =
			g_strdup_printf(_("Meinten Sie „%s“?"), likeness->other);

		failure_set_remedy(problem, question);
	}
	g_propagate_error(error, problem);
}

char *mailbox_spell_folder(Mailbox *mailbox, const char *folder, bool *hint, GError **error)
{
	g_autoptr(GPtrArray) folders = mailbox_list(mailbox, error);
	Likeness likeness = {0};

	*hint = false;
	if (!folders)
		return NULL;
	for (guint i = 0; i < folders->len; i++)
		compare_folder(folder, g_ptr_array_index(folders, i), &likeness);
	if (likeness.same && !likeness.itself)
		return g_strdup(likeness.same);
	explain(mailbox, folder, &likeness, hint, error);
	return NULL;
}

bool mailbox_enter(
	Mailbox *mailbox, const char *folder, char **name, ImapStatus *status, GError **error)
{
	g_autoptr(GError) problem = NULL;
	bool hint;

	*name = g_strdup(mailbox_call_folder(folder));
	if (mailbox_select(mailbox, *name, IMAP_READ_ONLY, status, &problem))
		return true;
	g_clear_pointer(name, g_free);
	if (!failure_is(problem, FAILURE_FOLDER_UNKNOWN)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	*name = mailbox_spell_folder(mailbox, folder, &hint, error);
	return *name && mailbox_select(mailbox, *name, IMAP_READ_ONLY, status, error);
}
