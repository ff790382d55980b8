/* Reading a dialogue's file. */
#include "dialogue.h"

#include <stdlib.h>
#include <string.h>

static void step_free(Step *step)
{
	g_free(step->text);
	g_free(step);
}

void dialogue_free(Dialogue *dialogue)
{
	if (!dialogue)
		return;
	g_ptr_array_unref(dialogue->steps);
	g_ptr_array_unref(dialogue->actions);
	g_ptr_array_unref(dialogue->expected);
	g_ptr_array_unref(dialogue->told);
	g_ptr_array_unref(dialogue->untold);
	g_free(dialogue);
}

/* Takes TEXT. */
static void add_step(Dialogue *dialogue, int kind, char *text, bool pattern)
{
	Step *step = g_new0(Step, 1);

	step->kind = kind;
	step->text = text;
	step->size = strlen(text);
	step->pattern = pattern;
	g_ptr_array_add(dialogue->steps, step);
}

void dialogue_say(Dialogue *dialogue, const char *line)
{
	add_step(dialogue, STEP_SAY, g_strconcat(line, "\r\n", NULL), false);
}

void dialogue_hear(Dialogue *dialogue, const char *line)
{
	add_step(dialogue, STEP_HEAR, g_strdup(line), false);
}

void dialogue_hear_like(Dialogue *dialogue, const char *pattern)
{
	add_step(dialogue, STEP_HEAR, g_strdup(pattern), true);
}

static void add_offer(Dialogue *dialogue, const char *offer)
{
	g_ptr_array_add(dialogue->actions, g_strdup("open"));
	dialogue->protocol->offer(dialogue, offer);
}

static bool add_line(Dialogue *dialogue, const char *line)
{
	if (*line == '\0' || *line == '#')
		return true;
	if (g_str_has_prefix(line, "@ "))
		add_offer(dialogue, line + 2);
	else if (g_str_has_prefix(line, "S: "))
		dialogue_say(dialogue, line + 3);
	else if (g_str_has_prefix(line, "s: "))
		add_step(dialogue, STEP_SAY, g_strcompress(line + 3), false);
	else if (g_str_has_prefix(line, "C: "))
		dialogue_hear(dialogue, line + 3);
	else if (g_str_has_prefix(line, "c: "))
		dialogue_hear_like(dialogue, line + 3);
	else if (g_str_has_prefix(line, "! "))
		g_ptr_array_add(dialogue->actions, g_strdup(line + 2));
	else if (g_str_has_prefix(line, "= "))
		g_ptr_array_add(dialogue->expected, g_strdup(line + 2));
	else if (g_str_has_prefix(line, "+ "))
		g_ptr_array_add(dialogue->told, g_strdup(line + 2));
	else if (g_str_has_prefix(line, "- "))
		g_ptr_array_add(dialogue->untold, g_strdup(line + 2));
	else
		return false;
	return true;
}

/* The protocol of the folder that PATH lies in. */
static const Protocol *find_protocol(const char *path)
{
	static const Protocol *const protocols[] = {&dialogue_imap, &dialogue_smtp};
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(folder);

	for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++) {
		if (strcmp(name, protocols[i]->name) == 0)
			return protocols[i];
	}
	g_printerr("%s: no protocol is called %s\n", path, name);
	exit(EXIT_FAILURE);
}

Dialogue *dialogue_read(const char *path)
{
	Dialogue *dialogue = g_new0(Dialogue, 1);
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	dialogue->protocol = find_protocol(path);
	dialogue->steps = g_ptr_array_new_with_free_func((GDestroyNotify)step_free);
	dialogue->actions = g_ptr_array_new_with_free_func(g_free);
	dialogue->expected = g_ptr_array_new_with_free_func(g_free);
	dialogue->told = g_ptr_array_new_with_free_func(g_free);
	dialogue->untold = g_ptr_array_new_with_free_func(g_free);
	if (!g_file_get_contents(path, &text, NULL, &error)) {
		g_printerr("%s\n", error->message);
		exit(EXIT_FAILURE);
	}
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		if (!add_line(dialogue, *line)) {
			g_printerr("%s: not a line of a dialogue: %s\n", path, *line);
			exit(EXIT_FAILURE);
		}
	}
	if (dialogue->expected->len == 0 || dialogue->steps->len == 0) {
		g_printerr("%s: expects nothing\n", path);
		exit(EXIT_FAILURE);
	}
	return dialogue;
}
