/* Amtspost as an OAuth 2.0 client (RFC 6749 section 2): plain values that settings/ makes and
 * oauth/ uses. */
#pragma once

#include <glib.h>
#include "model/endpoint.h"

typedef struct OauthClient {
	char *authority;    /* "https://login.microsoftonline.com", no slash at its end */
	char *tenant;	    /* "organizations", an id or a domain */
	char *id;	    /* NULL: not registered yet */
	Secret *secret;	    /* NULL: a public client */
	char *redirect_uri; /* NULL: loopback with a port of its own choosing */
	char *scopes;	    /* separated by blanks */
	Proxy proxy;
	char *ca_file; /* NULL: the system's authorities only */
	int timeout;   /* seconds */
} OauthClient;

void oauth_client_clear(OauthClient *client);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OauthClient, oauth_client_clear)
