/* From the people of a mail to the fields of a draft. */
#include "app/draft_people.h"

#include <string.h>
#include "app/draft.h"
#include "base/text.h"
#include "failure/failure.h"
#include "mime/mime_write.h"
#include "outbox/outbox.h"

/* What an atom has nothing of (RFC 5322 section 3.2.3), but for the dot. */
#define SPECIALS "()<>[]:;@\\,\""

void draft_people_clear(DraftPeople *people)
{
	g_free(people->to);
	g_free(people->cc);
}

/* ---- one person ---- */

char *draft_quote_person(const char *name, const char *rest)
{
	g_autoptr(GString) quoted = g_string_new("\"");

	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			g_string_append_c(quoted, '\\');
		g_string_append_c(quoted, *name);
	}
	g_string_append_printf(quoted, "\"%s%s", *rest ? " " : "", rest);
	return g_string_free(g_steal_pointer(&quoted), FALSE);
}

/* The address of "Name <address>", yours; NULL: that has none. */
static char *find_address(const char *person)
{
	const char *angle = strrchr(person, '<');
	size_t size = strlen(person);
	g_autofree char *address = NULL;

	if (angle && person[size - 1] == '>')
		address = g_strndup(angle + 1, (gsize)(person + size - 1 - (angle + 1)));
	else
		address = g_strdup(person);
	return text_is_address(address) ? g_steal_pointer(&address) : NULL;
}

static bool can_be_sent_to(const char *text)
{
	g_autoptr(MimeAddress) address = mime_address_parse(text, NULL);

	return address != NULL;
}

/* PERSON, who has ADDRESS (NULL: none), as it is typed; yours. Who has none is nobody else's
 * address either. */
static char *write_person(const char *person, const char *address)
{
	const char *angle = strrchr(person, '<');
	g_autofree char *name = NULL, *text = NULL;

	if (!address)
		return draft_quote_person(person, "");
	if (!angle)
		return g_strdup(address);
	name = g_strstrip(g_strndup(person, (gsize)(angle - person)));
	text = strpbrk(name, SPECIALS) ? draft_quote_person(name, angle) : g_strdup(person);
	/* A name that is too long is not worth it. */
	return can_be_sent_to(text) ? g_steal_pointer(&text) : g_strdup(address);
}

char *draft_person(const char *person)
{
	g_autofree char *address = find_address(person);

	return write_person(person, address);
}

/* ---- all of them ---- */

/* The fields while they grow. */
typedef struct Gathering {
	const Cancel *cancel;
	GHashTable *known; /* char *: who is in a field already, or is not to be; folded */
	unsigned count;
	bool cut;
} Gathering;

static bool is_new(Gathering *gathering, const char *who)
{
	return g_hash_table_add(gathering->known, text_fold_address(who));
}

static void add_person(Gathering *gathering, GString *field, const char *person)
{
	g_autofree char *address = find_address(person);
	g_autofree char *text = NULL;

	if (!is_new(gathering, address ? address : person))
		return;
	text = write_person(person, address);
	if (gathering->count == OUTBOX_RECIPIENT_LIMIT ||
		field->len + strlen(text) + 2 > DRAFT_LINE_LIMIT) {
		gathering->cut = true;
		return;
	}
	g_string_append_printf(field, "%s%s", field->len > 0 ? ", " : "", text);
	gathering->count++;
}

static void add_people(Gathering *gathering, GString *field, const GPtrArray *people)
{
	for (guint i = 0; i < people->len && !gathering->cut; i++) {
		if (cancel_triggered(gathering->cancel))
			return;
		add_person(gathering, field, people->pdata[i]);
	}
}

/* Those of PEOPLE who have an address; borrowed. */
static GPtrArray *with_address(const GPtrArray *people)
{
	GPtrArray *found = g_ptr_array_new();

	for (guint i = 0; i < people->len; i++) {
		g_autofree char *address = find_address(people->pdata[i]);

		if (address)
			g_ptr_array_add(found, people->pdata[i]);
	}
	return found;
}

static bool is_own(const MailView *view, const Account *account)
{
	g_autofree char *address =
		view->senders->len > 0 ? find_address(view->senders->pdata[0]) : NULL;

	return address && account_find_mailbox(account, address);
}

static void add_wanted(Gathering *gathering, GString *to, const MailView *view, bool own)
{
	g_autoptr(GPtrArray) wanted = with_address(view->reply_to);

	if (wanted->len > 0)
		add_people(gathering, to, wanted);
	else if (own && view->content->to->len > 0)
		add_people(gathering, to, view->content->to);
	else
		add_people(gathering, to, view->senders);
}

/* Everybody else but oneself. */
static void add_others(
	Gathering *gathering, GString *cc, const MailView *view, const Account *account)
{
	if (account->address)
		is_new(gathering, account->address);
	for (guint i = 0; i < account->mailboxes->len; i++)
		is_new(gathering, account->mailboxes->pdata[i]);
	add_people(gathering, cc, view->content->to);
	add_people(gathering, cc, view->content->cc);
}

bool draft_people_find(const MailView *view, const Account *account, bool all, DraftPeople *people,
	const Cancel *cancel, GError **error)
{
	g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GString) to = g_string_new(NULL);
	g_autoptr(GString) cc = g_string_new(NULL);
	Gathering gathering = {.cancel = cancel, .known = known};

	add_wanted(&gathering, to, view, is_own(view, account));
	if (all)
		add_others(&gathering, cc, view, account);
	if (cancel_triggered(cancel)) {
		failure_set(error, FAILURE_CANCELLED, NULL, "cancelled");
		return false;
	}
	people->to = g_string_free(g_steal_pointer(&to), FALSE);
	people->cc = g_string_free(g_steal_pointer(&cc), FALSE);
	people->cut = gathering.cut;
	return true;
}
