/* Opening and closing the outbox, and the words of its states. */
#include "outbox/outbox_internal.h"

#include <errno.h>
#include <unistd.h>
#include "failure/failure.h"

#define BOOT_FILE "/proc/sys/kernel/random/boot_id"
#define BOOT_LIMIT 64 /* bytes */

static bool make_folder(const char *folder, GError **error)
{
	if (access(folder, F_OK) == 0 || file_make_folder(folder, 0700))
		return true;
	failure_set_errno(error, FAILURE_STORE, folder, errno);
	return false;
}

/* Yours. Without it nobody could tell what a power cut took away. */
static char *read_boot(GError **error)
{
	char *boot = file_read(BOOT_FILE, BOOT_LIMIT, NULL);

	if (boot)
		return g_strchomp(boot);
	failure_set_errno(error, FAILURE_STORE, BOOT_FILE, errno);
	return NULL;
}

Outbox *outbox_open(Db *db, const char *folder, GError **error)
{
	g_autoptr(Outbox) outbox = g_new0(Outbox, 1);

	pthread_mutex_init(&outbox->mutex, NULL);
	outbox->db = db;
	outbox->folder = g_strdup(folder);
	outbox->boot = read_boot(error);
	return outbox->boot && make_folder(folder, error) ? g_steal_pointer(&outbox) : NULL;
}

void outbox_close(Outbox *outbox)
{
	if (!outbox)
		return;
	outbox_lease_free(outbox->lease, false);
	pthread_mutex_destroy(&outbox->mutex);
	g_free(outbox->folder);
	g_free(outbox->boot);
	g_free(outbox);
}

const char *outbox_state_name(OutboxState state)
{
	static const char *const names[] = {
		[OUTBOX_QUEUED] = "queued",
		[OUTBOX_SENDING] = "sending",
		[OUTBOX_SENT] = "sent",
		[OUTBOX_WAITING] = "waiting",
		[OUTBOX_FAILED] = "failed",
		[OUTBOX_UNKNOWN] = "unknown",
		[OUTBOX_CANCELLED] = "cancelled",
	};

	g_assert(state < G_N_ELEMENTS(names));
	return names[state];
}

const char *outbox_copy_name(OutboxCopy copy)
{
	static const char *const names[] = {
		[OUTBOX_COPY_NONE] = "none",
		[OUTBOX_COPY_PENDING] = "pending",
		[OUTBOX_COPY_DONE] = "done",
		[OUTBOX_COPY_FAILED] = "failed",
	};

	g_assert(copy < G_N_ELEMENTS(names));
	return names[copy];
}
