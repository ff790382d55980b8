/* Adding the users of a CSV file, all or none. */
#include "app/people_csv.h"

#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"

typedef struct Import {
	Office *office;
	const GPtrArray *rows; /* PersonRow * */
	GPtrArray *row_errors;
	const char *actor;
	bool dry_run;
} Import;

void row_error_free(RowError *row_error)
{
	g_free(row_error->sentence);
	g_free(row_error);
}

static bool collect_names(DbTransaction *transaction, void *data, GError **error)
{
	GHashTable *names = data;
	g_autoptr(GPtrArray) users = user_list(transaction, error);

	for (guint i = 0; users && i < users->len; i++) {
		const User *user = g_ptr_array_index(users, i);

		g_hash_table_add(names, text_fold(user->name));
	}
	return users != NULL;
}

/* One bad row is told whole, of several how many; bad rows have one entry or more, in order. */
static void refuse(const GPtrArray *row_errors, GError **error)
{
	const RowError *first = g_ptr_array_index(row_errors, 0);
	g_autofree char *sentence = NULL;
	unsigned lines = 0;

	for (guint i = 0; i < row_errors->len; i++) {
		const RowError *row_error = g_ptr_array_index(row_errors, i);
		const RowError *before = i ? g_ptr_array_index(row_errors, i - 1) : NULL;

		lines += !before || before->line != row_error->line;
	}
	sentence = row_errors->len == 1
			   ? g_strdup_printf(_("Zeile %u: %s"), first->line, first->sentence)
			   : g_strdup_printf(ngettext("%u Zeile ist fehlerhaft.",
						     "%u Zeilen sind fehlerhaft.", lines),
				     lines);
	failure_set(error, FAILURE_CSV_INVALID, sentence, "bad rows: %u", lines);
}

static bool add_row(
	const Import *import, DbTransaction *transaction, PersonRow *row, GError **error)
{
	return user_add(transaction, row->user, NULL, import->actor, error) &&
	       settings_apply_in(office_settings(import->office), transaction, row->user->name,
		       (const SettingChange *)(void *)row->changes->data, row->changes->len,
		       import->actor, error);
}

/* Adds every row and lists each that cannot be: somebody else may have added users meanwhile. Any
 * listed row, and a dry run, rolls everything back. */
static bool add_rows(DbTransaction *transaction, void *data, GError **error)
{
	Import *import = data;

	g_ptr_array_set_size(import->row_errors, 0);
	for (guint i = 0; i < import->rows->len; i++) {
		PersonRow *row = g_ptr_array_index(import->rows, i);
		GError *problem = NULL;

		if (add_row(import, transaction, row, &problem))
			continue;
		if (failure_code(problem) == FAILURE_CODE_STORE ||
			failure_code(problem) == FAILURE_CODE_RETRY) {
			g_propagate_error(error, problem);
			return false;
		}
		people_take_row_error(import->row_errors, row->line, &problem);
	}
	if (import->dry_run || import->row_errors->len > 0)
		failure_set(error, FAILURE_CANCELLED, NULL, "rolled back on purpose");
	return !import->dry_run && import->row_errors->len == 0;
}

static bool write_rows(Import *import, GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (db_write(office_db(import->office), add_rows, import, &problem))
		return true;
	if (!failure_is(problem, FAILURE_CANCELLED))
		g_propagate_error(error, g_steal_pointer(&problem));
	else if (import->row_errors->len > 0)
		refuse(import->row_errors, error);
	else
		return true;
	return false;
}

/* The value of KEY that ROW brings, else the default; NULL: none. */
static const char *value_of(const PersonRow *row, SettingKey key)
{
	for (guint i = 0; i < row->changes->len; i++) {
		const SettingChange *change = &g_array_index(row->changes, SettingChange, i);

		if (change->setting->key == key)
			return change->value;
	}
	return settings_get_row(key)->fallback;
}

/* Takes the user out of ROW. */
static Person *person_of_row(PersonRow *row)
{
	Person *person = g_new0(Person, 1);

	person->user = g_steal_pointer(&row->user);
	person->interface = g_strdup(value_of(row, SETTING_INTERFACE));
	person->account = g_strdup(value_of(row, SETTING_ACCOUNT));
	return person;
}

GPtrArray *people_import(Office *office, const char *csv, size_t size, bool dry_run,
	const char *actor, GPtrArray *row_errors, GError **error)
{
	g_autoptr(GPtrArray) people = g_ptr_array_new_with_free_func((GDestroyNotify)person_free);
	g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) rows = NULL;
	Import import = {
		.office = office,
		.row_errors = row_errors,
		.actor = actor,
		.dry_run = dry_run,
	};

	if (!db_read(office_db(office), collect_names, taken, error))
		return NULL;
	import.rows = rows = people_read_csv(csv, size, taken, row_errors, error);
	if (!rows) {
		if (row_errors->len > 0)
			refuse(row_errors, error);
		return NULL;
	}
	if (!write_rows(&import, error))
		return NULL;
	for (guint i = 0; i < rows->len; i++) {
		Person *person = person_of_row(g_ptr_array_index(rows, i));

		g_ptr_array_add(people, person);
		if (!dry_run &&
			!sign_in_report(office, person->user->name, &person->sign_in, error))
			return NULL;
	}
	return g_steal_pointer(&people);
}
