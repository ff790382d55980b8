/* What a changed setting means for what is kept of a user's further mailboxes (mailbox_logins): in
 * the transaction of the change. */
#include "settings/settings_internal.h"

#include <string.h>
#include "audit/audit.h"
#include "base/text.h"

/* Whether ADDRESS, folded, is one of LIST. */
static bool is_listed(const GPtrArray *list, const char *address)
{
	for (guint i = 0; i < list->len; i++) {
		if (text_is_same(g_ptr_array_index(list, i), address))
			return true;
	}
	return false;
}

/* Yours: the mailboxes of USER_ID with a row but not in LIST; *WITH_PASSWORD: those with
 * credentials of their own. */
static GPtrArray *find_leaving(DbTransaction *transaction, int64_t user_id, const GPtrArray *list,
	GPtrArray *with_password, GError **error)
{
	g_autoptr(GPtrArray) leaving = g_ptr_array_new_with_free_func(g_free);
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT mailbox, password IS NOT NULL FROM mailbox_logins WHERE user_id = $1",
		db_int(user_id));

	while (rows && db_rows_next(rows, &failed)) {
		const char *mailbox = db_rows_text(rows, 0);

		if (is_listed(list, mailbox))
			continue;
		g_ptr_array_add(leaving, g_strdup(mailbox));
		if (db_rows_int(rows, 1))
			g_ptr_array_add(
				with_password, g_ptr_array_index(leaving, leaving->len - 1));
	}
	if (failed)
		g_propagate_error(error, failed);
	return rows && !failed ? g_steal_pointer(&leaving) : NULL;
}

bool settings_follow_mailboxes(DbTransaction *transaction, int64_t user_id, const char *user,
	const char *mailboxes, const char *actor, GError **error)
{
	g_autoptr(GPtrArray) list = text_split_list(mailboxes ? mailboxes : "", ';');
	g_autoptr(GPtrArray) with_password = g_ptr_array_new();
	g_autoptr(GPtrArray) leaving =
		find_leaving(transaction, user_id, list, with_password, error);

	for (guint i = 0; leaving && i < leaving->len; i++) {
		const char *mailbox = g_ptr_array_index(leaving, i);

		if (!db_run(transaction, error,
			    "DELETE FROM mailbox_logins WHERE user_id = $1 AND mailbox = $2",
			    db_int(user_id), db_text(mailbox)))
			return false;
		if (g_ptr_array_find(with_password, mailbox, NULL) &&
			!audit_add(transaction, actor, "login.remove", user, mailbox, error))
			return false;
	}
	return leaving != NULL;
}

/* OLD, sealed for IDENTITY, is the password NEW. */
static bool is_same_password(
	const Settings *settings, const char *identity, const char *old, const Secret *new)
{
	const Keyring *keyring = settings_keyring(settings);
	g_autoptr(Secret) opened =
		keyring && old ? keyring_open_sealed(keyring, identity, old) : NULL;

	return opened && new &&secret_size(opened) == secret_size(new) &&
	       memcmp(secret_text(opened), secret_text(new), secret_size(new)) == 0;
}

static bool carry_own(
	DbTransaction *transaction, int64_t user_id, int64_t generation, GError **error)
{
	return db_run(transaction, error,
		"UPDATE mailbox_logins SET generation = $1 WHERE user_id = $2 AND password IS NULL"
		" AND generation >= (SELECT max(s.generation) FROM user_settings s"
		"  WHERE s.user_id = $2 AND (s.key IN ('imap.password', 'account')"
		"  OR (s.key IN ('mailboxes', 'imap.username')"
		"   AND mailbox_logins.refused IS NOT NULL)))",
		db_int(generation), db_int(user_id));
}

/* Of all who have no password of their own. */
static bool carry_global(DbTransaction *transaction, int64_t generation, GError **error)
{
	return db_run(transaction, error,
		"UPDATE mailbox_logins SET generation = $1 WHERE password IS NULL"
		" AND user_id NOT IN (SELECT user_id FROM user_settings"
		"  WHERE key = 'imap.password')"
		" AND generation >= (SELECT generation FROM global_settings"
		"  WHERE key = 'imap.password')"
		" AND (refused IS NULL OR generation >= coalesce((SELECT max(s.generation)"
		"  FROM user_settings s WHERE s.user_id = mailbox_logins.user_id"
		"  AND s.key IN ('mailboxes', 'imap.username')), 0))",
		db_int(generation));
}

bool settings_follow_password(Settings *settings, DbTransaction *transaction, int64_t user_id,
	const char *old, const Secret *new, int64_t generation, GError **error)
{
	g_autofree char *identity =
		settings_identity(user_id, settings_get_row(SETTING_IMAP_PASSWORD)->name);

	if (!is_same_password(settings, identity, old, new))
		return true;
	return user_id ? carry_own(transaction, user_id, generation, error)
		       : carry_global(transaction, generation, error);
}
