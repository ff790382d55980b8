/* From a draft to a mail in the outbox. */
#include "app/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "app/send.h"
#include "base/file.h"
#include "failure/failure.h"
#include "mime/mime_write.h"

#define BLOCK ((size_t)1024 * 1024)

/* A draft that is being sent. */
typedef struct Sending {
	Office *office;
	const User *user;
	const Draft *draft;
	GStrv to, cc, bcc;
	char *case_number;
	MimeFile *files;
	size_t file_count;
} Sending;

static void sending_clear(Sending *sending)
{
	g_strfreev(sending->to);
	g_strfreev(sending->cc);
	g_strfreev(sending->bcc);
	g_free(sending->case_number);
	for (size_t i = 0; i < sending->file_count; i++)
		descriptor_close(&sending->files[i].descriptor);
	g_free(sending->files);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sending, sending_clear)

/* ---- what is wrong, and where ---- */

static bool check_people(
	const char *const *people, DraftPlace place, DraftPlace *wrong, GError **error)
{
	for (; *people; people++) {
		g_autoptr(MimeAddress) address = mime_address_parse(*people, error);

		if (address)
			continue;
		*wrong = place;
		return false;
	}
	return true;
}

static bool read_people(Sending *sending, DraftPlace *wrong, GError **error)
{
	const Draft *draft = sending->draft;

	sending->to = draft_split(draft->to);
	sending->cc = draft_split(draft->cc);
	sending->bcc = draft_split(draft->bcc);
	return check_people((const char *const *)sending->to, DRAFT_TO, wrong, error) &&
	       check_people((const char *const *)sending->cc, DRAFT_CC, wrong, error) &&
	       check_people((const char *const *)sending->bcc, DRAFT_BCC, wrong, error);
}

static DraftPlace find_place(const GError *problem)
{
	static const struct {
		Failure failure;
		DraftPlace place;
	} places[] = {
		{FAILURE_RECIPIENT_MISSING, DRAFT_TO},
		{FAILURE_RECIPIENTS_MANY, DRAFT_TO},
		{FAILURE_SENDER_FOREIGN, DRAFT_FROM},
		{FAILURE_CASE_INVALID, DRAFT_CASE},
		{FAILURE_MAIL_TOO_LARGE, DRAFT_FILES},
		{FAILURE_FILE_CHANGED, DRAFT_FILES},
		{FAILURE_DRAFT_FILE, DRAFT_FILES},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		if (failure_is(problem, places[i].failure))
			return places[i].place;
	}
	return DRAFT_NOWHERE;
}

/* ---- files ---- */

/* A file without a name: a mail is made without holding its files in memory. */
static int open_nameless(Office *office, GError **error)
{
	const char *folder = office_folder(office);
	int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (file < 0)
		failure_set_errno(error, FAILURE_OUTPUT, folder, errno);
	return file;
}

static bool copy_file(const Sending *sending, const DraftFile *file, int to, GError **error)
{
	g_autofree char *block = g_malloc(BLOCK);
	uint64_t offset = 0;

	while (offset < file->size) {
		ssize_t count = draft_file_read(office_db(sending->office), sending->user->id,
			file->id, offset, block, BLOCK, error);

		if (count < 0)
			return false;
		if (count == 0) {
			failure_set(error, FAILURE_DRAFT_FILE, NULL, "file %" PRId64 " is short",
				file->id);
			return false;
		}
		if (!file_write_all(to, block, (size_t)count)) {
			failure_set_errno(
				error, FAILURE_OUTPUT, office_folder(sending->office), errno);
			return false;
		}
		offset += (uint64_t)count;
	}
	return true;
}

static bool read_files(Sending *sending, GError **error)
{
	const GPtrArray *files = sending->draft->files;

	sending->files = g_new0(MimeFile, files->len);
	for (guint i = 0; i < files->len; i++) {
		const DraftFile *file = files->pdata[i];
		int to = open_nameless(sending->office, error);

		if (to < 0)
			return false;
		sending->files[i] = (MimeFile){.name = file->name,
			.type = file->type,
			.descriptor = to,
			.size = file->size};
		sending->file_count++;
		if (!copy_file(sending, file, to, error))
			return false;
	}
	return true;
}

/* ---- sending ---- */

/* One that is answered may have left the archive, or the user's sight. */
static bool find_answered(
	const Sending *sending, const Viewing *viewing, int64_t *reply_to, GError **error)
{
	Archive *archive = office_archive(sending->office, error);
	g_autoptr(GError) problem = NULL;
	g_autoptr(ArchiveMail) mail = NULL;

	*reply_to = 0;
	if (!archive || sending->draft->reply_to == 0)
		return archive != NULL;
	mail = archive_find(archive, viewing_viewer(viewing), sending->draft->reply_to, &problem);
	if (!mail && !failure_is(problem, FAILURE_MAIL_UNKNOWN)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	*reply_to = mail ? mail->id : 0;
	return true;
}

static bool queue(const Sending *sending, int64_t *mail_id, const Cancel *cancel, GError **error)
{
	const Draft *draft = sending->draft;
	/* As it was read: another version is another mail. */
	g_autofree char *key = g_strdup_printf(OUTBOX_KEY_DRAFT "%" PRId64 "-%" PRId64 "-%" PRId64,
		draft->id, draft->revision, draft->changes);
	g_autofree char *digest = draft_digest(draft);
	g_auto(Viewing) viewing = {0};
	SendMail mail = {
		.from = *draft->sender ? draft->sender : NULL,
		.to = (const char *const *)sending->to,
		.cc = (const char *const *)sending->cc,
		.bcc = (const char *const *)sending->bcc,
		.subject = draft->subject,
		.text = draft->text,
		.is_signed = true,
		.files = sending->files,
		.file_count = sending->file_count,
		.case_number = sending->case_number,
		.key = key,
		.digest = digest,
	};

	return viewing_open(sending->office, sending->user, &viewing, error) &&
	       find_answered(sending, &viewing, &mail.reply_to, error) &&
	       send_queue(sending->office, sending->user->name, viewing_viewer(&viewing), &mail,
		       mail_id, cancel, error);
}

/* The same version queued before is the same mail. */
static bool send_present(
	Sending *sending, int64_t *mail_id, DraftPlace *wrong, const Cancel *cancel, GError **error)
{
	sending->case_number = g_strstrip(g_strdup(sending->draft->case_number));
	return read_people(sending, wrong, error) && read_files(sending, error) &&
	       queue(sending, mail_id, cancel, error) &&
	       drafts_finish(office_db(sending->office), sending->user->id, sending->draft,
		       *mail_id, error);
}

bool draft_send(Office *office, const User *user, int64_t id, int64_t *mail_id, DraftPlace *wrong,
	const Cancel *cancel, GError **error)
{
	g_autoptr(Draft) draft = drafts_get(office_db(office), user->id, id, error);
	g_auto(Sending) sending = {.office = office, .user = user};
	g_autoptr(GError) problem = NULL;

	*wrong = DRAFT_NOWHERE;
	if (!draft)
		return false;
	sending.draft = draft;
	if (send_present(&sending, mail_id, wrong, cancel, &problem))
		return true;
	if (*wrong == DRAFT_NOWHERE)
		*wrong = find_place(problem);
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}
