/* Reading a CSV file of users (RFC 4180 quoting, ';', as Excel writes it) into checked rows.
 * Nothing is written here: people_import.c does that. */
#include "app/people_csv.h"

#include <string.h>
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"

#define ROW_LIMIT 20000
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

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

typedef struct Reader {
	const char *at;
	unsigned line; /* of the record that was read last */
	unsigned next_line;
	bool open_quote; /* a quoted field has no end */
} Reader;

/* What reading rows needs beside the reader. */
typedef struct Sheet {
	GArray *columns;
	const GHashTable *taken;
	GHashTable *seen; /* folded names of the rows before */
	GPtrArray *row_errors;
} Sheet;

static void row_free(PersonRow *row)
{
	user_free(row->user);
	g_array_unref(row->changes);
	g_ptr_array_unref(row->values);
	g_free(row);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PersonRow, row_free)

void people_add_row_error(GPtrArray *row_errors, unsigned line, const char *sentence)
{
	RowError *row_error = g_new(RowError, 1);

	*row_error = (RowError){.line = line, .sentence = g_strdup(sentence)};
	g_ptr_array_add(row_errors, row_error);
}

void people_take_row_error(GPtrArray *row_errors, unsigned line, GError **error)
{
	g_autofree char *sentence = failure_sentence(*error);

	people_add_row_error(row_errors, line, sentence);
	g_clear_error(error);
}

/* ---- records ---- */

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
	reader->open_quote = reader->open_quote || quoted;
	return g_strdup(g_strstrip(field->str));
}

/* Excel pads rows to the widest one, and leaves rows of which only the content was deleted. */
static void drop_trailing_empty(GPtrArray *fields, guint keep)
{
	while (fields->len > keep && *(const char *)g_ptr_array_index(fields, fields->len - 1) == 0)
		g_ptr_array_remove_index(fields, fields->len - 1);
}

static GPtrArray *read_line(Reader *reader)
{
	GPtrArray *fields = g_ptr_array_new_with_free_func(g_free);

	reader->line = reader->next_line;
	g_ptr_array_add(fields, read_field(reader));
	while (*reader->at == ';') {
		reader->at++;
		g_ptr_array_add(fields, read_field(reader));
	}
	return fields;
}

/* The fields of the next record with any content, without empty ones behind the first KEEP; NULL at
 * the end. */
static GPtrArray *read_record(Reader *reader, guint keep)
{
	for (;;) {
		g_autoptr(GPtrArray) fields = NULL;

		while (*reader->at == '\n' || *reader->at == '\r') {
			if (*reader->at++ == '\n')
				reader->next_line++;
		}
		if (!*reader->at)
			return NULL;
		fields = read_line(reader);
		for (guint i = 0; i < fields->len; i++) {
			if (*(const char *)g_ptr_array_index(fields, i) == '\0')
				continue;
			drop_trailing_empty(fields, keep);
			return g_steal_pointer(&fields);
		}
	}
}

/* Excel's own first line, which names the separator. */
static void skip_separator_line(Reader *reader)
{
	size_t length = strcspn(reader->at, "\r\n");

	if (length >= 5 && length <= 7 && g_ascii_strncasecmp(reader->at, "sep=;", 5) == 0)
		reader->at += length;
	else if (g_ascii_strncasecmp(reader->at, "\"sep=;\"", 7) == 0)
		reader->at += 7;
}

/* ---- the header line ---- */

static bool check_column(const char *name, const Setting *setting, GError **error)
{
	if (setting->type == TYPE_SECRET) {
		failure_set(error, FAILURE_CSV_SECRET, name,
			"%s: secrets are refused in a CSV file", name);
		return false;
	}
	if (!(setting->scopes & SCOPE_USER)) {
		failure_set(error, FAILURE_SETTING_SCOPE, name, "%s: not a user's setting", name);
		return false;
	}
	return true;
}

/* NAME in lower case. */
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
	return column->setting && check_column(name, column->setting, error);
}

static bool is_other_separator(const GPtrArray *fields)
{
	return fields->len == 1 && strpbrk(g_ptr_array_index(fields, 0), ",\t|") != NULL;
}

static GArray *read_columns(const GPtrArray *fields, unsigned line, GPtrArray *row_errors)
{
	GArray *columns = g_array_new(FALSE, TRUE, sizeof(Column));
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < fields->len; i++) {
		char *name = g_ascii_strdown(g_ptr_array_index(fields, i), -1);
		g_autoptr(GError) problem = NULL;
		Column column = {0};

		if (!read_column(name, &column, &problem))
			people_take_row_error(row_errors, line, &problem);
		else if (g_hash_table_contains(seen, name))
			people_add_row_error(row_errors, line, _("Eine Spalte kommt doppelt vor."));
		g_hash_table_add(seen, name);
		g_array_append_val(columns, column);
	}
	if (!g_hash_table_contains(seen, "name"))
		people_add_row_error(row_errors, line, _("Die Spalte „name“ fehlt."));
	return columns;
}

/* NULL: the header line is bad, ROW_ERRORS says why. */
static GArray *read_header(Reader *reader, GPtrArray *row_errors)
{
	g_autoptr(GPtrArray) fields = NULL;
	g_autoptr(GArray) columns = NULL;

	skip_separator_line(reader);
	fields = read_record(reader, 0);
	if (!fields)
		people_add_row_error(row_errors, 1, _("Die Kopfzeile mit den Spalten fehlt."));
	else if (is_other_separator(fields))
		people_add_row_error(
			row_errors, reader->line, _("Das Trennzeichen ist das Semikolon."));
	else
		columns = read_columns(fields, reader->line, row_errors);
	return row_errors->len == 0 ? g_steal_pointer(&columns) : NULL;
}

/* ---- rows ---- */

/* "true" and "false" however Excel writes them; other text as it is. */
static const char *plain_flag(const char *value)
{
	if (g_ascii_strcasecmp(value, "true") == 0 || g_ascii_strcasecmp(value, "wahr") == 0)
		return "true";
	if (g_ascii_strcasecmp(value, "false") == 0 || g_ascii_strcasecmp(value, "falsch") == 0)
		return "false";
	return value;
}

static bool read_flag(const char *column, const char *value, bool *flag, GError **error)
{
	g_autofree char *sentence = NULL;
	const char *plain = plain_flag(value);

	*flag = strcmp(plain, "true") == 0;
	if (*flag || *plain == '\0' || strcmp(plain, "false") == 0)
		return true;
	sentence = g_strdup_printf(_("%s: erlaubt sind true und false"), column);
	failure_set(error, FAILURE_SETTING_INVALID, sentence, "%s: neither true nor false", column);
	return false;
}

static bool read_setting(PersonRow *row, const Setting *setting, const char *value, GError **error)
{
	char *normal;
	SettingChange change;

	if (*value == '\0')
		return true; /* an empty cell leaves the default */
	normal = settings_normalise(
		setting, setting->type == TYPE_BOOLEAN ? plain_flag(value) : value, error);
	if (!normal)
		return false;
	g_ptr_array_add(row->values, normal);
	change = (SettingChange){.setting = setting, .value = normal};
	g_array_append_val(row->changes, change);
	return true;
}

static bool read_display_name(User *user, const char *value, GError **error)
{
	user->display_name = *value ? g_strdup(value) : NULL;
	return user_check_display_name(user->display_name, error);
}

static bool read_cell(PersonRow *row, const Column *column, const char *value, GError **error)
{
	switch (column->kind) {
	case COLUMN_NAME:
		row->user->name = g_strdup(value);
		return *value == '\0' || user_check_name(value, error);
	case COLUMN_DISPLAY_NAME:
		return read_display_name(row->user, value, error);
	case COLUMN_ADMIN:
		return read_flag("admin", value, &row->user->admin, error);
	case COLUMN_ARCHIVE:
		return read_flag("archive", value, &row->user->archive, error);
	case COLUMN_SETTING:
		break;
	}
	return read_setting(row, column->setting, value, error);
}

/* The name is there, free, and not in a row before; a bad one is told already. */
static void check_name(const Sheet *sheet, const PersonRow *row)
{
	g_autofree char *folded = text_fold(row->user->name);
	g_autoptr(GError) problem = NULL;

	if (*row->user->name == '\0') {
		people_add_row_error(sheet->row_errors, row->line, _("Der Benutzername fehlt."));
	} else if (!user_check_name(row->user->name, NULL)) {
		return;
	} else if (g_hash_table_contains((GHashTable *)sheet->taken, folded)) {
		failure_set(&problem, FAILURE_USER_EXISTS, row->user->name, "user '%s'",
			row->user->name);
		people_take_row_error(sheet->row_errors, row->line, &problem);
	} else if (!g_hash_table_add(sheet->seen, g_steal_pointer(&folded))) {
		people_add_row_error(sheet->row_errors, row->line,
			_("Der Benutzername kommt in der Datei doppelt vor."));
	}
}

static PersonRow *new_row(unsigned line)
{
	PersonRow *row = g_new(PersonRow, 1);

	*row = (PersonRow){
		.line = line,
		.user = g_new0(User, 1),
		.changes = g_array_new(FALSE, TRUE, sizeof(SettingChange)),
		.values = g_ptr_array_new_with_free_func(g_free),
	};
	return row;
}

/* A bad row is answered too; ROW_ERRORS says what is wrong with it. */
static PersonRow *read_row(const Sheet *sheet, const GPtrArray *fields, unsigned line)
{
	PersonRow *row = new_row(line);

	if (fields->len != sheet->columns->len) {
		g_autofree char *text =
			g_strdup_printf(_("Die Zeile hat %u Felder, die Kopfzeile %u."),
				fields->len, sheet->columns->len);

		people_add_row_error(sheet->row_errors, line, text);
		return row;
	}
	for (guint i = 0; i < fields->len; i++) {
		g_autoptr(GError) problem = NULL;

		if (!read_cell(row, &g_array_index(sheet->columns, Column, i),
			    g_ptr_array_index(fields, i), &problem))
			people_take_row_error(sheet->row_errors, line, &problem);
	}
	check_name(sheet, row);
	return row;
}

static void read_rows(Reader *reader, const Sheet *sheet, GPtrArray *rows)
{
	g_autoptr(GPtrArray) fields = NULL;

	while ((fields = read_record(reader, sheet->columns->len))) {
		if (reader->open_quote) {
			people_add_row_error(sheet->row_errors, reader->line,
				_("Ein Anführungszeichen wird nicht geschlossen."));
			return;
		}
		if (rows->len >= ROW_LIMIT) {
			people_add_row_error(sheet->row_errors, reader->line,
				_("Die Datei hat mehr als 20.000 Benutzer."));
			return;
		}
		g_ptr_array_add(rows, read_row(sheet, fields, reader->line));
		g_clear_pointer(&fields, g_ptr_array_unref);
	}
}

GPtrArray *people_read_csv(const char *csv, size_t size, const GHashTable *taken,
	GPtrArray *row_errors, GError **error)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)row_free);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GArray) columns = NULL;
	Sheet sheet = {.taken = taken, .seen = seen, .row_errors = row_errors};
	Reader reader = {.at = csv, .next_line = 1};

	/* UTF-16 has NUL bytes, Latin-1 letters that are no UTF-8: neither is valid here. */
	if (!g_utf8_validate(csv, (gssize)size, NULL)) {
		failure_set(error, FAILURE_CSV_ENCODING, NULL, "the CSV file is not UTF-8");
		return NULL;
	}
	if (g_str_has_prefix(csv, BYTE_ORDER_MARK))
		reader.at += strlen(BYTE_ORDER_MARK);
	sheet.columns = columns = read_header(&reader, row_errors);
	if (columns)
		read_rows(&reader, &sheet, rows);
	return row_errors->len == 0 ? g_steal_pointer(&rows) : NULL;
}
