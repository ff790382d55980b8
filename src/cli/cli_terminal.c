/* Asking at the terminal. The terminal's own settings are put back by whoever comes first: the end
 * of the question, or a signal that ends the program. */
#include "cli/cli_terminal.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "base/text.h"
#include "failure/failure.h"

/* What a terminal hands over as one line. */
#define LINE_SIZE 4096

static struct termios original;
static volatile sig_atomic_t hidden;

bool cli_has_person(const Cli *cli)
{
	return !cli->options.json && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

void cli_say(const char *text)
{
	g_autofree char *safe = text_for_terminal(text);

	fprintf(stderr, "%s\n", safe);
}

/* Takes FLAGS out of the terminal's local modes. */
static void hide(tcflag_t flags)
{
	struct termios changed;

	if (hidden || tcgetattr(STDIN_FILENO, &original) != 0)
		return;
	changed = original;
	changed.c_lflag &= ~flags;
	if (flags & ICANON) {
		changed.c_cc[VMIN] = 1;
		changed.c_cc[VTIME] = 0;
	}
	hidden = 1;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &changed);
}

void cli_hide_echo(void)
{
	hide(ECHO);
}

void cli_hide_input(void)
{
	hide(ECHO | ICANON);
}

void cli_show_input(void)
{
	if (!hidden)
		return;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &original);
	hidden = 0;
}

/* Waits for input; false: cancelled, or there is none any more. */
static bool wait_for_input(const Cli *cli)
{
	struct pollfd places[] = {
		{.fd = STDIN_FILENO, .events = POLLIN},
		{.fd = cancel_descriptor(cli->cancel), .events = POLLIN},
	};

	while (!cancel_triggered(cli->cancel)) {
		poll(places, G_N_ELEMENTS(places), -1);
		if (places[0].revents)
			return !cancel_triggered(cli->cancel);
	}
	return false;
}

/* One line into LINE, without its end; its size, -1: cancelled or at the end. */
static ssize_t read_line(const Cli *cli, char line[static LINE_SIZE])
{
	ssize_t size = wait_for_input(cli) ? read(STDIN_FILENO, line, LINE_SIZE) : -1;

	if (size <= 0)
		return -1;
	while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r'))
		size--;
	return size;
}

Secret *cli_ask_secret(const Cli *cli, const char *prompt, GError **error)
{
	char line[LINE_SIZE];
	Secret *secret = NULL;
	ssize_t size;

	/* Silent before the prompt: whoever types at once is not shown either. */
	hide(ECHO);
	fprintf(stderr, "%s: ", prompt);
	size = read_line(cli, line);
	cli_show_input();
	fputc('\n', stderr);
	if (size >= 0)
		secret = secret_new(line, (size_t)size);
	else
		failure_set(error, FAILURE_CANCELLED, NULL, "no input");
	secret_wipe(line, sizeof line);
	return secret;
}

bool cli_ask_yes(const Cli *cli, const char *question)
{
	g_autofree char *safe = text_for_terminal(question);
	char line[LINE_SIZE];
	ssize_t size;

	fprintf(stderr, "%s %s ", safe, _("[j/N]"));
	size = read_line(cli, line);
	if (size < 0)
		fputc('\n', stderr);
	return size > 0 && strchr("jJyY", line[0]);
}

bool cli_is_lively(const Cli *cli)
{
	return !cli->options.quiet && !cli->options.json && isatty(STDERR_FILENO);
}

void cli_show_notice(const Cli *cli)
{
	if (!cli_is_lively(cli))
		return;
	fprintf(stderr, "\r\033[K%s", _("Der Mailserver wird gefragt …"));
	fflush(stderr);
}

void cli_clear_notice(const Cli *cli)
{
	if (cli_is_lively(cli))
		fputs("\r\033[K", stderr);
}
