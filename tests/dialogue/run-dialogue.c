/* Plays one dialogue: whole, byte by byte, and cut off within and after every line of the server. A
 * cut may end in a lost connection or in what the dialogue expects, in time, and never in a result
 * that the whole dialogue has not. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "dialogue.h"

/* A cut is seen at once: nothing is waited for. */
#define CUT_MILLISECONDS 3000

/* Whether LINES are what DIALOGUE expects; says how not. */
static bool is_expected(const Dialogue *dialogue, const GPtrArray *lines)
{
	bool same = lines->len == dialogue->expected->len;

	for (guint i = 0; same && i < lines->len; i++)
		same = strcmp(g_ptr_array_index(lines, i),
			       g_ptr_array_index(dialogue->expected, i)) == 0;
	for (guint i = 0; !same && i < MAX(lines->len, dialogue->expected->len); i++) {
		if (i < dialogue->expected->len)
			printf("# expected: %s\n",
				(char *)g_ptr_array_index(dialogue->expected, i));
		if (i < lines->len)
			printf("# came:     %s\n", (char *)g_ptr_array_index(lines, i));
	}
	return same;
}

static bool play_whole(const Dialogue *dialogue, bool byte_by_byte)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *wrong = NULL;
	const Play play = {.byte_by_byte = byte_by_byte, .cut_step = G_MAXSIZE};

	dialogue_play(dialogue, &play, lines, &wrong);
	if (wrong)
		printf("# server: %s\n", wrong);
	return is_expected(dialogue, lines) && !wrong;
}

/* Whether LINE tells what EXPECTED does, or the same failure of a session that the cut has ended.
 */
static bool is_same_line(const char *line, const char *expected)
{
	g_autofree char *alive = g_strconcat(line, ", still alive", NULL);

	return strcmp(line, expected) == 0 ||
	       (g_str_has_prefix(line, "failure ") && strcmp(alive, expected) == 0);
}

/* Whether LINES begin as expected and then either end or report the cut. */
static bool is_cut_short(const Dialogue *dialogue, const GPtrArray *lines)
{
	guint i = 0;

	while (i < lines->len && i < dialogue->expected->len &&
		is_same_line(g_ptr_array_index(lines, i), g_ptr_array_index(dialogue->expected, i)))
		i++;
	if (i == lines->len)
		return i == dialogue->expected->len;
	return i == lines->len - 1 &&
	       strcmp(g_ptr_array_index(lines, i), "failure connection-lost") == 0;
}

static bool play_cut(const Dialogue *dialogue, size_t step, size_t size)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *wrong = NULL;
	const Play play = {.cut_step = step, .cut_size = size};
	int64_t start = clock_monotonic();
	bool right;

	dialogue_play(dialogue, &play, lines, &wrong);
	right = is_cut_short(dialogue, lines) && clock_monotonic() - start < CUT_MILLISECONDS;
	if (right)
		return true;
	printf("# cut in step %zu after %zu bytes, %" G_GINT64_FORMAT " ms\n", step, size,
		clock_monotonic() - start);
	for (guint i = 0; i < lines->len; i++)
		printf("# came:     %s\n", (char *)g_ptr_array_index(lines, i));
	return false;
}

/* How many cuts there were; -1 if one went wrong. */
static int play_cuts(const Dialogue *dialogue)
{
	int cuts = 0;

	for (size_t i = 0; i < dialogue->steps->len; i++) {
		const Step *step = g_ptr_array_index(dialogue->steps, i);

		if (step->kind != STEP_SAY)
			continue;
		if (!play_cut(dialogue, i, 0) || !play_cut(dialogue, i, step->size / 2) ||
			!play_cut(dialogue, i, step->size))
			return -1;
		cuts += 3;
	}
	return cuts;
}

static bool report(int number, bool right, const char *what)
{
	printf("%s %d - %s\n", right ? "ok" : "not ok", number, what);
	return right;
}

int main(int count, char **arguments)
{
	g_autoptr(Dialogue) dialogue = NULL;
	g_autofree char *cut_text = NULL;
	bool right;
	int cuts;

	if (count != 2)
		return EXIT_FAILURE;
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	dialogue = dialogue_read(arguments[1]);
	printf("1..3\n");
	right = report(1, play_whole(dialogue, false), "whole");
	right &= report(2, play_whole(dialogue, true), "byte by byte");
	cuts = play_cuts(dialogue);
	cut_text = g_strdup_printf("cut off %d times", cuts);
	right &= report(3, cuts > 0, cut_text);
	return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
