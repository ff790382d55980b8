/* gettext: the catalogue lies beside the program in a build tree, else where it was installed. */
#include "base/i18n.h"

#include <locale.h>
#include <stdbool.h>
#include <glib.h>

#define DOMAIN "amtspost"

static bool has_catalogue; /* written before there are threads */

void i18n_start(void)
{
	static const char header[] = ""; /* what stands for it in a catalogue */
	g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = program ? g_path_get_dirname(program) : NULL;
	g_autofree char *built = folder ? g_build_filename(folder, "po", NULL) : NULL;
	g_autofree char *installed =
		folder ? g_build_filename(folder, "..", "share", "locale", NULL) : NULL;

	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	if (built && g_file_test(built, G_FILE_TEST_IS_DIR))
		bindtextdomain(DOMAIN, built);
	else if (installed && g_file_test(installed, G_FILE_TEST_IS_DIR))
		bindtextdomain(DOMAIN, installed);
	else
		bindtextdomain(DOMAIN, AMTSPOST_LOCALE_FOLDER);
	bind_textdomain_codeset(DOMAIN, "UTF-8");
	textdomain(DOMAIN);
	has_catalogue = *gettext(header) != '\0';
}

const char *i18n_text(const char *text)
{
	return has_catalogue ? gettext(text) : text;
}
