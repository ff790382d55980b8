/* What each type accepts, and the normal form. Refusals name the key and the value, but for
 * secrets, of which nothing is ever repeated. */
#include "settings/settings_internal.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"

#define LINE_LIMIT 1024 /* bytes, of every value that is one line */
#define LINES_LIMIT (64 * 1024)
#define SECRET_LIMIT 4096
#define HOST_LIMIT 253	/* RFC 1035 */
#define SHOWN_LIMIT 100 /* characters of a refused value that are repeated */

/* Yours: VALUE as a sentence may hold it. */
static char *show_value(const char *value)
{
	g_autofree char *safe = text_for_terminal(value);

	if (g_utf8_strlen(safe, -1) <= SHOWN_LIMIT)
		return g_steal_pointer(&safe);
	*g_utf8_offset_to_pointer(safe, SHOWN_LIMIT) = '\0';
	return g_strconcat(safe, "…", NULL);
}

/* Answers false: SETTING's value, not repeated, is not EXPECTED (German). */
static bool refuse_silently(const Setting *setting, const char *expected, GError **error)
{
	g_autofree char *subject =
		g_strdup_printf(_("%s. Erwartet wird %s."), setting->name, expected);

	failure_set(error, FAILURE_SETTING_INVALID, subject, "%s: invalid value", setting->name);
	return false;
}

/* Whoever types a password into a URL should not find it in a log. */
static bool may_hold_secret(const Setting *setting, const char *value)
{
	return setting->type == TYPE_HOST && strchr(value, '@');
}

/* Answers false: VALUE is not what SETTING wants, EXPECTED (German) says what would be. */
static bool refuse(const Setting *setting, const char *value, const char *expected, GError **error)
{
	g_autofree char *shown = show_value(value);
	g_autofree char *subject =
		g_strdup_printf(_("%s „%s“. Erwartet wird %s."), setting->name, shown, expected);

	if (may_hold_secret(setting, value))
		return refuse_silently(setting, expected, error);
	failure_set(error, FAILURE_SETTING_INVALID, subject, "%s: invalid value '%s'",
		setting->name, shown);
	return false;
}

/* Text types: nothing but the common checks. */
static char *normalise_text(const Setting *setting, const char *value, GError **error)
{
	(void)setting;
	(void)error;
	return g_strdup(value);
}

static char *normalise_lines(const Setting *setting, const char *value, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(value, "\r\n", -1);
	g_autofree char *text = g_strjoinv("\n", lines);

	for (const char *at = text; *at; at = g_utf8_next_char(at)) {
		if (*at != '\n' && *at != '\t' && g_unichar_iscntrl(g_utf8_get_char(at))) {
			refuse(setting, value, _("Text ohne Steuerzeichen"), error);
			return NULL;
		}
	}
	return g_steal_pointer(&text);
}

static char *normalise_integer(const Setting *setting, const char *value, GError **error)
{
	g_autofree char *expected = g_strdup_printf(
		_("eine ganze Zahl von %d bis %d"), setting->minimum, setting->maximum);
	size_t digits = strspn(value, "0123456789");
	long number = digits > 0 && digits <= 9 ? strtol(value, NULL, 10) : -1;

	if (value[digits] == '\0' && number >= setting->minimum && number <= setting->maximum)
		return g_strdup_printf("%ld", number);
	refuse(setting, value, expected, error);
	return NULL;
}

static char *normalise_boolean(const Setting *setting, const char *value, GError **error)
{
	if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
		return g_strdup(value);
	refuse(setting, value, _("true oder false"), error);
	return NULL;
}

int settings_choice_index(const Setting *setting, const char *value)
{
	for (int i = 0; setting->choices[i].value; i++) {
		if (strcmp(setting->choices[i].value, value) == 0)
			return i;
	}
	return -1;
}

static char *normalise_choice(const Setting *setting, const char *value, GError **error)
{
	g_autoptr(GString) expected = NULL;

	if (settings_choice_index(setting, value) >= 0)
		return g_strdup(value);
	expected = g_string_new(_("einer dieser Werte: "));
	for (const SettingChoice *choice = setting->choices; choice->value; choice++)
		g_string_append_printf(
			expected, "%s%s", choice == setting->choices ? "" : ", ", choice->value);
	refuse(setting, value, expected->str, error);
	return NULL;
}

static bool is_host_name(const char *name)
{
	g_auto(GStrv) labels = g_strsplit(name, ".", -1);
	guint count = g_strv_length(labels);
	bool good = count > 0 && strlen(name) <= HOST_LIMIT;

	for (guint i = 0; i < count && good; i++)
		good = text_is_label(labels[i], '_');
	/* A last label of digits alone is an address with a slip in it, never a name. */
	return good && strspn(labels[count - 1], "0123456789") != strlen(labels[count - 1]);
}

/* Yours: an IPv6 address, with or without brackets, in its short form; NULL if it is none. */
static char *normalise_ipv6(const char *value)
{
	size_t length = strlen(value);
	bool bracketed = length >= 2 && value[0] == '[' && value[length - 1] == ']';
	g_autofree char *bare = bracketed ? g_strndup(value + 1, length - 2) : g_strdup(value);
	struct in6_addr address;
	char text[INET6_ADDRSTRLEN];

	if (inet_pton(AF_INET6, bare, &address) != 1)
		return NULL;
	return g_strdup(inet_ntop(AF_INET6, &address, text, sizeof text));
}

/* Yours: the normal form of a host; NULL if VALUE is none. */
static char *normalise_host_text(const char *value)
{
	struct in_addr address;
	g_autofree char *name = NULL;
	size_t length;

	if (inet_pton(AF_INET, value, &address) == 1)
		return g_strdup(value);
	if (strchr(value, ':'))
		return normalise_ipv6(value);
	name = text_fold_address(value);
	length = strlen(name);
	if (length > 0 && name[length - 1] == '.')
		name[length - 1] = '\0';
	return is_host_name(name) ? g_steal_pointer(&name) : NULL;
}

static char *normalise_host(const Setting *setting, const char *value, GError **error)
{
	char *host = normalise_host_text(value);

	if (!host)
		refuse(setting, value,
			_("ein Servername oder eine IP-Adresse, ohne Port und ohne „https://“"),
			error);
	return host;
}

static char *normalise_address(const Setting *setting, const char *value, GError **error)
{
	if (text_is_address(value))
		return g_strdup(value);
	refuse(setting, value, _("eine E-Mail-Adresse"), error);
	return NULL;
}

static char *normalise_list(const Setting *setting, const char *value, GError **error)
{
	g_autoptr(GPtrArray) items = text_split_list(value, ';');

	(void)setting;
	(void)error;
	g_ptr_array_add(items, NULL);
	return g_strjoinv(";", (char **)items->pdata);
}

/* Secrets have no normal form: they never pass through here. */
static char *normalise_secret(const Setting *setting, const char *value, GError **error)
{
	(void)value;
	failure_set(error, FAILURE_SECRET_ARGUMENT, setting->name, "%s is a secret", setting->name);
	return NULL;
}

static char *normalise_file(const Setting *setting, const char *value, GError **error)
{
	if (g_path_is_absolute(value))
		return g_strdup(value);
	refuse(setting, value, _("ein absoluter Pfad, der mit / beginnt"), error);
	return NULL;
}

static bool is_service_url(GUri *uri)
{
	const char *scheme = g_uri_get_scheme(uri);
	const char *host = g_uri_get_host(uri);
	g_autofree char *normal = host ? normalise_host_text(host) : NULL;

	if (!normal || g_uri_get_userinfo(uri) || g_uri_get_fragment(uri) || g_uri_get_query(uri))
		return false;
	return strcmp(scheme, "https") == 0 ||
	       (strcmp(scheme, "http") == 0 && host_is_loopback(normal));
}

static char *normalise_url(const Setting *setting, const char *value, GError **error)
{
	g_autoptr(GUri) uri =
		strchr(value, ' ') ? NULL : g_uri_parse(value, G_URI_FLAGS_NONE, NULL);

	if (uri && is_service_url(uri))
		return g_strdup(value);
	/* As in may_hold_secret. */
	refuse_silently(setting,
		_("eine Adresse, die mit https:// beginnt (http:// nur für diesen Rechner selbst), "
		  "ohne Benutzername, ? und #"),
		error);
	return NULL;
}

typedef char *Normalise(const Setting *setting, const char *value, GError **error);

static Normalise *const normalisers[] = {
	[TYPE_TEXT] = normalise_text,
	[TYPE_LINES] = normalise_lines,
	[TYPE_INTEGER] = normalise_integer,
	[TYPE_BOOLEAN] = normalise_boolean,
	[TYPE_CHOICE] = normalise_choice,
	[TYPE_HOST] = normalise_host,
	[TYPE_ADDRESS] = normalise_address,
	[TYPE_LIST] = normalise_list,
	[TYPE_SECRET] = normalise_secret,
	[TYPE_FILE] = normalise_file,
	[TYPE_URL] = normalise_url,
};

/* What holds for every type, before its own rule. */
static bool check_common(const Setting *setting, const char *value, GError **error)
{
	bool lines = setting->type == TYPE_LINES;
	size_t limit = lines || setting->type == TYPE_LIST ? LINES_LIMIT : LINE_LIMIT;

	if (strlen(value) > limit)
		return refuse(setting, value, _("ein kürzerer Wert"), error);
	if (!g_utf8_validate(value, -1, NULL) || (!lines && text_has_control(value)))
		return refuse(setting, value, _("Text ohne Steuerzeichen"), error);
	return true;
}

/* Yours: VALUE without the blanks around it. Tabs and line breaks stay, to be refused. */
static char *trim_blanks(const char *value)
{
	size_t start = strspn(value, " ");
	size_t end = strlen(value);

	while (end > start && value[end - 1] == ' ')
		end--;
	return g_strndup(value + start, end - start);
}

char *settings_normalise(const Setting *setting, const char *value, GError **error)
{
	g_autofree char *trimmed = NULL;
	g_autofree char *normal = NULL;

	if (setting->type == TYPE_SECRET)
		return normalise_secret(setting, value, error);
	/* The blanks around a signature may be meant. */
	trimmed = setting->type == TYPE_LINES ? g_strdup(value) : trim_blanks(value);
	if (!check_common(setting, trimmed, error))
		return NULL;
	if (*trimmed == '\0') {
		if (setting->may_be_empty)
			return g_steal_pointer(&trimmed);
		refuse(setting, trimmed, _("ein Wert; „settings unset“ entfernt ihn"), error);
		return NULL;
	}
	normal = normalisers[setting->type](setting, trimmed, error);
	if (!normal || (setting->check && !setting->check(setting, normal, error)))
		return NULL;
	return g_steal_pointer(&normal);
}

bool settings_check_secret(const Setting *setting, const Secret *secret, GError **error)
{
	const char *text = secret_text(secret);
	size_t size = secret_size(secret);

	if (size == 0)
		return refuse_silently(
			setting, _("ein Wert; „settings unset“ entfernt ihn"), error);
	if (size > SECRET_LIMIT)
		return refuse_silently(setting, _("ein kürzerer Wert"), error);
	if (!g_utf8_validate(text, (gssize)size, NULL))
		return refuse_silently(setting, _("Text in UTF-8"), error);
	if (strlen(text) != size || text_has_control(text))
		return refuse_silently(setting, _("Text ohne Steuerzeichen"), error);
	return true;
}

bool settings_check_addresses(const Setting *setting, const char *value, GError **error)
{
	g_autoptr(GPtrArray) items = text_split_list(value, ';');

	for (guint i = 0; i < items->len; i++) {
		const char *item = g_ptr_array_index(items, i);

		if (!text_is_address(item) && strchr(item, ','))
			return refuse(setting, item,
				_("eine E-Mail-Adresse. Mehrere Adressen trennt ein Semikolon"),
				error);
		if (!text_is_address(item))
			return refuse(setting, item, _("eine E-Mail-Adresse"), error);
	}
	return true;
}

/* The tenant becomes a part of a URL's path. */
bool settings_check_tenant(const Setting *setting, const char *value, GError **error)
{
	for (const char *at = value; *at; at++) {
		if (!g_ascii_isalnum(*at) && *at != '.' && *at != '-')
			return refuse(setting, value,
				_("„organizations“, eine Mandanten-ID oder eine Domäne"), error);
	}
	return true;
}

/* The id becomes a part of URLs and forms. */
bool settings_check_client(const Setting *setting, const char *value, GError **error)
{
	for (const char *at = value; *at; at++) {
		if (!g_ascii_isgraph(*at))
			return refuse(setting, value,
				_("eine Anwendungs-ID ohne Leerzeichen und Umlaute"), error);
	}
	return true;
}

/* What follows the placeholder that FOLDER starts with; FOLDER itself if it is absolute, else NULL.
 */
static const char *skip_folder_start(const char *folder)
{
	static const char *const starts[] = {"%APPDATA%", "%USERPROFILE%", "~"};

	for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
		size_t length = strlen(starts[i]);

		if (strncmp(folder, starts[i], length) == 0 &&
			(folder[length] == '/' || folder[length] == '\0'))
			return folder + length;
	}
	return folder[0] == '/' ? folder : NULL;
}

bool settings_check_token_folder(const Setting *setting, const char *value, GError **error)
{
	const char *rest = skip_folder_start(value);
	g_auto(GStrv) parts = rest ? g_strsplit(rest, "{user}", -1) : NULL;
	g_autofree char *plain = parts ? g_strjoinv("", parts) : NULL;
	g_auto(GStrv) folders = rest ? g_strsplit(rest, "/", -1) : NULL;

	if (plain && !strpbrk(plain, "{}%") && !g_strv_contains((const char *const *)folders, ".."))
		return true;
	return refuse(setting, value,
		_("ein absoluter Pfad; möglich sind %APPDATA%, %USERPROFILE% oder ~ am Anfang und "
		  "{user}"),
		error);
}
