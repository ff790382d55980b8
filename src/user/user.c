/* The rows of people. Passwords are hashed elsewhere (user_password.c), outside of transactions. */
#include "user/user_internal.h"

#include <string.h>
#include "audit/audit.h"
#include "base/text.h"
#include "failure/failure.h"

#define DISPLAY_NAME_LIMIT 200 /* characters */

void user_free(User *user)
{
	if (!user)
		return;
	g_free(user->name);
	g_free(user->display_name);
	g_free(user);
}

static bool is_name_letter(gunichar letter)
{
	return g_unichar_isalpha(letter) || g_unichar_isdigit(letter) || letter == '.' ||
	       letter == '_' || letter == '-' || letter == '@';
}

/* Yours: NAME composed (NFC), NULL if it breaks the rule. */
static char *compose_name(const char *name)
{
	g_autofree char *composed = g_utf8_validate(name, -1, NULL)
					    ? g_utf8_normalize(name, -1, G_NORMALIZE_NFC)
					    : NULL;
	glong length = composed ? g_utf8_strlen(composed, -1) : 0;

	if (length < 1 || length > USER_NAME_LIMIT || composed[0] == '.')
		return NULL;
	for (const char *at = composed; *at; at = g_utf8_next_char(at)) {
		if (!is_name_letter(g_utf8_get_char(at)))
			return NULL;
	}
	return g_steal_pointer(&composed);
}

/* Sets FAILURE with NAME as it may be shown. */
static void refuse_name(Failure failure, const char *name, GError **error)
{
	g_autofree char *shown = text_for_terminal(name);

	failure_set(error, failure, shown, "user '%s'", shown);
}

bool user_check_name(const char *name, GError **error)
{
	g_autofree char *composed = compose_name(name);

	if (!composed)
		refuse_name(FAILURE_USER_NAME_INVALID, name, error);
	return composed != NULL;
}

bool user_check_display_name(const char *name, GError **error)
{
	if (!name || (!text_has_control(name) && g_utf8_strlen(name, -1) <= DISPLAY_NAME_LIMIT))
		return true;
	refuse_name(FAILURE_DISPLAY_NAME_INVALID, name, error);
	return false;
}

/* Yours: the names of the rights of USER, "–" for none. */
static char *rights_of(const User *user)
{
	return g_strdup(user->admin && user->archive ? "admin, archive"
			: user->admin		     ? "admin"
			: user->archive		     ? "archive"
						     : "–");
}

static bool audit_new_user(
	DbTransaction *transaction, const User *user, const char *actor, GError **error)
{
	g_autofree char *rights = rights_of(user);
	g_autofree char *detail = g_strdup_printf("display-name: %s; rights: %s; password: %s",
		user->display_name ? user->display_name : "–", rights,
		user->has_password ? "••••••" : "–");

	return audit_add(transaction, actor, "user.add", user->name, detail, error);
}

/* Tells what is lost with USER. */
static bool audit_lost_user(
	DbTransaction *transaction, const User *user, const char *actor, GError **error)
{
	g_autofree char *rights = rights_of(user);
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT value FROM user_settings WHERE user_id = $1 AND key = 'account'",
		db_int(user->id));
	g_autofree char *detail = NULL;
	GError *failed = NULL;
	bool found;

	if (!rows)
		return false;
	found = db_rows_next(rows, &failed);
	if (failed) {
		g_propagate_error(error, failed);
		return false;
	}
	detail = g_strdup_printf("display-name: %s; account: %s; rights: %s",
		user->display_name ? user->display_name : "–", found ? db_rows_text(rows, 0) : "–",
		rights);
	return audit_add(transaction, actor, "user.remove", user->name, detail, error);
}

bool user_add(DbTransaction *transaction, User *user, const char *password_hash, const char *actor,
	GError **error)
{
	g_autofree char *name = compose_name(user->name);
	g_autofree char *folded = text_fold(user->name);
	int64_t id;

	if (!name) {
		refuse_name(FAILURE_USER_NAME_INVALID, user->name, error);
		return false;
	}
	if (!user_check_display_name(user->display_name, error) ||
		!db_get_int(transaction, &id, 0, error,
			"INSERT INTO users (name, name_folded, display_name, admin, archive, "
			"locked,"
			" password_hash) VALUES ($1, $2, $3, $4, $5, $6, $7)"
			" ON CONFLICT (name_folded) DO NOTHING RETURNING id",
			db_text(name), db_text(folded), db_text(user->display_name),
			db_int(user->admin), db_int(user->archive), db_int(user->locked),
			db_text(password_hash)))
		return false;
	if (id == 0) {
		refuse_name(FAILURE_USER_EXISTS, name, error);
		return false;
	}
	user->id = id;
	user->has_password = password_hash != NULL;
	g_free(user->name);
	user->name = g_steal_pointer(&name);
	return audit_new_user(transaction, user, actor, error);
}

User *user_read(DbRows *rows)
{
	User *user = g_new(User, 1);

	*user = (User){
		.id = db_rows_int(rows, 0),
		.name = g_strdup(db_rows_text(rows, 1)),
		.display_name = g_strdup(db_rows_text(rows, 2)),
		.admin = db_rows_int(rows, 3) != 0,
		.archive = db_rows_int(rows, 4) != 0,
		.locked = db_rows_int(rows, 5) != 0,
		.has_password = db_rows_int(rows, 6) != 0,
	};
	return user;
}

User *user_find(DbTransaction *transaction, const char *name, GError **error)
{
	g_autofree char *folded = text_fold(name);
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT " USER_COLUMNS " FROM users WHERE name_folded = $1", db_text(folded));
	GError *failed = NULL;

	if (!rows)
		return NULL;
	if (db_rows_next(rows, &failed))
		return user_read(rows);
	if (failed)
		g_propagate_error(error, failed);
	else
		refuse_name(FAILURE_USER_UNKNOWN, name, error);
	return NULL;
}

GPtrArray *user_list(DbTransaction *transaction, GError **error)
{
	g_autoptr(GPtrArray) users = g_ptr_array_new_with_free_func((GDestroyNotify)user_free);
	g_autoptr(DbRows) rows = db_select(
		transaction, error, "SELECT " USER_COLUMNS " FROM users ORDER BY name_folded");
	GError *failed = NULL;

	if (!rows)
		return NULL;
	while (db_rows_next(rows, &failed))
		g_ptr_array_add(users, user_read(rows));
	if (!failed)
		return g_steal_pointer(&users);
	g_propagate_error(error, failed);
	return NULL;
}

/* What changed, for the log; yours, "" if nothing. */
static char *describe_change(const User *user, const User *after)
{
	g_autofree char *rights_before = rights_of(user);
	g_autofree char *rights_after = rights_of(after);
	GString *detail = g_string_new(NULL);

	if (g_strcmp0(user->display_name, after->display_name) != 0)
		g_string_append_printf(detail, "display-name: %s → %s",
			user->display_name ? user->display_name : "–",
			after->display_name ? after->display_name : "–");
	if (strcmp(rights_before, rights_after) != 0)
		g_string_append_printf(detail, "%srights: %s → %s", detail->len > 0 ? "; " : "",
			rights_before, rights_after);
	return g_string_free(detail, FALSE);
}

bool user_change(DbTransaction *transaction, const User *user, const User *after, const char *actor,
	bool *changed, GError **error)
{
	g_autofree char *detail = describe_change(user, after);

	*changed = *detail != '\0';
	if (!user_check_display_name(after->display_name, error))
		return false;
	return !*changed ||
	       (db_run(transaction, error,
			"UPDATE users SET display_name = $1, admin = $2, archive = $3 WHERE id = "
			"$4",
			db_text(after->display_name), db_int(after->admin), db_int(after->archive),
			db_int(user->id)) &&
		       audit_add(transaction, actor, "user.change", user->name, detail, error));
}

bool user_set_locked(DbTransaction *transaction, const char *name, bool locked, const char *actor,
	GError **error)
{
	g_autoptr(User) user = user_find(transaction, name, error);

	if (!user)
		return false;
	if (user->locked == locked)
		return true;
	return db_run(transaction, error, "UPDATE users SET locked = $1 WHERE id = $2",
		       db_int(locked), db_int(user->id)) &&
	       (!locked || (session_end_all(transaction, user->id, NULL, error) &&
				   invitation_end(transaction, user->id, error))) &&
	       audit_add(transaction, actor, locked ? "user.lock" : "user.unlock", user->name, NULL,
		       error);
}

/* Whatever else opens the page for the user of the old password. */
static bool end_access(DbTransaction *transaction, const User *user, GError **error)
{
	return session_end_all(transaction, user->id, NULL, error) &&
	       invitation_end(transaction, user->id, error) &&
	       user_try_forget(transaction, user->name, error);
}

bool user_set_password(DbTransaction *transaction, const char *name, const char *password_hash,
	const char *actor, GError **error)
{
	g_autoptr(User) user = user_find(transaction, name, error);

	return user &&
	       db_run(transaction, error, "UPDATE users SET password_hash = $1 WHERE id = $2",
		       db_text(password_hash), db_int(user->id)) &&
	       end_access(transaction, user, error) &&
	       audit_add(transaction, actor, "user.passwd", user->name, NULL, error);
}

bool user_remove(DbTransaction *transaction, const char *name, const char *actor, GError **error)
{
	g_autoptr(User) user = user_find(transaction, name, error);

	return user && audit_lost_user(transaction, user, actor, error) &&
	       db_run(transaction, error, "DELETE FROM users WHERE id = $1", db_int(user->id));
}

static bool look_for_administrator(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, 0, error,
		"SELECT 1 FROM users WHERE admin = 1 AND locked = 0 AND password_hash IS NOT NULL "
		"LIMIT 1");
}

bool user_has_administrator(Db *db, bool *has, GError **error)
{
	int64_t found;

	if (!db_read(db, look_for_administrator, &found, error))
		return false;
	*has = found != 0;
	return true;
}

bool user_is_last_administrator(
	DbTransaction *transaction, const User *user, bool *last, GError **error)
{
	int64_t others;

	*last = false;
	if (!user->admin || user->locked || !user->has_password)
		return true;
	if (!db_get_int(transaction, &others, 0, error,
		    "SELECT count(*) FROM users WHERE admin = 1 AND locked = 0"
		    " AND password_hash IS NOT NULL AND id <> $1",
		    db_int(user->id)))
		return false;
	*last = others == 0;
	return true;
}

static bool count_in(DbTransaction *transaction, void *data, GError **error)
{
	UserCounts *counts = data;

	return db_get_int(transaction, &counts->users, 0, error, "SELECT count(*) FROM users") &&
	       db_get_int(transaction, &counts->locked, 0, error,
		       "SELECT count(*) FROM users WHERE locked = 1");
}

bool user_count(Db *db, UserCounts *counts, GError **error)
{
	return db_read(db, count_in, counts, error);
}
