/* The token's life: handed out, refreshed under the user's lock, stored, removed. The rows are in
 * token_record.c, paths and locks in token_place.c, the file's form in oauth/. */
#include "app/token.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "app/token_place.h"
#include "app/token_record.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "failure/failure.h"
#include "oauth/oauth_token.h"

/* A token is refreshed when no more than this is left of it; of short-lived ones a quarter. */
#define MARGIN 300 /* seconds */
#define MARGIN_SHARE 4
/* A clock that went back so far makes what is written down worthless. */
#define CLOCK_SLACK 60
/* How many refreshes in a row somebody may wait for. */
#define LOCK_ROUNDS 4
#define LOCK_LEAST 60 /* seconds */
/* Seconds: the longest pause, and how soon a refused token is not worth another one yet. */
#define PAUSE_LIMIT (60 * 60)
#define RENEWAL_PAUSE (5 * 60)
/* Free bytes without which a new token might not find its place. */
#define ROOM_LEAST (1024 * 1024)

/* One use of a user's token. */
typedef struct Use {
	Office *office;
	const Account *account;
	const Cancel *cancel;
	TokenRecord record;
	Descriptor lock;
} Use;

static void use_clear(Use *use)
{
	token_record_clear(&use->record);
	descriptor_close(&use->lock);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Use, use_clear)

static OauthOwner owner_of(const Use *use)
{
	return (OauthOwner){
		use->account->user_id,
		use->account->user_name,
		use->record.installation,
	};
}

static bool load_record(Use *use, GError **error)
{
	return token_record_load(use->office, use->account->user_id, &use->record, error);
}

static bool lock(Use *use, GError **error)
{
	int seconds = MAX(LOCK_ROUNDS * use->account->imap.timeout, LOCK_LEAST);

	return token_lock(
		use->office, use->account->user_name, seconds, use->cancel, &use->lock, error);
}

/* The failure that the last refresh ended with, if only a new sign-in helps. */
static bool check_memory(const TokenRecord *record, GError **error)
{
	Failure failure;

	if (!record->failure || !failure_find(record->failure, &failure))
		return true;
	if (failure_code_of(failure) == FAILURE_CODE_LOGIN)
		failure_set(error, failure, record->subject,
			"the authority refused before and was not asked again");
	return failure_code_of(failure) != FAILURE_CODE_LOGIN;
}

/* Names of hosts, tenants and clients are the same in capitals. */
static bool check_client(const Use *use, GError **error)
{
	const OauthClient *client = &use->account->oauth;
	const TokenRecord *record = &use->record;

	if (text_is_same(record->authority, client->authority) &&
		text_is_same(record->tenant, client->tenant) &&
		text_is_same(record->client_id, client->id))
		return true;
	failure_set(error, FAILURE_TOKEN_OTHER_CLIENT, use->account->address,
		"signed in at another authority, tenant or client");
	return false;
}

/* Whether there is a sign-in at all that could hold; asks no file and nobody. */
static bool check_record(const Use *use, GError **error)
{
	const TokenRecord *record = &use->record;
	const Account *account = use->account;

	if (!record->present) {
		failure_set(error, FAILURE_LOGIN_MISSING, account->user_name, "never signed in");
		return false;
	}
	if (!text_is_same(record->account, account->address)) {
		failure_set(error, FAILURE_TOKEN_OTHER_ACCOUNT, record->account,
			"signed in for %s, the account is %s now", record->account,
			account->address);
		return false;
	}
	return check_client(use, error) && check_memory(record, error);
}

/* The file's token, which must be the one that the row tells of. */
static OauthToken *load_token(const Use *use, GError **error)
{
	OauthOwner owner = owner_of(use);
	const TokenRecord *record = &use->record;
	g_autoptr(OauthToken) token =
		oauth_token_load(record->path, &owner, office_keyring(use->office), error);

	if (!token)
		return NULL;
	if (text_is_same(token->account, record->account) &&
		text_is_same(token->authority, record->authority) &&
		text_is_same(token->tenant, record->tenant) &&
		text_is_same(token->client_id, record->client_id))
		return g_steal_pointer(&token);
	failure_set(error, FAILURE_TOKEN_OTHER_ACCOUNT, token->account, "%s: of another sign-in",
		record->path);
	return NULL;
}

/* Whether the access token of GRANT still holds for a while and is not REFUSED. */
static bool is_usable(const OauthGrant *grant, const Secret *refused)
{
	int64_t now = clock_now();
	int64_t margin = MIN(MARGIN, (grant->expires - grant->issued) / MARGIN_SHARE);

	if (refused && strcmp(secret_text(refused), secret_text(grant->access_token)) == 0)
		return false;
	return grant->issued <= now + CLOCK_SLACK && now < grant->expires - margin;
}

static bool check_pause(const Use *use, GError **error)
{
	int64_t left = use->record.pause_until - clock_now();

	/* A longer one was written by a clock that went wrong. */
	if (left <= 0 || left > PAUSE_LIMIT)
		return true;
	failure_set(error, FAILURE_OAUTH_BUSY, use->account->oauth.authority,
		"the authority asked for a pause of %" PRId64 " s more", left);
	return false;
}

/* What a refresh brings must find its place, or the sign-in would be lost with it. */
static bool check_room(const Use *use, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(use->record.path);
	OauthOwner owner = owner_of(use);
	uint64_t available, total;

	if (!oauth_token_check_place(use->record.path, &owner, error))
		return false;
	if (!file_free_space(folder, &available, &total) || available >= ROOM_LEAST)
		return true;
	failure_set(
		error, FAILURE_DISK_FULL, NULL, "%s: %" PRIu64 " bytes free", folder, available);
	return false;
}

static bool ask_authority(Use *use, const OauthToken *token, OauthGrant *grant, GError **error)
{
	const Account *account = use->account;
	g_autoptr(GError) problem = NULL;
	int64_t pause = 0;

	if (!token->grant.refresh_token) {
		failure_set(error, FAILURE_TOKEN_WITHOUT_REFRESH, account->address,
			"expired, and there is no refresh token");
		return false;
	}
	if (oauth_refresh(&account->oauth, account->address, token->grant.refresh_token,
		    use->cancel, grant, &pause, &problem))
		return true;
	if (!failure_is(problem, FAILURE_CANCELLED))
		token_record_note(
			use->office, account->user_id, account->user_name, problem, pause);
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

/* Puts GRANT into TOKEN; one without a refresh token leaves the former. */
static void take_grant(OauthToken *token, OauthGrant *grant)
{
	if (!grant->refresh_token)
		grant->refresh_token = g_steal_pointer(&token->grant.refresh_token);
	oauth_grant_clear(&token->grant);
	token->grant = *grant;
	*grant = (OauthGrant){0};
}

/* Under the lock: stored first, then handed out. */
static bool refresh(Use *use, OauthToken *token, GError **error)
{
	const Account *account = use->account;
	OauthOwner owner = owner_of(use);
	g_auto(OauthGrant) grant = {0};

	if (!check_pause(use, error) || !check_room(use, error) ||
		!ask_authority(use, token, &grant, error))
		return false;
	take_grant(token, &grant);
	if (!oauth_token_store(token, use->record.path, &owner, office_keyring(use->office), error))
		return false;
	token_record_note(use->office, account->user_id, account->user_name, NULL, 0);
	return true;
}

/* A server that refuses whatever it is given does not drive us into refreshing again and again. */
static bool may_renew(
	const Use *use, const OauthToken *token, const Secret *refused, GError **error)
{
	int64_t age = clock_now() - use->record.refreshed;

	if (!refused || !is_usable(&token->grant, NULL) || age < 0 || age > RENEWAL_PAUSE)
		return true;
	failure_set(error, FAILURE_OAUTH_TOKEN_REFUSED, use->account->address,
		"refused, although it was renewed %" PRId64 " s ago", age);
	return false;
}

/* The token as it is under the lock: another process may have refreshed it meanwhile. */
static OauthToken *load_locked(Use *use, const Secret *refused, GError **error)
{
	g_autoptr(OauthToken) token = NULL;
	OauthOwner owner;

	if (!lock(use, error) || !load_record(use, error) || !check_record(use, error))
		return NULL;
	owner = owner_of(use);
	oauth_token_recover(use->record.path, &owner, office_keyring(use->office));
	token = load_token(use, error);
	if (!token ||
		(!is_usable(&token->grant, refused) &&
			(!may_renew(use, token, refused, error) || !refresh(use, token, error))))
		return NULL;
	return g_steal_pointer(&token);
}

bool token_get(Office *office, const Account *account, const Secret *refused, const Cancel *cancel,
	Secret **token, GError **error)
{
	g_auto(Use) use = {.office = office, .account = account, .cancel = cancel, .lock = -1};
	g_autoptr(OauthToken) held = NULL;

	if (!load_record(&use, error) || !check_record(&use, error))
		return false;
	held = load_token(&use, error);
	if (!held)
		return false;
	if (!is_usable(&held->grant, refused)) {
		oauth_token_free(held);
		held = load_locked(&use, refused, error);
	}
	if (held)
		*token = g_steal_pointer(&held->grant.access_token);
	return held != NULL;
}

/* What a sign-in would founder on at its end. */
static bool check_tools(Office *office, const Account *account, GError **error)
{
	const char *ca_file = account->imap.ca_file;

	if (!office_keyring(office)) {
		failure_set(error, FAILURE_KEYRING_MISSING, NULL, "no key ring to seal with");
		return false;
	}
	if (ca_file && access(ca_file, R_OK) != 0) {
		failure_set_errno(error, FAILURE_TLS_CA_FILE, ca_file, errno);
		return false;
	}
	return true;
}

bool token_check_place(Office *office, const Account *account, GError **error)
{
	g_auto(Use) use = {.office = office, .account = account, .lock = -1};
	g_autofree char *place = NULL;
	OauthOwner owner;

	if (!check_tools(office, account, error) || !load_record(&use, error))
		return false;
	place = token_place(office, account, error);
	owner = owner_of(&use);
	return place && oauth_token_check_place(place, &owner, error);
}

/* TOKEN as a sign-in grants it; its grant and texts are borrowed. */
static OauthToken borrow_token(const Account *account, const OauthGrant *grant)
{
	OauthToken token = {
		.account = account->address,
		.identity = grant->identity,
		.authority = account->oauth.authority,
		.tenant = account->oauth.tenant,
		.client_id = account->oauth.id,
		.grant = *grant,
	};

	return token;
}

/* What lay where an administrator had it before is of no more use. */
static void remove_former(const Use *use, const char *path)
{
	OauthOwner owner = owner_of(use);
	g_autoptr(GError) problem = NULL;

	if (use->record.path && strcmp(use->record.path, path) != 0 &&
		!oauth_token_remove(use->record.path, &owner, &problem))
		log_warning("a former token file stays: %s", problem->message);
}

/* File and row, or neither. */
static bool store_both(
	Use *use, const OauthToken *token, const char *path, const char *actor, GError **error)
{
	const Account *account = use->account;
	OauthOwner owner = owner_of(use);
	TokenRecord next = {
		.path = (char *)path,
		.account = token->account,
		.identity = token->identity,
		.authority = token->authority,
		.tenant = token->tenant,
		.client_id = token->client_id,
	};

	if (!oauth_token_store(token, path, &owner, office_keyring(use->office), error))
		return false;
	if (token_record_sign_in(
		    use->office, account->user_id, account->user_name, &next, actor, error))
		return true;
	oauth_token_remove(path, &owner, NULL);
	return false;
}

bool token_store(Office *office, const Account *account, const OauthGrant *grant, const char *actor,
	const Cancel *cancel, GError **error)
{
	g_auto(Use) use = {.office = office, .account = account, .cancel = cancel, .lock = -1};
	OauthToken token = borrow_token(account, grant);
	g_autofree char *path = NULL;

	if (!lock(&use, error) || !load_record(&use, error))
		return false;
	path = token_place(office, account, error);
	if (!path || !store_both(&use, &token, path, actor, error))
		return false;
	remove_former(&use, path);
	return true;
}

void token_status_clear(TokenStatus *status)
{
	g_free(status->path);
	g_free(status->identity);
	g_clear_error(&status->problem);
	g_clear_error(&status->notice);
	*status = (TokenStatus){0};
}

/* Whether USE's token looks as if it could be used now. */
static void look_into_file(const Use *use, TokenStatus *status)
{
	g_autoptr(OauthToken) token = load_token(use, &status->problem);

	if (token)
		status->expires = token->grant.expires;
}

static void look_for_file(const TokenRecord *record, GError **problem)
{
	if (access(record->path, F_OK) != 0)
		failure_set(problem, FAILURE_TOKEN_MISSING, record->path, "%s: not there",
			record->path);
}

/* Whether FAILURE says nothing about the sign-in itself. */
static bool may_pass(Failure failure)
{
	FailureCode code = failure_code_of(failure);

	return code == FAILURE_CODE_RETRY || code == FAILURE_CODE_PROTOCOL;
}

/* Never signed in: how the last try failed says more than that. */
static bool describe_absence(
	Office *office, const Account *account, GError **problem, GError **error)
{
	if (!token_record_last_login(office, account->user_id, problem, error))
		return false;
	if (!*problem)
		failure_set(problem, FAILURE_LOGIN_MISSING, account->user_name, "never signed in");
	return true;
}

bool token_status(
	Office *office, const Account *account, bool look, TokenStatus *status, GError **error)
{
	g_auto(Use) use = {.office = office, .account = account, .lock = -1};
	const TokenRecord *record = &use.record;
	Failure failure;

	if (!load_record(&use, error))
		return false;
	*status = (TokenStatus){
		.present = record->present,
		.path = g_strdup(record->path),
		.identity = g_strdup(record->identity),
		.signed_in = record->signed_in,
		.refreshed = record->refreshed,
		.failed = record->failure ? record->failed : 0,
	};
	if (!record->present)
		return describe_absence(office, account, &status->problem, error);
	if (check_record(&use, &status->problem) && look)
		look_into_file(&use, status);
	else if (!status->problem)
		look_for_file(record, &status->problem);
	if (!status->problem && failure_find(record->failure, &failure))
		failure_set(may_pass(failure) ? &status->notice : &status->problem, failure,
			record->subject, "the last refresh failed");
	return true;
}

void token_hide(Office *office, const Account *account, Repeats *repeats)
{
	g_auto(Use) use = {.office = office, .account = account, .lock = -1};
	g_autoptr(GError) unreadable = NULL;
	g_autoptr(OauthToken) token = NULL;

	if (account->interface != INTERFACE_OFFICE365 || !load_record(&use, &unreadable) ||
		!use.record.present)
		return;
	token = load_token(&use, &unreadable);
	if (!token)
		return;
	repeats_add_secret(repeats, token->grant.access_token);
	repeats_add_secret(repeats, token->grant.refresh_token);
}

bool token_remove(Office *office, int64_t user_id, const char *user, bool goes, const char *actor,
	GError **error)
{
	g_auto(TokenRecord) record = {0};
	g_auto(Descriptor) lock = -1;
	OauthOwner owner;

	/* A refresh that is under way would bring the file back. */
	if (!token_lock(office, user, LOCK_LEAST, NULL, &lock, error) ||
		!token_record_load(office, user_id, &record, error))
		return false;
	owner = (OauthOwner){user_id, user, record.installation};
	if (record.path && !oauth_token_remove(record.path, &owner, error))
		return false;
	if (!token_record_remove(office, user_id, user, actor, error))
		return false;
	if (goes)
		token_place_remove(office, user);
	return true;
}

void token_note_failed_login(
	Office *office, const Account *account, const GError *problem, const char *actor)
{
	token_record_failed_login(office, account->user_id, account->user_name, problem, actor);
}
