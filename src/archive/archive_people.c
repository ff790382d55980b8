/* Addresses to offer while somebody types: of the people of mails that the viewer sees, those of
 * the newest mails first. Nothing is kept for it: what is gone from sight is offered no more. */
#include "archive/archive_internal.h"

#include <string.h>
#include "base/text.h"

/* Of each mailbox so many of the newest mails are looked at; if that is not enough, so many of
 * those that have the words. */
#define RECENT_LIMIT 2000
#define HITS_LIMIT 100
#define HITS_FROM 3 /* bytes; shorter beginnings have too many */

/* A search for people, as far as it got. */
typedef struct People {
	Archive *archive;
	const ArchiveViewer *viewer;
	const char *prefix;
	char *folded; /* the prefix */
	size_t limit;
	GPtrArray *found;  /* char *, "Name <address>" */
	GHashTable *known; /* char *: addresses, folded -> index in FOUND */
	GHashTable *seen;  /* char *: looked at already; people write more than once */
} People;

/* ---- one person ---- */

/* The address within "Name <address>", folded; yours, NULL: that is none. */
static char *fold_address_of(const char *person)
{
	const char *angle = strrchr(person, '<');
	g_autofree char *bare = angle ? g_strndup(angle + 1, strcspn(angle + 1, ">"))
				      : g_strstrip(g_strdup(person));

	return text_is_address(bare) ? text_fold_address(bare) : NULL;
}

/* Whether a word of the name, or the address, begins so. */
static bool begins_so(const People *people, const char *person, const char *address)
{
	g_autofree char *folded = text_fold(person);
	size_t size = strlen(people->folded);

	if (strncmp(address, people->folded, size) == 0)
		return true;
	for (const char *at = folded; (at = strstr(at, people->folded)); at++) {
		if (at == folded || strchr(" \"(,<-", at[-1]))
			return true;
	}
	return false;
}

static bool has_name(const char *person)
{
	return strchr(person, '<') != NULL && *person != '<';
}

static void take_person(People *people, const char *person)
{
	g_autofree char *address = NULL;
	void *index;

	if (!g_hash_table_add(people->seen, g_strdup(person)))
		return;
	address = fold_address_of(person);
	if (!address || text_has_control(person) || !begins_so(people, person, address))
		return;
	if (!g_hash_table_lookup_extended(people->known, address, NULL, &index)) {
		g_hash_table_insert(people->known, g_steal_pointer(&address),
			GUINT_TO_POINTER(people->found->len));
		g_ptr_array_add(people->found, g_strdup(person));
	} else if (has_name(person) && !has_name(people->found->pdata[GPOINTER_TO_UINT(index)])) {
		g_free(people->found->pdata[GPOINTER_TO_UINT(index)]);
		people->found->pdata[GPOINTER_TO_UINT(index)] = g_strdup(person);
	}
}

/* Behind each address a comma may follow; one within a name does not end it. */
static void take_senders(People *people, const char *senders)
{
	g_auto(GStrv) parts = g_strsplit(senders, ">, ", -1);

	for (size_t i = 0; parts[i]; i++) {
		g_autofree char *whole = strchr(parts[i], '<') && !strchr(parts[i], '>')
						 ? g_strconcat(parts[i], ">", NULL)
						 : g_strdup(parts[i]);

		take_person(people, whole);
	}
}

static void take_mail(People *people, const char *senders, const char *recipients)
{
	g_auto(GStrv) lines = g_strsplit(recipients, "\n", -1);

	take_senders(people, senders);
	for (size_t i = 0; lines[i] && people->found->len < people->limit; i++)
		take_person(people, lines[i]);
}

/* ---- of which mails ---- */

/* The columns sender and recipients. */
static bool take_rows(People *people, DbRows *rows, GError **error)
{
	GError *failed = NULL;

	while (people->found->len < people->limit && db_rows_next(rows, &failed))
		take_mail(people, db_rows_text(rows, 0), db_rows_text(rows, 1));
	return db_rows_end(failed, error);
}

static bool look_into_all(People *people, DbTransaction *transaction, GError **error)
{
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT sender, recipients FROM mails ORDER BY ((date << 29) | id) DESC LIMIT $1",
		db_int(RECENT_LIMIT));

	return rows && take_rows(people, rows, error);
}

static bool look_into_filed(People *people, DbTransaction *transaction, GError **error)
{
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT m.sender, m.recipients FROM mail_filers f JOIN mails m ON m.id = f.mail_id"
		" WHERE f.user_id = $1 ORDER BY f.position DESC LIMIT $2",
		db_int(people->viewer->user_id), db_int(RECENT_LIMIT));

	return rows && take_rows(people, rows, error);
}

static bool look_into_mailbox(
	People *people, DbTransaction *transaction, int64_t mailbox_id, GError **error)
{
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT m.sender, m.recipients FROM mail_mailboxes b JOIN mails m ON m.id = "
		"b.mail_id"
		" WHERE b.mailbox_id = $1 ORDER BY b.position DESC LIMIT $2",
		db_int(mailbox_id), db_int(RECENT_LIMIT));

	return rows && take_rows(people, rows, error);
}

static bool look_at_recent(People *people, DbTransaction *transaction, GError **error)
{
	g_autoptr(GArray) mailboxes = NULL;

	if (!people->viewer)
		return look_into_all(people, transaction, error);
	mailboxes = archive_find_mailboxes(transaction, people->viewer, error);
	if (!mailboxes || !look_into_filed(people, transaction, error))
		return false;
	for (guint i = 0; i < mailboxes->len; i++) {
		if (!look_into_mailbox(
			    people, transaction, g_array_index(mailboxes, int64_t, i), error))
			return false;
	}
	return true;
}

/* Those of older mails, by the words. */
static bool look_at_hits(People *people, DbTransaction *transaction, GError **error)
{
	const ArchiveFilter filter = {
		.viewer = people->viewer, .words = people->prefix, .limit = HITS_LIMIT};
	g_autoptr(ArchivePage) page = archive_page(people->archive, &filter, error);

	if (!page)
		return false;
	for (guint i = 0; i < page->rows->len && people->found->len < people->limit; i++) {
		const ArchiveRow *row = page->rows->pdata[i];
		g_autoptr(DbRows) rows = db_select(transaction, error,
			"SELECT sender, recipients FROM mails WHERE id = $1", db_int(row->id));

		if (!rows || !take_rows(people, rows, error))
			return false;
	}
	return true;
}

static bool find_people(DbTransaction *transaction, void *data, GError **error)
{
	People *people = data;

	if (!look_at_recent(people, transaction, error))
		return false;
	return people->found->len >= people->limit || strlen(people->prefix) < HITS_FROM ||
	       look_at_hits(people, transaction, error);
}

GPtrArray *archive_people(Archive *archive, const ArchiveViewer *viewer, const char *prefix,
	size_t limit, GError **error)
{
	g_autofree char *valid = text_make_valid(prefix, strlen(prefix));
	g_autofree char *folded = text_fold(valid);
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	People people = {archive, viewer, valid, folded, limit, found, known, seen};

	return db_read(archive->db, find_people, &people, error) ? g_steal_pointer(&found) : NULL;
}
