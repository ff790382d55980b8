/* A queued mail's content, piece by piece. */
#include "app/send_internal.h"

#include "failure/failure.h"

static bool lack_content(const OutboxMail *mail, GError **error)
{
	failure_set(
		error, FAILURE_STORE, NULL, "mail %" G_GINT64_FORMAT " lacks content", mail->id);
	return false;
}

bool send_content(
	Outbox *outbox, const OutboxMail *mail, SendPiece *take, void *data, GError **error)
{
	g_autofree char *piece = NULL;
	uint64_t offset = 0;

	if (mail->content)
		return take(g_bytes_get_data(mail->content, NULL), g_bytes_get_size(mail->content),
			data, error);
	piece = g_malloc(OUTBOX_PIECE);
	while (offset < mail->size) {
		ssize_t count = outbox_read(outbox, mail->id, offset, piece, OUTBOX_PIECE, error);

		if (count < 0)
			return false;
		if (count == 0)
			return lack_content(mail, error);
		if (!take(piece, (size_t)count, data, error))
			return false;
		offset += (uint64_t)count;
	}
	return true;
}
