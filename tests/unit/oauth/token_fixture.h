/* For tests of the token file: a folder for it, a key ring, tokens, and what must come of them. */
#pragma once

#include "../base/scratch.h"
#include "fixture.h"

#include "base/file.h"
#include "oauth/oauth_token.h"

#define TOKEN_FILE_LIMIT ((size_t)1024 * 1024)

static const OauthOwner owner = {7, "mueller", "installation-a"};
static const OauthOwner other_user = {8, "schulze", "installation-a"};
static const OauthOwner other_house = {7, "mueller", "installation-b"};

typedef struct Place {
	void *folder; /* as the scratch functions want it */
	char *path;
	char *pending;
	char *kept;
	Keyring *keyring;
} Place;

static inline int place_open(void **state)
{
	Place *place = g_new0(Place, 1);
	g_autofree char *ring = NULL;

	if (scratch_open(&place->folder) != 0)
		return -1;
	ring = scratch_path(&place->folder, "ring");
	place->keyring = keyring_open(ring);
	assert_non_null(place->keyring);
	assert_int_equal(unlink(ring), 0);
	place->path = scratch_path(&place->folder, OAUTH_TOKEN_FILE);
	place->pending = g_strconcat(place->path, ".new", NULL);
	place->kept = g_strconcat(place->path, ".alt", NULL);
	*state = place;
	return 0;
}

static inline int place_close(void **state)
{
	Place *place = *state;
	int status = scratch_close(&place->folder);

	keyring_free(place->keyring);
	g_free(place->path);
	g_free(place->pending);
	g_free(place->kept);
	g_free(place);
	return status;
}

#define place_test(function) cmocka_unit_test_setup_teardown(function, place_open, place_close)

/* A token with ACCESS and REFRESH (NULL: none). */
static inline OauthToken *make_token(const char *access, const char *refresh)
{
	OauthToken *token = g_new0(OauthToken, 1);

	token->account = g_strdup(ACCOUNT);
	token->identity = g_strdup("m\xc3\xbcller@amt.example");
	token->authority = g_strdup("https://login.example");
	token->tenant = g_strdup("organizations");
	token->client_id = g_strdup(CLIENT_ID);
	token->grant.issued = INT64_C(1800000000);
	token->grant.expires = INT64_C(1800003600);
	token->grant.access_token = secret_new(access, strlen(access));
	token->grant.refresh_token = refresh ? secret_new(refresh, strlen(refresh)) : NULL;
	return token;
}

static inline void store_for(const Place *place, const char *path, const OauthOwner *whose)
{
	g_autoptr(OauthToken) token = make_token(ACCESS_TOKEN, REFRESH_TOKEN);
	g_autoptr(GError) error = NULL;

	if (!oauth_token_store(token, path, whose, place->keyring, &error))
		fail_msg("%s", error->message);
}

static inline void store(const Place *place)
{
	store_for(place, place->path, &owner);
}

static inline void assert_stays_out(const Place *place, const OauthOwner *whose, Failure failure)
{
	g_autoptr(OauthToken) token = make_token("other.access", NULL);
	g_autoptr(GError) error = NULL;

	assert_false(oauth_token_store(token, place->path, whose, place->keyring, &error));
	assert_clean_failure(error, failure);
	assert_int_not_equal(access(place->pending, F_OK), 0);
	assert_int_not_equal(access(place->kept, F_OK), 0);
}

static inline void assert_refused(const Place *place, const OauthOwner *whose, Failure failure)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(OauthToken) token = oauth_token_load(place->path, whose, place->keyring, &error);

	assert_null(token);
	assert_clean_failure(error, failure);
	assert_string_equal(failure_subject(error), place->path);
}

static inline void assert_loads(const Place *place, const char *access)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(OauthToken) token = oauth_token_load(place->path, &owner, place->keyring, &error);

	if (!token)
		fail_msg("%s", error->message);
	assert_string_equal(secret_text(token->grant.access_token), access);
}

static inline char *read_file(const char *path, size_t *size)
{
	char *text = file_read(path, TOKEN_FILE_LIMIT * 2, size);

	assert_non_null(text);
	return text;
}

static inline void write_file(const char *path, const char *text, size_t size)
{
	assert_true(file_replace(path, text, size, 0600));
}

static inline void write_text(const char *path, const char *text)
{
	write_file(path, text, strlen(text));
}
