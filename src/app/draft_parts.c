/* A mail's attachments as files of a draft. */
#include "app/draft_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "failure/failure.h"
#include "mime/mime_write.h"
#include "model/mail.h"

#define BLOCK ((size_t)1024 * 1024)

/* A draft that gets files. */
typedef struct Taking {
	Office *office;
	const User *user;
	int64_t id;
	uint64_t limit;
	DraftSource *source;
	void *data;
} Taking;

char *draft_join(const GPtrArray *people)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < people->len; i++)
		g_string_append_printf(
			text, "%s%s", i > 0 ? ", " : "", (const char *)people->pdata[i]);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static bool copy_bytes(
	const Taking *taking, int from, int64_t file_id, uint64_t size, GError **error)
{
	g_autofree char *block = g_malloc(BLOCK);
	bool whole = size == 0;

	for (uint64_t offset = 0; offset < size;) {
		size_t count = (size_t)MIN(size - offset, (uint64_t)BLOCK);

		if (!file_read_at(from, block, count, offset)) {
			failure_set_errno(
				error, FAILURE_OUTPUT, office_folder(taking->office), errno);
			return false;
		}
		if (!draft_file_write(office_db(taking->office), taking->user->id, file_id, offset,
			    block, count, &whole, error))
			return false;
		offset += count;
	}
	return true;
}

/* PART, attachment NUMBER (from 1), as a file. */
static bool take_one(const Taking *taking, const MailPart *part, unsigned number, GError **error)
{
	const char *folder = office_folder(taking->office);
	g_auto(Descriptor) file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	g_autofree char *type = mime_foreign_type(part->type);
	DraftFileOrder order = {.name = part->name, .type = type, .limit = taking->limit};
	struct stat state;
	int64_t file_id;

	if (file < 0) {
		failure_set_errno(error, FAILURE_OUTPUT, folder, errno);
		return false;
	}
	if (!taking->source(number, file, taking->data, error))
		return false;
	if (fstat(file, &state) != 0) {
		failure_set_errno(error, FAILURE_OUTPUT, folder, errno);
		return false;
	}
	order.size = (uint64_t)state.st_size;
	return draft_file_begin(office_db(taking->office), taking->user->id, taking->id, &order,
		       &file_id, error) &&
	       copy_bytes(taking, file, file_id, order.size, error);
}

static bool has_file(const Draft *draft, const MailPart *part)
{
	for (guint i = 0; i < draft->files->len; i++) {
		const DraftFile *file = draft->files->pdata[i];

		if (strcmp(file->name, part->name) == 0 && file->size == part->size)
			return true;
	}
	return false;
}

bool draft_take_parts(Office *office, const User *user, int64_t id, const GPtrArray *parts,
	DraftSource *source, void *data, GError **error)
{
	g_autoptr(Draft) draft = drafts_get(office_db(office), user->id, id, error);
	Taking taking = {.office = office, .user = user, .id = id, .source = source, .data = data};
	bool told;

	if (!draft || !draft_limit(office, user, &taking.limit, &told, error))
		return false;
	for (guint i = 0; i < parts->len; i++) {
		if (!has_file(draft, parts->pdata[i]) &&
			!take_one(&taking, parts->pdata[i], i + 1, error))
			return false;
	}
	return true;
}
