/* The API's rows about people: users, their passwords, many from a CSV file, and the keys of their
 * programs. All but one's own row is an administrator's. */
#include "app/people.h"

#include "base/clock.h"
#include "failure/failure.h"
#include "json/result.h"
#include "web/api.h"
#include "web/page_people.h"

/* ---- users ---- */

static json_t *list_of(const GPtrArray *people)
{
	json_t *list = json_array();

	for (guint i = 0; i < people->len; i++)
		json_array_append_new(list, result_user(people->pdata[i]));
	return list;
}

static bool run_users(Visit *visit, GError **error)
{
	g_autoptr(GPtrArray) people = people_list(visit->office, error);

	return people && api_answer(visit, 200, list_of(people));
}

static bool answer_user(Visit *visit, unsigned status, const char *name, GError **error)
{
	g_autoptr(Person) person = people_find(visit->office, name, error);

	return person && api_answer(visit, status, result_user(person));
}

static bool run_user(Visit *visit, GError **error)
{
	if (!visit->user->admin && strcmp(visit->part, visit->user->name) != 0)
		return api_forbid(error);
	return answer_user(visit, 200, visit->part, error);
}

static bool run_user_add(Visit *visit, GError **error)
{
	json_t *body = api_body(visit, error);
	g_autoptr(User) user = g_new0(User, 1);
	const char *name = NULL;
	const char *display_name = NULL;
	bool added;

	added = body && api_take_text(body, "name", &name, error) &&
		api_take_text(body, "display_name", &display_name, error);
	user->name = g_strdup(name ? name : "");
	user->display_name = g_strdup(display_name);
	user->admin = body && json_is_true(json_object_get(body, "admin"));
	user->archive = body && json_is_true(json_object_get(body, "archive"));
	json_decref(body);
	return added && user_check_display_name(user->display_name, error) &&
	       people_add(visit->office, user, NULL, visit->actor, error) &&
	       answer_user(visit, 201, user->name, error);
}

/* VALUE, which gets the member NAME of BODY; NULL: it is not there. */
static const bool *take_flag(const json_t *body, const char *name, bool *value)
{
	const json_t *member = json_object_get(body, name);

	*value = json_is_true(member);
	return json_is_boolean(member) ? value : NULL;
}

static bool change_user(Visit *visit, const json_t *body, GError **error)
{
	PersonChange change = {0};
	bool admin, archive, changed;

	if (!api_take_text(body, "display_name", &change.display_name, error))
		return false;
	change.admin = take_flag(body, "admin", &admin);
	change.archive = take_flag(body, "archive", &archive);
	/* null: none */
	if (!change.display_name && json_object_get(body, "display_name"))
		change.display_name = "";
	return people_change(visit->office, visit->part, &change, PEOPLE_MAY_NOT_LOCK_OUT,
		       visit->actor, &changed, error) &&
	       answer_user(visit, 200, visit->part, error);
}

static bool run_user_change(Visit *visit, GError **error)
{
	return api_with_body(visit, change_user, error);
}

static bool run_user_lock(Visit *visit, GError **error)
{
	bool locked = g_str_has_suffix(web_request_path(visit->request), "/lock");

	return people_set_locked(visit->office, visit->part, locked, PEOPLE_MAY_NOT_LOCK_OUT,
		       visit->actor, error) &&
	       answer_user(visit, 200, visit->part, error);
}

static bool run_user_remove(Visit *visit, GError **error)
{
	return people_remove(
		       visit->office, visit->part, PEOPLE_MAY_NOT_LOCK_OUT, visit->actor, error) &&
	       api_answer_nothing(visit);
}

static bool run_user_password(Visit *visit, GError **error)
{
	json_t *body = api_body(visit, error);
	g_autoptr(Secret) password = NULL;
	bool taken;

	if (!body)
		return false;
	taken = api_need_secret(body, "password", &password, error);
	json_decref(body);
	return taken &&
	       people_set_password(visit->office, visit->part, password, visit->actor, error) &&
	       api_answer_nothing(visit);
}

static bool run_user_invite(Visit *visit, GError **error)
{
	g_autoptr(Person) person = people_find(visit->office, visit->part, error);
	int64_t expires = clock_now() + INVITATION_SECONDS;
	g_autofree char *token = NULL;
	g_autofree char *link = NULL;
	g_autofree char *path = NULL;
	json_t *document;

	if (!person || !invitation_make(office_db(visit->office), person->user->name, visit->actor,
			       &token, error))
		return false;
	link = page_invitation_link(visit, token);
	path = g_strconcat("/einladung?k=", token, NULL);
	document = result_invitation(person->user->name, path, expires);
	json_object_set_new(document, "link", json_string(link));
	return api_answer(visit, 201, document);
}

/* The body is the file itself. */
static bool run_user_import(Visit *visit, GError **error)
{
	bool dry_run = web_request_query(visit->request, "dry_run") != NULL;
	g_autoptr(GPtrArray) row_errors =
		g_ptr_array_new_with_free_func((GDestroyNotify)row_error_free);
	g_autoptr(GPtrArray) people = NULL;
	g_autoptr(GError) problem = NULL;
	size_t size;
	const char *csv = web_request_body(visit->request, &size);

	people = people_import(
		visit->office, csv, size, dry_run, visit->actor, row_errors, &problem);
	if (people)
		return api_answer(visit, dry_run ? 200 : 201, list_of(people));
	if (row_errors->len > 0)
		return api_problem_rows(visit, problem, row_errors);
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

/* ---- keys ---- */

static bool run_keys(Visit *visit, GError **error)
{
	g_autoptr(GPtrArray) keys = api_key_list(office_db(visit->office), error);
	json_t *list;

	if (!keys)
		return false;
	list = json_array();
	for (guint i = 0; i < keys->len; i++)
		json_array_append_new(list, result_api_key(keys->pdata[i], NULL));
	return api_answer(visit, 200, list);
}

/* *EXPIRES is 0 only where BODY tells no time: there it means that the key does not expire. */
static bool take_expiry(const json_t *body, int64_t *expires, GError **error)
{
	const char *text;

	*expires = 0;
	if (!api_take_text(body, "expires", &text, error))
		return false;
	if (!text)
		return true;
	if (!clock_parse(text, expires)) {
		failure_set(error, FAILURE_API_BODY, "expires", "expires: no time");
		return false;
	}
	if (*expires == 0)
		*expires = 1;
	return true;
}

/* The key itself is told this once. */
static bool add_key(Visit *visit, const json_t *body, GError **error)
{
	Db *db = office_db(visit->office);
	g_autofree char *secret = NULL;
	g_autoptr(ApiKey) key = NULL;
	const char *label;
	const char *user;
	int64_t expires;

	if (!api_need_text(body, "label", &label, error) ||
		!api_need_text(body, "user", &user, error) || !take_expiry(body, &expires, error) ||
		!api_key_add(db, label, user, expires, visit->actor, &secret, error))
		return false;
	key = api_key_get(db, label, error);
	return key && api_answer(visit, 201, result_api_key(key, secret));
}

static bool run_key_add(Visit *visit, GError **error)
{
	return api_with_body(visit, add_key, error);
}

static bool run_key_remove(Visit *visit, GError **error)
{
	return api_key_remove(office_db(visit->office), visit->part, visit->actor, error) &&
	       api_answer_nothing(visit);
}

/* clang-format off */
const Route route_api_people[] = {
	{WEB_GET, API "/users", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_users,
		"All users", NULL, NULL, "User[]"},
	{WEB_POST, API "/users", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_user_add,
		"Add a user", NULL, "name! display_name admin:boolean archive:boolean", "User"},
	{WEB_POST, API "/users/import", ROLE_ADMINISTRATOR, WEB_AS_JOB, PEOPLE_CSV_LIMIT, run_user_import,
		"Add the users of a CSV file, all or none; with dry_run nobody", "dry_run", "text/csv", "User[]"},
	{WEB_GET, API "/users/*", ROLE_PERSON, WEB_AT_ONCE, 0, run_user,
		"One user", NULL, NULL, "User"},
	{WEB_PATCH, API "/users/*", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_user_change,
		"Change the display name and rights; what is left out stays", NULL, "display_name admin:boolean archive:boolean", "User"},
	{WEB_DELETE, API "/users/*", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_user_remove,
		"Remove a user; what was filed stays", NULL, NULL, "Nothing"},
	{WEB_PUT, API "/users/*/password", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_user_password,
		"Set the password; ends the user's sessions", NULL, "password!", "Nothing"},
	{WEB_POST, API "/users/*/lock", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_user_lock,
		"Lock a user", NULL, NULL, "User"},
	{WEB_POST, API "/users/*/unlock", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_user_lock,
		"Unlock a user", NULL, NULL, "User"},
	{WEB_POST, API "/users/*/invite", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_user_invite,
		"Make a link by which the user chooses a password, once; earlier ones are void", NULL, NULL, "Invitation"},
	{WEB_GET, API "/apikeys", ROLE_ADMINISTRATOR, WEB_AT_ONCE, 0, run_keys,
		"Keys of the API", NULL, NULL, "ApiKey[]"},
	{WEB_POST, API "/apikeys", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_key_add,
		"Add a key, which is told this once", NULL, "label! user! expires", "NewApiKey"},
	{WEB_DELETE, API "/apikeys/*", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_key_remove,
		"Remove a key", NULL, NULL, "Nothing"},
	{0},
};
/* clang-format on */
