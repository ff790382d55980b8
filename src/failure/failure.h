/* The catalogue of failures: each condition has one row with what happens next, the exit status,
 * the German sentence and advice, and who must act. Every module reports through it; what a person
 * reads is written here once (failure_table.h). */
#pragma once

#include <stdbool.h>
#include <glib.h>

/* The GError code of our one domain: what happens next. */
typedef enum FailureCode {
	FAILURE_CODE_SETUP,    /* an administrator must correct a setting */
	FAILURE_CODE_LOGIN,    /* sign in again */
	FAILURE_CODE_RETRY,    /* later */
	FAILURE_CODE_REFUSED,  /* not this mail, folder or mailbox; others go on */
	FAILURE_CODE_PROTOCOL, /* the peer broke the rules: drop the connection */
	FAILURE_CODE_LIMIT,    /* larger than we take */
	FAILURE_CODE_INPUT,    /* what the caller gave is wrong */
	FAILURE_CODE_CONFLICT, /* somebody else was faster, or it exists already */
	FAILURE_CODE_STORE,    /* our own storage failed */
	FAILURE_CODE_CANCELLED,
} FailureCode;

/* Who can do something about it. */
typedef enum FailureActor {
	ACTOR_NOBODY, /* wait */
	ACTOR_CLERK,
	ACTOR_ADMINISTRATOR,
	ACTOR_OPERATOR, /* who runs the machine that amtspost runs on */
	ACTOR_PROVIDER, /* who runs the mail server */
} FailureActor;

typedef enum Failure {
#define FAILURE(id, name, code, status, actor, sentence, advice) id,
#include "failure/failure_table.h"
#undef FAILURE
	FAILURE_COUNT
} Failure;

#define FAILURE_DOMAIN failure_quark()
GQuark failure_quark(void);

/* Sets *ERROR to FAILURE. SUBJECT (nullable) is what the German sentence names in place of its %s:
 * a host, a folder, a value. FORMAT is the English technical message for logs; it never holds a
 * secret. */
void failure_set(GError **error, Failure failure, const char *subject, const char *format, ...)
	G_GNUC_PRINTF(4, 5);

/* What ERROR's advice names where its row has a %s (a setting, a port); other advice is followed by
 * TEXT as a sentence of its own. "" and NULL are none. */
void failure_set_remedy(GError *error, const char *text);

/* What ERROR's sentence names from now on, in place of what failure_set said. */
void failure_set_subject(GError *error, const char *subject);

/* As failure_set, with what errno NUMBER says. FAILURE_STORE becomes FAILURE_DISK_FULL where it
 * says that. */
void failure_set_errno(GError **error, Failure failure, const char *subject, int number);

/* The row that NAME ("login-refused") names; false: there is none. */
bool failure_find(const char *name, Failure *failure);
/* What ERROR's sentence names, borrowed; NULL: nothing. */
const char *failure_subject(const GError *error);

/* Which failure ERROR is; one of a foreign domain counts as FAILURE_INTERNAL. */
Failure failure_of(const GError *error);
bool failure_is(const GError *error, Failure failure);
FailureCode failure_code(const GError *error);
FailureCode failure_code_of(Failure failure);

/* The exit status (man/amtspost.1), the code's name ("login"), the row's name ("login-refused"). */
int failure_status(const GError *error);
const char *failure_code_name(const GError *error);
const char *failure_name(const GError *error);
FailureActor failure_actor(const GError *error);

/* What a person reads, in the chosen language, both yours: what happened; what to do and who can.
 */
char *failure_sentence(const GError *error);
char *failure_advice(const GError *error);
/* The call that failed, as advice may name it; all nullable. */
typedef struct FailureCall {
	const char *user;     /* in the place of NAME */
	const char *username; /* of the mailbox, beside it */
	const char *command;  /* "login status", in the place of BEFEHL */
} FailureCall;
/* The same with what CALL (nullable) named, and the mailbox that it is about in ADRESSE's place;
 * yours. */
char *failure_advice_for(const GError *error, const FailureCall *call);
/* ADVICE filled the same way, about the mailbox ADDRESS (NULL: about none); yours. */
char *failure_fill_advice(const char *advice, const FailureCall *call, const char *address);
/* The same for whoever reads a page: the calls that the advice only adds (": „amtspost login …“")
 * are left out. Yours. */
char *failure_advice_on_page(const GError *error);
/* ADVICE without them, likewise. */
char *failure_strip_calls(const char *advice);
