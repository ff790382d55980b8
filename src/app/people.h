/* Use cases about users: add, lock, change, list with their mail settings, import from CSV. */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include "app/office.h"
#include "app/sign_in_report.h"
#include "base/cancel.h"
#include "user/user.h"

/* A user with what lists show of the mail settings. */
typedef struct Person {
	User *user;
	char *interface; /* "standard" … */
	char *account;	 /* NULL: none */
	SignInReport sign_in;
} Person;

void person_free(Person *person);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Person, person_free)

/* Whether mail is switched on for PERSON but cannot be used; sign_in.reason says why. */
bool person_needs_help(const Person *person);

/* PASSWORD NULL: none yet. Sets user->id. */
bool people_add(
	Office *office, User *user, const Secret *password, const char *actor, GError **error);

/* Yours; FAILURE_USER_UNKNOWN. */
Person *people_find(Office *office, const char *name, GError **error);
/* All by name; Person *. */
GPtrArray *people_list(Office *office, GError **error);
/* Those of them that FILTER (NULL: all) lets through. FAILURE_CANCELLED. */
typedef bool PersonFilter(const Person *person);
GPtrArray *people_filter(
	Office *office, PersonFilter *filter, const Cancel *cancel, GError **error);

bool people_set_password(Office *office, const char *name, const Secret *password,
	const char *actor, GError **error);

/* Whoever acts on the page or by the API may lock out neither themselves (FAILURE_USER_OWN) nor the
 * last administrator who can sign in (FAILURE_USER_LAST_ADMINISTRATOR). */
typedef enum PeopleMay {
	PEOPLE_MAY_ALL,		/* the command line */
	PEOPLE_MAY_NOT_LOCK_OUT /* ACTOR is a user's name */
} PeopleMay;

typedef struct PersonChange {
	const char *display_name; /* "": none; NULL: it stays */
	const bool *admin;	  /* NULL: it stays */
	const bool *archive;	  /* the same */
	const char *seen;	  /* people_state of what was looked at; NULL: whatever it is */
} PersonChange;

/* What a PersonChange would change of USER, to notice that somebody else has; yours. */
char *people_state(const User *user);
/* *CHANGED: whether anything was another. FAILURE_DISPLAY_NAME_INVALID, FAILURE_SETTINGS_CHANGED:
 * it is not as SEEN any more. */
bool people_change(Office *office, const char *name, const PersonChange *change, PeopleMay may,
	const char *actor, bool *changed, GError **error);
bool people_set_locked(Office *office, const char *name, bool locked, PeopleMay may,
	const char *actor, GError **error);
bool people_remove(
	Office *office, const char *name, PeopleMay may, const char *actor, GError **error);

/* Bytes of a CSV file. */
#define PEOPLE_CSV_LIMIT ((size_t)8 * 1024 * 1024)

/* A bad row of a CSV file and what is wrong with it, in German. */
typedef struct RowError {
	unsigned line;
	char *sentence;
} RowError;

void row_error_free(RowError *row_error);

/* Adds the users of the SIZE bytes at CSV (UTF-8, NUL behind them, ';', a header line of name,
 * display_name, admin, archive and user keys), all or nothing. Answers them (Person *), yours; with
 * DRY_RUN nothing is kept. Every bad row is named: ROW_ERRORS (RowError *) gets them in the file's
 * order, and the failure is FAILURE_CSV_INVALID. FAILURE_CSV_ENCODING. */
GPtrArray *people_import(Office *office, const char *csv, size_t size, bool dry_run,
	const char *actor, GPtrArray *row_errors, GError **error);
