/* archive …: looking, getting out, filing by hand, correcting, checking. */
#include "cli/cli_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "app/indexer.h"
#include "app/document.h"
#include "app/words.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/cli_mail_text.h"
#include "failure/failure.h"
#include "json/result.h"

/* The archive, with everything in it readable: what a killed import left is read now. Where that
 * fails (a full disk, say) what is readable already is still shown. */
static Archive *open_archive(Cli *cli, GError **error)
{
	Archive *archive = office_archive(cli->office, error);
	g_autoptr(GError) problem = NULL;

	if (archive && !indexer_run(archive, cli->cancel, &problem)) {
		if (failure_is(problem, FAILURE_CANCELLED)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return NULL;
		}
		log_warning("some mails are not listed yet: %s", problem->message);
	}
	return archive;
}

static bool parse_id(const char *text, int64_t *id, GError **error)
{
	guint64 value;

	if (g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT64, &value, NULL)) {
		*id = (int64_t)value;
		return true;
	}
	failure_set(error, FAILURE_MAIL_UNKNOWN, text, "%s: not an id", text);
	return false;
}

/* All ids of the arguments, each known; int64_t, yours. */
static GArray *parse_ids(Cli *cli, Archive *archive, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));

	for (int i = 0; i < cli->argument_count; i++) {
		int64_t id;
		bool good = parse_id(cli->arguments[i], &id, error);
		g_autoptr(ArchiveMail) mail = good ? archive_find(archive, NULL, id, error) : NULL;

		if (!mail)
			return NULL;
		g_array_append_val(ids, id);
	}
	return g_steal_pointer(&ids);
}

/* ---- list, search, show ---- */

typedef struct Listing {
	Cli *cli;
	CliTable *table; /* NULL with --json */
	uint64_t count;
} Listing;

static void add_mail_row(CliTable *table, const ArchiveMail *mail)
{
	g_autofree char *id = g_strdup_printf("%" PRId64, mail->id);
	g_autofree char *date = clock_format_german(mail->date);
	g_autofree char *size = words_size(mail->size);
	const char *cells[] = {id, date, mail->from, mail->subject, size,
		mail->case_number ? mail->case_number : ""};

	cli_table_add(table, cells);
}

static CliTable *mail_table(void)
{
	const char *titles[] = {
		_("Nr."), _("Datum"), _("Von"), _("Betreff"), _("Größe"), _("Aktenzeichen"), NULL};

	return cli_table_new(titles);
}

static bool list_mail(const ArchiveMail *mail, void *data)
{
	Listing *listing = data;

	listing->count++;
	if (listing->table)
		add_mail_row(listing->table, mail);
	else
		cli_print_element(listing->cli, result_mail(mail));
	return !cancel_triggered(listing->cli->cancel);
}

static bool list_by(Cli *cli, const ArchiveFilter *filter, GError **error)
{
	Archive *archive = open_archive(cli, error);
	Listing listing = {.cli = cli};
	bool done;

	if (!archive)
		return false;
	if (!cli->options.json)
		listing.table = mail_table();
	done = archive_each(archive, filter, list_mail, &listing, error);
	if (done && cancel_triggered(cli->cancel)) {
		failure_set(error, FAILURE_CANCELLED, NULL, "cancelled");
		done = false;
	}
	if (!listing.table && (done || cli->printed))
		cli_finish_array(cli);
	if (listing.table)
		cli_table_print(listing.table);
	if (!cli->options.json && done)
		cli_print(ngettext("%" PRIu64 " E-Mail\n", "%" PRIu64 " E-Mails\n", listing.count),
			listing.count);
	return done;
}

static bool read_filter(const Cli *cli, ArchiveFilter *filter, GError **error)
{
	int64_t limit;

	filter->case_number = cli->options.case_number;
	filter->mailbox = cli->options.mailboxes ? cli->options.mailboxes[0] : NULL;
	if (!cli_parse_number(cli->options.limit, 0, &limit, error))
		return false;
	filter->limit = (size_t)limit;
	return cli_parse_time(cli->options.since, &filter->since, error);
}

static bool run_list(Cli *cli, GError **error)
{
	ArchiveFilter filter = {0};

	return read_filter(cli, &filter, error) && list_by(cli, &filter, error);
}

static bool run_search(Cli *cli, GError **error)
{
	ArchiveFilter filter = {.words = cli->arguments[0]};

	return read_filter(cli, &filter, error) && list_by(cli, &filter, error);
}

static bool run_show(Cli *cli, GError **error)
{
	Archive *archive = open_archive(cli, error);
	g_autoptr(ArchiveMail) mail = NULL;
	g_autofree char *text = NULL;
	int64_t id;

	if (!archive || !parse_id(cli->arguments[0], &id, error) ||
		!(mail = archive_find(archive, NULL, id, error)))
		return false;
	text = document_read_text(cli->office, NULL, id, cli->cancel, error);
	if (!text)
		return false;
	if (cli->options.json) {
		cli_print_json(cli, result_mail_text(mail, text));
	} else {
		cli_mail_print(mail, text);
	}
	return true;
}

/* ---- export, attachment ---- */

/* What fills a file's descriptor. */
typedef bool Filler(Cli *cli, int descriptor, const void *data, GError **error);

/* Fills the file PATH, complete or not at all: a former file of that name stays unless all went
 * well. */
static bool fill_file(Cli *cli, const char *path, Filler *filler, const void *data, GError **error)
{
	g_autofree char *temporary = g_strdup_printf("%s.%08x.part", path, g_random_int());
	g_auto(Descriptor) file =
		open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool written;

	if (file < 0) {
		failure_set_errno(error, FAILURE_OUTPUT, path, errno);
		return false;
	}
	written = filler(cli, file, data, error);
	if (written && rename(temporary, path) != 0) {
		failure_set_errno(error, FAILURE_OUTPUT, path, errno);
		written = false;
	}
	if (!written)
		unlink(temporary);
	return written;
}

static bool fill_copy(Cli *cli, int descriptor, const void *place, GError **error)
{
	return archive_write_copy(office_archive(cli->office, NULL), place, descriptor, error);
}

/* Exports all copies of mail ID into FOLDER; the file names, yours. */
static json_t *export_mail(
	Cli *cli, Archive *archive, int64_t id, const char *folder, GError **error)
{
	g_autoptr(GArray) places = archive_places(archive, NULL, id, error);
	json_t *files = json_array();

	for (guint i = 0; places && i < places->len; i++) {
		g_autofree char *name = document_copy_name(id, i + 1);
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (!fill_file(
			    cli, path, fill_copy, &g_array_index(places, ArchivePlace, i), error)) {
			json_decref(files);
			return NULL;
		}
		json_array_append_new(files, result_text(path));
	}
	if (!places)
		json_decref(files);
	return places ? files : NULL;
}

static bool tell_exported(Cli *cli, Archive *archive, int64_t id, json_t *files, GError **error)
{
	g_autoptr(ArchiveMail) mail = archive_find(archive, NULL, id, error);
	json_t *document;
	json_t *file;
	size_t index;

	if (!mail) {
		json_decref(files);
		return false;
	}
	if (cli->options.json) {
		document = result_mail(mail);
		json_object_set_new(document, "files", files);
		cli_print_element(cli, document);
		return true;
	}
	json_array_foreach(files, index, file) cli_print_line(json_string_value(file));
	json_decref(files);
	return true;
}

static bool run_export(Cli *cli, GError **error)
{
	const char *folder = cli->options.output ? cli->options.output : ".";
	Archive *archive = open_archive(cli, error);
	g_autoptr(GArray) ids = archive ? parse_ids(cli, archive, error) : NULL;
	bool done = ids != NULL;

	if (done && !file_make_folder(folder, 0700)) {
		failure_set_errno(error, FAILURE_OUTPUT, folder, errno);
		return false;
	}
	for (guint i = 0; done && i < ids->len; i++) {
		int64_t id = g_array_index(ids, int64_t, i);
		json_t *files = export_mail(cli, archive, id, folder, error);

		done = files && !cancel_triggered(cli->cancel) &&
		       tell_exported(cli, archive, id, files, error);
	}
	if (!done && ids && !*error)
		failure_set(error, FAILURE_CANCELLED, NULL, "cancelled");
	if (cli->options.json && (done || cli->printed))
		cli_finish_array(cli);
	return done;
}

typedef struct AttachmentPlace {
	int64_t id;
	int64_t number;
} AttachmentPlace;

static bool fill_attachment(Cli *cli, int descriptor, const void *data, GError **error)
{
	const AttachmentPlace *place = data;

	return document_write_attachment(
		cli->office, NULL, place->id, place->number, descriptor, cli->cancel, error);
}

static bool run_attachment(Cli *cli, GError **error)
{
	const char *path = cli->options.output;
	AttachmentPlace place;

	if (!parse_id(cli->arguments[0], &place.id, error) ||
		!cli_parse_number(cli->arguments[1], 0, &place.number, error))
		return false;
	if (!path && isatty(STDOUT_FILENO)) {
		failure_set(error, FAILURE_USAGE,
			_("Eine Anlage gehört nicht auf den Bildschirm; --output DATEI schreibt "
			  "sie in eine Datei."),
			"attachment to a terminal");
		return false;
	}
	if (!path)
		return fill_attachment(cli, STDOUT_FILENO, &place, error);
	if (!fill_file(cli, path, fill_attachment, &place, error))
		return false;
	if (cli->options.json)
		cli_print_json(cli, json_object());
	else
		cli_print_line(path);
	return true;
}

/* ---- add, assign, delete, verify ---- */

/* Prints the mails of IDS as a list. */
static bool print_mails(Cli *cli, Archive *archive, const GArray *ids, GError **error)
{
	CliTable *table = cli->options.json ? NULL : mail_table();
	bool good = true;

	for (guint i = 0; good && i < ids->len; i++) {
		g_autoptr(ArchiveMail) mail =
			archive_find(archive, NULL, g_array_index(ids, int64_t, i), error);

		good = mail != NULL;
		if (good && table)
			add_mail_row(table, mail);
		else if (good)
			cli_print_element(cli, result_mail(mail));
	}
	if (table)
		cli_table_print(table);
	else if (good || cli->printed)
		cli_finish_array(cli);
	return good;
}

static bool run_add(Cli *cli, GError **error)
{
	g_autoptr(GPtrArray) conflicts = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) ids = document_add_files(cli->office, (const char *const *)cli->arguments,
		(size_t)cli->argument_count, cli->options.case_number, cli->actor, 0, conflicts,
		cli->cancel, error);

	for (guint i = 0; i < conflicts->len; i++)
		fprintf(stderr, _("Das Aktenzeichen blieb, wie es war: E-Mail %s\n"),
			(const char *)g_ptr_array_index(conflicts, i));
	return ids && print_mails(cli, office_archive(cli->office, error), ids, error);
}

static bool run_assign(Cli *cli, GError **error)
{
	Archive *archive = open_archive(cli, error);
	g_autoptr(GArray) ids = archive ? parse_ids(cli, archive, error) : NULL;

	for (guint i = 0; ids && i < ids->len; i++) {
		if (!archive_assign(archive, NULL, g_array_index(ids, int64_t, i),
			    cli->options.case_number, cli->actor, error))
			return false;
	}
	return ids && print_mails(cli, archive, ids, error);
}

static bool run_delete(Cli *cli, GError **error)
{
	int64_t id;

	if (!parse_id(cli->arguments[0], &id, error) ||
		!document_delete(cli->office, NULL, id, cli->options.reason, cli->actor, error))
		return false;
	if (cli->options.json)
		cli_print_json(cli, json_object());
	else
		cli_print(_("Die E-Mail ist aus dem Archiv gelöscht; das Protokoll nennt Grund und "
			    "Zeit.\n"));
	return true;
}

static void show_checked(uint64_t checked, uint64_t total, void *data)
{
	(void)data;
	fputs("\r\033[K", stderr);
	fprintf(stderr, _("%" PRIu64 " von %" PRIu64 " E-Mails geprüft"), checked, total);
}

static void print_verified(uint64_t checked, const GPtrArray *damaged)
{
	cli_print(
		_("Geprüft: %" PRIu64 " E-Mails, davon beschädigt: %u.\n"), checked, damaged->len);
	for (guint i = 0; i < damaged->len; i++) {
		const ArchiveDamage *damage = g_ptr_array_index(damaged, i);
		g_autofree char *line = g_strdup_printf(
			_("  E-Mail %" PRId64 ": %s"), damage->mail_id, damage->reason);

		cli_print_line(line);
	}
}

static bool run_verify(Cli *cli, GError **error)
{
	Archive *archive = office_archive(cli->office, error);
	g_autoptr(GPtrArray) damaged =
		g_ptr_array_new_with_free_func((GDestroyNotify)archive_damage_free);
	bool lively = !cli->options.quiet && !cli->options.json && isatty(STDERR_FILENO);
	uint64_t checked;

	if (!archive || !archive_verify(archive, &checked, damaged, lively ? show_checked : NULL,
				NULL, error))
		return false;
	if (lively)
		fputs("\r\033[K", stderr);
	if (cli->options.json)
		cli_print_json(cli, result_verify(checked, damaged));
	else
		print_verified(checked, damaged);
	if (damaged->len > 0) {
		g_autofree char *count = g_strdup_printf(
			ngettext("%u E-Mail", "%u E-Mails", damaged->len), damaged->len);

		failure_set(
			error, FAILURE_ARCHIVE_DAMAGED, count, "%u damaged copies", damaged->len);
	}
	return damaged->len == 0;
}

/* clang-format off */
const CliCommand cli_archive_commands[] = {
	{"archive list", "", 0, 0, "case mailbox since limit", run_list,
		N_("zeigt die abgelegten E-Mails, neueste zuerst")},
	{"archive search", "TEXT", 1, 1, "case mailbox since limit", run_search,
		N_("sucht in Betreff, Personen, Text und Anlagennamen")},
	{"archive show", "NR", 1, 1, "", run_show, N_("zeigt eine E-Mail")},
	{"archive export", "NR …", 1, -1, "output", run_export,
		N_("schreibt E-Mails als .eml-Dateien")},
	{"archive attachment", "NR ZAHL", 2, 2, "output", run_attachment,
		N_("gibt eine Anlage aus")},
	{"archive add", "DATEI.eml …", 1, -1, "case", run_add, N_("legt .eml-Dateien ab")},
	{"archive assign", "NR …", 1, -1, "case!", run_assign,
		N_("ordnet E-Mails einem Aktenzeichen zu")},
	{"archive delete", "NR", 1, 1, "reason!", run_delete,
		N_("löscht eine E-Mail aus dem Archiv")},
	{"archive verify", "", 0, 0, "", run_verify, N_("prüft alle abgelegten E-Mails")},
	{0},
};
/* clang-format on */
