/* Transfer encodings, streamed through GMime's filters: no body is ever held whole. */
#include "mime/mime_internal.h"

bool mime_entity_is_encoded(const MimeEntity *entity)
{
	return entity->encoding == GMIME_CONTENT_ENCODING_BASE64 ||
	       entity->encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE ||
	       entity->encoding == GMIME_CONTENT_ENCODING_UUENCODE;
}

/* Puts the whole body through FILTER. */
static bool decode_through(MimeSource *source, const MimeEntity *entity, GMimeFilter *filter,
	MimeTaker sink, void *user_data)
{
	uint64_t position = entity->start;
	size_t size, out_size, prespace;
	const char *data;
	char *out;

	while ((size = mime_source_read(source, position, entity->end, &data)) > 0) {
		/* GMime takes char *, but writes only into its own buffer. */
		size = MIN(size, (size_t)(64 * 1024));
		g_mime_filter_filter(filter, (char *)data, size, 0, &out, &out_size, &prespace);
		if (out_size > 0 && !sink(out, out_size, user_data))
			return false;
		position += size;
	}
	g_mime_filter_complete(filter, (char *)"", 0, 0, &out, &out_size, &prespace);
	return out_size == 0 || sink(out, out_size, user_data);
}

bool mime_decode(MimeSource *source, const MimeEntity *entity, MimeTaker sink, void *user_data)
{
	uint64_t position = entity->start;
	const char *data;
	size_t size;

	if (mime_entity_is_encoded(entity)) {
		GMimeFilter *filter = g_mime_filter_basic_new(entity->encoding, FALSE);
		bool complete = decode_through(source, entity, filter, sink, user_data);

		g_object_unref(filter);
		return complete;
	}
	for (; (size = mime_source_read(source, position, entity->end, &data)) > 0;
		position += size) {
		if (!sink(data, size, user_data))
			return false;
	}
	return true;
}

static bool count_bytes(G_GNUC_UNUSED const void *data, size_t size, void *user_data)
{
	*(uint64_t *)user_data += size;
	return true;
}

uint64_t mime_decoded_size(MimeSource *source, const MimeEntity *entity)
{
	uint64_t size = 0;

	if (!mime_entity_is_encoded(entity))
		return entity->end - entity->start;
	mime_decode(source, entity, count_bytes, &size);
	return size;
}

typedef struct Collected {
	GString *bytes;
	size_t limit;
} Collected;

static bool collect_bytes(const void *data, size_t size, void *user_data)
{
	Collected *collected = user_data;
	size_t room = collected->limit - collected->bytes->len;

	g_string_append_len(collected->bytes, data, (gssize)MIN(size, room));
	return size <= room;
}

GString *mime_decode_bytes(
	MimeSource *source, const MimeEntity *entity, size_t limit, bool *truncated)
{
	Collected collected = {.bytes = g_string_new(NULL), .limit = limit};

	if (!mime_decode(source, entity, collect_bytes, &collected))
		*truncated = true;
	return collected.bytes;
}
