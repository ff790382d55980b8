/* User import from CSV (RFC 4180 quoting, ';'): checked whole before anything is written. */
#include "app/people.h"

#include <string.h>
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"

#define CSV_LIMIT (8 * 1024 * 1024)
#define ROW_LIMIT 20000
#define ERROR_LIMIT 200

/* One column of the header line. */
typedef struct Column {
	enum {
		COLUMN_NAME,
		COLUMN_DISPLAY_NAME,
		COLUMN_ADMIN,
		COLUMN_ARCHIVE,
		COLUMN_SETTING
	} kind;
	const Setting *setting; /* COLUMN_SETTING */
} Column;

/* One user to be added. */
typedef struct Row {
	unsigned line;
	User *user;
	GArray *changes; /* SettingChange; values owned by values */
	GPtrArray *values;
} Row;

typedef struct Reader {
	const char *at;
	unsigned line; /* of the record that was read last */
	unsigned next_line;
} Reader;

typedef struct Import {
	Office *office;
	GPtrArray *rows; /* Row * */
	GPtrArray *row_errors;
	const char *actor;
	bool dry_run;
} Import;

static void row_free(Row *row)
{
	user_free(row->user);
	g_array_unref(row->changes);
	g_ptr_array_unref(row->values);
	g_free(row);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Row, row_free)

/* Reads one field; a quoted one may hold ';', line ends and doubled quotes. */
static char *read_field(Reader *reader)
{
	g_autoptr(GString) field = g_string_new(NULL);
	bool quoted = *reader->at == '"';

	if (quoted)
		reader->at++;
	for (; *reader->at; reader->at++) {
		if (quoted && reader->at[0] == '"' && reader->at[1] == '"')
			reader->at++;
		else if (quoted && *reader->at == '"') {
			quoted = false;
			continue;
		} else if (!quoted && strchr(";\r\n", *reader->at))
			break;
		if (*reader->at == '\n')
			reader->next_line++;
		g_string_append_c(field, *reader->at);
	}
	return g_strdup(g_strstrip(field->str));
}

/* The fields of the next record that is not empty; NULL at the end. */
static GPtrArray *read_record(Reader *reader)
{
	GPtrArray *fields;

	while (*reader->at == '\n' || *reader->at == '\r') {
		if (*reader->at++ == '\n')
			reader->next_line++;
	}
	if (!*reader->at)
		return NULL;
	reader->line = reader->next_line;
	fields = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(fields, read_field(reader));
	while (*reader->at == ';') {
		reader->at++;
		g_ptr_array_add(fields, read_field(reader));
	}
	return fields;
}

static void add_row_error(GPtrArray *row_errors, unsigned line, const char *text)
{
	if (row_errors->len < ERROR_LIMIT)
		g_ptr_array_add(row_errors, g_strdup_printf(_("Zeile %u: %s"), line, text));
}

/* Adds what *ERROR says in German, with the value that only the technical message names, and clears
 * it. */
static void take_row_error(GPtrArray *row_errors, unsigned line, GError **error)
{
	g_autofree char *sentence = failure_sentence(*error);

	add_row_error(row_errors, line, sentence);
	g_clear_error(error);
}

static bool read_column(const char *name, Column *column, GError **error)
{
	static const char *const names[] = {"name", "display_name", "admin", "archive"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			*column = (Column){.kind = (int)i};
			return true;
		}
	}
	*column = (Column){.kind = COLUMN_SETTING, .setting = settings_find_row(name, error)};
	if (!column->setting)
		return false;
	if (column->setting->type == TYPE_SECRET) {
		failure_set(error, FAILURE_CSV_SECRET, name,
			"%s: secrets are refused in a CSV file", name);
		return false;
	}
	if (!(column->setting->scopes & SCOPE_USER)) {
		failure_set(error, FAILURE_SETTING_SCOPE, name, "%s: not a user's setting", name);
		return false;
	}
	return true;
}

/* The header's columns; NULL with ROW_ERRORS filled. */
static GArray *read_header(Reader *reader, GPtrArray *row_errors)
{
	g_autoptr(GPtrArray) fields = read_record(reader);
	g_autoptr(GArray) columns = g_array_new(FALSE, TRUE, sizeof(Column));
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; fields && i < fields->len; i++) {
		const char *name = g_ptr_array_index(fields, i);
		g_autoptr(GError) problem = NULL;
		Column column;

		if (!read_column(name, &column, &problem))
			take_row_error(row_errors, reader->line, &problem);
		else if (!g_hash_table_add(seen, (char *)name))
			add_row_error(
				row_errors, reader->line, _("Eine Spalte kommt doppelt vor."));
		g_array_append_val(columns, column);
	}
	if (!g_hash_table_contains(seen, "name"))
		add_row_error(
			row_errors, reader->line ? reader->line : 1, _("Die Spalte „name“ fehlt."));
	return row_errors->len == 0 ? g_steal_pointer(&columns) : NULL;
}

static bool read_flag(const char *column, const char *value, bool *flag, GError **error)
{
	g_autofree char *sentence = NULL;

	*flag = strcmp(value, "true") == 0;
	if (*flag || *value == '\0' || strcmp(value, "false") == 0)
		return true;
	sentence = g_strdup_printf(_("%s: erlaubt sind true und false"), column);
	failure_set(error, FAILURE_SETTING_INVALID, sentence, "%s: neither true nor false", column);
	return false;
}

static bool read_setting(Row *row, const Setting *setting, const char *value, GError **error)
{
	char *normal;
	SettingChange change;

	if (*value == '\0')
		return true; /* an empty cell leaves the default */
	normal = settings_normalise(setting, value, error);
	if (!normal)
		return false;
	g_ptr_array_add(row->values, normal);
	change = (SettingChange){.setting = setting, .value = normal};
	g_array_append_val(row->changes, change);
	return true;
}

static bool read_cell(Row *row, const Column *column, const char *value, GError **error)
{
	switch (column->kind) {
	case COLUMN_NAME:
		row->user->name = g_strdup(value);
		return user_check_name(value, error);
	case COLUMN_DISPLAY_NAME:
		row->user->display_name = *value ? g_strdup(value) : NULL;
		if (!text_has_control(value))
			return true;
		failure_set(error, FAILURE_SETTING_INVALID, "display_name",
			"display_name: control character");
		return false;
	case COLUMN_ADMIN:
		return read_flag("admin", value, &row->user->admin, error);
	case COLUMN_ARCHIVE:
		return read_flag("archive", value, &row->user->archive, error);
	case COLUMN_SETTING:
		break;
	}
	return read_setting(row, column->setting, value, error);
}

/* NULL: the row is bad, ROW_ERRORS says why. */
static Row *read_row(const GPtrArray *fields, const GArray *columns, unsigned line,
	GHashTable *names, GPtrArray *row_errors)
{
	g_autoptr(Row) row = g_new0(Row, 1);
	guint before = row_errors->len;

	row->line = line;
	row->user = g_new0(User, 1);
	row->changes = g_array_new(FALSE, TRUE, sizeof(SettingChange));
	row->values = g_ptr_array_new_with_free_func(g_free);
	if (fields->len != columns->len) {
		g_autofree char *text = g_strdup_printf(
			_("Die Zeile hat %u Felder, die Kopfzeile %u."), fields->len, columns->len);

		add_row_error(row_errors, line, text);
		return NULL;
	}
	for (guint i = 0; i < fields->len; i++) {
		g_autoptr(GError) problem = NULL;

		if (!read_cell(row, &g_array_index(columns, Column, i),
			    g_ptr_array_index(fields, i), &problem))
			take_row_error(row_errors, line, &problem);
	}
	if (row_errors->len == before && !g_hash_table_add(names, text_fold(row->user->name)))
		add_row_error(
			row_errors, line, _("Der Benutzername kommt in der Datei doppelt vor."));
	return row_errors->len == before ? g_steal_pointer(&row) : NULL;
}

static GPtrArray *read_rows(const char *csv, GPtrArray *row_errors)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)row_free);
	g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Reader reader = {
		.at = g_str_has_prefix(csv, "\xef\xbb\xbf") ? csv + 3 : csv, .next_line = 1};
	g_autoptr(GArray) columns = read_header(&reader, row_errors);

	while (columns) {
		g_autoptr(GPtrArray) fields = read_record(&reader);
		Row *row;

		if (!fields)
			break;
		if (rows->len >= ROW_LIMIT) {
			add_row_error(row_errors, reader.line, _("Die Datei hat zu viele Zeilen."));
			break;
		}
		row = read_row(fields, columns, reader.line, names, row_errors);
		if (row)
			g_ptr_array_add(rows, row);
	}
	return row_errors->len == 0 ? g_steal_pointer(&rows) : NULL;
}

static void refuse(const GPtrArray *row_errors, GError **error)
{
	failure_set(error, FAILURE_CSV_INVALID, g_ptr_array_index(row_errors, 0), "%u bad rows",
		row_errors->len);
}

static bool add_row(Import *import, DbTransaction *transaction, Row *row, GError **error)
{
	return user_add(transaction, row->user, NULL, import->actor, error) &&
	       settings_apply_in(office_settings(import->office), transaction, row->user->name,
		       (const SettingChange *)(void *)row->changes->data, row->changes->len,
		       import->actor, error);
}

/* Adds every row and lists each that cannot be, so that all are named at once. Any listed row, and
 * a dry run, rolls everything back. */
static bool add_rows(DbTransaction *transaction, void *data, GError **error)
{
	Import *import = data;

	g_ptr_array_set_size(import->row_errors, 0);
	for (guint i = 0; i < import->rows->len; i++) {
		Row *row = g_ptr_array_index(import->rows, i);
		GError *problem = NULL;

		if (add_row(import, transaction, row, &problem))
			continue;
		if (failure_code(problem) == FAILURE_CODE_STORE ||
			failure_code(problem) == FAILURE_CODE_RETRY) {
			g_propagate_error(error, problem);
			return false;
		}
		take_row_error(import->row_errors, row->line, &problem);
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

GPtrArray *people_import(Office *office, const char *csv, bool dry_run, const char *actor,
	GPtrArray *row_errors, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) rows = NULL;
	Import import = {
		.office = office,
		.row_errors = row_errors,
		.actor = actor,
		.dry_run = dry_run,
	};

	if (strlen(csv) <= CSV_LIMIT && g_utf8_validate(csv, -1, NULL))
		rows = read_rows(csv, row_errors);
	else
		add_row_error(row_errors, 1,
			_("Die Datei ist größer als 8 MB oder nicht in UTF-8 gespeichert."));
	if (!rows) {
		refuse(row_errors, error);
		return NULL;
	}
	import.rows = rows;
	if (!write_rows(&import, error))
		return NULL;
	for (guint i = 0; i < rows->len; i++) {
		const Row *row = g_ptr_array_index(rows, i);

		g_ptr_array_add(names, g_strdup(row->user->name));
	}
	return g_steal_pointer(&names);
}
