/* Addresses as people type and paste them. */
#include "app/draft.h"

#include <string.h>
#include "app/draft_people.h"

/* One pass over what was typed. */
typedef struct Split {
	GPtrArray *addresses; /* char * */
	GString *piece;
	bool in_quotes, in_angles, has_at;
} Split;

/* "Muster, Max <m@amt.example>" as Outlook has it: a comma in a name is quoted in a mail. */
static char *quote_if_comma(const char *address)
{
	const char *angle = strrchr(address, '<');
	g_autofree char *name = angle ? g_strndup(address, (gsize)(angle - address)) : NULL;

	if (!name || !strchr(name, ',') || strchr(name, '"'))
		return g_strdup(address);
	return draft_quote_person(g_strstrip(name), angle);
}

static void end_piece(Split *split)
{
	const char *start = split->piece->str + strspn(split->piece->str, ", \t");
	g_autofree char *piece = g_strdup(start);
	size_t size = strlen(piece);

	while (size > 0 && strchr(", \t", piece[size - 1]))
		piece[--size] = '\0';
	if (*piece)
		g_ptr_array_add(split->addresses, quote_if_comma(piece));
	g_string_truncate(split->piece, 0);
	split->in_quotes = split->in_angles = split->has_at = false;
}

static bool separates(const Split *split, char letter)
{
	if (letter == '\n')
		return true;
	if (split->in_quotes || split->in_angles)
		return false;
	return letter == ';' || (letter == ',' && split->has_at);
}

/* Takes what TEXT begins with, a letter or one behind a backslash; answers where the next is. */
static const char *take(Split *split, const char *text)
{
	bool is_escaped = split->in_quotes && *text == '\\' && text[1] && text[1] != '\n';
	const char *next = text + (is_escaped ? 2 : 1);

	if (*text == '"' && !split->in_angles)
		split->in_quotes = !split->in_quotes;
	else if (*text == '<' && !split->in_quotes)
		split->in_angles = true;
	else if (*text == '>' && !split->in_quotes)
		split->in_angles = false;
	split->has_at |= *text == '@' && !split->in_quotes;
	g_string_append_len(split->piece, text, next - text);
	return next;
}

GStrv draft_split(const char *text)
{
	Split split = {
		.addresses = g_ptr_array_new(),
		.piece = g_string_new(NULL),
	};

	while (*text) {
		if (separates(&split, *text)) {
			end_piece(&split);
			text++;
		} else {
			text = take(&split, text);
		}
	}
	end_piece(&split);
	g_string_free(split.piece, TRUE);
	g_ptr_array_add(split.addresses, NULL);
	return (GStrv)g_ptr_array_free(split.addresses, FALSE);
}
