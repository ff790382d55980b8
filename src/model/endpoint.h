/* Where and how to connect: plain values that settings/ makes and net/ uses. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "base/secret.h"

/* The ten SSL/TLS values of the settings, in the order of their table. */
typedef enum TlsMode {
	TLS_MODE_NONE,
	TLS_MODE_SERVER,
	TLS_MODE_1_0,
	TLS_MODE_1_1,
	TLS_MODE_1_2,
	TLS_MODE_1_3,
	TLS_MODE_FROM_1_0,
	TLS_MODE_FROM_1_1,
	TLS_MODE_FROM_1_2,
	TLS_MODE_FROM_1_3,
} TlsMode;

/* Whether HOST (a name or an address without brackets) is this machine itself: "localhost", ::1, or
 * an address of 127.0.0.0/8; a name that only begins like one is not. */
bool host_is_loopback(const char *host);

typedef enum MailProtocol { MAIL_PROTOCOL_IMAP, MAIL_PROTOCOL_SMTP } MailProtocol;

typedef enum ProxyKind { PROXY_HTTP, PROXY_SOCKS5 } ProxyKind;

typedef struct Proxy {
	ProxyKind kind;
	char *host; /* NULL: no proxy */
	uint16_t port;
	char *username;	  /* NULL: none */
	Secret *password; /* NULL: none */
} Proxy;

void proxy_clear(Proxy *proxy);
/* Deep copy into TO, which is overwritten. */
void proxy_copy(Proxy *to, const Proxy *from);

typedef struct Endpoint {
	MailProtocol protocol;
	char *host;	     /* name or address, without brackets */
	bool uses_default;   /* host, port, TLS and proxy are the global ones */
	bool default_is_off; /* there is no host, but a global one that the user does not use */
	uint16_t port;
	TlsMode tls;
	bool tls_is_fixed; /* with Office 365 it is no matter of choice */
	Proxy proxy;
	char *ca_file;	  /* NULL: the system's authorities only */
	int timeout;	  /* seconds without progress */
	char *username;	  /* the credentials of one origin, NULL: none */
	Secret *password; /* NULL: none */
	/* The settings' generation in which username or password were stored last; 0: none. */
	int64_t credential_generation;
	bool credentials_are_global; /* shared by all who have no own */
} Endpoint;

void endpoint_clear(Endpoint *endpoint);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Endpoint, endpoint_clear)

/* Deep copy into TO, which is overwritten. */
void endpoint_copy(Endpoint *to, const Endpoint *from);
