/* Life and death of OauthClient. */
#include "model/client.h"

#include <glib.h>

void oauth_client_clear(OauthClient *client)
{
	g_free(client->authority);
	g_free(client->tenant);
	g_free(client->id);
	secret_free(client->secret);
	g_free(client->redirect_uri);
	g_free(client->scopes);
	proxy_clear(&client->proxy);
	g_free(client->ca_file);
	*client = (OauthClient){0};
}
