/* Turns the effective values into the plain account that protocols use. */
#include "settings/settings_internal.h"

#include <stdlib.h>
#include <string.h>
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"

/* One resolving: where the values are and who opens their secrets. */
typedef struct Resolving {
	const Settings *settings;
	const SettingReading *reading;
	Effective effective;
} Resolving;

/* NULL also for "". */
static const char *get_text(const Resolving *resolving, SettingKey key)
{
	const char *value = resolving->effective.values[key].value;

	return value && *value ? value : NULL;
}

/* Stored values were checked by their row when they were set, and every number has a default. */
static int get_number(const Resolving *resolving, SettingKey key)
{
	return (int)strtol(get_text(resolving, key), NULL, 10);
}

/* A choice that this program does not know (an older or a newer one stored it) counts as the
 * default. */
static int get_choice(const Resolving *resolving, SettingKey key)
{
	const Setting *setting = settings_get_row(key);
	int index = settings_choice_index(setting, get_text(resolving, key));

	return index >= 0 ? index : settings_choice_index(setting, setting->fallback);
}

/* Yours, in *SECRET: NULL if there is none; FAILURE_SECRET_UNREADABLE. */
static bool open_secret(const Resolving *resolving, SettingKey key, Secret **secret, GError **error)
{
	const char *name = settings_get_row(key)->name;
	const EffectiveValue *value = &resolving->effective.values[key];
	int64_t owner = value->origin == ORIGIN_USER ? resolving->reading->user_id : 0;
	g_autofree char *identity = settings_identity(owner, name);
	const Keyring *keyring = settings_keyring(resolving->settings);

	if (!value->value)
		return true;
	*secret = keyring ? keyring_open_sealed(keyring, identity, value->value) : NULL;
	if (*secret)
		return true;
	failure_set(error, FAILURE_SECRET_UNREADABLE, name, "%s of '%s' does not open", name,
		resolving->reading->user_name);
	return false;
}

/* SETTING_IMAP_x or SETTING_SMTP_x. */
#define OF(PROTOCOL, KEY)                                                                          \
	((PROTOCOL) == MAIL_PROTOCOL_IMAP ? SETTING_IMAP_##KEY : SETTING_SMTP_##KEY)

static bool resolve_proxy(
	const Resolving *resolving, MailProtocol protocol, Proxy *proxy, GError **error)
{
	const char *host = get_text(resolving, OF(protocol, PROXY_HOST));

	if (!host)
		return true;
	proxy->kind = (ProxyKind)get_choice(resolving, OF(protocol, PROXY_TYPE));
	proxy->host = g_strdup(host);
	proxy->port = (uint16_t)get_number(resolving, OF(protocol, PROXY_PORT));
	proxy->username = g_strdup(get_text(resolving, OF(protocol, PROXY_USERNAME)));
	return open_secret(resolving, OF(protocol, PROXY_PASSWORD), &proxy->password, error);
}

static bool is_global_pair(const Resolving *resolving, SettingKey password)
{
	const EffectiveValue *value = &resolving->effective.values[password];

	return value->value && value->origin == ORIGIN_GLOBAL;
}

/* When the pair was stored last. A user's changed account may be the user name of an own password;
 * the global pair is the same for everybody. */
static int64_t credential_generation(const Resolving *resolving, SettingKey password)
{
	const SettingReading *reading = resolving->reading;
	const EffectiveValue *value = &resolving->effective.values[password];

	if (is_global_pair(resolving, password))
		return setting_snapshot_values(reading->globals)->generations[password];
	return value->value ? MAX(reading->own.generations[password],
				      reading->own.generations[SETTING_ACCOUNT])
			    : 0;
}

/* Whether the global scope alone has a value for KEY. */
static bool is_only_global(const Resolving *resolving, SettingKey key)
{
	const char *global = setting_snapshot_values(resolving->reading->globals)->stored[key];

	return !get_text(resolving, key) && global && *global;
}

static bool resolve_endpoint(
	const Resolving *resolving, MailProtocol protocol, Endpoint *endpoint, GError **error)
{
	endpoint->protocol = protocol;
	endpoint->host = g_strdup(get_text(resolving, OF(protocol, HOST)));
	endpoint->uses_default =
		g_strcmp0(get_text(resolving, OF(protocol, USE_DEFAULT)), "true") == 0;
	endpoint->default_is_off =
		!endpoint->uses_default && is_only_global(resolving, OF(protocol, HOST));
	endpoint->port = (uint16_t)get_number(resolving, OF(protocol, PORT));
	endpoint->tls = (TlsMode)get_choice(resolving, OF(protocol, TLS));
	endpoint->ca_file = g_strdup(get_text(resolving, SETTING_TLS_CA_FILE));
	endpoint->timeout = get_number(resolving, SETTING_NETWORK_TIMEOUT);
	if (!resolve_proxy(resolving, protocol, &endpoint->proxy, error) ||
		!open_secret(resolving, OF(protocol, PASSWORD), &endpoint->password, error))
		return false;
	endpoint->credential_generation = credential_generation(resolving, OF(protocol, PASSWORD));
	endpoint->credentials_are_global = is_global_pair(resolving, OF(protocol, PASSWORD));
	if (endpoint->password)
		endpoint->username = g_strdup(get_text(resolving, OF(protocol, USERNAME)));
	return true;
}

static GPtrArray *split(const Resolving *resolving, SettingKey key)
{
	const char *value = get_text(resolving, key);

	return text_split_list(value ? value : "", ';');
}

/* The further mailboxes, without the main one where somebody listed it too. */
static GPtrArray *resolve_mailboxes(const Resolving *resolving, const char *main_address)
{
	GPtrArray *mailboxes = split(resolving, SETTING_MAILBOXES);
	g_autofree char *main_folded = main_address ? text_fold_address(main_address) : NULL;

	for (guint i = mailboxes->len; i > 0; i--) {
		g_autofree char *folded = text_fold_address(g_ptr_array_index(mailboxes, i - 1));

		if (g_strcmp0(folded, main_folded) == 0)
			g_ptr_array_remove_index(mailboxes, i - 1);
	}
	return mailboxes;
}

GStrv settings_resolve_mailboxes(
	Settings *settings, const char *user, int64_t *generation, GError **error)
{
	g_auto(SettingReading) reading = {0};
	g_autoptr(GStrvBuilder) all = g_strv_builder_new();
	g_autoptr(GPtrArray) further = NULL;
	Resolving resolving = {.settings = settings, .reading = &reading};
	const char *address;

	if (!settings_read(settings, user, &reading, error))
		return NULL;
	settings_decide(&reading, &resolving.effective);
	*generation = setting_snapshot_generation(reading.globals);
	address = get_text(&resolving, SETTING_ACCOUNT);
	if (address)
		g_strv_builder_add(all, address);
	further = resolve_mailboxes(&resolving, address);
	for (guint i = 0; i < further->len; i++)
		g_strv_builder_add(all, g_ptr_array_index(further, i));
	return g_strv_builder_end(all);
}

static void resolve_import(const Resolving *resolving, Account *account)
{
	const EffectiveValue *hidden = &resolving->effective.values[SETTING_IMPORT_HIDDEN_FOLDERS];

	account->hidden_standard = hidden->origin == ORIGIN_DEFAULT;
	account->hidden_folders = split(resolving, SETTING_IMPORT_HIDDEN_FOLDERS);
	account->after = (AfterImport)get_choice(resolving, SETTING_IMPORT_AFTER);
	if (account->after == AFTER_MOVE)
		account->after_folder = g_strdup(get_text(resolving, SETTING_IMPORT_AFTER_FOLDER));
}

/* Without the slash that people type at its end; NULL stays. */
static char *without_slash(const char *url)
{
	size_t length = url ? strlen(url) : 0;

	while (length > 0 && url[length - 1] == '/')
		length--;
	return url ? g_strndup(url, length) : NULL;
}

static void resolve_client(const Resolving *resolving, OauthClient *client)
{
	client->authority = without_slash(get_text(resolving, SETTING_OAUTH_AUTHORITY));
	client->tenant = g_strdup(get_text(resolving, SETTING_OAUTH_TENANT));
	client->id = g_strdup(get_text(resolving, SETTING_OAUTH_CLIENT_ID));
	client->redirect_uri = g_strdup(get_text(resolving, SETTING_OAUTH_REDIRECT_URI));
	client->scopes = g_strdup(get_text(resolving, SETTING_OAUTH_SCOPES));
}

/* The authority is reached through IMAP's proxy. */
static bool resolve_oauth(const Resolving *resolving, Account *account, GError **error)
{
	OauthClient *client = &account->oauth;

	if (account->interface != INTERFACE_OFFICE365)
		return true;
	resolve_client(resolving, client);
	client->ca_file = g_strdup(account->imap.ca_file);
	client->timeout = account->imap.timeout;
	proxy_copy(&client->proxy, &account->imap.proxy);
	return open_secret(resolving, SETTING_OAUTH_CLIENT_SECRET, &client->secret, error);
}

Account *settings_resolve(Settings *settings, const char *user, GError **error)
{
	g_auto(SettingReading) reading = {0};
	g_autoptr(Account) account = NULL;
	Resolving resolving = {.settings = settings, .reading = &reading};

	if (!settings_read(settings, user, &reading, error))
		return NULL;
	settings_decide(&reading, &resolving.effective);
	account = g_new0(Account, 1);
	account->user_id = reading.user_id;
	account->user_name = g_strdup(reading.user_name);
	account->interface = (Interface)get_choice(&resolving, SETTING_INTERFACE);
	account->address = g_strdup(get_text(&resolving, SETTING_ACCOUNT));
	account->mailboxes = resolve_mailboxes(&resolving, account->address);
	account->mailboxes_generation = MAX(resolving.reading->own.generations[SETTING_MAILBOXES],
		resolving.reading->own.generations[SETTING_IMAP_USERNAME]);
	account->imap.tls_is_fixed = account->interface == INTERFACE_OFFICE365;
	account->smtp.tls_is_fixed = account->imap.tls_is_fixed;
	account->token_folder = g_strdup(get_text(&resolving, SETTING_OAUTH_TOKEN_FOLDER));
	resolve_import(&resolving, account);
	if (!resolve_endpoint(&resolving, MAIL_PROTOCOL_IMAP, &account->imap, error) ||
		!resolve_endpoint(&resolving, MAIL_PROTOCOL_SMTP, &account->smtp, error) ||
		!resolve_oauth(&resolving, account, error))
		return NULL;
	return g_steal_pointer(&account);
}

static bool require_value(const char *value, SettingKey key, GError **error)
{
	const Setting *setting = settings_get_row(key);
	g_autofree char *subject = NULL;

	if (value)
		return true;
	subject = g_strdup_printf("%s (%s)", _(setting->label), setting->name);
	failure_set(error,
		setting->scopes & SCOPE_USER ? FAILURE_SETTING_MISSING
					     : FAILURE_SETTING_MISSING_GLOBAL,
		subject, "%s is not set", setting->name);
	return false;
}

bool settings_resolve_client(Settings *settings, OauthClient *client, GError **error)
{
	g_auto(SettingReading) reading = {0};
	Resolving resolving = {.settings = settings, .reading = &reading};

	if (!settings_read(settings, NULL, &reading, error))
		return false;
	settings_decide(&reading, &resolving.effective);
	if (!require_value(
		    get_text(&resolving, SETTING_OAUTH_CLIENT_ID), SETTING_OAUTH_CLIENT_ID, error))
		return false;
	resolve_client(&resolving, client);
	return true;
}

/* Where the host of ENDPOINT is to be entered; yours. */
static char *place_of_host(const Endpoint *endpoint)
{
	const char *label = _(settings_get_row(OF(endpoint->protocol, USE_DEFAULT))->label);

	if (endpoint->uses_default)
		return g_strdup_printf(
			_("in der Systemsteuerung; „%s“ ist für diesen Benutzer an"), label);
	if (endpoint->default_is_off)
		return g_strdup_printf(_("in der Benutzerverwaltung. In der Systemsteuerung steht "
					 "einer; „%s“ ist für diesen Benutzer aus"),
			label);
	return g_strdup_printf(
		_("in der Benutzerverwaltung oder, mit „%s“, in der Systemsteuerung"), label);
}

/* As require_value, with the PLACE (taken) to enter it in. */
static bool require_at(const char *value, SettingKey key, char *place, GError **error)
{
	g_autofree char *remedy = place;
	GError *problem = NULL;

	if (require_value(value, key, &problem))
		return true;
	failure_set_remedy(problem, remedy);
	g_propagate_error(error, problem);
	return false;
}

bool settings_require(const Account *account, MailProtocol protocol, GError **error)
{
	const Endpoint *endpoint = account_endpoint(account, protocol);

	if (account->interface == INTERFACE_DISABLED) {
		failure_set(error, FAILURE_INTERFACE_DISABLED, account->user_name,
			"interface of '%s' is disabled", account->user_name);
		return false;
	}
	return require_at(account->address, SETTING_ACCOUNT,
		       g_strdup(_("in der Benutzerverwaltung")), error) &&
	       require_at(endpoint->host, OF(protocol, HOST), place_of_host(endpoint), error) &&
	       (account->interface != INTERFACE_OFFICE365 ||
		       require_value(account->oauth.id, SETTING_OAUTH_CLIENT_ID, error));
}
