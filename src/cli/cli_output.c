/* Printing: JSON documents, tables. */
#include "cli/cli_internal.h"

#include <stdio.h>
#include "base/text.h"
#include "json/result.h"

/* Cells are cut here, so that one hostile subject does not widen a table without end. */
#define CELL_LIMIT 60
/* Columns of a line, as mail programs leave it alone. */
#define LINE_WIDTH 78

struct CliTable {
	guint columns;
	GPtrArray *rows; /* GStrv */
};

void cli_print(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stdout, format, arguments);
	va_end(arguments);
}

void cli_print_line(const char *text)
{
	g_autofree char *safe = text_for_terminal(text);

	printf("%s\n", safe);
}

/* How many columns of a terminal LETTER takes. */
static int columns_of_letter(gunichar letter)
{
	return g_unichar_iszerowidth(letter) ? 0 : g_unichar_iswide(letter) ? 2 : 1;
}

/* The same of TEXT. */
static int columns_of(const char *text)
{
	int width = 0;

	for (const char *at = text; *at; at = g_utf8_next_char(at))
		width += columns_of_letter(g_utf8_get_char(at));
	return width;
}

/* A text that is being wrapped. */
typedef struct Wrapping {
	GString *line;
	int column; /* where the text begins */
	int used;   /* columns behind it */
} Wrapping;

static void end_line(Wrapping *wrapping)
{
	g_strchomp(wrapping->line->str);
	printf("%s\n", wrapping->line->str);
	g_string_printf(wrapping->line, "%*s", wrapping->column, "");
	wrapping->used = 0;
}

static void add_word(Wrapping *wrapping, const char *word)
{
	int room = LINE_WIDTH - wrapping->column;

	if (wrapping->used > 0 && wrapping->used + 1 + columns_of(word) > room)
		end_line(wrapping);
	if (wrapping->used > 0) {
		g_string_append_c(wrapping->line, ' ');
		wrapping->used++;
	}
	for (const char *at = word; *at; at = g_utf8_next_char(at)) {
		gunichar letter = g_utf8_get_char(at);
		int width = columns_of_letter(letter);

		if (wrapping->used + width > room)
			end_line(wrapping);
		g_string_append_unichar(wrapping->line, letter);
		wrapping->used += width;
	}
}

void cli_print_wrapped(const char *head, int column, const char *text)
{
	g_autofree char *safe = text_for_terminal(text);
	g_auto(GStrv) words = g_strsplit(safe, " ", -1);
	g_autoptr(GString) line = g_string_new(head);
	Wrapping wrapping = {.line = line, .column = column};

	for (char **word = words; *word; word++) {
		if (**word)
			add_word(&wrapping, *word);
	}
	end_line(&wrapping);
}

static void dump(json_t *document)
{
	g_autofree char *text = result_write(document);

	fputs(text, stdout);
	json_decref(document);
}

void cli_print_json(Cli *cli, json_t *document)
{
	dump(document);
	fputc('\n', stdout);
	cli->printed = true;
}

void cli_print_element(Cli *cli, json_t *element)
{
	fputs(cli->printed ? ",\n" : "[", stdout);
	cli->printed = true;
	dump(element);
}

void cli_finish_array(Cli *cli)
{
	fputs(cli->printed ? "]\n" : "[]\n", stdout);
	cli->printed = true;
}

FailureCall cli_call(const Cli *cli)
{
	return (FailureCall){
		.user = cli->options.user,
		.username = cli->options.username,
		.command = cli->command ? cli->command->words : NULL,
	};
}

CliTable *cli_table_new(const char *const *titles)
{
	CliTable *table = g_new0(CliTable, 1);

	table->columns = g_strv_length((char **)titles);
	table->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
	cli_table_add(table, titles);
	return table;
}

/* TEXT for one cell: safe, and cut at CELL_LIMIT letters. */
static char *make_cell(const char *text)
{
	g_autofree char *safe = text_for_terminal(text ? text : "–");
	g_autofree char *start = NULL;

	if (g_utf8_strlen(safe, -1) <= CELL_LIMIT)
		return g_steal_pointer(&safe);
	start = g_utf8_substring(safe, 0, CELL_LIMIT - 1);
	return g_strconcat(start, "…", NULL);
}

void cli_table_add(CliTable *table, const char *const *cells)
{
	GStrv row = g_new0(char *, table->columns + 1);

	for (guint i = 0; i < table->columns; i++)
		row[i] = make_cell(cells[i]);
	g_ptr_array_add(table->rows, row);
}

static void print_row(const CliTable *table, const int *widths, GStrv row)
{
	for (guint i = 0; i < table->columns; i++) {
		bool last = i + 1 == table->columns;

		printf("%s%*s", row[i], last ? 0 : widths[i] - columns_of(row[i]) + 2, "");
	}
	fputc('\n', stdout);
}

void cli_table_print(CliTable *table)
{
	g_autofree int *widths = g_new0(int, table->columns);

	for (guint r = 0; r < table->rows->len; r++) {
		GStrv row = g_ptr_array_index(table->rows, r);

		for (guint i = 0; i < table->columns; i++)
			widths[i] = MAX(widths[i], columns_of(row[i]));
	}
	for (guint r = 0; r < table->rows->len; r++)
		print_row(table, widths, g_ptr_array_index(table->rows, r));
	g_ptr_array_unref(table->rows);
	g_free(table);
}
