/* Frames over the worker's socket: a header of kind and size, then the body; descriptors travel
 * with the header. It knows no bodies. */
#include "mime/mime_wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/file.h"

typedef struct FrameHeader {
	uint32_t kind;
	uint32_t size;
} FrameHeader;

/* Room for the descriptors of one frame, aligned as the kernel wants it. */
typedef union DescriptorRoom {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int) * MIME_FRAME_DESCRIPTORS)];
} DescriptorRoom;

void mime_frame_clear(MimeFrame *frame)
{
	if (frame->body)
		g_bytes_unref(frame->body);
	frame->body = NULL;
	for (int i = 0; i < MIME_FRAME_DESCRIPTORS; i++) {
		if (frame->descriptors[i] >= 0)
			close(frame->descriptors[i]);
		frame->descriptors[i] = -1;
	}
}

/* Puts DESCRIPTORS, up to the first -1, into MESSAGE. */
static void attach_descriptors(struct msghdr *message, DescriptorRoom *room, const int *descriptors)
{
	size_t count = 0;

	while (descriptors && count < MIME_FRAME_DESCRIPTORS && descriptors[count] >= 0)
		count++;
	if (count == 0)
		return;
	*room = (DescriptorRoom){.header = {.cmsg_level = SOL_SOCKET,
					 .cmsg_type = SCM_RIGHTS,
					 .cmsg_len = CMSG_LEN(sizeof(int) * count)}};
	message->msg_control = room;
	message->msg_controllen = CMSG_SPACE(sizeof(int) * count);
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(message)), descriptors, sizeof(int) * count);
}

static void take_descriptors(struct msghdr *message, int *descriptors)
{
	int taken = 0;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
		part = CMSG_NXTHDR(message, part)) {
		size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int descriptor;

			memcpy(&descriptor, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
			if (taken < MIME_FRAME_DESCRIPTORS && descriptors[taken] < 0)
				descriptors[taken++] = descriptor;
			else
				close(descriptor);
		}
	}
}

/* Drops SIZE bytes from the front of VECTOR. */
static void advance(struct iovec *vector, size_t count, size_t size)
{
	for (size_t i = 0; i < count && size > 0; i++) {
		size_t step = MIN(size, vector[i].iov_len);

		vector[i].iov_base = (char *)vector[i].iov_base + step;
		vector[i].iov_len -= step;
		size -= step;
	}
}

/* Whether to call again after a failed call. */
static bool may_repeat(int socket, short events, MimeWait wait, void *user_data)
{
	if (errno == EINTR)
		return true;
	return (errno == EAGAIN || errno == EWOULDBLOCK) && wait && wait(socket, events, user_data);
}

bool mime_frame_send(int socket, MimeFrameKind kind, GVariant *body, const int *descriptors,
	MimeWait wait, void *user_data)
{
	g_autoptr(GVariant) sunk = g_variant_ref_sink(body);
	size_t left = g_variant_get_size(sunk) + sizeof(FrameHeader);
	FrameHeader header = {.kind = kind, .size = (uint32_t)g_variant_get_size(sunk)};
	struct iovec vector[] = {{&header, sizeof header},
		{(void *)g_variant_get_data(sunk), g_variant_get_size(sunk)}};
	struct msghdr message = {.msg_iov = vector, .msg_iovlen = G_N_ELEMENTS(vector)};
	DescriptorRoom room;

	if (g_variant_get_size(sunk) > MIME_FRAME_LIMIT) {
		errno = EMSGSIZE;
		return false;
	}
	attach_descriptors(&message, &room, descriptors);
	while (left > 0) {
		ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL | (wait ? MSG_DONTWAIT : 0));

		if (sent < 0 && may_repeat(socket, POLLOUT, wait, user_data))
			continue;
		if (sent < 0)
			return false;
		message.msg_control = NULL;
		message.msg_controllen = 0;
		advance(vector, G_N_ELEMENTS(vector), (size_t)sent);
		left -= (size_t)sent;
	}
	return true;
}

/* Receives exactly SIZE bytes; DESCRIPTORS NULL: none are expected. */
static bool receive_all(
	int socket, void *data, size_t size, int *descriptors, MimeWait wait, void *user_data)
{
	struct iovec vector = {data, size};

	while (vector.iov_len > 0) {
		DescriptorRoom room;
		struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
		ssize_t got;

		if (descriptors) {
			message.msg_control = &room;
			message.msg_controllen = sizeof room;
		}
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | (wait ? MSG_DONTWAIT : 0));
		if (got < 0 && may_repeat(socket, POLLIN, wait, user_data))
			continue;
		if (got == 0)
			errno = 0;
		if (got <= 0)
			return false;
		if (descriptors)
			take_descriptors(&message, descriptors);
		advance(&vector, 1, (size_t)got);
	}
	return true;
}

bool mime_frame_receive(int socket, MimeFrame *frame, MimeWait wait, void *user_data)
{
	FrameHeader header;
	g_autofree void *body = NULL;

	*frame = (MimeFrame){.descriptors = {-1, -1}};
	/* Only the worker is given descriptors; the program, which waits, takes none. */
	if (!receive_all(socket, &header, sizeof header, wait ? NULL : frame->descriptors, wait,
		    user_data))
		return false;
	if (header.size > MIME_FRAME_LIMIT) {
		errno = EBADMSG;
		return false;
	}
	body = g_malloc(MAX(header.size, 1));
	if (!receive_all(socket, body, header.size, NULL, wait, user_data))
		return false;
	frame->kind = header.kind;
	frame->body = g_bytes_new_take(g_steal_pointer(&body), header.size);
	return true;
}
