/* Names from one SELECT, then each person as the rest of the program sees it. Account and interface
 * are user settings without a global value, so what is stored is what holds. */
#include "app/people_page.h"

#include <string.h>
#include "base/text.h"

/* ---- a page of users ---- */

typedef struct Finding {
	const PeopleQuery *query;
	const char *pattern; /* for LIKE; NULL: any */
	GPtrArray *names;
	int64_t count;
} Finding;

/* "%TEXT%", folded, with LIKE's own letters escaped; yours. */
static char *make_pattern(const char *text)
{
	g_autofree char *folded = text_fold(text);
	GString *pattern = g_string_new("%");

	for (const char *place = folded; *place; place++) {
		if (strchr("\\%_", *place))
			g_string_append_c(pattern, '\\');
		g_string_append_c(pattern, *place);
	}
	g_string_append_c(pattern, '%');
	return g_string_free(pattern, FALSE);
}

#define FOUND                                                                                      \
	" FROM users LEFT JOIN user_settings ON user_settings.user_id = users.id"                  \
	" AND user_settings.key = 'account'"                                                       \
	" WHERE name_folded LIKE $1 ESCAPE '\\' OR display_name LIKE $1 ESCAPE '\\'"               \
	" OR user_settings.value LIKE $1 ESCAPE '\\'"

static DbRows *select_all(DbTransaction *transaction, Finding *finding, GError **error)
{
	if (!db_get_int(transaction, &finding->count, 0, error, "SELECT count(*) FROM users"))
		return NULL;
	return db_select(transaction, error,
		"SELECT name FROM users ORDER BY name_folded LIMIT $1 OFFSET $2",
		db_int(finding->query->limit), db_int(finding->query->offset));
}

static DbRows *select_found(DbTransaction *transaction, Finding *finding, GError **error)
{
	if (!db_get_int(transaction, &finding->count, 0, error, "SELECT count(*)" FOUND,
		    db_text(finding->pattern)))
		return NULL;
	return db_select(transaction, error,
		"SELECT users.name" FOUND " ORDER BY name_folded LIMIT $2 OFFSET $3",
		db_text(finding->pattern), db_int(finding->query->limit),
		db_int(finding->query->offset));
}

static bool find_names(DbTransaction *transaction, void *data, GError **error)
{
	Finding *finding = data;
	g_autoptr(DbRows) rows = NULL;
	g_autoptr(GError) problem = NULL;

	g_ptr_array_set_size(finding->names, 0);
	rows = finding->pattern ? select_found(transaction, finding, error)
				: select_all(transaction, finding, error);
	while (rows && db_rows_next(rows, &problem))
		g_ptr_array_add(finding->names, g_strdup(db_rows_text(rows, 0)));
	if (problem)
		g_propagate_error(error, g_steal_pointer(&problem));
	return rows && !problem;
}

GPtrArray *people_page(Office *office, const PeopleQuery *query, int64_t *count, GError **error)
{
	g_autoptr(GPtrArray) people = g_ptr_array_new_with_free_func((GDestroyNotify)person_free);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *pattern = query->text && *query->text ? make_pattern(query->text) : NULL;
	Finding finding = {.query = query, .pattern = pattern, .names = names};

	if (!db_read(office_db(office), find_names, &finding, error))
		return NULL;
	for (guint i = 0; i < names->len; i++) {
		Person *person = people_find(office, names->pdata[i], error);

		if (!person)
			return NULL;
		g_ptr_array_add(people, person);
	}
	*count = finding.count;
	return g_steal_pointer(&people);
}

/* ---- who needs help ---- */

GPtrArray *people_helpless(Office *office, const Cancel *cancel, GError **error)
{
	return people_filter(office, person_needs_help, cancel, error);
}

/* ---- who has mail ---- */

typedef struct Holding {
	int64_t first; /* the user who leads the list */
	int64_t limit;
	GPtrArray *names;
} Holding;

static bool find_with_mail(DbTransaction *transaction, void *data, GError **error)
{
	const Holding *holding = data;
	g_autoptr(DbRows) rows = NULL;
	GError *failed = NULL;

	g_ptr_array_set_size(holding->names, 0);
	rows = db_select(transaction, error,
		"SELECT users.name FROM users JOIN user_settings ON user_settings.user_id = "
		"users.id"
		" AND user_settings.key = 'interface' AND user_settings.value <> 'disabled'"
		" WHERE users.locked = 0 ORDER BY users.id <> $1, name_folded LIMIT $2",
		db_int(holding->first), db_int(holding->limit));
	while (rows && db_rows_next(rows, &failed))
		g_ptr_array_add(holding->names, g_strdup(db_rows_text(rows, 0)));
	return db_rows_end(failed, error) && rows;
}

GPtrArray *people_with_mail(Office *office, int64_t first, int64_t limit, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	Holding holding = {.first = first, .limit = limit, .names = names};

	return db_read(office_db(office), find_with_mail, &holding, error) ? g_steal_pointer(&names)
									   : NULL;
}

/* ---- what is still to be set up ---- */

typedef struct Stepping {
	int64_t self;
	FirstSteps *steps;
} Stepping;

static bool find_steps(DbTransaction *transaction, void *data, GError **error)
{
	Stepping *stepping = data;
	FirstSteps *steps = stepping->steps;

	return db_get_int(transaction, &steps->server, 0, error,
		       "SELECT CASE WHEN EXISTS (SELECT 1 FROM global_settings"
		       " WHERE key = 'imap.host' AND value <> '') OR EXISTS (SELECT 1 FROM"
		       " user_settings WHERE key = 'imap.host' AND value <> '')"
		       " THEN 0 ELSE 1 END") &&
	       db_get_int(transaction, &steps->people, 0, error,
		       "SELECT CASE WHEN EXISTS (SELECT 1 FROM users WHERE id <> $1)"
		       " THEN 0 ELSE 1 END",
		       db_int(stepping->self)) &&
	       db_get_int(transaction, &steps->invited, 0, error,
		       "SELECT CASE WHEN EXISTS (SELECT 1 FROM users WHERE id <> $1"
		       " AND password_hash IS NOT NULL) OR EXISTS (SELECT 1 FROM invitations"
		       " WHERE user_id <> $1) THEN 0 ELSE 1 END",
		       db_int(stepping->self));
}

bool people_first_steps(Office *office, int64_t self, FirstSteps *steps, GError **error)
{
	Stepping stepping = {.self = self, .steps = steps};

	return db_read(office_db(office), find_steps, &stepping, error);
}

/* ---- how many a change reaches ---- */

#define IN_USE                                                                                     \
	" AND EXISTS (SELECT 1 FROM user_settings AS interface"                                    \
	" WHERE interface.user_id = user_settings.user_id AND interface.key = 'interface'"         \
	" AND interface.value <> 'disabled')"

#define SHARED(protocol)                                                                           \
	"SELECT count(*) FROM user_settings"                                                       \
	" WHERE key = '" protocol ".use-default' AND value = 'true'"                               \
	" AND EXISTS (SELECT 1 FROM user_settings AS interface"                                    \
	" WHERE interface.user_id = user_settings.user_id AND interface.key = 'interface'"         \
	" AND interface.value = 'standard')"                                                       \
	" AND NOT EXISTS (SELECT 1 FROM user_settings AS own"                                      \
	" WHERE own.user_id = user_settings.user_id AND own.key = '" protocol ".password')"

static bool count_reach(DbTransaction *transaction, void *data, GError **error)
{
	PeopleReach *reach = data;

	return db_get_int(transaction, &reach->imap, 0, error,
		       "SELECT count(*) FROM user_settings"
		       " WHERE key = 'imap.use-default' AND value = 'true'" IN_USE) &&
	       db_get_int(transaction, &reach->smtp, 0, error,
		       "SELECT count(*) FROM user_settings"
		       " WHERE key = 'smtp.use-default' AND value = 'true'" IN_USE) &&
	       db_get_int(transaction, &reach->imap_shared, 0, error, SHARED("imap")) &&
	       db_get_int(transaction, &reach->smtp_shared, 0, error, SHARED("smtp")) &&
	       db_get_int(transaction, &reach->office365, 0, error,
		       "SELECT count(*) FROM user_settings"
		       " WHERE key = 'interface' AND value = 'office365'");
}

bool people_reach(Office *office, PeopleReach *reach, GError **error)
{
	return db_read(office_db(office), count_reach, reach, error);
}
