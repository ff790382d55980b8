/* The bytes of a mail, in memory or in a file, in one shape for all readers. It never holds more of
 * a file than one window. */
#include "mime/mime_internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define WINDOW_SIZE (64 * 1024)
#define LINE_PEEK 1024 /* above a boundary line's length */

G_STATIC_ASSERT(LINE_PEEK > MIME_BOUNDARY_LIMIT + 8);

void mime_source_init_memory(MimeSource *source, const void *data, size_t size)
{
	*source = (MimeSource){.memory = size ? data : "", .descriptor = -1, .size = size};
}

void mime_source_init_file(MimeSource *source, int descriptor, MimeRange range)
{
	*source =
		(MimeSource){.descriptor = descriptor, .offset = range.offset, .size = range.size};
	/* Positions are computed as off_t. */
	if (range.offset > INT64_MAX - MIN(range.size, (uint64_t)INT64_MAX))
		source->size = 0;
}

void mime_source_init_within(
	MimeSource *source, const MimeSource *outer, uint64_t start, uint64_t end)
{
	g_assert(start <= end && end <= outer->size);
	if (outer->memory)
		mime_source_init_memory(source, outer->memory + start, (size_t)(end - start));
	else
		mime_source_init_file(source, outer->descriptor,
			(MimeRange){.offset = outer->offset + start, .size = end - start});
}

void mime_source_clear(MimeSource *source)
{
	g_clear_pointer(&source->window, g_free);
}

/* Fills the window from POSITION on. */
static void fill_window(MimeSource *source, uint64_t position)
{
	size_t wanted = (size_t)MIN(source->size - position, (uint64_t)WINDOW_SIZE);

	if (!source->window)
		source->window = g_malloc((gsize)MIN(source->size, (uint64_t)WINDOW_SIZE));
	source->window_start = position;
	source->window_size = 0;
	while (source->window_size < wanted) {
		ssize_t got = pread(source->descriptor, source->window + source->window_size,
			wanted - source->window_size,
			(off_t)(source->offset + position + source->window_size));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			source->failed = true;
			break;
		}
		source->window_size += (size_t)got;
	}
}

/* What the window (or the memory) holds from POSITION on. */
static size_t look(const MimeSource *source, uint64_t position, const char **data)
{
	if (source->memory) {
		*data = source->memory + position;
		return (size_t)(source->size - position);
	}
	if (!source->window || position < source->window_start ||
		position - source->window_start >= source->window_size)
		return 0;
	*data = source->window + (position - source->window_start);
	return source->window_size - (size_t)(position - source->window_start);
}

size_t mime_source_read(MimeSource *source, uint64_t position, uint64_t end, const char **data)
{
	size_t size;

	end = MIN(end, source->size);
	if (position >= end)
		return 0;
	size = look(source, position, data);
	if (size == 0 && !source->memory) {
		fill_window(source, position);
		size = look(source, position, data);
	}
	return (size_t)MIN((uint64_t)size, end - position);
}

size_t mime_source_line(
	MimeSource *source, uint64_t position, uint64_t end, const char **data, bool *ends)
{
	size_t size = mime_source_read(source, position, end, data);
	const char *feed = size ? memchr(*data, '\n', size) : NULL;

	if (!feed && size < LINE_PEEK && position + size < MIN(end, source->size) &&
		!source->memory && !source->failed) {
		fill_window(source, position);
		size = mime_source_read(source, position, end, data);
		feed = size ? memchr(*data, '\n', size) : NULL;
	}
	*ends = feed != NULL;
	return feed ? (size_t)(feed - *data) + 1 : size;
}
