/* For tests of oauth/: a client as the settings would make it, and a scripted authority. */
#pragma once

#include "../net/http_peer.h"
#include "base/text.h"
#include "oauth/oauth_internal.h"

#define ACCOUNT "info@amt.example"
#define REDIRECT_URI "http://localhost:5000/oauth/callback"
#define CLIENT_ID "11111111-2222-3333-4444-555555555555"
#define SCOPES "https://outlook.office.com/IMAP.AccessAsUser.All offline_access"

/* No message may hold any of them. */
#define CLIENT_SECRET "q~Geheimnis.der-Anwendung_1"
#define CODE "0.AXoA-Geheimniscode_1"
#define ACCESS_TOKEN "eyJ0.Geheimniszugriff-1"
#define REFRESH_TOKEN "1.AXoA.Geheimniserneuerung-1"

/* A public client of AUTHORITY; nothing in it is owned. */
static inline OauthClient fixture_client(const char *authority)
{
	return (OauthClient){
		.authority = (char *)authority,
		.tenant = (char *)"organizations",
		.id = (char *)CLIENT_ID,
		.scopes = (char *)SCOPES,
		.timeout = 5,
	};
}

/* Where PEER is an authority; yours. */
static inline char *fixture_authority(const Peer *peer)
{
	return g_strdup_printf("http://127.0.0.1:%u", peer->port);
}

/* That ERROR is FAILURE, fit for a log, and tells no secret. */
static inline void assert_clean_failure(const GError *error, Failure failure)
{
	static const char *const secrets[] = {
		CLIENT_SECRET, CODE, ACCESS_TOKEN, REFRESH_TOKEN, "Geheimnis"};
	const char *subject;

	assert_failure(error, failure);
	subject = failure_subject(error);
	assert_false(text_has_control(error->message));
	assert_false(subject && text_has_control(subject));
	for (size_t i = 0; i < G_N_ELEMENTS(secrets); i++) {
		if (strstr(error->message, secrets[i]))
			fail_msg("%s tells a secret", error->message);
		assert_false(subject && strstr(subject, secrets[i]));
	}
}
