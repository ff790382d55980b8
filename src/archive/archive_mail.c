/* From rows to ArchiveMail, ArchivePlace, and back to freed memory. */
#include "archive/archive_internal.h"

#include <string.h>
#include "base/text.h"

static void source_free(void *data)
{
	ArchiveSource *source = data;

	g_free(source->user);
	g_free(source->mailbox);
	g_free(source->folder);
	g_free(source->imported_by);
	g_free(source);
}

void archive_mail_free(ArchiveMail *mail)
{
	if (!mail)
		return;
	g_free(mail->subject);
	g_free(mail->from);
	g_ptr_array_unref(mail->to);
	g_ptr_array_unref(mail->copies);
	g_free(mail->case_number);
	g_free(mail->message_id);
	g_ptr_array_unref(mail->attachments);
	g_ptr_array_unref(mail->sources);
	g_free(mail);
}

static ArchiveMail *mail_new(int64_t id)
{
	ArchiveMail *mail = g_new0(ArchiveMail, 1);

	mail->id = id;
	mail->to = g_ptr_array_new_with_free_func(g_free);
	mail->copies = g_ptr_array_new_with_free_func(g_free);
	mail->attachments = g_ptr_array_new_with_free_func((GDestroyNotify)mail_part_free);
	mail->sources = g_ptr_array_new_with_free_func(source_free);
	return mail;
}

static void take_recipients(ArchiveMail *mail, const char *lines)
{
	g_auto(GStrv) recipients = g_strsplit(lines, "\n", -1);

	for (char **recipient = recipients; *recipient; recipient++) {
		if (**recipient)
			g_ptr_array_add(mail->to, g_strdup(*recipient));
	}
}

/* The mail's own row; *FOUND false: there is none. */
static bool load_row(DbTransaction *transaction, ArchiveMail *mail, bool *found, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT state, subject, sender, recipients, date, case_number, message_id"
		" FROM mails WHERE id = $1",
		db_int(mail->id));

	if (!rows)
		return false;
	*found = db_rows_next(rows, &failed);
	if (*found) {
		mail->state = (ArchiveState)db_rows_int(rows, 0);
		mail->subject = g_strdup(db_rows_text(rows, 1));
		mail->from = g_strdup(db_rows_text(rows, 2));
		take_recipients(mail, db_rows_text(rows, 3));
		mail->date = db_rows_int(rows, 4);
		mail->case_number = g_strdup(db_rows_text(rows, 5));
		mail->message_id = g_strdup(db_rows_text(rows, 6));
	}
	return db_rows_end(failed, error);
}

DbRows *archive_select_copies(DbTransaction *transaction, const ArchiveViewer *viewer, bool all,
	int64_t id, GError **error)
{
	return db_select(transaction, error,
		"SELECT c.id, p.name, c.start, c.size, c.sha256"
		" FROM copies c JOIN packs p ON p.id = c.pack_id WHERE c.mail_id = $1 AND ($2 = 1"
		" OR EXISTS"
		" (SELECT 1 FROM uploads u WHERE u.copy_id = c.id AND u.imported_by = $3)"
		" OR EXISTS (SELECT 1 FROM sources s JOIN folders f ON f.id = s.folder_id"
		" WHERE s.copy_id = c.id AND f.user_id = $4)) ORDER BY c.id",
		db_int(id), db_int(all || !viewer), db_text(viewer ? viewer->user : NULL),
		db_int(viewer ? viewer->user_id : 0));
}

/* ALL: or else those that VIEWER filed. */
static bool load_copies(DbTransaction *transaction, ArchiveMail *mail, const ArchiveViewer *viewer,
	bool all, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = archive_select_copies(transaction, viewer, all, mail->id, error);

	if (!rows)
		return false;
	while (db_rows_next(rows, &failed)) {
		size_t size;
		const uint8_t *digest = db_rows_blob(rows, 4, &size);
		char *hex = g_malloc(SHA256_HEX_SIZE);

		g_assert(size == SHA256_SIZE);
		sha256_to_hex(digest, hex);
		if (mail->copies->len == 0)
			mail->size = (uint64_t)db_rows_int(rows, 3);
		g_ptr_array_add(mail->copies, hex);
	}
	return db_rows_end(failed, error);
}

static bool load_attachments(DbTransaction *transaction, ArchiveMail *mail, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT name, type, size FROM attachments WHERE mail_id = $1 ORDER BY number",
		db_int(mail->id));

	if (!rows)
		return false;
	while (db_rows_next(rows, &failed)) {
		MailPart *part = g_new0(MailPart, 1);

		part->name = g_strdup(db_rows_text(rows, 0));
		part->type = g_strdup(db_rows_text(rows, 1));
		part->size = (uint64_t)db_rows_int(rows, 2);
		g_ptr_array_add(mail->attachments, part);
	}
	return db_rows_end(failed, error);
}

static bool load_sources(DbTransaction *transaction, ArchiveMail *mail, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT f.user_name, b.address, f.name, f.uid_validity, s.uid, s.received,"
		" s.imported_at, s.imported_by, f.user_id"
		" FROM copies c JOIN sources s ON s.copy_id = c.id"
		" JOIN folders f ON f.id = s.folder_id JOIN mailboxes b ON b.id = f.mailbox_id"
		" WHERE c.mail_id = $1 ORDER BY c.id, s.imported_at, s.folder_id, s.uid",
		db_int(mail->id));

	if (!rows)
		return false;
	while (db_rows_next(rows, &failed)) {
		ArchiveSource *source = g_new0(ArchiveSource, 1);

		source->user = g_strdup(db_rows_text(rows, 0));
		source->mailbox = g_strdup(db_rows_text(rows, 1));
		source->folder = g_strdup(db_rows_text(rows, 2));
		source->uid_validity = (uint32_t)db_rows_int(rows, 3);
		source->uid = (uint32_t)db_rows_int(rows, 4);
		source->received = db_rows_int(rows, 5);
		source->imported = db_rows_int(rows, 6);
		source->imported_by = g_strdup(db_rows_text(rows, 7));
		source->user_id = db_rows_int(rows, 8);
		g_ptr_array_add(mail->sources, source);
	}
	return db_rows_end(failed, error);
}

static bool load_uploads(DbTransaction *transaction, ArchiveMail *mail, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT u.imported_by, u.imported_at FROM copies c"
		" JOIN uploads u ON u.copy_id = c.id WHERE c.mail_id = $1"
		" ORDER BY c.id, u.imported_at",
		db_int(mail->id));

	if (!rows)
		return false;
	while (db_rows_next(rows, &failed)) {
		ArchiveSource *source = g_new0(ArchiveSource, 1);

		source->user = g_strdup(db_rows_text(rows, 0));
		source->imported = db_rows_int(rows, 1);
		source->imported_by = g_strdup(source->user);
		g_ptr_array_add(mail->sources, source);
	}
	return db_rows_end(failed, error);
}

static bool is_viewers(const ArchiveViewer *viewer, const ArchiveSource *source)
{
	for (const char *const *own = viewer->mailboxes; source->mailbox && own && *own; own++) {
		g_autofree char *one = text_fold_address(*own);
		g_autofree char *other = text_fold_address(source->mailbox);

		if (strcmp(one, other) == 0)
			return true;
	}
	return false;
}

static bool is_filed_by(const ArchiveViewer *viewer, const ArchiveSource *source)
{
	return source->mailbox ? source->user_id == viewer->user_id
			       : g_strcmp0(source->user, viewer->user) == 0;
}

/* As in the sources, before any is hidden. */
static bool is_received(const ArchiveMail *mail, const ArchiveViewer *viewer)
{
	bool received = false;

	for (guint i = 0; i < mail->sources->len && !received; i++)
		received = is_viewers(viewer, mail->sources->pdata[i]);
	return received;
}

static void hide_sources(ArchiveMail *mail, const ArchiveViewer *viewer)
{
	for (guint i = mail->sources->len; i > 0; i--) {
		if (!is_filed_by(viewer, mail->sources->pdata[i - 1]))
			g_ptr_array_remove_index(mail->sources, i - 1);
	}
}

bool archive_load_mail(DbTransaction *transaction, const ArchiveViewer *viewer, int64_t id,
	ArchiveMail **result, GError **error)
{
	g_autoptr(ArchiveMail) mail = mail_new(id);
	bool found;
	bool all;

	*result = NULL;
	if (!load_row(transaction, mail, &found, error))
		return false;
	if (!found)
		return true;
	if (!load_attachments(transaction, mail, error) ||
		!load_sources(transaction, mail, error) || !load_uploads(transaction, mail, error))
		return false;
	/* Whoever received the mail may know who else did; others are told of their own filing
	 * only. */
	all = !viewer || is_received(mail, viewer);
	if (!load_copies(transaction, mail, viewer, all, error))
		return false;
	if (!all)
		hide_sources(mail, viewer);
	*result = g_steal_pointer(&mail);
	return true;
}

/* ---- places ---- */

typedef struct CopyLookUp {
	int64_t copy_id;
	ArchivePlace *place;
	uint8_t *sha256;
	bool *found;
} CopyLookUp;

static bool look_up(DbTransaction *transaction, void *data, GError **error)
{
	const CopyLookUp *look_up = data;
	ArchivePlace *place = look_up->place;
	GError *failed = NULL;
	size_t size;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT c.mail_id, p.name, c.start, c.size, c.sha256"
		" FROM copies c JOIN packs p ON p.id = c.pack_id WHERE c.id = $1",
		db_int(look_up->copy_id));

	if (!rows)
		return false;
	*look_up->found = db_rows_next(rows, &failed);
	if (*look_up->found) {
		place->mail_id = db_rows_int(rows, 0);
		place->copy_id = look_up->copy_id;
		g_strlcpy(place->pack, db_rows_text(rows, 1), sizeof place->pack);
		place->offset = (uint64_t)db_rows_int(rows, 2);
		place->size = (uint64_t)db_rows_int(rows, 3);
		memcpy(look_up->sha256, db_rows_blob(rows, 4, &size), SHA256_SIZE);
	}
	return db_rows_end(failed, error);
}

bool archive_look_up_copy(Archive *archive, int64_t copy_id, ArchivePlace *place,
	uint8_t sha256[static SHA256_SIZE], bool *found, GError **error)
{
	CopyLookUp data = {copy_id, place, sha256, found};

	return db_read(archive->db, look_up, &data, error);
}
