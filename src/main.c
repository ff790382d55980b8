/* amtspost: the command line, or its own parse worker. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "cli/cli.h"
#include "mime/mime.h"

/* Whoever starts us without the three standard descriptors does not get a database in their place.
 */
static void fill_standard_descriptors(void)
{
	int file;

	do
		file = open("/dev/null", O_RDWR);
	while (file >= 0 && file <= STDERR_FILENO);
	if (file > STDERR_FILENO)
		close(file);
}

int main(int argc, char **argv)
{
	fill_standard_descriptors();
	if (argc == 2 && strcmp(argv[1], "parse-worker") == 0)
		return mime_worker_main();
	return cli_main(argc, argv);
}
