/* Folders: LIST, NAMESPACE, STATUS, SELECT. Outside names are decoded; a name of the server's that
 * does not survive decoding and encoding is remembered as it came. */
#include "imap/imap_internal.h"

#include <string.h>
#include "imap/imap_names.h"

/* Commands on their way at once. */
#define STATUS_AHEAD 32

static const struct {
	const char *name; /* as people and programs see it */
	const char *attribute;
	ImapRole role;
} roles[] = {
	{"all", "\\All", IMAP_ROLE_ALL},
	{"archive", "\\Archive", IMAP_ROLE_ARCHIVE},
	{"drafts", "\\Drafts", IMAP_ROLE_DRAFTS},
	{"flagged", "\\Flagged", IMAP_ROLE_FLAGGED},
	{"junk", "\\Junk", IMAP_ROLE_JUNK},
	{"sent", "\\Sent", IMAP_ROLE_SENT},
	{"trash", "\\Trash", IMAP_ROLE_TRASH},
	{"important", "\\Important", IMAP_ROLE_IMPORTANT},
};

const char *imap_role_name(ImapRole role)
{
	for (size_t i = 0; i < G_N_ELEMENTS(roles); i++) {
		if (roles[i].role == role)
			return roles[i].name;
	}
	return NULL;
}

void imap_folder_free(ImapFolder *folder)
{
	if (!folder)
		return;
	g_free(folder->name);
	g_free(folder);
}

void imap_namespace_free(ImapNamespace *name_space)
{
	if (!name_space)
		return;
	g_free(name_space->prefix);
	g_free(name_space);
}

/* A LIST under way. */
typedef struct Listing {
	GPtrArray *folders;
	GHashTable *by_raw;  /* raw name, owned; ImapFolder, borrowed */
	GHashTable *by_name; /* the same by decoded name, borrowed */
	GHashTable *doubles; /* decoded name, owned; the last number given to one like it */
	size_t size;	     /* of all names */
} Listing;

static void take_attribute(ImapFolder *folder, const char *attribute)
{
	if (g_ascii_strcasecmp(attribute, "\\Noselect") == 0 ||
		g_ascii_strcasecmp(attribute, "\\NonExistent") == 0)
		folder->selectable = false;
	for (size_t i = 0; i < G_N_ELEMENTS(roles); i++) {
		if (g_ascii_strcasecmp(attribute, roles[i].attribute) == 0)
			folder->role = roles[i].role;
	}
}

static void read_attributes(ImapSession *session, ImapFolder *folder)
{
	ImapLexer *lexer = &session->lexer;

	imap_lexer_expect(lexer, '(');
	while (!imap_lexer_accept(lexer, ')') && !imap_lexer_failed(lexer)) {
		if (imap_lexer_accept(lexer, ' '))
			continue;
		imap_lexer_atom(lexer, session->token);
		take_attribute(folder, session->token->str);
	}
}

/* A folder's name into session->token. */
static void read_name(ImapSession *session)
{
	ImapLexer *lexer = &session->lexer;

	imap_lexer_astring(lexer, session->token);
	if (session->token->len > IMAP_NAME_LIMIT)
		imap_lexer_garbage(lexer, "a folder's name of %zu bytes", session->token->len);
}

static char read_delimiter(ImapSession *session)
{
	if (!imap_lexer_nstring(&session->lexer, session->token))
		return 0;
	return session->token->len == 1 && g_ascii_isprint(session->token->str[0])
		       ? session->token->str[0]
		       : 0;
}

/* The key of RAW among names: INBOX is the one name without regard to case. Yours. */
static char *make_key(const char *raw)
{
	return g_strdup(g_ascii_strcasecmp(raw, "INBOX") == 0 ? "INBOX" : raw);
}

/* The name that people see for RAW. Two names of the server's that look the same get a number; the
 * last one is remembered, since trying all from 2 on takes for ever where a hundred thousand do. */
static char *choose_name(const ImapSession *session, const Listing *listing, const char *raw)
{
	g_autofree char *name = imap_name_decode(raw, session->utf8);
	guint number = GPOINTER_TO_UINT(g_hash_table_lookup(listing->doubles, name));
	char *unique;

	if (!g_hash_table_contains(listing->by_name, name))
		return g_steal_pointer(&name);
	number = MAX(number, 1) + 1;
	unique = g_strdup_printf("%s (%u)", name, number);
	while (g_hash_table_contains(listing->by_name, unique)) {
		g_free(unique);
		unique = g_strdup_printf("%s (%u)", name, ++number);
	}
	g_hash_table_replace(listing->doubles, g_steal_pointer(&name), GUINT_TO_POINTER(number));
	return unique;
}

/* Remembers RAW if encoding NAME does not lead back to it. */
static void remember_raw(ImapSession *session, const char *name, const char *raw)
{
	g_autofree char *back = imap_name_encode(name, session->utf8);

	if (!back || strcmp(back, raw) != 0)
		g_hash_table_replace(session->raw_names, g_strdup(name), g_strdup(raw));
}

/* A name that only ASCII controls could write can never be asked for: it is left out. */
static bool is_usable(const char *raw)
{
	for (const char *at = raw; *at; at++) {
		if (g_ascii_iscntrl(*at))
			return false;
	}
	return *raw != '\0';
}

/* Keeps FOLDER, found as NAME on the wire, once. */
static void keep_folder(ImapSession *session, Listing *listing, const char *name, ImapFolder *taken)
{
	g_autoptr(ImapFolder) folder = taken;
	g_autofree char *raw = make_key(name);

	if (!is_usable(raw) || g_hash_table_contains(listing->by_raw, raw))
		return;
	folder->name = choose_name(session, listing, raw);
	/* Decoding may make a name longer or shorter. */
	listing->size += MAX(strlen(raw), strlen(folder->name));
	if (listing->size > IMAP_NAMES_LIMIT) {
		imap_lexer_garbage(
			&session->lexer, "more than %zu bytes of folder names", IMAP_NAMES_LIMIT);
		return;
	}
	remember_raw(session, folder->name, raw);
	g_hash_table_insert(listing->by_name, folder->name, folder);
	g_hash_table_insert(listing->by_raw, g_steal_pointer(&raw), folder);
	g_ptr_array_add(listing->folders, g_steal_pointer(&folder));
}

/* "(attributes) delimiter name", and extended data that is passed over. */
static bool take_list(ImapSession *session, uint32_t number, void *context)
{
	ImapLexer *lexer = &session->lexer;
	Listing *listing = context;
	g_autoptr(ImapFolder) folder = g_new0(ImapFolder, 1);

	(void)number;
	folder->selectable = true;
	folder->messages = -1;
	folder->unseen = -1;
	imap_lexer_expect(lexer, ' ');
	read_attributes(session, folder);
	imap_lexer_expect(lexer, ' ');
	folder->delimiter = read_delimiter(session);
	imap_lexer_expect(lexer, ' ');
	read_name(session);
	if (listing->folders->len >= IMAP_FOLDER_LIMIT)
		imap_lexer_garbage(lexer, "more than %d folders", IMAP_FOLDER_LIMIT);
	if (!imap_lexer_failed(lexer))
		keep_folder(session, listing, session->token->str, g_steal_pointer(&folder));
	imap_lexer_skip_rest(lexer);
	return true;
}

/* One "NAME value" of a STATUS answer. */
static void read_status_item(ImapSession *session, ImapStatus *status)
{
	ImapLexer *lexer = &session->lexer;
	const char *name = session->token->str;
	uint32_t *place = NULL;

	imap_lexer_atom(lexer, session->token);
	imap_lexer_expect(lexer, ' ');
	if (g_ascii_strcasecmp(name, "MESSAGES") == 0)
		place = &status->messages;
	else if (g_ascii_strcasecmp(name, "UIDNEXT") == 0)
		place = &status->uid_next;
	else if (g_ascii_strcasecmp(name, "UIDVALIDITY") == 0)
		place = &status->uid_validity;
	else if (g_ascii_strcasecmp(name, "UNSEEN") == 0)
		place = &status->unseen;
	if (place)
		*place = (uint32_t)imap_lexer_number(lexer, UINT32_MAX);
	else
		imap_lexer_skip_value(lexer);
}

/* "name (MESSAGES 5 …)"; answers the raw name, yours. */
static char *read_status(ImapSession *session, ImapStatus *status)
{
	ImapLexer *lexer = &session->lexer;
	g_autofree char *raw = NULL;

	imap_lexer_expect(lexer, ' ');
	read_name(session);
	raw = make_key(session->token->str);
	imap_lexer_expect(lexer, ' ');
	imap_lexer_expect(lexer, '(');
	while (!imap_lexer_accept(lexer, ')') && !imap_lexer_failed(lexer)) {
		if (!imap_lexer_accept(lexer, ' '))
			read_status_item(session, status);
	}
	return g_steal_pointer(&raw);
}

static bool take_list_status(ImapSession *session, uint32_t number, void *context)
{
	const Listing *listing = context;
	ImapStatus status = {0};
	g_autofree char *raw = read_status(session, &status);
	ImapFolder *folder = g_hash_table_lookup(listing->by_raw, raw);

	(void)number;
	if (folder) {
		folder->messages = status.messages;
		folder->unseen = status.unseen;
	}
	return true;
}

/* PATTERN as it goes over the wire. */
static ImapCommand *make_list_command(const ImapSession *session, const char *pattern)
{
	ImapCommand *command = imap_command_new("LIST \"\"");
	bool use = imap_has(session, IMAP_CAP_SPECIAL_USE);
	bool status = imap_has(session, IMAP_CAP_LIST_STATUS);

	imap_command_quoted(command, pattern);
	/* Without LIST-EXTENDED a server that knows special uses tells them unasked. */
	if (!imap_has(session, IMAP_CAP_LIST_EXTENDED))
		return command;
	if (use && status)
		imap_command_words(command, "RETURN (SPECIAL-USE STATUS (MESSAGES UNSEEN))");
	else if (use)
		imap_command_words(command, "RETURN (SPECIAL-USE)");
	else if (status)
		imap_command_words(command, "RETURN (STATUS (MESSAGES UNSEEN))");
	return command;
}

static GPtrArray *list_pattern(ImapSession *session, const char *pattern, GError **error)
{
	g_autoptr(GPtrArray) folders =
		g_ptr_array_new_with_free_func((GDestroyNotify)imap_folder_free);
	g_autoptr(GHashTable) by_raw = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) by_name = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) doubles =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Listing listing = {folders, by_raw, by_name, doubles, 0};
	const ImapSink sinks[] = {
		{"LIST", take_list, &listing}, {"STATUS", take_list_status, &listing}, {0}};
	g_autoptr(ImapCommand) command = make_list_command(session, pattern);

	if (!imap_run_or_refuse(session, command, sinks, error))
		return NULL;
	return g_steal_pointer(&folders);
}

GPtrArray *imap_list(ImapSession *session, GError **error)
{
	return list_pattern(session, "*", error);
}

GPtrArray *imap_list_below(ImapSession *session, const char *start, GError **error)
{
	g_autofree char *raw = imap_raw_name(session, start, error);
	g_autofree char *pattern = raw ? g_strconcat(raw, "*", NULL) : NULL;

	return raw ? list_pattern(session, pattern, error) : NULL;
}

/* One parenthesised namespace: "(prefix delimiter extensions…)". */
static ImapNamespace *read_namespace(ImapSession *session, int kind)
{
	ImapLexer *lexer = &session->lexer;
	ImapNamespace *name_space = g_new0(ImapNamespace, 1);

	name_space->kind = kind;
	imap_lexer_expect(lexer, '(');
	read_name(session);
	name_space->prefix = imap_name_decode(session->token->str, session->utf8);
	imap_lexer_expect(lexer, ' ');
	name_space->delimiter = read_delimiter(session);
	while (imap_lexer_accept(lexer, ' '))
		imap_lexer_skip_value(lexer);
	imap_lexer_expect(lexer, ')');
	return name_space;
}

/* Three times NIL or a list of namespaces. */
static bool take_namespaces(ImapSession *session, uint32_t number, void *context)
{
	static const int kinds[] = {NAMESPACE_PERSONAL, NAMESPACE_OTHERS, NAMESPACE_SHARED};
	ImapLexer *lexer = &session->lexer;
	GPtrArray *found = context;

	(void)number;
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		imap_lexer_expect(lexer, ' ');
		if (!imap_lexer_accept(lexer, '(')) {
			imap_lexer_nstring(lexer, session->token);
			continue;
		}
		while (!imap_lexer_accept(lexer, ')') && !imap_lexer_failed(lexer)) {
			if (imap_lexer_accept(lexer, ' '))
				continue;
			if (found->len >= IMAP_NAMESPACE_LIMIT)
				imap_lexer_garbage(lexer, "too many namespaces");
			g_ptr_array_add(found, read_namespace(session, kinds[i]));
		}
	}
	return true;
}

GPtrArray *imap_namespaces(ImapSession *session, GError **error)
{
	g_autoptr(GPtrArray) found =
		g_ptr_array_new_with_free_func((GDestroyNotify)imap_namespace_free);
	g_autoptr(ImapCommand) command = imap_command_new("NAMESPACE");
	const ImapSink sinks[] = {{"NAMESPACE", take_namespaces, found}, {0}};

	if (imap_has(session, IMAP_CAP_NAMESPACE) &&
		!imap_run_or_refuse(session, command, sinks, error))
		return NULL;
	return g_steal_pointer(&found);
}

char *imap_raw_name(ImapSession *session, const char *folder, GError **error)
{
	const char *known = g_hash_table_lookup(session->raw_names, folder);
	char *raw = known ? g_strdup(known) : imap_name_encode(folder, session->utf8);

	if (!raw)
		imap_fail(session, error, FAILURE_FOLDER_UNKNOWN, folder,
			"not the name of a folder: empty, no UTF-8, or with controls");
	return raw;
}

bool imap_refuse_folder(ImapSession *session, const ImapReply *reply, const char *verb,
	const char *folder, GError **error)
{
	if (reply->code == IMAP_CODE_NOPERM)
		return imap_refuse(session, reply, verb, FAILURE_FOLDER_DENIED, folder, error);
	if (reply->condition == IMAP_BAD)
		return imap_refuse_command(session, reply, verb, error);
	return imap_refuse(session, reply, verb, FAILURE_FOLDER_UNKNOWN, folder, error);
}

static ImapCommand *make_status_command(const char *raw)
{
	ImapCommand *command = imap_command_new("STATUS");

	imap_command_quoted(command, raw);
	imap_command_words(command, "(MESSAGES UIDNEXT UIDVALIDITY UNSEEN)");
	return command;
}

/* Where the answer to a single STATUS goes. */
typedef struct StatusAnswer {
	ImapStatus status;
	bool came;
} StatusAnswer;

static bool take_status(ImapSession *session, uint32_t number, void *context)
{
	StatusAnswer *answer = context;

	(void)number;
	answer->status = (ImapStatus){0};
	g_free(read_status(session, &answer->status));
	answer->came = true;
	return true;
}

bool imap_status(ImapSession *session, const char *folder, ImapStatus *status, GError **error)
{
	g_autofree char *raw = imap_raw_name(session, folder, error);
	g_autoptr(ImapCommand) command = raw ? make_status_command(raw) : NULL;
	StatusAnswer answer = {0};
	const ImapSink sinks[] = {{"STATUS", take_status, &answer}, {0}};
	ImapReply reply;

	if (!raw || !imap_run(session, command, sinks, &reply, error))
		return false;
	if (reply.condition != IMAP_OK)
		return imap_refuse_folder(session, &reply, "STATUS", folder, error);
	if (!answer.came)
		return imap_fail(session, error, FAILURE_SERVER_GARBAGE,
			stream_host(session->stream), "STATUS: OK without an answer");
	*status = answer.status;
	return true;
}

/* Many STATUS on their way. */
typedef struct StatusBatch {
	GHashTable *places; /* raw name, owned; index + 1 of its first mention */
	ImapStatus *statuses;
} StatusBatch;

static size_t find_place(const StatusBatch *batch, const char *raw)
{
	return GPOINTER_TO_SIZE(g_hash_table_lookup(batch->places, raw));
}

static bool take_one_of_many(ImapSession *session, uint32_t number, void *context)
{
	StatusBatch *batch = context;
	ImapStatus status = {0};
	g_autofree char *raw = read_status(session, &status);
	size_t place = find_place(batch, raw);

	(void)number;
	if (place > 0)
		batch->statuses[place - 1] = status;
	return true;
}

/* Reads until at most LEFT commands are without an answer. A folder's NO is no failure. */
static bool read_statuses(ImapSession *session, StatusBatch *batch, guint left, GError **error)
{
	const ImapSink sinks[] = {{"STATUS", take_one_of_many, batch}, {0}};
	ImapReply reply;

	while (session->pending->len > left) {
		if (!imap_read(session, sinks, &reply, error))
			return false;
		if (reply.kind == IMAP_TAGGED && reply.condition != IMAP_OK &&
			!imap_tolerate(session, &reply, "STATUS", error))
			return false;
	}
	return true;
}

/* Gives a folder that is mentioned again the answer of its first mention. */
static void copy_doubles(
	ImapSession *session, const StatusBatch *batch, const char *const *folders, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		g_autofree char *raw = imap_raw_name(session, folders[i], NULL);
		g_autofree char *key = raw ? make_key(raw) : NULL;
		size_t place = key ? find_place(batch, key) : 0;

		if (place > 0)
			batch->statuses[i] = batch->statuses[place - 1];
	}
}

/* Asks for folder number INDEX unless it was asked for before. */
static bool ask_status(
	ImapSession *session, StatusBatch *batch, const char *folder, size_t index, GError **error)
{
	g_autofree char *raw = imap_raw_name(session, folder, NULL);
	g_autofree char *key = NULL;
	g_autoptr(ImapCommand) command = NULL;

	batch->statuses[index] = (ImapStatus){0};
	if (!raw)
		return true;
	key = make_key(raw);
	if (find_place(batch, key) > 0)
		return true;
	command = make_status_command(raw);
	g_hash_table_insert(batch->places, g_steal_pointer(&key), GSIZE_TO_POINTER(index + 1));
	return imap_send(session, command, error) != 0 &&
	       read_statuses(session, batch, STATUS_AHEAD, error);
}

bool imap_status_many(ImapSession *session, const char *const *folders, size_t count,
	ImapStatus *statuses, GError **error)
{
	g_autoptr(GHashTable) places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	StatusBatch batch = {places, statuses};

	for (size_t i = 0; i < count; i++) {
		if (!ask_status(session, &batch, folders[i], i, error))
			return false;
	}
	if (!read_statuses(session, &batch, 0, error))
		return false;
	copy_doubles(session, &batch, folders, count);
	return true;
}
