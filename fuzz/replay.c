/* The main of a fuzz target in a plain build: runs it over every file of the folders that are its
 * arguments and prints how many there were. A crash or a sanitizer's report is the failure; so is a
 * folder without seeds. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool replay_file(const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *data = NULL;
	gsize size;
	uint8_t *exact;

	if (!g_file_get_contents(path, &data, &size, &error)) {
		fprintf(stderr, "%s\n", error->message);
		return false;
	}
	/* Without the NUL that GLib adds: a read beyond the end must be seen. */
	exact = malloc(size > 0 ? size : 1);
	if (!exact)
		abort();
	if (size > 0)
		memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return true;
}

/* How many files of FOLDER were run; -1 on failure. */
static int replay_folder(const char *folder)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, NULL, alphasort);
	int done = 0;

	if (count < 0) {
		perror(folder);
		return -1;
	}
	for (int i = 0; i < count; i++) {
		g_autofree char *path = g_build_filename(folder, entries[i]->d_name, NULL);

		if (entries[i]->d_name[0] != '.' && done >= 0)
			done = replay_file(path) ? done + 1 : -1;
		free(entries[i]);
	}
	free(entries);
	return done;
}

int main(int count, char **arguments)
{
	int total = 0;

	for (int i = 1; i < count; i++) {
		int done = replay_folder(arguments[i]);

		if (done <= 0) {
			fprintf(stderr, "%s: no seeds were run\n", arguments[i]);
			return EXIT_FAILURE;
		}
		total += done;
	}
	printf("%d seeds replayed\n", total);
	return total > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
