/* Archived mails for programs and for people. */
#include "cli/cli_mail_json.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/cli_internal.h"

static json_t *texts_json(const GPtrArray *texts)
{
	json_t *list = json_array();

	for (guint i = 0; i < texts->len; i++)
		json_array_append_new(list, cli_json_text(g_ptr_array_index(texts, i)));
	return list;
}

static json_t *attachments_json(const GPtrArray *attachments)
{
	json_t *list = json_array();

	for (guint i = 0; i < attachments->len; i++) {
		const MailPart *part = g_ptr_array_index(attachments, i);

		json_array_append_new(list,
			json_pack("{s:o, s:o, s:I}", "name", cli_json_text(part->name), "type",
				cli_json_text(part->type), "size", (json_int_t)part->size));
	}
	return list;
}

static json_t *source_json(const ArchiveSource *source)
{
	bool uploaded = !source->mailbox;
	/* The command line is nobody's account. */
	const char *user = g_str_has_prefix(source->user, "cli:") ? NULL : source->user;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "user", cli_json_text(user),
		"mailbox", cli_json_text(source->mailbox), "folder", cli_json_text(source->folder),
		"uidvalidity", uploaded ? json_null() : json_integer(source->uid_validity), "uid",
		uploaded ? json_null() : json_integer(source->uid), "received",
		cli_json_time(source->received), "imported", cli_json_time(source->imported),
		"imported_by", cli_json_text(source->imported_by));
}

static json_t *sources_json(const GPtrArray *sources)
{
	json_t *list = json_array();

	for (guint i = 0; i < sources->len; i++)
		json_array_append_new(list, source_json(g_ptr_array_index(sources, i)));
	return list;
}

json_t *cli_mail_json(const ArchiveMail *mail)
{
	const char *first = mail->copies->len > 0 ? g_ptr_array_index(mail->copies, 0) : NULL;

	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "id",
		(json_int_t)mail->id, "subject", cli_json_text(mail->subject), "from",
		cli_json_text(mail->from), "to", texts_json(mail->to), "date",
		cli_json_time(mail->date), "size", (json_int_t)mail->size, "sha256",
		cli_json_text(first), "copies", texts_json(mail->copies), "case",
		cli_json_text(mail->case_number), "message_id", cli_json_text(mail->message_id),
		"attachments", attachments_json(mail->attachments), "sources",
		sources_json(mail->sources), "unreadable", mail->state == ARCHIVE_UNREADABLE);
}

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
		g_autofree char *size = cli_format_size(part->size);
		g_autofree char *label = g_strdup_printf(_("Anlage %u"), i + 1);
		g_autofree char *value =
			g_strdup_printf("%s (%s, %s)", part->name, part->type, size);

		print_field(label, value);
	}
}

static void print_sources(const ArchiveMail *mail)
{
	for (guint i = 0; i < mail->sources->len; i++) {
		const ArchiveSource *source = g_ptr_array_index(mail->sources, i);
		g_autofree char *time = clock_format_german(source->imported);
		g_autofree char *value =
			source->mailbox ? g_strdup_printf(_("%s, %s (abgelegt am %s von %s)"),
						  source->mailbox, source->folder, time,
						  source->imported_by)
					: g_strdup_printf(_("als Datei abgelegt am %s von %s"),
						  time, source->imported_by);

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
