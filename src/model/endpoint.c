/* Life and death of Endpoint. */
#include "model/endpoint.h"

void endpoint_clear(Endpoint *endpoint)
{
	g_free(endpoint->host);
	g_free(endpoint->proxy.host);
	g_free(endpoint->proxy.username);
	secret_free(endpoint->proxy.password);
	g_free(endpoint->ca_file);
	g_free(endpoint->username);
	secret_free(endpoint->password);
	*endpoint = (Endpoint){0};
}

void endpoint_copy(Endpoint *to, const Endpoint *from)
{
	*to = *from;
	to->host = g_strdup(from->host);
	to->proxy.host = g_strdup(from->proxy.host);
	to->proxy.username = g_strdup(from->proxy.username);
	to->proxy.password = secret_copy(from->proxy.password);
	to->ca_file = g_strdup(from->ca_file);
	to->username = g_strdup(from->username);
	to->password = secret_copy(from->password);
}
