/* Actions after an import: rows of the import's own transaction, so that a crash loses none. Doing
 * one twice on the server does no harm. */
#include "archive/archive_internal.h"

/* UIDs of one command line. */
#define GROUP_LIMIT 1000

void archive_action_free(ArchiveAction *action)
{
	if (!action)
		return;
	g_free(action->action);
	g_free(action->folder);
	g_array_unref(action->uids);
	g_free(action);
}

typedef struct Group {
	const ArchiveFolder *folder;
	ArchiveAction *action;
} Group;

/* What kind of action stands first; leaves it empty if there is none. */
static bool find_kind(DbTransaction *transaction, Group *group, GError **error)
{
	ArchiveAction *action = group->action;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT action, target FROM actions WHERE folder_id = $1"
		" ORDER BY action, target, uid LIMIT 1",
		db_int(group->folder->id));

	if (!rows)
		return false;
	if (db_rows_next(rows, &failed)) {
		action->action = g_strdup(db_rows_text(rows, 0));
		action->folder = g_strdup(db_rows_text(rows, 1));
	}
	return db_rows_end(failed, error);
}

static bool select_group(DbTransaction *transaction, void *data, GError **error)
{
	Group *group = data;
	ArchiveAction *action = group->action;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = NULL;

	if (!find_kind(transaction, group, error))
		return false;
	if (!action->action)
		return true;
	rows = db_select(transaction, error,
		"SELECT uid FROM actions WHERE folder_id = $1 AND action = $2 AND target = $3"
		" ORDER BY uid LIMIT $4",
		db_int(group->folder->id), db_text(action->action), db_text(action->folder),
		db_int(GROUP_LIMIT));
	if (!rows)
		return false;
	while (db_rows_next(rows, &failed)) {
		uint32_t uid = (uint32_t)db_rows_int(rows, 0);

		g_array_append_val(action->uids, uid);
	}
	return db_rows_end(failed, error);
}

ArchiveAction *archive_next_action(Archive *archive, const ArchiveFolder *folder, GError **error)
{
	g_autoptr(ArchiveAction) action = g_new0(ArchiveAction, 1);
	Group group = {folder, action};

	action->uids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	if (!db_read(archive->db, select_group, &group, error) || !action->action)
		return NULL;
	if (action->folder[0] == '\0')
		g_clear_pointer(&action->folder, g_free);
	return g_steal_pointer(&action);
}

typedef struct DoneGroup {
	const ArchiveFolder *folder;
	const ArchiveAction *action;
} DoneGroup;

static bool delete_group(DbTransaction *transaction, void *data, GError **error)
{
	const DoneGroup *done = data;
	const ArchiveAction *action = done->action;

	for (guint i = 0; i < action->uids->len; i++) {
		if (!db_run(transaction, error,
			    "DELETE FROM actions WHERE folder_id = $1 AND action = $2"
			    " AND target = $3 AND uid = $4",
			    db_int(done->folder->id), db_text(action->action),
			    db_text(action->folder ? action->folder : ""),
			    db_int(g_array_index(action->uids, uint32_t, i))))
			return false;
	}
	return true;
}

bool archive_action_done(
	Archive *archive, const ArchiveFolder *folder, const ArchiveAction *action, GError **error)
{
	DoneGroup done = {folder, action};

	return db_write(archive->db, delete_group, &done, error);
}

typedef struct Keeping {
	const ArchiveFolder *folder;
	const char *action; /* "": none */
	const char *target;
	bool is_so; /* nothing else is pending */
} Keeping;

static bool look_for_others(DbTransaction *transaction, void *data, GError **error)
{
	Keeping *keeping = data;
	int64_t found;

	if (!db_get_int(transaction, &found, 0, error,
		    "SELECT EXISTS (SELECT 1 FROM actions WHERE folder_id = $1"
		    " AND NOT (action = $2 AND target = $3))",
		    db_int(keeping->folder->id), db_text(keeping->action),
		    db_text(keeping->target)))
		return false;
	keeping->is_so = !found;
	return true;
}

static bool keep_one_kind(DbTransaction *transaction, void *data, GError **error)
{
	const Keeping *keeping = data;
	DbValue folder = db_int(keeping->folder->id);

	return db_run(transaction, error,
		       "INSERT INTO actions (folder_id, action, target, uid)"
		       " SELECT folder_id, action, $3, uid FROM actions"
		       " WHERE folder_id = $1 AND action = $2 AND target <> $3"
		       " ON CONFLICT (folder_id, action, target, uid) DO NOTHING",
		       folder, db_text(keeping->action), db_text(keeping->target)) &&
	       db_run(transaction, error,
		       "DELETE FROM actions WHERE folder_id = $1"
		       " AND NOT (action = $2 AND target = $3)",
		       folder, db_text(keeping->action), db_text(keeping->target));
}

bool archive_keep_actions(Archive *archive, const ArchiveFolder *folder, const char *action,
	const char *target, GError **error)
{
	Keeping keeping = {folder, action ? action : "", target ? target : "", false};

	return db_read(archive->db, look_for_others, &keeping, error) &&
	       (keeping.is_so || db_write(archive->db, keep_one_kind, &keeping, error));
}
