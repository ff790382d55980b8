/* Printing: JSON documents, tables, sizes. */
#include "cli/cli_internal.h"

#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/text.h"
#include "failure/failure.h"

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

/* Characters that steer a terminal or turn text around are escaped; the document stays the same. */
static void dump(json_t *document)
{
	g_autofree char *text = json_dumps(document, JSON_COMPACT | JSON_ENCODE_ANY);

	const char *start = text;

	for (const char *at = text; *at; at = g_utf8_next_char(at)) {
		gunichar letter = g_utf8_get_char(at);

		if (!text_steers_terminal(letter))
			continue;
		fwrite(start, 1, (size_t)(at - start), stdout);
		printf("\\u%04x", letter);
		start = g_utf8_next_char(at);
	}
	fputs(start, stdout);
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

json_t *cli_json_text(const char *text)
{
	g_autofree char *valid = text ? text_make_valid(text, strlen(text)) : NULL;

	return valid ? json_string(valid) : json_null();
}

json_t *cli_json_time(int64_t seconds)
{
	g_autofree char *text = seconds ? clock_format(seconds) : NULL;

	return cli_json_text(text);
}

/* ADVICE with the command that was called in BEFEHL's place; yours. */
static char *name_command(const Cli *cli, const char *advice)
{
	const char *words = cli->command ? cli->command->words : "";
	g_autofree char *wanted = g_strdup_printf("amtspost %s", _("BEFEHL"));
	g_autofree char *real = g_strdup_printf("amtspost%s%s", *words ? " " : "", words);
	g_auto(GStrv) parts = g_strsplit(advice, wanted, -1);

	return g_strjoinv(real, parts);
}

/* What stands behind --mailbox in an advice about ADDRESS: with the user name that the call gave
 * for it. Yours; NULL: nothing. */
static char *mailbox_words(const Cli *cli, const char *address)
{
	g_autofree char *word = address ? text_shell_word(address) : NULL;
	g_autofree char *username = NULL;

	if (!word || !cli->options.username)
		return g_steal_pointer(&word);
	username = text_shell_word(cli->options.username);
	return g_strdup_printf("%s --username %s", word, username);
}

char *cli_fill_advice(const Cli *cli, const char *advice, const char *address)
{
	g_autofree char *words = mailbox_words(cli, address);

	return failure_fill_advice(advice, cli->options.user, words);
}

char *cli_advice(const Cli *cli, const GError *error)
{
	g_autofree char *advice = failure_advice(error);

	if (failure_code(error) == FAILURE_CODE_INPUT)
		return name_command(cli, advice);
	/* Whoever names a mailbox in an advice has it as the subject. */
	return cli_fill_advice(cli, advice, failure_subject(error));
}

json_t *cli_json_error(const Cli *cli, const GError *error)
{
	g_autofree char *sentence = failure_sentence(error);
	g_autofree char *advice = cli_advice(cli, error);

	return json_pack("{s:i, s:s, s:s, s:o, s:o, s:o}", "status", failure_status(error), "code",
		failure_code_name(error), "condition", failure_name(error), "message",
		cli_json_text(sentence), "advice", cli_json_text(advice), "detail",
		cli_json_text(error->message));
}

#define NUMBER_SIZE 32

/* VALUE with so many DECIMALS and the language's decimal mark, in NUMBER. */
static const char *with_mark(double value, int decimals, char number[static NUMBER_SIZE])
{
	/* The decimal mark of numbers; "," in German, "." in English. */
	const char *mark = _(",");
	char *point;

	snprintf(number, NUMBER_SIZE, "%.*f", decimals, value);
	point = strchr(number, '.');
	if (point)
		*point = *mark;
	return number;
}

char *cli_format_size(uint64_t bytes)
{
	char number[NUMBER_SIZE];
	static const char *const units[] = {N_("Byte"), "KB", "MB", "GB", "TB"};
	double size = (double)bytes;
	size_t unit = 0;

	while (size >= 1000 && unit + 1 < G_N_ELEMENTS(units)) {
		size /= 1000;
		unit++;
	}
	return g_strdup_printf("%s %s", with_mark(size, unit == 0 ? 0 : 1, number),
		unit == 0 ? _(units[0]) : units[unit]);
}

char *cli_format_seconds(int64_t milliseconds)
{
	char number[NUMBER_SIZE];

	return g_strdup_printf("%s s", with_mark((double)milliseconds / 1000, 1, number));
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
