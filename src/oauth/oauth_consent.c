/* Addresses of the authority and of ourselves, and what the permissions are for. */
#include "oauth/oauth_internal.h"

#include <string.h>
#include "base/i18n.h"

typedef struct Permission {
	const char *name; /* the scope's last part */
	const char *reason;
} Permission;

static const Permission permissions[] = {
	{"IMAP.AccessAsUser.All",
		N_("E-Mails aus dem eigenen und den freigegebenen Postfächern lesen, ins Archiv "
		   "übernehmen und danach kennzeichnen oder verschieben, wenn es so eingestellt "
		   "ist.")},
	{"SMTP.Send", N_("E-Mails im Namen des angemeldeten Benutzers versenden.")},
	{"offline_access", N_("Angemeldet bleiben, ohne jeden Tag das Kennwort einzugeben.")},
	{"openid", N_("Erkennen, wer sich angemeldet hat.")},
	{"profile", N_("Den Anmeldenamen dessen lesen, der sich angemeldet hat, damit niemand "
		       "versehentlich ein fremdes Konto verbindet.")},
	{"email", N_("Die E-Mail-Adresse dessen lesen, der sich angemeldet hat.")},
};

const char *oauth_permission_reason(const char *scope)
{
	const char *slash = strrchr(scope, '/');
	const char *name = slash ? slash + 1 : scope;

	for (size_t i = 0; i < G_N_ELEMENTS(permissions); i++) {
		if (strcmp(permissions[i].name, name) == 0)
			return _(permissions[i].reason);
	}
	return NULL;
}

char *oauth_url(const OauthClient *client, const char *path)
{
	return g_strdup_printf("%s/%s%s", client->authority, client->tenant, path);
}

char *oauth_redirect_uri(const OauthClient *client, uint16_t port)
{
	if (client->redirect_uri)
		return g_strdup(client->redirect_uri);
	return port ? g_strdup_printf("http://localhost:%u" OAUTH_REDIRECT_PATH, port)
		    : g_strdup("http://localhost" OAUTH_REDIRECT_PATH);
}

char *oauth_consent_url(const OauthClient *client)
{
	g_autofree char *base = oauth_url(client, "/v2.0/adminconsent");
	g_autofree char *redirect = oauth_redirect_uri(client, 0);
	g_autofree char *id = g_uri_escape_string(client->id, NULL, FALSE);
	g_autofree char *uri = g_uri_escape_string(redirect, NULL, FALSE);
	g_autofree char *scopes = g_uri_escape_string(client->scopes, NULL, FALSE);

	return g_strdup_printf("%s?client_id=%s&redirect_uri=%s&scope=%s", base, id, uri, scopes);
}
