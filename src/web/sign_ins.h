/* Sign-ins with Office 365 that wait for a browser, how a session's last one ended, told once, and
 * what was typed in a session that ended before it, for the form.
 * Each belongs to the page's session that began it and to nobody else (for the API something stands
 * in: api_login.c); they live in memory only. */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include "app/login_flow.h"
#include "user/user_session.h"
#include "web/form.h"

/* One is all that a session has; of more than these in all the oldest go. */
#define SIGN_INS_LIMIT 2000

typedef struct SignIn {
	LoginFlow *flow;
	char *next;	 /* the page to go on with */
	bool leads_here; /* the browser comes back by itself */
	bool repeated;	 /* it is the second one, after a code that was used up */
} SignIn;

void sign_in_free(SignIn *sign_in);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SignIn, sign_in_free)

/* How a sign-in of any kind ended. */
typedef struct SignInEnd {
	LoginResult result; /* filled or not */
	GError *problem;    /* NULL: all is well */
	char *next;	    /* NULL: nothing waits */
	Form *typed;	    /* what the form is to show again, without secrets; NULL: nothing */
} SignInEnd;

void sign_in_end_free(SignInEnd *end);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SignInEnd, sign_in_end_free)

typedef struct SignIns SignIns;

SignIns *sign_ins_new(void);
void sign_ins_free(SignIns *sign_ins);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SignIns, sign_ins_free)

/* Takes SIGN_IN, in place of SESSION's former one. */
void sign_ins_put(SignIns *sign_ins, const Session *session, SignIn *sign_in);
/* Takes SIGN_IN back, unless SESSION has begun another one meanwhile. */
void sign_ins_put_back(SignIns *sign_ins, const Session *session, SignIn *sign_in);
/* SESSION's, yours and no longer here, so that only one request goes on with it; NULL: none. */
SignIn *sign_ins_take(SignIns *sign_ins, const Session *session);

/* What a page shows of SESSION's while it waits. */
typedef struct SignInLook {
	bool asks; /* IDENTITY signed in: is that meant? */
	bool leads_here;
	char *url;
	char *account;
	char *identity; /* NULL: not told yet */
} SignInLook;

void sign_in_look_clear(SignInLook *look);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SignInLook, sign_in_look_clear)

/* False: none waits. */
bool sign_ins_look(SignIns *sign_ins, const Session *session, SignInLook *look);

/* Takes END, to be told by the next page that asks. */
void sign_ins_end(SignIns *sign_ins, const Session *session, SignInEnd *end);
/* Yours; NULL: there is nothing to tell, or it was told. */
SignInEnd *sign_ins_told(SignIns *sign_ins, const Session *session);

/* Takes TYPED, for SESSION's page PATH. */
void sign_ins_carry(SignIns *sign_ins, const Session *session, const char *path, Form *typed);
/* What is carried for PATH, yours and no longer here; NULL: nothing. */
Form *sign_ins_carried(SignIns *sign_ins, const Session *session, const char *path);

/* Forgets what can come to nothing any more; every now and then. */
void sign_ins_sweep(SignIns *sign_ins);
