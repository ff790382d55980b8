/* Life and death of Proxy and Endpoint, and what a host is. */
#include "model/endpoint.h"

#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>

bool host_is_loopback(const char *host)
{
	struct in_addr address;

	if (inet_pton(AF_INET, host, &address) == 1)
		return ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
	return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0;
}

void proxy_clear(Proxy *proxy)
{
	g_free(proxy->host);
	g_free(proxy->username);
	secret_free(proxy->password);
	*proxy = (Proxy){0};
}

void proxy_copy(Proxy *to, const Proxy *from)
{
	*to = *from;
	to->host = g_strdup(from->host);
	to->username = g_strdup(from->username);
	to->password = secret_copy(from->password);
}

void endpoint_clear(Endpoint *endpoint)
{
	g_free(endpoint->host);
	proxy_clear(&endpoint->proxy);
	g_free(endpoint->ca_file);
	g_free(endpoint->username);
	secret_free(endpoint->password);
	*endpoint = (Endpoint){0};
}

void endpoint_copy(Endpoint *to, const Endpoint *from)
{
	*to = *from;
	to->host = g_strdup(from->host);
	proxy_copy(&to->proxy, &from->proxy);
	to->ca_file = g_strdup(from->ca_file);
	to->username = g_strdup(from->username);
	to->password = secret_copy(from->password);
}
