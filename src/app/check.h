/* The use case "Verbindung prüfen": step by step along the way that mail takes, each with its time,
 * what was found and, where it fails, what to do. No mail is sent but the one that is asked for. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "app/office.h"
#include "base/cancel.h"
#include "model/endpoint.h"

typedef enum CheckStep {
	CHECK_SETTINGS,
	CHECK_TOKEN, /* Office 365 */
	CHECK_DNS,
	CHECK_PROXY,
	CHECK_TCP,
	CHECK_TLS,
	CHECK_CAPABILITIES,
	CHECK_LOGIN,
	CHECK_FOLDERS, /* IMAP */
	CHECK_SENDER,  /* SMTP */
	CHECK_SEND,    /* the same, where a test mail is asked for */
	CHECK_MAILBOX, /* a further one, after all others */
} CheckStep;

/* "settings", "token" … */
const char *check_step_name(CheckStep step);

typedef enum CheckState {
	CHECK_OPEN, /* it does not apply, or it was not come to */
	CHECK_GOOD,
	CHECK_BAD,
} CheckState;

typedef struct CheckResult {
	MailProtocol protocol;
	CheckStep step;
	const char *account; /* the main mailbox's address; NULL: none is entered */
	const char *mailbox; /* CHECK_MAILBOX: its address; else NULL */
	CheckState state;
	int64_t milliseconds;
	const char *detail; /* what was found, or why it was left out: German */
	/* CHECK_BAD: what to do; otherwise a hint: what works and yet should be looked after; NULL:
	 * none */
	const char *advice;
	const GError *problem; /* CHECK_BAD, else NULL */
} CheckResult;

bool check_is_hint(const CheckResult *result);

/* Called with each RESULT, which it borrows, as soon as it is there. */
typedef void CheckReporter(const CheckResult *result, void *data);

/* Called before a step that asks somebody, and may take its time; MAILBOX as in CheckResult. With
 * CHECK_PROXY or CHECK_TCP the connection begins, up to the server's first answer. */
typedef void CheckBeginner(MailProtocol protocol, CheckStep step, const char *mailbox, void *data);

typedef struct CheckRequest {
	const char *user;
	bool imap; /* neither of them: both, SMTP if it is set up */
	bool smtp;
	/* Who gets a test mail, "Name <address>", which SMTP is needed for; NULL: nobody. */
	const char *send_to;
	const char *actor;     /* for the audit row of that; NULL: the user */
	CheckBeginner *begins; /* with the reporter's data; NULL: nobody wants to know */
} CheckRequest;

/* Whether send_to may be TEXT; FAILURE_ADDRESS_INVALID. */
bool check_test_address(const char *text, GError **error);

/* Goes through the steps of REQUEST, all of them whatever is found. A login that the server refused
 * before is really tried. False: the first failing step's failure (FAILURE_CANCELLED too), or, with
 * no step reported, FAILURE_USER_UNKNOWN, FAILURE_ADDRESS_INVALID (send_to) and our own. */
bool check_run(Office *office, const CheckRequest *request, CheckReporter *report, void *data,
	const Cancel *cancel, GError **error);
