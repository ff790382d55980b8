/* The page of an archived mail. */
#include "cli/cli_mail_text.h"

#include "app/words.h"
#include "base/clock.h"
#include "cli/cli_internal.h"

static void print_field(const char *label, const char *value)
{
	g_autofree char *line = NULL;

	if (!value || !*value)
		return;
	line = g_strdup_printf("%s: %s", label, value);
	cli_print_line(line);
}

static void print_attachments(const ArchiveMail *mail)
{
	for (guint i = 0; i < mail->attachments->len; i++) {
		const MailPart *part = g_ptr_array_index(mail->attachments, i);
		g_autofree char *size = words_size(part->size);
		g_autofree char *label = g_strdup_printf(_("Anlage %u"), i + 1);
		g_autofree char *value =
			g_strdup_printf("%s (%s, %s)", part->name, part->type, size);

		print_field(label, value);
	}
}

static void print_sources(const ArchiveMail *mail)
{
	for (guint i = 0; i < mail->sources->len; i++) {
		g_autofree char *value = words_source(g_ptr_array_index(mail->sources, i));

		print_field(_("Quelle"), value);
	}
}

/* Mail text keeps its lines; every other control character is shown harmless. */
static void print_text(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		g_strdelimit(*line, "\r\t", ' ');
		cli_print_line(*line);
	}
}

void cli_mail_print(const ArchiveMail *mail, const char *text)
{
	g_autofree char *date = clock_format_german(mail->date);
	g_autofree char *to = NULL;
	g_autoptr(GPtrArray) people = g_ptr_array_copy(mail->to, NULL, NULL);

	g_ptr_array_set_free_func(people, NULL);
	g_ptr_array_add(people, NULL);
	to = g_strjoinv(", ", (char **)people->pdata);
	print_field(_("Betreff"), mail->subject);
	print_field(_("Von"), mail->from);
	print_field(_("An"), to);
	print_field(_("Datum"), date);
	print_field(_("Aktenzeichen"), mail->case_number);
	print_attachments(mail);
	print_sources(mail);
	for (guint i = 0; i < mail->copies->len; i++)
		print_field("SHA-256", g_ptr_array_index(mail->copies, i));
	if (mail->state == ARCHIVE_UNREADABLE)
		cli_print(_(
			"\nDiese E-Mail ließ sich nicht lesen. Sie ist unverändert im Archiv.\n"));
	cli_print("\n");
	print_text(text);
}
