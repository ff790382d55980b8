/* Fields of a form. Multipart is taken apart by its boundary alone; all parts are in memory, within
 * the limit of the request's body; files are not copied. */
#include "web/form.h"

#include <string.h>
#include "base/secret.h"
#include "base/text.h"
#include "failure/failure.h"

#define FIELD_LIMIT 1000

typedef struct Field {
	char *name;
	char *value; /* NULL: it is a file */
	const char *file;
	size_t size;
	char *file_name;
} Field;

struct Form {
	GPtrArray *fields; /* Field * */
};

static void field_free(Field *field)
{
	/* It may be a password. */
	if (field->value)
		secret_wipe(field->value, field->size);
	g_free(field->name);
	g_free(field->value);
	g_free(field->file_name);
	g_free(field);
}

void form_free(Form *form)
{
	if (!form)
		return;
	g_ptr_array_unref(form->fields);
	g_free(form);
}

Form *form_new(void)
{
	Form *form = g_new0(Form, 1);

	form->fields = g_ptr_array_new_with_free_func((GDestroyNotify)field_free);
	return form;
}

void form_add(Form *form, const char *name, const char *value)
{
	Field *field = g_new0(Field, 1);

	field->name = g_strdup(name);
	field->value = g_strdup(value);
	field->size = strlen(value);
	g_ptr_array_add(form->fields, field);
}

bool form_text_at(const Form *form, size_t index, const char **name, const char **value)
{
	const Field *field;

	if (index >= form->fields->len)
		return false;
	field = form->fields->pdata[index];
	*name = field->name;
	*value = field->value;
	return true;
}

static bool refuse(const char *why, GError **error)
{
	failure_set(error, FAILURE_FORM_INVALID, NULL, "form: %s", why);
	return false;
}

/* CRLF, as browsers send line breaks (HTML, section 4.10.22.4), becomes LF. In place. */
static void unify_lines(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from == '\r' && from[1] == '\n')
			continue;
		*to++ = *from;
	}
	*to = '\0';
}

/* Takes FIELD. */
static bool keep_field(Form *form, Field *field, GError **error)
{
	g_ptr_array_add(form->fields, field);
	if (form->fields->len > FIELD_LIMIT)
		return refuse("too many fields", error);
	return g_utf8_validate(field->name, -1, NULL) || refuse("a name is not UTF-8", error);
}

/* Takes NAME and VALUE. */
static bool add_field(Form *form, char *name, char *value, size_t size, GError **error)
{
	Field *field = g_new0(Field, 1);

	field->name = name;
	field->value = value;
	field->size = size;
	if (!keep_field(form, field, error))
		return false;
	if (strlen(value) != size || !g_utf8_validate(value, -1, NULL))
		return refuse("a value is not UTF-8", error);
	unify_lines(value);
	return true;
}

/* ---- application/x-www-form-urlencoded ---- */

/* SIZE bytes decoded, yours; NULL: a broken percent-encoding, or NUL. */
static char *decode(const char *text, size_t size)
{
	g_autofree char *spaced = g_strndup(text, size);

	for (char *place = spaced; *place; place++) {
		if (*place == '+')
			*place = ' ';
	}
	return g_uri_unescape_string(spaced, NULL);
}

static bool parse_pair(Form *form, const char *pair, size_t size, GError **error)
{
	const char *equals = memchr(pair, '=', size);
	size_t name_size = equals ? (size_t)(equals - pair) : size;
	g_autofree char *name = decode(pair, name_size);
	g_autofree char *value = equals ? decode(equals + 1, size - name_size - 1) : g_strdup("");
	size_t value_size;

	if (!name || !value)
		return refuse("broken percent-encoding", error);
	value_size = strlen(value);
	return add_field(form, g_steal_pointer(&name), g_steal_pointer(&value), value_size, error);
}

static bool parse_urlencoded(Form *form, const char *body, size_t size, GError **error)
{
	const char *end = body + size;

	if (memchr(body, '\0', size))
		return refuse("NUL", error);
	while (body < end) {
		const char *stop = memchr(body, '&', (size_t)(end - body));

		if (!stop)
			stop = end;
		if (stop > body && !parse_pair(form, body, (size_t)(stop - body), error))
			return false;
		body = stop + 1;
	}
	return true;
}

/* ---- multipart/form-data (RFC 7578) ---- */

/* The quoted parameter NAME of a Content-Disposition within HEADER, yours; NULL: none. Browsers
 * escape quotes as %22. */
static char *find_parameter(const char *header, const char *name)
{
	g_autofree char *key = g_strdup_printf("; %s=\"", name);
	const char *start = strstr(header, key);
	const char *end;

	if (!start)
		return NULL;
	start += strlen(key);
	end = strchr(start, '"');
	return end ? g_strndup(start, (gsize)(end - start)) : NULL;
}

/* Takes NAME; FILE_NAME is made valid. */
static bool add_file(Form *form, char *name, const char *file_name, const char *data, size_t size,
	GError **error)
{
	Field *field = g_new0(Field, 1);

	field->name = name;
	field->file_name = text_make_valid(file_name, strlen(file_name));
	field->file = data;
	field->size = size;
	return keep_field(form, field, error);
}

static bool parse_part(Form *form, const char *part, size_t size, GError **error)
{
	const char *blank = memmem(part, size, "\r\n\r\n", 4);
	g_autofree char *header = NULL;
	g_autofree char *name = NULL;
	g_autofree char *file = NULL;
	size_t value_size;

	if (!blank)
		return refuse("a part without header", error);
	header = g_strndup(part, (gsize)(blank - part));
	name = find_parameter(header, "name");
	file = find_parameter(header, "filename");
	if (!name)
		return refuse("a part without name", error);
	value_size = size - (size_t)(blank + 4 - part);
	if (file)
		return add_file(form, g_steal_pointer(&name), file, blank + 4, value_size, error);
	/* g_strndup would stop at NUL. */
	char *value = g_malloc(value_size + 1);
	memcpy(value, blank + 4, value_size);
	value[value_size] = '\0';
	return add_field(form, g_steal_pointer(&name), value, value_size, error);
}

static bool parse_multipart(
	Form *form, const char *boundary, const char *body, size_t size, GError **error)
{
	g_autofree char *mark = g_strdup_printf("--%s", boundary);
	g_autofree char *between = g_strdup_printf("\r\n--%s", boundary);
	size_t between_size = strlen(between);
	const char *end = body + size;
	const char *part = body + strlen(mark);

	if (size < strlen(mark) || memcmp(body, mark, strlen(mark)) != 0)
		return refuse("no boundary at the beginning", error);
	while (part + 2 <= end && memcmp(part, "--", 2) != 0) {
		const char *stop = memmem(part, (size_t)(end - part), between, between_size);

		if (!stop)
			return refuse("no boundary at the end", error);
		if (stop - part < 2 ||
			!parse_part(form, part + 2, (size_t)(stop - part - 2), error))
			return *error ? false : refuse("an empty part", error);
		part = stop + between_size;
	}
	return part + 2 <= end || refuse("no boundary at the end", error);
}

/* Yours; NULL: TYPE is another one. */
static char *multipart_boundary(const char *type)
{
	const char *boundary;

	if (!g_str_has_prefix(type, "multipart/form-data"))
		return NULL;
	boundary = strstr(type, "boundary=");
	if (!boundary || !boundary[9])
		return NULL;
	boundary += 9;
	return *boundary == '"' ? g_strndup(boundary + 1, strcspn(boundary + 1, "\""))
				: g_strndup(boundary, strcspn(boundary, "; "));
}

Form *form_parse(const char *type, const char *body, size_t size, GError **error)
{
	g_autoptr(Form) form = form_new();
	g_autofree char *boundary = type ? multipart_boundary(type) : NULL;
	g_autoptr(GError) problem = NULL;
	bool parsed;

	if (size == 0)
		return g_steal_pointer(&form);
	parsed = boundary ? parse_multipart(form, boundary, body, size, &problem)
		 : type && g_str_has_prefix(type, "application/x-www-form-urlencoded")
			 ? parse_urlencoded(form, body, size, &problem)
			 : refuse("of no known type", &problem);
	if (!parsed) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return NULL;
	}
	return g_steal_pointer(&form);
}

static const Field *find_field(const Form *form, const char *name, size_t index)
{
	for (guint i = 0; i < form->fields->len; i++) {
		const Field *field = form->fields->pdata[i];

		if (strcmp(field->name, name) == 0 && index-- == 0)
			return field;
	}
	return NULL;
}

const char *form_get(const Form *form, const char *name)
{
	return form_get_at(form, name, 0);
}

const char *form_get_at(const Form *form, const char *name, size_t index)
{
	const Field *field = find_field(form, name, index);

	return field ? field->value : NULL;
}

const char *form_file(const Form *form, const char *name, size_t *size)
{
	const Field *field = find_field(form, name, 0);

	if (!field || !field->file)
		return NULL;
	*size = field->size;
	return field->file;
}

bool form_file_at(const Form *form, const char *name, size_t index, FormFile *file)
{
	for (guint i = 0; i < form->fields->len; i++) {
		const Field *field = form->fields->pdata[i];

		if (!field->file || (name && strcmp(field->name, name) != 0) ||
			(field->size == 0 && !*field->file_name) || index-- > 0)
			continue;
		*file = (FormFile){field->file_name, field->file, field->size};
		return true;
	}
	return false;
}
