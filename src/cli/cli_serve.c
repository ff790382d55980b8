/* serve: the web page and the API, until a signal ends them. */
#include "cli/cli_internal.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include "failure/failure.h"
#include "web/web.h"

#define LISTEN_DEFAULT "127.0.0.1:8025"

static void tell_ready(const char *address, const char *setup, void *data)
{
	g_autofree char *ready = g_strdup_printf(_("Amtspost ist bereit: %s\n"), address);
	g_autofree char *all = setup ? g_strdup_printf("%s%s\n%s\n", ready,
					       _("Noch kann sich niemand als Administrator "
						 "anmelden. Diese Adresse gilt "
						 "einmal, "
						 "um den ersten einzurichten:"),
					       setup)
				     : g_steal_pointer(&ready);

	(void)data;
	/* At once: whoever waits for the first line has the others, too. */
	fputs(all, stderr);
	fflush(stderr);
}

static void tell_warning(const char *sentence, void *data)
{
	(void)data;
	fprintf(stderr, _("Hinweis: %s\n"), sentence);
	fflush(stderr);
}

/* A terminal that closes, or whoever renewed the certificate: a daemon goes on. */
static void on_hangup(int number)
{
	static const char text[] = "amtspost: warning: SIGHUP has no effect; a renewed certificate "
				   "is read when the service is restarted\n";

	(void)number;
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
}

static void outlive_hangup(void)
{
	struct sigaction action = {.sa_handler = on_hangup, .sa_flags = SA_RESTART};

	sigaction(SIGHUP, &action, NULL);
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
		.warn = tell_warning,
	};

	if (!check_tls(cli, error))
		return false;
	outlive_hangup();
	return web_serve(cli->office, &serve, error);
}

/* clang-format off */
const CliCommand cli_serve_commands[] = {
	{"serve", "", 0, 0, "listen tls-cert tls-key trusted-proxy", run_serve,
		N_("startet die Weboberfläche und die HTTP-Schnittstelle")},
	{0},
};
/* clang-format on */
