/* What the database keeps of a user's sign-in with Office 365. Only for token*.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "app/office.h"

typedef struct TokenRecord {
	bool present; /* false: never signed in, all else is empty */
	char *path;   /* of the token file, absolute */
	char *account;
	char *identity; /* NULL: not told */
	char *authority;
	char *tenant;
	char *client_id;
	int64_t signed_in;
	int64_t refreshed;   /* 0: not yet */
	char *failure;	     /* name of the last refresh's failure; NULL: it was good */
	char *subject;	     /* what that failure names; NULL: nothing */
	int64_t failed;	     /* since when */
	int64_t pause_until; /* 0: no pause */
	char *installation;  /* of this data folder, always there */
} TokenRecord;

void token_record_clear(TokenRecord *record);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TokenRecord, token_record_clear)

bool token_record_load(Office *office, int64_t user_id, TokenRecord *record, GError **error);

/* A new sign-in of USER, with an audit row. Of RECORD count path, account, identity and client. */
bool token_record_sign_in(Office *office, int64_t user_id, const char *user,
	const TokenRecord *record, const char *actor, GError **error);

/* What the last refresh brought. PROBLEM NULL: it was good. One that asks for a new sign-in is
 * audited the first time. A failure to note it is only logged. */
void token_record_note(
	Office *office, int64_t user_id, const char *user, const GError *problem, int64_t pause);

/* A sign-in of USER that came to nothing because of PROBLEM: kept until the next good one, with an
 * audit row. A failure to note it is only logged. */
void token_record_failed_login(Office *office, int64_t user_id, const char *user,
	const GError *problem, const char *actor);
/* Sets *PROBLEM to how the last sign-in failed, if it did. */
bool token_record_last_login(Office *office, int64_t user_id, GError **problem, GError **error);

/* Forgets the sign-in, with an audit row if there was one. */
bool token_record_remove(
	Office *office, int64_t user_id, const char *user, const char *actor, GError **error);
