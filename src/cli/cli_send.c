/* send, outbox …: composing, handing over, and what became of it. */
#include "cli/cli_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "app/send.h"
#include "app/words.h"
#include "app/words_send.h"
#include "base/clock.h"
#include "base/file.h"
#include "failure/failure.h"
#include "json/result.h"

/* ---- what became of it ---- */

/* Each recipient, and what its server said. */
static void print_recipients(const OutboxMail *mail)
{
	for (guint i = 0; i < mail->recipients->len; i++) {
		const OutboxRecipient *recipient = mail->recipients->pdata[i];
		g_autofree char *address = words_outbox_address(recipient);
		g_autofree char *line = g_strdup_printf("  %s: %s%s%s", address,
			words_outbox_recipient(mail, recipient), recipient->reply ? " – " : "",
			recipient->reply ? recipient->reply : "");

		cli_print_line(line);
	}
}

/* A sentence about a copy, below what became of the mail itself. */
static void print_copy(const char *where, const char *reason)
{
	g_autofree char *line = reason ? g_strdup_printf("%s: %s", where, reason) : NULL;

	if (line)
		cli_print_wrapped("  ", 2, line);
}

static void print_mail(const OutboxMail *mail)
{
	g_autofree char *head = words_outbox_head(mail);
	g_autofree char *next = mail->next ? clock_format_german(mail->next) : NULL;
	g_autofree char *queued = clock_format_german(mail->created_at);

	cli_print_line(head);
	cli_print(_("  von %s (Benutzer %s), %s\n"), mail->sender, mail->user, queued);
	print_recipients(mail);
	if (mail->reason)
		cli_print_wrapped("  ", 2, mail->reason);
	if (mail->state == OUTBOX_WAITING && next)
		cli_print(_("  Nächster Versuch: %s\n"), next);
	print_copy(_("Noch keine Kopie im Archiv"), mail->archive_reason);
	print_copy(_("Keine Kopie im Ordner für gesendete E-Mails"), mail->copy_reason);
}

static void show_mail(Cli *cli, const OutboxMail *mail, bool in_array)
{
	if (!cli->options.json)
		print_mail(mail);
	else if (in_array)
		cli_print_element(cli, result_outbox(mail));
	else
		cli_print_json(cli, result_outbox(mail));
}

/* The contract's status for MAILS: 6 before 5. */
static bool judge_mails(const GPtrArray *mails, GError **error)
{
	unsigned waiting = 0;
	unsigned failed = 0;

	for (guint i = 0; i < mails->len; i++) {
		const OutboxMail *mail = mails->pdata[i];

		failed += mail->state == OUTBOX_FAILED || mail->state == OUTBOX_UNKNOWN;
		waiting += mail->state == OUTBOX_WAITING || mail->state == OUTBOX_QUEUED ||
			   mail->state == OUTBOX_SENDING;
	}
	if (failed > 0)
		failure_set(error, FAILURE_SENDS_FAILED, NULL, "%u failed or unknown", failed);
	else if (waiting > 0)
		failure_set(error, FAILURE_SENDS_WAITING, NULL, "%u waiting", waiting);
	return failed == 0 && waiting == 0;
}

/* OutboxMail * as they are now, yours. */
static GPtrArray *look_at(Cli *cli, const int64_t *ids, size_t count, GError **error)
{
	Outbox *outbox = office_outbox(cli->office, error);
	g_autoptr(GPtrArray) mails =
		g_ptr_array_new_with_free_func((GDestroyNotify)outbox_mail_free);

	for (size_t i = 0; outbox && i < count; i++) {
		OutboxMail *mail = outbox_get(outbox, ids[i], 0, error);

		if (!mail)
			return NULL;
		g_ptr_array_add(mails, mail);
	}
	return outbox ? g_steal_pointer(&mails) : NULL;
}

/* Sends the mails IDS, queued just now, and tells what became of them. A failure of the run itself
 * leaves them in the outbox, and is told beside them. */
static bool send_and_tell(Cli *cli, const int64_t *ids, size_t count, bool in_array, GError **error)
{
	const OutboxPick pick = {.ids = ids, .id_count = count, .all_waiting = true};
	g_autoptr(GError) problem = NULL;
	bool worked = send_work(cli->office, &pick, false, cli->cancel, &problem);
	g_autoptr(GPtrArray) mails = look_at(cli, ids, count, error);

	if (!mails)
		return false;
	for (guint i = 0; i < mails->len; i++)
		show_mail(cli, mails->pdata[i], in_array);
	if (in_array && cli->options.json)
		cli_finish_array(cli);
	if (!worked) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	return judge_mails(mails, error);
}

/* ---- send ---- */

/* Open files, in memory no longer than the command runs. */
static void close_files(GArray *files)
{
	for (guint i = 0; i < files->len; i++)
		close(g_array_index(files, MimeFile, i).descriptor);
	g_array_unref(files);
}

static bool open_file(GArray *files, const char *path, GError **error)
{
	const char *slash = strrchr(path, '/');
	MimeFile file = {
		.name = slash ? slash + 1 : path,
		.descriptor = open(path, O_RDONLY | O_CLOEXEC),
	};
	struct stat status;

	if (file.descriptor < 0 || fstat(file.descriptor, &status) != 0 ||
		!S_ISREG(status.st_mode)) {
		failure_set_errno(error, FAILURE_INPUT_UNREADABLE, path,
			file.descriptor < 0 ? errno : EINVAL);
		if (file.descriptor >= 0)
			close(file.descriptor);
		return false;
	}
	file.size = (uint64_t)status.st_size;
	g_array_append_val(files, file);
	return true;
}

/* What the mail says, from standard input; yours. */
static char *read_text(GError **error)
{
	g_autofree char *text = cli_read_text(NULL, error);

	if (text && !g_utf8_validate(text, -1, NULL)) {
		failure_set(error, FAILURE_TEXT_ENCODING, _("Standardeingabe"), "no UTF-8");
		return NULL;
	}
	return g_steal_pointer(&text);
}

static bool compose(Cli *cli, GArray *files, int64_t *id, GError **error)
{
	const CliOptions *options = &cli->options;
	g_autofree char *text = read_text(error);
	SendMail mail = {
		.from = options->from,
		.to = (const char *const *)options->to,
		.cc = (const char *const *)options->cc,
		.bcc = (const char *const *)options->bcc,
		.subject = options->subject,
		.text = text,
		.case_number = options->case_number,
		.actor = cli->actor,
	};

	if (!text || !cli_parse_number(options->reply, 0, &mail.reply_to, error))
		return false;
	for (char **path = options->attach; path && *path; path++) {
		if (!open_file(files, *path, error))
			return false;
	}
	mail.files = (const MimeFile *)(const void *)files->data;
	mail.file_count = files->len;
	return send_queue(cli->office, options->user, NULL, &mail, id, cli->cancel, error);
}

static bool send_composed(Cli *cli, GError **error)
{
	GArray *files = g_array_new(FALSE, FALSE, sizeof(MimeFile));
	int64_t id;
	bool queued = compose(cli, files, &id, error);

	close_files(files);
	return queued && send_and_tell(cli, &id, 1, false, error);
}

static bool read_ready(const char *path, SendReady *ready, GError **error)
{
	size_t size;
	char *bytes = file_read(path, (size_t)OUTBOX_CONTENT_LIMIT, &size);

	if (!bytes) {
		failure_set_errno(error, FAILURE_INPUT_UNREADABLE, path, errno);
		return false;
	}
	*ready = (SendReady){.name = path, .bytes = bytes, .size = size};
	return true;
}

static void ready_clear(void *data)
{
	g_free((void *)((SendReady *)data)->bytes);
}

static bool send_ready(Cli *cli, char **paths, GError **error)
{
	g_autoptr(GArray) mails = g_array_new(FALSE, TRUE, sizeof(SendReady));
	g_autofree int64_t *ids = g_new0(int64_t, g_strv_length(paths) + 1);

	g_array_set_clear_func(mails, ready_clear);
	for (char **path = paths; *path; path++) {
		SendReady ready;

		if (!read_ready(*path, &ready, error))
			return false;
		ready.actor = cli->actor;
		g_array_append_val(mails, ready);
	}
	return send_queue_ready(cli->office, cli->options.user,
		       (const SendReady *)(const void *)mails->data, mails->len,
		       cli->options.case_number, ids, error) &&
	       send_and_tell(cli, ids, mails->len, true, error);
}

static bool refuse_usage(const char *sentence, GError **error)
{
	failure_set(error, FAILURE_USAGE, sentence, "%s", sentence);
	return false;
}

static bool run_send(Cli *cli, GError **error)
{
	const CliOptions *options = &cli->options;
	bool composes = options->to || options->cc || options->bcc || options->subject ||
			options->attach || options->reply || options->from;

	if (options->eml && composes)
		return refuse_usage(
			_("Mit --eml stehen Empfänger, Betreff und Anlagen schon in der "
			  "Datei; andere Angaben sind hier nicht möglich."),
			error);
	if (options->eml)
		return send_ready(cli, options->eml, error);
	if (!options->to && !options->cc && !options->bcc)
		return refuse_usage(_("Es fehlt ein Empfänger (--to, --cc oder --bcc)."), error);
	return send_composed(cli, error);
}

/* ---- outbox ---- */

static bool run_outbox_list(Cli *cli, GError **error)
{
	Outbox *outbox = office_outbox(cli->office, error);
	g_autoptr(GPtrArray) mails = NULL;
	int64_t limit;

	if (!outbox || !cli_parse_number(cli->options.limit, 0, &limit, error))
		return false;
	mails = outbox_list(outbox, 0, 0, (size_t)limit, error);
	if (!mails)
		return false;
	for (guint i = 0; i < mails->len; i++)
		show_mail(cli, mails->pdata[i], true);
	if (cli->options.json)
		cli_finish_array(cli);
	else if (mails->len == 0)
		cli_print_line(_("Der Postausgang ist leer."));
	return true;
}

/* Those that are not sent yet, the oldest first. */
static GArray *pick_open(Cli *cli, GError **error)
{
	Outbox *outbox = office_outbox(cli->office, error);
	g_autoptr(GPtrArray) mails = NULL;
	GArray *ids;

	if (!outbox || !outbox_recover(outbox, NULL, error))
		return NULL;
	mails = outbox_list_open(outbox, error);
	if (!mails)
		return NULL;
	ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	for (guint i = 0; i < mails->len; i++)
		g_array_append_val(ids, ((const OutboxMail *)mails->pdata[i])->id);
	return ids;
}

static bool run_outbox_run(Cli *cli, GError **error)
{
	g_autoptr(GArray) ids = pick_open(cli, error);

	return ids &&
	       send_and_tell(cli, (const int64_t *)(const void *)ids->data, ids->len, true, error);
}

static bool read_outbox_id(const Cli *cli, int64_t *id, GError **error)
{
	guint64 value;

	if (!g_ascii_string_to_unsigned(cli->arguments[0], 10, 1, G_MAXINT64, &value, NULL)) {
		failure_set(error, FAILURE_OUTBOX_UNKNOWN, cli->arguments[0], "not an id");
		return false;
	}
	*id = (int64_t)value;
	return true;
}

static bool run_outbox_retry(Cli *cli, GError **error)
{
	Outbox *outbox = office_outbox(cli->office, error);
	int64_t id;

	return outbox && outbox_recover(outbox, NULL, error) && read_outbox_id(cli, &id, error) &&
	       outbox_retry(outbox, id, 0, cli->actor, error) &&
	       send_and_tell(cli, &id, 1, false, error);
}

static bool run_outbox_cancel(Cli *cli, GError **error)
{
	Outbox *outbox = office_outbox(cli->office, error);
	g_autoptr(OutboxMail) mail = NULL;
	int64_t id;

	if (!outbox || !outbox_recover(outbox, NULL, error) || !read_outbox_id(cli, &id, error) ||
		!outbox_cancel(outbox, id, 0, cli->actor, error))
		return false;
	mail = outbox_get(outbox, id, 0, error);
	if (mail)
		show_mail(cli, mail, false);
	return mail != NULL;
}

const CliCommand cli_send_commands[] = {
	{"send", "", 0, 0, "user! from to cc bcc subject attach reply case eml", run_send,
		N_("E-Mail senden; der Text kommt von der Standardeingabe")},
	{"outbox list", "", 0, 0, "limit", run_outbox_list, N_("was im Postausgang steht")},
	{"outbox run", "", 0, 0, "", run_outbox_run, N_("alles Wartende jetzt senden")},
	{"outbox retry", "NR", 1, 1, "", run_outbox_retry,
		N_("noch einmal senden, auch bei unbekanntem Ausgang")},
	{"outbox cancel", "NR", 1, 1, "", run_outbox_cancel, N_("nicht mehr senden")},
	{0},
};
