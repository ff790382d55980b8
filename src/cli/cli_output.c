/* Printing: JSON documents, tables. */
#include "cli/cli_internal.h"

#include <stdio.h>
#include "base/text.h"
#include "json/result.h"

/* Cells are cut here, so that one hostile subject does not widen a table without end. */
#define CELL_LIMIT 60

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

/* How many columns of a terminal TEXT takes. */
static int cell_width(const char *text)
{
	int width = 0;

	for (const char *at = text; *at; at = g_utf8_next_char(at)) {
		gunichar letter = g_utf8_get_char(at);

		width += g_unichar_iszerowidth(letter) ? 0 : g_unichar_iswide(letter) ? 2 : 1;
	}
	return width;
}

static void print_row(const CliTable *table, const int *widths, GStrv row)
{
	for (guint i = 0; i < table->columns; i++) {
		bool last = i + 1 == table->columns;

		printf("%s%*s", row[i], last ? 0 : widths[i] - cell_width(row[i]) + 2, "");
	}
	fputc('\n', stdout);
}

void cli_table_print(CliTable *table)
{
	g_autofree int *widths = g_new0(int, table->columns);

	for (guint r = 0; r < table->rows->len; r++) {
		GStrv row = g_ptr_array_index(table->rows, r);

		for (guint i = 0; i < table->columns; i++)
			widths[i] = MAX(widths[i], cell_width(row[i]));
	}
	for (guint r = 0; r < table->rows->len; r++)
		print_row(table, widths, g_ptr_array_index(table->rows, r));
	g_ptr_array_unref(table->rows);
	g_free(table);
}
