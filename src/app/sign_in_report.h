/* Who can sign in, and who cannot and why; found out without asking any server. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "app/office.h"

typedef enum SignInState {
	SIGN_IN_UNKNOWN,    /* everything is there, but was not tried yet */
	SIGN_IN_OK,	    /* the last sign-in was good */
	SIGN_IN_MISSING,    /* no credentials, or none that can be read */
	SIGN_IN_EXPIRED,    /* the sign-in with Office 365 does not hold any more */
	SIGN_IN_REFUSED,    /* the server, or the authority's administration, refuses */
	SIGN_IN_DISABLED,   /* the interface is switched off */
	SIGN_IN_INCOMPLETE, /* a setting is missing */
	SIGN_IN_FAILED,	    /* nothing is known against it, but the last use of mail failed */
} SignInState;

typedef struct SignInReport {
	SignInState state;
	/* Of SIGN_IN_OK, SIGN_IN_EXPIRED and SIGN_IN_REFUSED; of SIGN_IN_FAILED when it was last;
	 * else 0. */
	int64_t since;
	bool proven;  /* SIGN_IN_OK and SIGN_IN_FAILED: the server took these credentials before */
	char *reason; /* a German sentence; NULL: there is nothing to say */
	/* Uses of the IMAP server, and, while it fails alone, of the SMTP server. */
	int64_t last_success;	   /* 0: never */
	int64_t last_failure;	   /* 0: never */
	char *last_failure_reason; /* a German sentence; NULL: never */
} SignInReport;

void sign_in_report_clear(SignInReport *report);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SignInReport, sign_in_report_clear)

/* "ok", "missing" … */
const char *sign_in_state_name(SignInState state);

/* Fills *REPORT for USER's IMAP server. FAILURE_USER_UNKNOWN. */
bool sign_in_report(Office *office, const char *user, SignInReport *report, GError **error);
