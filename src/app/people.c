/* Users with their mail settings. */
#include "app/people.h"

#include <string.h>
#include "app/token.h"
#include "failure/failure.h"

void person_free(Person *person)
{
	if (!person)
		return;
	user_free(person->user);
	g_free(person->interface);
	g_free(person->account);
	sign_in_report_clear(&person->sign_in);
	g_free(person);
}

bool person_needs_help(const Person *person)
{
	switch (person->sign_in.state) {
	case SIGN_IN_OK:
	case SIGN_IN_UNKNOWN:
	case SIGN_IN_DISABLED:
		return false;
	default:
		return !person->user->locked;
	}
}

/* What a change of one user needs inside its transaction. */
typedef struct Change {
	User *user;
	const char *name;
	const char *hash;
	bool locked;
	const PersonChange *wanted;
	bool changed;
	PeopleMay may;
	const char *actor;
} Change;

/* Whether CHANGE may take from USER what makes an administrator who can sign in. */
static bool check_lock_out(
	DbTransaction *transaction, const Change *change, const User *user, GError **error)
{
	bool last;

	if (change->may == PEOPLE_MAY_ALL)
		return true;
	if (!user_is_last_administrator(transaction, user, &last, error))
		return false;
	if (last)
		failure_set(error, FAILURE_USER_LAST_ADMINISTRATOR, user->name,
			"no other administrator could sign in");
	else if (strcmp(user->name, change->actor) == 0)
		failure_set(error, FAILURE_USER_OWN, NULL, "one's own account");
	else
		return true;
	return false;
}

static bool check_lock_out_by_name(DbTransaction *transaction, const Change *change, GError **error)
{
	g_autoptr(User) user = user_find(transaction, change->name, error);

	return user && check_lock_out(transaction, change, user, error);
}

static bool add_in(DbTransaction *transaction, void *data, GError **error)
{
	Change *change = data;

	return user_add(transaction, change->user, change->hash, change->actor, error);
}

static bool lock_in(DbTransaction *transaction, void *data, GError **error)
{
	Change *change = data;

	if (change->locked && !check_lock_out_by_name(transaction, change, error))
		return false;
	return user_set_locked(transaction, change->name, change->locked, change->actor, error);
}

char *people_state(const User *user)
{
	g_autofree char *text = g_strdup_printf("%d%d %s", user->admin, user->archive,
		user->display_name ? user->display_name : "");

	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

static bool check_seen(const PersonChange *wanted, const User *user, GError **error)
{
	g_autofree char *state = people_state(user);

	if (!wanted->seen || strcmp(wanted->seen, state) == 0)
		return true;
	failure_set(error, FAILURE_SETTINGS_CHANGED, NULL, "the user was changed meanwhile");
	return false;
}

static bool change_in(DbTransaction *transaction, void *data, GError **error)
{
	Change *change = data;
	const PersonChange *wanted = change->wanted;
	g_autoptr(User) user = user_find(transaction, change->name, error);
	User after;

	if (!user || !check_seen(wanted, user, error))
		return false;
	after = *user;
	if (wanted->display_name)
		after.display_name = *wanted->display_name ? (char *)wanted->display_name : NULL;
	if (wanted->admin)
		after.admin = *wanted->admin;
	if (wanted->archive)
		after.archive = *wanted->archive;
	return (!user->admin || after.admin || check_lock_out(transaction, change, user, error)) &&
	       user_change(transaction, user, &after, change->actor, &change->changed, error);
}

static bool password_in(DbTransaction *transaction, void *data, GError **error)
{
	Change *change = data;

	return user_set_password(transaction, change->name, change->hash, change->actor, error);
}

static bool remove_in(DbTransaction *transaction, void *data, GError **error)
{
	Change *change = data;

	return check_lock_out_by_name(transaction, change, error) &&
	       user_remove(transaction, change->name, change->actor, error);
}

bool people_add(
	Office *office, User *user, const Secret *password, const char *actor, GError **error)
{
	g_autofree char *hash = NULL;
	Change change = {.user = user, .actor = actor};

	if (!user_check_name(user->name, error))
		return false;
	if (password && (!user_check_password(office_db(office), user->name, password, error) ||
				!(hash = user_hash_password(password, error))))
		return false;
	change.hash = hash;
	return db_write(office_db(office), add_in, &change, error);
}

bool people_change(Office *office, const char *name, const PersonChange *wanted, PeopleMay may,
	const char *actor, bool *changed, GError **error)
{
	Change change = {.name = name, .wanted = wanted, .may = may, .actor = actor};

	if (!db_write(office_db(office), change_in, &change, error))
		return false;
	*changed = change.changed;
	return true;
}

bool people_set_locked(Office *office, const char *name, bool locked, PeopleMay may,
	const char *actor, GError **error)
{
	Change change = {.name = name, .locked = locked, .may = may, .actor = actor};

	return db_write(office_db(office), lock_in, &change, error);
}

bool people_set_password(
	Office *office, const char *name, const Secret *password, const char *actor, GError **error)
{
	g_autofree char *hash = NULL;
	Change change = {.name = name, .actor = actor};

	if (user_check_password(office_db(office), name, password, error))
		change.hash = hash = user_hash_password(password, error);
	return hash && db_write(office_db(office), password_in, &change, error);
}

typedef struct Lookup {
	const char *name; /* NULL: all */
	User *user;
	GPtrArray *users;
} Lookup;

static bool lookup_in(DbTransaction *transaction, void *data, GError **error)
{
	Lookup *lookup = data;

	if (lookup->name)
		lookup->user = user_find(transaction, lookup->name, error);
	else
		lookup->users = user_list(transaction, error);
	return lookup->user || lookup->users;
}

static bool look_before_removing(DbTransaction *transaction, void *data, GError **error)
{
	Change *change = data;

	g_clear_pointer(&change->user, user_free);
	change->user = user_find(transaction, change->name, error);
	return change->user && check_lock_out(transaction, change, change->user, error);
}

/* The token goes first, so whether the user may be removed is looked at before that, too. */
/* Before mails are cancelled, it has to be known which of them may have gone with a worker that is
 * dead. Whoever cannot be told about is removed all the same. */
static void recover_outbox(Office *office)
{
	Outbox *outbox = office_outbox(office, NULL);

	if (outbox)
		outbox_recover(outbox, NULL, NULL);
}

bool people_remove(
	Office *office, const char *name, PeopleMay may, const char *actor, GError **error)
{
	Change change = {.name = name, .may = may, .actor = actor};
	bool removed;

	recover_outbox(office);
	removed = db_read(office_db(office), look_before_removing, &change, error) &&
		  token_remove(office, change.user->id, change.user->name, true, actor, error) &&
		  db_write(office_db(office), remove_in, &change, error);

	user_free(change.user);
	return removed;
}

static char *effective(Office *office, const char *user, SettingKey key, GError **error)
{
	g_auto(SettingView) view = {0};

	if (!settings_view(office_settings(office), user, settings_get_row(key), &view, error))
		return NULL;
	return g_strdup(view.value ? view.value : "");
}

/* Takes USER. */
static Person *make_person(Office *office, User *user, GError **error)
{
	g_autoptr(Person) person = g_new0(Person, 1);
	g_autofree char *account = NULL;

	person->user = user;
	person->interface = effective(office, user->name, SETTING_INTERFACE, error);
	if (!person->interface)
		return NULL;
	account = effective(office, user->name, SETTING_ACCOUNT, error);
	if (!account)
		return NULL;
	if (*account)
		person->account = g_steal_pointer(&account);
	return sign_in_report(office, user->name, &person->sign_in, error)
		       ? g_steal_pointer(&person)
		       : NULL;
}

Person *people_find(Office *office, const char *name, GError **error)
{
	Lookup lookup = {.name = name};

	if (!db_read(office_db(office), lookup_in, &lookup, error))
		return NULL;
	return make_person(office, lookup.user, error);
}

GPtrArray *people_filter(Office *office, PersonFilter *filter, const Cancel *cancel, GError **error)
{
	g_autoptr(GPtrArray) people = g_ptr_array_new_with_free_func((GDestroyNotify)person_free);
	g_autoptr(GPtrArray) users = NULL;
	Lookup lookup = {0};

	if (!db_read(office_db(office), lookup_in, &lookup, error))
		return NULL;
	users = lookup.users;
	for (guint i = 0; i < users->len; i++) {
		g_autoptr(Person) person = NULL;

		if (cancel_triggered(cancel)) {
			failure_set(error, FAILURE_CANCELLED, NULL, "cancelled among the users");
			return NULL;
		}
		person = make_person(office, g_steal_pointer(&g_ptr_array_index(users, i)), error);
		if (!person)
			return NULL;
		if (!filter || filter(person))
			g_ptr_array_add(people, g_steal_pointer(&person));
	}
	return g_steal_pointer(&people);
}

GPtrArray *people_list(Office *office, GError **error)
{
	return people_filter(office, NULL, NULL, error);
}
