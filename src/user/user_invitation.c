/* Invitations: links by which a person chooses a password, once. */
#include "user/user_internal.h"

#include "audit/audit.h"
#include "base/clock.h"
#include "failure/failure.h"

typedef struct Invitation {
	const char *name;
	const char *actor;
	uint8_t hash[SHA256_SIZE];
	const char *password_hash;
	User *user; /* found, NULL: nobody's */
} Invitation;

/* Puts HASH in the place of any link of the user NAME before. */
static bool put(DbTransaction *transaction, int64_t user_id, const char *name, const uint8_t *hash,
	const char *actor, GError **error)
{
	int64_t now = clock_now();

	return db_run(transaction, error,
		       "DELETE FROM invitations WHERE user_id = $1 OR expires <= $2",
		       db_int(user_id), db_int(now)) &&
	       db_run(transaction, error,
		       "INSERT INTO invitations (user_id, token_hash, expires) VALUES ($1, $2, $3)",
		       db_int(user_id), db_blob(hash, SHA256_SIZE),
		       db_int(now + INVITATION_SECONDS)) &&
	       audit_add(transaction, actor, "user.invite", name, NULL, error);
}

static bool make_in(DbTransaction *transaction, void *data, GError **error)
{
	const Invitation *invitation = data;
	g_autoptr(User) user = user_find(transaction, invitation->name, error);

	if (!user)
		return false;
	if (user->locked) {
		failure_set(error, FAILURE_USER_LOCKED, user->name, "user is locked");
		return false;
	}
	return put(transaction, user->id, user->name, invitation->hash, invitation->actor, error);
}

bool invitation_make(Db *db, const char *name, const char *actor, char **token, GError **error)
{
	g_autofree char *made = user_token_make();
	Invitation invitation = {.name = name, .actor = actor};

	user_token_hash(made, invitation.hash);
	if (!db_write(db, make_in, &invitation, error))
		return false;
	*token = g_steal_pointer(&made);
	return true;
}

/* ---- for everybody who has no password ---- */

#define WANTING "users.password_hash IS NULL AND users.locked = 0"

typedef struct Making {
	const char *actor;
	GPtrArray *all; /* Invited * */
} Making;

void invited_free(Invited *invited)
{
	g_free(invited->name);
	g_free(invited->display_name);
	g_free(invited->account);
	g_free(invited->token);
	g_free(invited);
}

static bool list_wanting(DbTransaction *transaction, GPtrArray *all, GError **error)
{
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT users.id, users.name, users.display_name, user_settings.value FROM users"
		" LEFT JOIN user_settings ON user_settings.user_id = users.id"
		" AND user_settings.key = 'account' WHERE " WANTING " ORDER BY users.name_folded");
	GError *failed = NULL;

	while (rows && db_rows_next(rows, &failed)) {
		Invited *invited = g_new(Invited, 1);

		*invited = (Invited){
			.user_id = db_rows_int(rows, 0),
			.name = g_strdup(db_rows_text(rows, 1)),
			.display_name = g_strdup(db_rows_text(rows, 2)),
			.account = g_strdup(db_rows_text(rows, 3)),
			.token = user_token_make(),
		};
		g_ptr_array_add(all, invited);
	}
	return db_rows_end(failed, error) && rows;
}

static bool make_all_in(DbTransaction *transaction, void *data, GError **error)
{
	Making *making = data;

	g_ptr_array_set_size(making->all, 0);
	if (!list_wanting(transaction, making->all, error))
		return false;
	for (guint i = 0; i < making->all->len; i++) {
		const Invited *invited = making->all->pdata[i];
		uint8_t hash[SHA256_SIZE];

		user_token_hash(invited->token, hash);
		if (!put(transaction, invited->user_id, invited->name, hash, making->actor, error))
			return false;
	}
	return true;
}

GPtrArray *invitation_make_all(Db *db, const char *actor, GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)invited_free);
	Making making = {.actor = actor, .all = all};

	return db_write(db, make_all_in, &making, error) ? g_steal_pointer(&all) : NULL;
}

static bool count_wanting_in(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, 0, error, "SELECT count(*) FROM users WHERE " WANTING);
}

bool invitation_count_wanting(Db *db, int64_t *count, GError **error)
{
	return db_read(db, count_wanting_in, count, error);
}

/* ---- using one ---- */

static bool find_in(DbTransaction *transaction, void *data, GError **error)
{
	Invitation *invitation = data;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT " USER_COLUMNS " FROM invitations"
		" JOIN users ON users.id = invitations.user_id"
		" WHERE invitations.token_hash = $1 AND invitations.expires > $2"
		" AND users.locked = 0",
		db_blob(invitation->hash, SHA256_SIZE), db_int(clock_now()));
	GError *failed = NULL;

	if (!rows)
		return false;
	g_clear_pointer(&invitation->user, user_free);
	if (db_rows_next(rows, &failed))
		invitation->user = user_read(rows);
	return db_rows_end(failed, error);
}

User *invitation_find(Db *db, const char *token, GError **error)
{
	Invitation invitation = {0};

	user_token_hash(token, invitation.hash);
	if (!db_read(db, find_in, &invitation, error))
		g_clear_pointer(&invitation.user, user_free);
	return invitation.user;
}

static void set_over(GError **error)
{
	failure_set(error, FAILURE_INVITATION_OVER, NULL, "no such invitation");
}

/* Somebody else may have used or replaced the link while the password was hashed. */
static bool use_in(DbTransaction *transaction, void *data, GError **error)
{
	Invitation *invitation = data;

	if (!find_in(transaction, invitation, error))
		return false;
	if (!invitation->user) {
		set_over(error);
		return false;
	}
	return user_set_password(transaction, invitation->user->name, invitation->password_hash,
		invitation->user->name, error);
}

bool invitation_use(Db *db, const char *token, const Secret *password, GError **error)
{
	Invitation invitation = {0};
	g_autofree char *password_hash = NULL;
	bool done = false;

	user_token_hash(token, invitation.hash);
	/* Only who has a link makes this machine hash. */
	if (!db_read(db, find_in, &invitation, error))
		return false;
	if (!invitation.user)
		set_over(error);
	else if (user_check_password(db, invitation.user->name, password, error))
		password_hash = user_hash_password(password, error);
	if (password_hash) {
		invitation.password_hash = password_hash;
		done = db_write(db, use_in, &invitation, error);
	}
	user_free(invitation.user);
	return done;
}

bool invitation_end(DbTransaction *transaction, int64_t user_id, GError **error)
{
	return db_run(
		transaction, error, "DELETE FROM invitations WHERE user_id = $1", db_int(user_id));
}
