/* What the files of the check share. */
#pragma once

#include "app/check.h"
#include "app/mail_session.h"
#include "base/repeats.h"
#include "mime/mime_write.h"
#include "model/account.h"

/* One protocol's way. */
typedef struct Check {
	Office *office;
	const Account *account;
	MailProtocol protocol;
	CheckReporter *report;
	CheckBeginner *begins; /* NULL: none */
	void *data;
	const Cancel *cancel;
	int64_t started;      /* the step that is going on, on the monotonic clock */
	MailSession session;  /* as far as it is open */
	bool has_credentials; /* there is something to log in with */
	bool takes_sender;    /* the server, the main address */
	MimeAddress *send_to; /* who gets a test mail; NULL: nobody */
	char *send_to_wire;
	const char *actor;
	GError **first;	  /* the first failing step's */
	Repeats *secrets; /* check_withhold.c: what no step may tell; NULL: not collected yet */
} Check;

/* STEP is about to ask somebody; MAILBOX: for that further one (NULL: none). */
void check_begin(const Check *check, CheckStep step, const char *mailbox);
/* Each ends the step that is going on and begins the next; DETAIL, ADVICE (nullable) and PROBLEM
 * are taken. */
void check_good(Check *check, CheckStep step, char *detail, char *advice);
void check_bad(Check *check, CheckStep step, GError *problem);
void check_skip(Check *check, CheckStep step, const char *reason);
/* The same where somebody should look after it: HINT is taken. */
void check_skip_with_hint(Check *check, CheckStep step, const char *reason, char *hint);
/* What the login gives access to, left out. */
void check_skip_access(Check *check, const char *reason);
/* The same for one mailbox. */
void check_mailbox_good(Check *check, const char *mailbox, char *detail, char *advice);
void check_mailbox_bad(Check *check, const char *mailbox, GError *problem);
/* "ONE OTHER"; a missing one (NULL) is left out, NULL: both are. Yours. */
char *check_join_sentences(const char *one, const char *other);
/* The time that the step took otherwise than measured here; before it ends. */
void check_set_time(Check *check, int64_t milliseconds);

/* check_settings.c; false: nothing further can be asked. */
bool check_settings(Check *check, bool asked);
void check_token(Check *check);

/* check_connect.c: from the name to the capabilities; true: check->session is open. */
bool check_connect(Check *check);

/* check_mailbox.c: the login and what it gives access to. */
void check_login(Check *check);

/* check_send.c: the step that sends the test mail; false: the connection is of no more use. */
bool check_send(Check *check);
/* TEXT as ADDRESS and as it stands in an envelope, both yours. FAILURE_ADDRESS_INVALID. */
bool check_read_send_to(const char *text, MimeAddress **address, char **wire, GError **error);

/* What stands in a result in place of what repeats a secret; NULL: it stays. */
typedef struct CheckWithheld {
	char *detail;
	char *advice;
	GError *problem;
} CheckWithheld;

void check_withhold_clear(CheckWithheld *withheld);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CheckWithheld, check_withhold_clear)

/* check_withhold.c: has RESULT tell no secret of the account; it borrows from WITHHELD. */
void check_withhold(Check *check, CheckResult *result, CheckWithheld *withheld);
