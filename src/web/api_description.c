/* The API describes itself: an OpenAPI 3.1 document from its rows and the names of json/. */
#include <string.h>
#include "web/api.h"

/* Members by schema; the type behind ":" (default string); "?" behind it: null is possible; "*": it
 * is not always there. */
static const struct {
	const char *name;
	const char *members;
} schemas[] = {
	{"User", "name display_name? admin:boolean archive:boolean locked:boolean interface "
		 "account? sign_in sign_in_since? sign_in_reason? last_success? last_failure? "
		 "last_failure_reason?"},
	{"Invitation", "name path link expires"},
	{"Setting", "key value? origin secret:boolean set:boolean"},
	{"StoredSetting", "key value? origin secret:boolean set:boolean warnings:array"},
	{"LoginStatus", "account? identity? signed_in? refreshed? expires? token_file? reason? "
			"usable:boolean mailboxes:array"},
	{"Login", "account identity? imap:object smtp:object mailboxes:array token_file?"},
	{"LoginAddress", "authorize_url"},
	{"LoginRemoved", "removed:boolean"},
	{"CheckStep", "protocol step mailbox? ok:boolean? ms:integer detail advice? hint:boolean "
		      "failure? technical?"},
	{"Folder", "mailbox name role? messages:integer? hidden:boolean reason?"},
	{"Message", "uid:integer subject from date? size:integer seen:boolean imported:boolean"},
	{"Import", "imported:integer known:integer failed:integer bytes:integer folders:integer "
		   "ms_durable:integer ms_listed:integer wire_bytes:integer acted:integer "
		   "errors:array case_conflicts:array error:object*"},
	{"ImportJob",
		"id:integer version:integer state cancelled:boolean user mailbox? folder? uids? "
		"since? case? begun ended? progress:object? result:object?"},
	{"ApiKey", "label user created? expires? used?"},
	{"NewApiKey", "label user created? expires? used? key"},
	{"AuditRow", "id:integer time actor action subject? detail?"},
	{"Mail", "id:integer subject from to:array date? size:integer sha256? copies:array case? "
		 "message_id? attachments:array sources:array unreadable:boolean"},
	{"MailText", "id:integer subject from to:array date? size:integer sha256? copies:array "
		     "case? message_id? attachments:array sources:array unreadable:boolean text"},
	{"FiledMail", "id:integer subject from to:array date? size:integer sha256? copies:array "
		      "case? message_id? attachments:array sources:array unreadable:boolean "
		      "case_conflicts:array*"},
	{"Case", "case"},
	{"OutboxMail",
		"id:integer state recipients:array user from subject case? size:integer message_id "
		"attempts:integer next? queued ended? reason? archive_id:integer? archive_reason? sent_copy "
		"copy_reason?"},
	{"Nothing", ""},
	{"Problem", "type title status:integer detail error:object errors:array*"},
};

/* "messages:integer?" */
static void add_member(json_t *properties, json_t *required, const char *member)
{
	bool optional = g_str_has_suffix(member, "*");
	bool nullable = g_str_has_suffix(member, "?");
	g_autofree char *text = g_strndup(member, strlen(member) - (optional || nullable));
	char *type = strchr(text, ':');
	json_t *kind;

	if (type)
		*type++ = '\0';
	kind = json_string(type ? type : "string");
	if (nullable)
		kind = json_pack("[o, s]", kind, "null");
	json_object_set_new(properties, text, json_pack("{s:o}", "type", kind));
	if (!optional)
		json_array_append_new(required, json_string(text));
}

static json_t *describe_schema(const char *members)
{
	g_auto(GStrv) names = g_strsplit(members, " ", -1);
	json_t *properties = json_object();
	json_t *required = json_array();

	for (char **name = names; *name; name++) {
		if (**name)
			add_member(properties, required, *name);
	}
	return json_pack("{s:s, s:o, s:o}", "type", "object", "properties", properties, "required",
		required);
}

static void add_parameters(json_t *list, const char *names)
{
	const char *type;
	bool required;
	char *name;

	while ((name = api_next_name(&names, &type, &required))) {
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:b, s:{s:s}}", "name", name, "in", "query",
				      "required", required, "schema", "type", "string"));
		g_free(name);
	}
}

static json_t *describe_object(const char *names);

/* What a member NAME may be; one that need not be there may be null, too. */
static json_t *describe_type(const char *name, const char *type, bool required)
{
	bool texts = strcmp(type, API_LIST) == 0;
	bool objects = strcmp(type, API_OBJECTS) == 0;
	json_t *types = strcmp(type, API_SCALAR) == 0
				? json_pack("[s, s, s]", "string", "number", "boolean")
				: json_pack("[s]", texts || objects ? "array" : type);
	json_t *described = json_pack("{s:o}", "type", types);

	if (!required)
		json_array_append_new(types, json_string("null"));
	if (texts)
		json_object_set_new(described, "items", json_pack("{s:s}", "type", "string"));
	if (objects) {
		json_object_set_new(described, "items", describe_object(api_shape(name)));
		json_object_set_new(described, "maxItems", json_integer(API_OBJECTS_LIMIT));
	}
	return described;
}

/* An object with NAMES and no other members. */
static json_t *describe_object(const char *names)
{
	json_t *properties = json_object();
	json_t *needed = json_array();
	const char *type;
	bool required;
	char *name;

	while ((name = api_next_name(&names, &type, &required))) {
		json_object_set_new(properties, name, describe_type(name, type, required));
		if (required)
			json_array_append_new(needed, json_string(name));
		g_free(name);
	}
	return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties,
		"required", needed, "additionalProperties", 0);
}

/* Bytes of each of TYPES, words separated by blanks, that is a media type. */
static json_t *describe_bytes(const char *types)
{
	g_auto(GStrv) names = g_strsplit(types, " ", -1);
	json_t *content = json_object();

	for (char **name = names; *name; name++) {
		if (strchr(*name, '/'))
			json_object_set_new(
				content, *name, json_pack("{s:{s:s}}", "schema", "type", "string"));
	}
	return content;
}

/* Members, media types, or either. */
static json_t *describe_body(const char *body)
{
	json_t *content = describe_bytes(body);
	const char *names = body;
	const char *type;
	bool required;
	g_autofree char *name = api_next_name(&names, &type, &required);

	if (name || !strchr(body, '/'))
		json_object_set_new(content, "application/json",
			json_pack("{s:o}", "schema", describe_object(body)));
	return json_pack("{s:b, s:o}", "required", true, "content", content);
}

static json_t *reference(const char *name)
{
	bool many = g_str_has_suffix(name, "[]");
	g_autofree char *path = g_strdup_printf(
		"#/components/schemas/%.*s", (int)strlen(name) - (many ? 2 : 0), name);
	json_t *one = json_pack("{s:s}", "$ref", path);

	return many ? json_pack("{s:s, s:o}", "type", "array", "items", one) : one;
}

/* "X|Y" */
static json_t *describe_answer(const char *names)
{
	g_auto(GStrv) parts = g_strsplit(names, "|", -1);
	json_t *choices;

	if (!parts[1])
		return reference(names);
	choices = json_array();
	for (char **part = parts; *part; part++)
		json_array_append_new(choices, reference(*part));
	return json_pack("{s:o}", "oneOf", choices);
}

static json_t *describe_answers(const Route *row)
{
	json_t *good = json_pack("{s:s}", "description", "done");

	if (row->answer)
		json_object_set_new(good, "content",
			strchr(row->answer, '/') ? describe_bytes(row->answer)
						 : json_pack("{s:{s:o}}", "application/json",
							   "schema", describe_answer(row->answer)));
	return json_pack("{s:o, s:{s:s, s:{s:{s:o}}}}", "2XX", good, "default", "description",
		"a problem (RFC 9457)", "content", "application/problem+json", "schema",
		reference("Problem"));
}

/* What the stars of a path are called in the description. */
static const char *const star_names[] = {"name", "number"};

static void add_path_parameters(json_t *list, const char *path)
{
	for (size_t i = 0; i < G_N_ELEMENTS(star_names); i++) {
		path = strchr(path, '*');
		if (!path)
			return;
		path++;
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:b, s:{s:s}}", "name", star_names[i], "in",
				      "path", "required", true, "schema", "type", "string"));
	}
}

static json_t *describe_operation(const Route *row)
{
	json_t *parameters = json_array();
	json_t *operation;

	add_path_parameters(parameters, row->path);
	add_parameters(parameters, row->query);
	operation = json_pack("{s:s, s:o, s:o}", "summary", row->summary, "parameters", parameters,
		"responses", describe_answers(row));
	if (row->body)
		json_object_set_new(operation, "requestBody", describe_body(row->body));
	if (row->role == ROLE_ANYBODY)
		json_object_set_new(operation, "security", json_array());
	return operation;
}

static const char *method_name(WebMethod method)
{
	static const char *const names[] = {
		[WEB_GET] = "get",
		[WEB_POST] = "post",
		[WEB_PUT] = "put",
		[WEB_PATCH] = "patch",
		[WEB_DELETE] = "delete",
	};

	return names[method];
}

static void add_operation(json_t *paths, const Route *row)
{
	g_auto(GStrv) parts = g_strsplit(row->path, "*", -1);
	g_autoptr(GString) text = g_string_new(parts[0]);
	json_t *item;

	for (size_t i = 0; i < G_N_ELEMENTS(star_names) && parts[i + 1]; i++)
		g_string_append_printf(text, "{%s}%s", star_names[i], parts[i + 1]);
	item = json_object_get(paths, text->str);
	if (!item) {
		item = json_object();
		json_object_set_new(paths, text->str, item);
	}
	json_object_set_new(item, method_name(row->method), describe_operation(row));
}

json_t *api_description(const Route *const *tables)
{
	json_t *paths = json_object();
	json_t *components = json_object();

	for (; *tables; tables++) {
		for (const Route *row = *tables; row->path; row++)
			add_operation(paths, row);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(schemas); i++)
		json_object_set_new(
			components, schemas[i].name, describe_schema(schemas[i].members));
	return json_pack("{s:s, s:{s:s, s:s}, s:o, s:{s:o, s:{s:{s:s, s:s}, s:{s:s, s:s, s:s}}}, "
			 "s:[{s:[]}, {s:[]}]}",
		"openapi", "3.1.0", "info", "title", "Amtspost", "version", AMTSPOST_VERSION,
		"paths", paths, "components", "schemas", components, "securitySchemes", "key",
		"type", "http", "scheme", "bearer", "session", "type", "apiKey", "in", "cookie",
		"name", "amtspost", "security", "key", "session");
}
