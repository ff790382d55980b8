/* People in address fields, as a person reads them. GMime parses; what could hurt it is kept away.
 */
#include "mime/mime_internal.h"

#include <string.h>

/* GMime recurses for each group within a group, and a group begins with a colon. */
static bool is_parsable(const char *value)
{
	unsigned colons = 0;

	for (const char *at = value; *at; at++)
		colons += *at == ':';
	return colons <= MIME_GROUP_LIMIT;
}

/* NAME may still hold encoded words where the sender quoted them. */
static char *decode_name(const char *name)
{
	g_autofree char *decoded = NULL;

	if (strstr(name, "=?"))
		decoded = g_mime_utils_header_decode_text(mime_options(), name);
	return mime_clean_line(decoded ? decoded : name, MIME_SUBJECT_LIMIT);
}

static bool add_person(GPtrArray *people, const char *raw_name, const char *raw_address)
{
	g_autofree char *name = decode_name(raw_name ? raw_name : "");
	g_autofree char *address =
		mime_clean_line(raw_address ? raw_address : "", MIME_SUBJECT_LIMIT);

	if (people->len >= MIME_PEOPLE_LIMIT)
		return false;
	if (*name && *address && strcmp(name, address) != 0)
		g_ptr_array_add(people, g_strdup_printf("%s <%s>", name, address));
	else if (*name || *address)
		g_ptr_array_add(people, g_strdup(*address ? address : name));
	return true;
}

static bool add_list(GPtrArray *people, InternetAddressList *list)
{
	int count = list ? internet_address_list_length(list) : 0;
	bool complete = true;

	for (int i = 0; i < count && complete; i++) {
		InternetAddress *address = internet_address_list_get_address(list, i);
		const char *name = internet_address_get_name(address);
		InternetAddressList *members;

		if (INTERNET_ADDRESS_IS_MAILBOX(address)) {
			complete = add_person(people, name,
				internet_address_mailbox_get_addr(
					(InternetAddressMailbox *)address));
			continue;
		}
		members = internet_address_group_get_members((InternetAddressGroup *)address);
		if (members && internet_address_list_length(members) > 0)
			complete = add_list(people, members);
		else
			complete = add_person(people, name, NULL);
	}
	return complete;
}

bool mime_people_read(const MimeHeader *header, MimeField field, GPtrArray *people)
{
	g_autofree char *value = mime_header_value(header, field);
	g_autofree char *text = NULL;
	InternetAddressList *list;
	guint before = people->len;
	bool complete = true;

	if (!value || !*value)
		return true;
	if (is_parsable(value)) {
		list = internet_address_list_parse(mime_options(), value);
		complete = add_list(people, list);
		g_clear_object(&list);
	}
	if (people->len == before) {
		text = mime_header_text(header, field, MIME_SUBJECT_LIMIT);
		complete = add_person(people, text, NULL);
	}
	return complete;
}
