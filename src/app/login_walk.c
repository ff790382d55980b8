/* The person's walk through the authorization-code flow: the address to open, the redirect that
 * comes back by itself or is pasted, the grant. */
#include "app/login_internal.h"

#include <string.h>
#include <unistd.h>
#include "failure/failure.h"
#include "oauth/oauth_listener.h"

/* A code that was used up calls for another flow, once. */
#define FLOW_TRIES 2
/* Of a line that somebody pastes. */
#define LINE_LIMIT ((size_t)64 * 1024)

/* One sign-in through a browser. */
typedef struct Walk {
	Login *login;
	const LoginUi *ui;
	OauthListener *listener; /* NULL: redirects are only pasted */
	char *redirect_uri;
	OauthFlow *flow;
	int input;	 /* -1: none, or at its end */
	GString *line;	 /* what was read of a line */
	GError *ended;	 /* the flow's failure, once it is over */
	GError *problem; /* of the last redirect that did not count */
} Walk;

static void walk_clear(Walk *walk)
{
	oauth_flow_free(walk->flow);
	oauth_listener_close(walk->listener);
	g_free(walk->redirect_uri);
	if (walk->line) {
		secret_wipe(walk->line->str, walk->line->allocated_len);
		g_string_free(walk->line, TRUE);
	}
	g_clear_error(&walk->ended);
	g_clear_error(&walk->problem);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Walk, walk_clear)

/* Opens the redirect's place: a port of our own choosing, the one that is configured on loopback,
 * or none where the redirect leads elsewhere. */
static bool open_listener(Walk *walk, GError **error)
{
	const OauthClient *client = &walk->login->account->oauth;
	g_autoptr(GUri) uri = client->redirect_uri
				      ? g_uri_parse(client->redirect_uri, G_URI_FLAGS_NONE, NULL)
				      : NULL;
	const char *path = uri && *g_uri_get_path(uri) ? g_uri_get_path(uri) : "/";

	if (!client->redirect_uri) {
		walk->listener = oauth_listener_open(0, OAUTH_REDIRECT_PATH, error);
		if (!walk->listener)
			return false;
		walk->redirect_uri =
			oauth_redirect_uri(client, oauth_listener_port(walk->listener));
		return true;
	}
	walk->redirect_uri = g_strdup(client->redirect_uri);
	if (!uri || strcmp(g_uri_get_scheme(uri), "http") != 0 || g_uri_get_port(uri) <= 0 ||
		!host_is_loopback(g_uri_get_host(uri)))
		return true;
	walk->listener = oauth_listener_open((uint16_t)g_uri_get_port(uri), path, error);
	return walk->listener != NULL;
}

/* Whether the flow is over with REDIRECT, well or not. */
static bool take_redirect(const char *redirect, void *data)
{
	Walk *walk = data;
	g_autoptr(GError) problem = NULL;

	if (oauth_flow_take(walk->flow, redirect, &problem))
		return true;
	if (oauth_flow_is_over(walk->flow)) {
		walk->ended = g_steal_pointer(&problem);
		return true;
	}
	g_clear_error(&walk->problem);
	walk->problem = g_steal_pointer(&problem);
	return false;
}

/* A whole line came: true if the flow is over. A wrong one counts where nobody would correct it. */
static bool take_line(Walk *walk)
{
	g_autofree char *sentence = NULL;

	g_strstrip(walk->line->str);
	if (*walk->line->str == '\0')
		return false;
	if (take_redirect(walk->line->str, walk))
		return true;
	if (!walk->ui->correct) {
		walk->ended = g_steal_pointer(&walk->problem);
		return true;
	}
	sentence = failure_sentence(walk->problem);
	walk->ui->correct(sentence, walk->ui->data);
	return false;
}

/* Reads what INPUT has; true if the flow is over with it. */
static bool read_input(Walk *walk)
{
	char data[4096];
	ssize_t count = read(walk->input, data, sizeof data);
	bool over = false;

	if (count <= 0)
		walk->input = -1;
	for (ssize_t i = 0; i < count && !over; i++) {
		if (data[i] != '\n' && data[i] != '\r' && walk->line->len < LINE_LIMIT) {
			g_string_append_c(walk->line, data[i]);
			continue;
		}
		over = take_line(walk);
		g_string_truncate(walk->line, 0);
	}
	secret_wipe(data, sizeof data);
	/* The last line may lack its end. */
	return over || (count == 0 && walk->line->len > 0 && take_line(walk));
}

static bool refuse_wait(Walk *walk, GError **error)
{
	const char *account = walk->login->account->address;

	if (cancel_triggered(walk->login->cancel))
		failure_set(error, FAILURE_CANCELLED, NULL, "cancelled");
	else if (oauth_flow_time_left(walk->flow) == 0)
		failure_set(error, FAILURE_OAUTH_UNFINISHED, account, "nobody signed in in time");
	else
		failure_set(error, FAILURE_OAUTH_PASTE_MISSING, account,
			"no redirect came, and nothing more can come");
	return false;
}

/* Waits until the flow is over. */
static bool wait_for_redirect(Walk *walk, GError **error)
{
	for (;;) {
		OauthWaited waited;

		if (walk->input < 0 && !walk->listener)
			return refuse_wait(walk, error);
		waited = oauth_listener_wait(walk->listener, take_redirect, walk, walk->input,
			oauth_flow_time_left(walk->flow), walk->login->cancel);
		if (waited == OAUTH_WAITED_ENDED)
			return refuse_wait(walk, error);
		if (waited == OAUTH_WAITED_INPUT && !read_input(walk))
			continue;
		if (!walk->ended)
			return true;
		g_propagate_error(error, g_steal_pointer(&walk->ended));
		return false;
	}
}

/* One flow from the address to GRANT. */
static bool walk_once(Walk *walk, bool force, OauthGrant *grant, GError **error)
{
	const Account *account = walk->login->account;
	const LoginUi *ui = walk->ui;

	oauth_flow_free(walk->flow);
	walk->flow = oauth_flow_new(&account->oauth, walk->redirect_uri, account->address, force);
	if (ui->show_address)
		ui->show_address(oauth_flow_url(walk->flow), walk->listener != NULL, ui->data);
	if (!wait_for_redirect(walk, error))
		return false;
	if (ui->check)
		ui->check(false, ui->data);
	return oauth_flow_redeem(walk->flow, &account->oauth, walk->login->cancel, grant, error);
}

bool login_walk(Login *login, const LoginUi *ui, bool force, OauthGrant *grant, GError **error)
{
	g_auto(Walk) walk = {.login = login, .ui = ui, .input = ui->input};
	g_autoptr(GError) problem = NULL;

	walk.line = g_string_sized_new(LINE_LIMIT);
	if (!open_listener(&walk, error))
		return false;
	for (unsigned try = 1;; try++) {
		g_autofree char *sentence = NULL;

		g_clear_error(&problem);
		if (walk_once(&walk, force, grant, &problem))
			return true;
		if (try == FLOW_TRIES || !failure_is(problem, FAILURE_OAUTH_CODE_USED))
			break;
		sentence = failure_sentence(problem);
		if (ui->begin_again)
			ui->begin_again(sentence, ui->data);
	}
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}
