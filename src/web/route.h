/* Which page answers what: rows of method, path, role and function. Who asks is found out here, and
 * whether they may; forged forms end here. Pages and API use the same rows. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <glib.h>
#include "app/office.h"
#include "user/user_session.h"
#include "web/form.h"
#include "web/web_http.h"

typedef enum RouteRole {
	ROLE_ANYBODY,	    /* also who is not signed in */
	ROLE_PERSON,	    /* who is signed in */
	ROLE_ADMINISTRATOR, /* the right Administrator */
} RouteRole;

/* What the routes share; made by web.c, lives as long as the server. */
typedef struct Web Web;

/* One request on its way through a route. All borrowed. */
typedef struct Visit {
	Web *web;
	Office *office;
	WebRequest *request;
	WebResponse *response;
	const User *user;	/* NULL: not signed in */
	const Session *session; /* NULL: the same, or it is a program with a key */
	const Form *form;	/* POST of a page, or AGAIN; otherwise NULL */
	const char *part;	/* what stands in place of the row's "*"; NULL: no such */
	const char *second;	/* the same for its second "*" */
	const char *actor;	/* for audit rows: the user's name */
	bool again;	    /* FORM is what was typed before, on a page that shows its form again */
	const char *notice; /* the word of a notice that the page shows; NULL: the address's */
	const char *origin; /* POST: the page with its form; NULL: not known */
	unsigned status;    /* of the page in place of its own; 0: its own */
	const struct Route *route; /* NULL: none */
} Visit;

/* Answers VISIT. False: the page, or the API's problem document, tells ERROR. */
typedef bool RouteFunction(Visit *visit, GError **error);

typedef struct Route {
	WebMethod method;
	const char *path; /* "/benutzer/ *" (without the blank): a star is one part, not empty; at
			     most two */
	RouteRole role;
	WebPlace place;
	size_t body_limit; /* 0: FORM_LIMIT where there is a body */
	RouteFunction *run;
	/* The API's description of itself (api_description.c): */
	const char *summary; /* NULL: none */
	const char *query;   /* parameters' names, separated by blanks; one with '!' is required */
	const char *body;   /* members of the request's object, the same way, with a type of api.h's
			       (":boolean") before the '!' where it is no text; those with '/' are the
			       media types of something else; NULL: no body */
	const char *answer; /* the schema's name; "X[]" an array of it, "X|Y" one of them; one with
			       '/' is the media type of something else */
	bool foreign; /* what it shows is a mail's: sandboxed, within a frame of our own page */
} Route;

#define FORM_LIMIT ((size_t)256 * 1024)

/* The rows of each file, ended by a NULL path. */
extern const Route route_start[];	/* start, signing in and out, invitations */
extern const Route route_start_mail[];	/* what is new, on the start page */
extern const Route route_personal[];	/* Persönliche Einstellungen */
extern const Route route_settings[];	/* Systemsteuerung */
extern const Route route_people[];	/* Benutzerverwaltung */
extern const Route route_person[];	/* one user there */
extern const Route route_helpless[];	/* who needs help */
extern const Route route_invite[];	/* invitations there */
extern const Route route_check[];	/* Verbindung prüfen */
extern const Route route_import[];	/* E-Mail importieren: choosing */
extern const Route route_import_job[];	/* imports that run or have ended */
extern const Route route_send[];	/* E-Mail senden: drafts */
extern const Route route_send_file[];	/* their files */
extern const Route route_send_answer[]; /* answering from the archive; addresses */
extern const Route route_outbox[];	/* Postausgang: the list */
extern const Route route_outbox_mail[]; /* one mail there */
extern const Route route_archive[];	/* Archiv: list and search */
extern const Route route_mail[];	/* one mail there */
extern const Route route_log[];		/* Protokoll */
extern const Route route_state[];	/* Zustand */
extern const Route route_state_outbox[];
extern const Route route_help[];    /* Hilfe, Barrierefreiheit, Lizenz */
extern const Route route_static[];  /* style, script, fonts, /healthz */
extern const Route route_metrics[]; /* /metrics */
extern const Route route_api[];	    /* /api/v1/… */

/* More of the archive: what is done with several, mails that come as files; of one mail what it
 * shows, its header and bytes; its Aktenzeichen and its deletion. */
extern const Route route_selection[];
extern const Route route_upload[];
extern const Route route_mail_show[];
extern const Route route_mail_change[];

/* WebPlanner; DATA is a Web. */
void route_plan(WebRequest *request, WebPlan *plan, void *data);
/* WebHandler for what the server refuses by itself; DATA is a Web. */
void route_refuse(WebRequest *request, WebResponse *response, void *data);

/* ---- for the functions of the rows ---- */

/* A field of the form, "" where there is none. */
const char *visit_field(const Visit *visit, const char *name);
/* Whether a field is there (a ticked box, a pressed button). */
bool visit_has(const Visit *visit, const char *name);
/* Leads to PATH (303) with NOTICE, a short-lived word that the next page explains ("gespeichert");
 * NULL: without. Answers true. */
bool visit_redirect(Visit *visit, const char *path, const char *notice);

/* Where to go on afterwards ("weiter" of form or query), borrowed: only to our own pages; NULL: not
 * told, or elsewhere. */
const char *visit_next(const Visit *visit);

/* page_start.c: asks VISIT, a POST without a session, to sign in; PICKED (nullable) is carried on
 * to the page of its form. Answers true. */
bool page_ask_to_sign_in(Visit *visit, const Form *picked);

/* Starts SESSION_TOKEN in the browser, or ends it (NULL). */
void visit_set_session(Visit *visit, const char *token);
/* The browser's session token; NULL: none. */
const char *visit_session_token(const Visit *visit);
