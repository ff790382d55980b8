/* A mail to be shown: which of its bodies, the images that they name, the header as it came. */
#include "mime/mime_internal.h"

#include <string.h>
#include "mime/mime_sanitise.h"

/* An image of at most MIME_IMAGE_LIMIT bytes in base64, with its line ends. */
#define ENCODED_IMAGE_LIMIT (MIME_IMAGE_LIMIT / 2 * 3)

typedef struct Viewer {
	MimeSource *source;
	MimeStructure structure;
	MailView *view;
	bool *has_html;	    /* by entity: HTML among its bodies */
	GArray *bodies;	    /* unsigned: indices of those to be shown */
	GHashTable *ids;    /* char * -> MimeEntity *, both borrowed */
	GHashTable *images; /* MimeEntity * -> GBytes *, those that were asked for; NULL: no */
	size_t image_bytes; /* of images */
} Viewer;

static const MimeEntity *entity_at(const Viewer *viewer, unsigned index)
{
	return g_ptr_array_index(viewer->structure.entities, index);
}

/* ---- images ---- */

static bool is_type(const MimeEntity *entity, const char *type)
{
	return type && (strcmp(entity->type, type) == 0 ||
			       (strcmp(type, "image/jpeg") == 0 &&
				       (strcmp(entity->type, "image/jpg") == 0 ||
					       strcmp(entity->type, "image/pjpeg") == 0)));
}

/* Yours: the image ENTITY; NULL: none that is shown. */
static GBytes *read_image(Viewer *viewer, const MimeEntity *entity)
{
	bool too_large = entity->end - entity->start > ENCODED_IMAGE_LIMIT;
	g_autoptr(GString) data = NULL;

	if (!g_str_has_prefix(entity->type, "image/"))
		return NULL;
	if (!too_large)
		data = mime_decode_bytes(viewer->source, entity, MIME_IMAGE_LIMIT, &too_large);
	if (too_large || data->len > MIME_IMAGES_LIMIT - viewer->image_bytes) {
		viewer->view->truncated = true;
		return NULL;
	}
	if (!is_type(entity, mime_image_type(data->str, data->len)))
		return NULL;
	viewer->image_bytes += data->len;
	return g_bytes_new(data->str, data->len);
}

/* A MimeFindImage. Each part is decoded at most once, however often it is named. */
static GBytes *find_image(const char *content_id, void *user_data)
{
	Viewer *viewer = user_data;
	MimeEntity *entity = g_hash_table_lookup(viewer->ids, content_id);
	GBytes *image;

	if (!entity)
		return NULL;
	if (!g_hash_table_contains(viewer->images, entity))
		g_hash_table_insert(viewer->images, entity, read_image(viewer, entity));
	image = g_hash_table_lookup(viewer->images, entity);
	return image ? g_bytes_ref(image) : NULL;
}

static void free_image(gpointer image)
{
	if (image)
		g_bytes_unref(image);
}

static void name_images(Viewer *viewer)
{
	viewer->ids = g_hash_table_new(g_str_hash, g_str_equal);
	viewer->images = g_hash_table_new_full(NULL, NULL, NULL, free_image);
	for (unsigned i = 0; i < viewer->structure.entities->len; i++) {
		MimeEntity *entity = g_ptr_array_index(viewer->structure.entities, i);

		if (entity->content_id && !g_hash_table_contains(viewer->ids, entity->content_id))
			g_hash_table_insert(viewer->ids, entity->content_id, entity);
	}
}

/* ---- bodies ---- */

/* Parents stand before their parts. */
static void mark_html(Viewer *viewer)
{
	unsigned count = viewer->structure.entities->len;

	viewer->has_html = g_new0(bool, count + 1);
	for (unsigned i = count; i-- > 0;) {
		const MimeEntity *entity = entity_at(viewer, i);

		viewer->has_html[i] |= mime_entity_is_body(entity) && mime_entity_is_html(entity);
		if (entity->parent >= 0)
			viewer->has_html[entity->parent] |= viewer->has_html[i];
	}
}

static void gather(Viewer *viewer, unsigned index);

/* Of alternatives the last, and the best, that has HTML; false without any. */
static bool gather_alternative(Viewer *viewer, unsigned index)
{
	for (unsigned child = viewer->structure.entities->len; child-- > index + 1;) {
		if (entity_at(viewer, child)->parent == (int)index && viewer->has_html[child]) {
			gather(viewer, child);
			return true;
		}
	}
	return false;
}

/* Collects the bodies of the entity INDEX; as deep as MIME_DEPTH_LIMIT. */
static void gather(Viewer *viewer, unsigned index)
{
	const MimeEntity *entity = entity_at(viewer, index);
	bool one = strcmp(entity->type, "multipart/related") == 0 ||
		   strcmp(entity->type, "multipart/alternative") == 0;

	if (mime_entity_is_body(entity))
		g_array_append_val(viewer->bodies, index);
	if (!mime_entity_is_multipart(entity) ||
		(strcmp(entity->type, "multipart/alternative") == 0 &&
			gather_alternative(viewer, index)))
		return;
	for (unsigned child = index + 1; child < viewer->structure.entities->len; child++) {
		unsigned before = viewer->bodies->len;

		if (entity_at(viewer, child)->parent == (int)index)
			gather(viewer, child);
		/* What is related to a document is no other document. */
		if (one && viewer->bodies->len > before)
			return;
	}
}

static void add_body(Viewer *viewer, MimeSanitiser *sanitiser, const MimeEntity *entity)
{
	g_autofree char *text = mime_read_body(
		viewer->source, entity, MIME_VIEW_BODY_LIMIT, &viewer->view->truncated);

	if (mime_entity_is_html(entity)) {
		mime_sanitiser_add_html(sanitiser, text, viewer->bodies->len > 1);
	} else {
		g_autofree char *tidy = mime_text_tidy(text);

		if (*tidy)
			mime_sanitiser_add_text(sanitiser, tidy);
	}
}

static bool shows_html(const Viewer *viewer)
{
	for (guint i = 0; i < viewer->bodies->len; i++) {
		if (viewer->has_html[g_array_index(viewer->bodies, unsigned, i)])
			return true;
	}
	return false;
}

static void view_html(Viewer *viewer)
{
	MailView *view = viewer->view;
	g_auto(MimeSanitiser) sanitiser;

	mime_sanitiser_init(&sanitiser, find_image, viewer);
	name_images(viewer);
	for (guint i = 0; i < viewer->bodies->len; i++)
		add_body(viewer, &sanitiser,
			entity_at(viewer, g_array_index(viewer->bodies, unsigned, i)));
	view->blocked_remote = sanitiser.blocked_remote;
	view->blocked_active = sanitiser.blocked_active;
	view->truncated |= sanitiser.truncated;
	if (sanitiser.html->len > 0)
		view->html = g_utf8_make_valid(sanitiser.html->str, (gssize)sanitiser.html->len);
	g_hash_table_unref(viewer->ids);
	g_hash_table_unref(viewer->images);
}

/* ---- the header ---- */

static void view_header(Viewer *viewer)
{
	uint64_t end = entity_at(viewer, 0)->start;
	const MimeEntity block = {.end = MIN(end, viewer->source->size)};
	g_autoptr(GString) raw = mime_decode_bytes(
		viewer->source, &block, MAIL_HEADER_LIMIT, &viewer->view->truncated);
	g_autofree char *valid = mime_text_to_utf8(raw->str, raw->len, NULL);
	g_autofree char *tidy = mime_text_tidy(valid);
	GString *header = g_string_new(NULL);

	viewer->view->truncated |= !mime_text_append(header, tidy, MAIL_HEADER_LIMIT);
	g_free(viewer->view->header);
	viewer->view->header = g_string_free(header, FALSE);
}

/* Where the field NAME (with its colon) has its value in HEADER, NULL: nowhere. */
static const char *find_field(const char *header, const char *name)
{
	for (const char *line = header; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (g_ascii_strncasecmp(line, name, strlen(name)) == 0)
			return line + strlen(name);
	}
	return NULL;
}

static bool is_id(const char *id, size_t length)
{
	if (length == 0 || length > MIME_MESSAGE_ID_LIMIT)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (g_ascii_isspace(id[i]) || id[i] == '<')
			return false;
	}
	return true;
}

/* Reads "<a@b> <c@d>" over folded lines. */
static void view_references(MailView *view)
{
	const char *at = find_field(view->header, "references:");

	for (; at && *at; at++) {
		const char *close = *at == '<' ? strchr(at, '>') : NULL;

		if (*at == '\n' && at[1] != ' ' && at[1] != '\t')
			return;
		if (!close || !is_id(at + 1, (size_t)(close - at - 1)))
			continue;
		/* Of too many the newest say to what this is a reply. */
		if (view->references->len == MAIL_REFERENCES_LIMIT)
			g_ptr_array_remove_index(view->references, 0);
		g_ptr_array_add(view->references, g_strndup(at + 1, (gsize)(close - at - 1)));
		at = close;
	}
}

/* ---- the whole ---- */

MailView *mime_view_source(MimeSource *source)
{
	Viewer viewer = {.source = source,
		.view = mail_view_new(),
		.bodies = g_array_new(FALSE, FALSE, sizeof(unsigned))};

	mail_content_free(viewer.view->content);
	viewer.view->content = mime_read_own(source, &viewer.structure);
	view_header(&viewer);
	view_references(viewer.view);
	viewer.view->truncated |=
		!mime_senders_read(&viewer.structure.header, viewer.view->senders);
	viewer.view->truncated |=
		!mime_people_read(&viewer.structure.header, MIME_REPLY_TO, viewer.view->reply_to);
	mark_html(&viewer);
	gather(&viewer, 0);
	if (shows_html(&viewer))
		view_html(&viewer);
	viewer.view->truncated |= viewer.view->content->truncated || source->failed;
	g_array_unref(viewer.bodies);
	g_free(viewer.has_html);
	mime_structure_clear(&viewer.structure);
	return viewer.view;
}

MailView *mime_view_bytes(const void *data, size_t size)
{
	g_auto(MimeSource) source = {0};

	mime_source_init_memory(&source, data, size);
	return mime_view_source(&source);
}
