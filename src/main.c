/* amtspost: the command line, or its own parse worker. */
#include <string.h>
#include "cli/cli.h"
#include "mime/mime.h"

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "parse-worker") == 0)
		return mime_worker_main();
	return cli_main(argc, argv);
}
