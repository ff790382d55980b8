/* serve: the web page and the API, until a signal ends them. */
#include "cli/cli_internal.h"

#include <stdio.h>
#include "failure/failure.h"
#include "web/web.h"

#define LISTEN_DEFAULT "127.0.0.1:8025"

static void tell_ready(const char *address, const char *setup, void *data)
{
	(void)data;
	fprintf(stderr, _("Amtspost ist bereit: %s\n"), address);
	if (setup) {
		fprintf(stderr, "%s\n%s\n",
			_("Noch kann sich niemand als Administrator anmelden. Diese Adresse gilt "
			  "einmal, "
			  "um den ersten einzurichten:"),
			setup);
	}
	fflush(stderr);
}

static bool check_tls(const Cli *cli, GError **error)
{
	const char *sentence = _("--tls-cert und --tls-key gehören zusammen.");

	if (!cli->options.tls_cert == !cli->options.tls_key)
		return true;
	failure_set(error, FAILURE_USAGE, sentence, "%s", sentence);
	return false;
}

static bool run_serve(Cli *cli, GError **error)
{
	WebServe serve = {
		.listen = cli->options.listen ? cli->options.listen : LISTEN_DEFAULT,
		.tls_certificate = cli->options.tls_cert,
		.tls_key = cli->options.tls_key,
		.trusted_proxies = cli->options.trusted_proxy,
		.cancel = cli->cancel,
		.ready = tell_ready,
	};

	return check_tls(cli, error) && web_serve(cli->office, &serve, error);
}

/* clang-format off */
const CliCommand cli_serve_commands[] = {
	{"serve", "", 0, 0, "listen tls-cert tls-key trusted-proxy", run_serve,
		N_("startet die Weboberfläche und die HTTP-Schnittstelle")},
	{0},
};
/* clang-format on */
