/* Users for pages: a few at a time, found by text, counted. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "app/people.h"

typedef struct PeopleQuery {
	const char *text; /* part of the name, display name or account; NULL: any */
	int64_t offset;
	int64_t limit;
} PeopleQuery;

/* Person *, by name; *COUNT is how many there are in all. */
GPtrArray *people_page(Office *office, const PeopleQuery *query, int64_t *count, GError **error);

/* All who need help (person_needs_help), by name: Person *. Takes long with many users:
 * FAILURE_CANCELLED. */
GPtrArray *people_helpless(Office *office, const Cancel *cancel, GError **error);

/* What a fresh installation lacks. */
typedef struct FirstSteps {
	int64_t server;	 /* 1: nobody has an IMAP server, neither for all nor of their own */
	int64_t people;	 /* 1: there is nobody but the administrator who asks */
	int64_t invited; /* 1: nobody else can sign in to the page, or was invited */
} FirstSteps;

/* For the administrator with the id SELF. */
bool people_first_steps(Office *office, int64_t self, FirstSteps *steps, GError **error);

/* How many users a change of global settings reaches, without those whose interface is off. */
typedef struct PeopleReach {
	int64_t imap;	     /* "Verwende Default IMAP" is on */
	int64_t smtp;	     /* "Verwende Default SMTP" is on */
	int64_t imap_shared; /* of those, who sign in with the global password */
	int64_t smtp_shared;
	int64_t office365; /* sign in with the OAuth application */
} PeopleReach;

bool people_reach(Office *office, PeopleReach *reach, GError **error);

/* Names (char *) of at most LIMIT users whose mail is switched on and who are not locked, by name;
 * the one with the id FIRST leads. */
GPtrArray *people_with_mail(Office *office, int64_t first, int64_t limit, GError **error);
