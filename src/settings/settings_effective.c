/* THE decision which value holds for a user, and from where it comes. Everything that
 * shows or uses settings asks here; nothing here opens a secret. */
#include "settings/settings_internal.h"

#include <string.h>

/* The keys of one protocol's block. */
typedef struct Block {
	SettingKey use_default;
	SettingKey tls;
	SettingKey username;
	SettingKey password;
	SettingKey proxy_type;
	SettingKey proxy_port;
	/* All that "Verwende Default" switches between the scopes as a whole. */
	SettingKey connection[8];
} Block;

#define BLOCK(KEY)                                                                                 \
	{                                                                                          \
		.use_default = SETTING_##KEY##_USE_DEFAULT, .tls = SETTING_##KEY##_TLS,            \
		.username = SETTING_##KEY##_USERNAME, .password = SETTING_##KEY##_PASSWORD,        \
		.proxy_type = SETTING_##KEY##_PROXY_TYPE,                                          \
		.proxy_port = SETTING_##KEY##_PROXY_PORT,                                          \
		.connection = {                                                                    \
			SETTING_##KEY##_HOST,                                                      \
			SETTING_##KEY##_PORT,                                                      \
			SETTING_##KEY##_TLS,                                                       \
			SETTING_##KEY##_PROXY_TYPE,                                                \
			SETTING_##KEY##_PROXY_HOST,                                                \
			SETTING_##KEY##_PROXY_PORT,                                                \
			SETTING_##KEY##_PROXY_USERNAME,                                            \
			SETTING_##KEY##_PROXY_PASSWORD,                                            \
		},                                                                                 \
	}

static const Block blocks[] = {BLOCK(IMAP), BLOCK(SMTP)};

/* What is stored in the two scopes; own is empty when the global scope was asked for. */
typedef struct Scopes {
	const SettingValues *globals;
	const SettingValues *own;
} Scopes;

static EffectiveValue own_value(const Scopes *scopes, SettingKey key)
{
	return (EffectiveValue){scopes->own->stored[key], ORIGIN_USER};
}

static EffectiveValue global_value(const Scopes *scopes, SettingKey key)
{
	return (EffectiveValue){scopes->globals->stored[key], ORIGIN_GLOBAL};
}

static EffectiveValue default_value(SettingKey key)
{
	return (EffectiveValue){settings_get_row(key)->fallback, ORIGIN_DEFAULT};
}

/* CHOSEN, if there is something; else the default. */
static EffectiveValue or_default(EffectiveValue chosen, SettingKey key)
{
	return chosen.value ? chosen : default_value(key);
}

static bool is_value(const EffectiveValue *value, const char *text)
{
	return value->value && strcmp(value->value, text) == 0;
}

/* Keys outside the blocks: the user's own, else the global one, else the default. */
static void decide_each(const Scopes *scopes, Effective *effective)
{
	for (SettingKey key = 0; key < SETTING_COUNT; key++) {
		EffectiveValue own = own_value(scopes, key);

		effective->values[key] =
			or_default(own.value ? own : global_value(scopes, key), key);
	}
}

static bool uses_default(const Block *block, const Effective *effective)
{
	return is_value(&effective->values[block->use_default], "true");
}

static void decide_connection(
	const Block *block, const Scopes *scopes, bool from_globals, Effective *effective)
{
	for (size_t i = 0; i < G_N_ELEMENTS(block->connection); i++) {
		SettingKey key = block->connection[i];

		effective->values[key] = or_default(
			from_globals ? global_value(scopes, key) : own_value(scopes, key), key);
	}
}

const char *settings_proxy_port(const char *kind)
{
	return g_strcmp0(kind, "socks5") == 0 ? PROXY_PORT_SOCKS5 : PROXY_PORT_HTTP;
}

/* The default of the proxy's port depends on its kind. */
static void decide_proxy_port(const Block *block, Effective *effective)
{
	EffectiveValue *port = &effective->values[block->proxy_port];

	if (port->origin == ORIGIN_DEFAULT)
		port->value = settings_proxy_port(effective->values[block->proxy_type].value);
}

/* A password without a user name takes the account name; "" is no user name. */
static EffectiveValue name_of_pair(EffectiveValue username, const Effective *effective)
{
	if (!username.value || *username.value == '\0')
		username.value = effective->values[SETTING_ACCOUNT].value;
	return username;
}

/* One pair from one origin, which counts only with a password: so a global password never travels
 * to a user's own host. Without any, the user's own name is still the one to sign in with. */
static void decide_credentials(
	const Block *block, const Scopes *scopes, bool from_globals, Effective *effective)
{
	EffectiveValue *username = &effective->values[block->username];
	EffectiveValue *password = &effective->values[block->password];
	EffectiveValue own = own_value(scopes, block->password);
	EffectiveValue global = global_value(scopes, block->password);

	if (own.value) {
		*password = own;
		*username = name_of_pair(own_value(scopes, block->username), effective);
	} else if (from_globals && global.value) {
		*password = global;
		*username = name_of_pair(global_value(scopes, block->username), effective);
	} else {
		*password = default_value(block->password);
		*username = or_default(own_value(scopes, block->username), block->username);
	}
}

/* Office 365 signs in as the account, always encrypted; what is stored for it does not matter. */
static void decide_office365(const Block *block, Effective *effective)
{
	effective->values[block->tls] = (EffectiveValue){TLS_OFFICE365, ORIGIN_DEFAULT};
	effective->values[block->username] = default_value(block->username);
	effective->values[block->password] = default_value(block->password);
}

static void decide_block(const Block *block, const Scopes *scopes, Effective *effective)
{
	bool from_globals = uses_default(block, effective);

	decide_connection(block, scopes, from_globals, effective);
	decide_credentials(block, scopes, from_globals, effective);
	if (is_value(&effective->values[SETTING_INTERFACE], "office365"))
		decide_office365(block, effective);
}

void settings_decide(const SettingReading *reading, Effective *effective)
{
	Scopes scopes = {setting_snapshot_values(reading->globals), &reading->own};

	decide_each(&scopes, effective);
	for (size_t i = 0; i < G_N_ELEMENTS(blocks); i++) {
		if (reading->user_name)
			decide_block(&blocks[i], &scopes, effective);
		decide_proxy_port(&blocks[i], effective);
	}
}
