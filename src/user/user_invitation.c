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

static bool make_in(DbTransaction *transaction, void *data, GError **error)
{
	const Invitation *invitation = data;
	g_autoptr(User) user = user_find(transaction, invitation->name, error);
	int64_t now = clock_now();

	if (!user)
		return false;
	if (user->locked) {
		failure_set(error, FAILURE_USER_LOCKED, user->name, "user is locked");
		return false;
	}
	return db_run(transaction, error,
		       "DELETE FROM invitations WHERE user_id = $1 OR expires <= $2",
		       db_int(user->id), db_int(now)) &&
	       db_run(transaction, error,
		       "INSERT INTO invitations (user_id, token_hash, expires) VALUES ($1, $2, $3)",
		       db_int(user->id), db_blob(invitation->hash, SHA256_SIZE),
		       db_int(now + INVITATION_SECONDS)) &&
	       audit_add(transaction, invitation->actor, "user.invite", user->name, NULL, error);
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
	if (failed)
		g_propagate_error(error, failed);
	return !failed;
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
