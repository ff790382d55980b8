/* For tests of settings: an installation with a key ring and two users, eva and otto, and short
 * ways to set and to look. */
#pragma once

#include "../db/fixture.h"

#include <string.h>
#include "base/keyring.h"
#include "settings/settings.h"
#include "user/user.h"

typedef struct House {
	void *fixture; /* Fixture */
	Db *db;
	Keyring *keyring;
	Settings *settings;
} House;

static inline bool house_add_user(DbTransaction *transaction, void *data, GError **error)
{
	User user = {.name = g_strdup(data)};
	bool added = user_add(transaction, &user, NULL, "cli:root", error);

	g_free(user.name);
	return added;
}

static inline Keyring *house_make_keyring(const House *house, const char *name)
{
	const Fixture *fixture = house->fixture;
	g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
	Keyring *keyring = keyring_open(path);

	assert_non_null(keyring);
	return keyring;
}

static inline int house_setup(void **state)
{
	House *house = g_new0(House, 1);
	GError *error = NULL;

	fixture_setup(&house->fixture);
	house->db = fixture_open(house->fixture);
	house->keyring = house_make_keyring(house, "keyring");
	house->settings = settings_open(house->db, house->keyring, &error);
	assert_no_failure(error);
	fixture_write(house->db, house_add_user, (char *)"eva");
	fixture_write(house->db, house_add_user, (char *)"otto");
	*state = house;
	return 0;
}

static inline int house_teardown(void **state)
{
	House *house = *state;

	settings_close(house->settings);
	keyring_free(house->keyring);
	fixture_teardown(&house->fixture);
	g_free(house);
	return 0;
}

/* One change, a secret where KEY is one. VALUE NULL: unset. */
static inline bool house_try(
	const House *house, const char *user, const char *key, const char *value, GError **error)
{
	const Setting *setting = settings_find_row(key, NULL);
	bool secret = setting->type == TYPE_SECRET && value;
	g_autoptr(Secret) hidden = secret ? secret_new(value, strlen(value)) : NULL;
	const SettingChange change = {
		.setting = setting, .value = secret ? NULL : value, .secret = hidden};

	return settings_apply(house->settings, user, &change, 1, 0, "cli:root", error);
}

static inline void house_set(
	const House *house, const char *user, const char *key, const char *value)
{
	GError *error = NULL;
	bool done = house_try(house, user, key, value, &error);

	assert_no_failure(error);
	assert_true(done);
}

/* The effective value is VALUE (NULL: none) and comes from ORIGIN. */
static inline void house_expect(const House *house, const char *user, const char *key,
	const char *value, SettingOrigin origin)
{
	g_auto(SettingView) view = {0};
	GError *error = NULL;

	settings_view(house->settings, user, settings_find_row(key, NULL), &view, &error);
	assert_no_failure(error);
	if (g_strcmp0(view.value, value) != 0 || view.origin != origin)
		fail_msg("%s of %s is %s from %s, expected %s from %s", key, user ? user : "all",
			view.value ? view.value : "nothing", settings_origin_name(view.origin),
			value ? value : "nothing", settings_origin_name(origin));
}

static inline Account *house_resolve(const House *house, const char *user)
{
	GError *error = NULL;
	Account *account = settings_resolve(house->settings, user, &error);

	assert_no_failure(error);
	assert_non_null(account);
	return account;
}

#define house_test(function) cmocka_unit_test_setup_teardown(function, house_setup, house_teardown)
