/* Words for people that the command line and the page share: what a state, a step or an action is
 * called on screen, sizes and times, and the sentences that sum a result up. What is borrowed lives
 * as long as the program or the argument. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "app/check.h"
#include "app/folders.h"
#include "app/import.h"
#include "app/login.h"
#include "app/people.h"
#include "archive/archive.h"
#include "audit/audit.h"
#include "settings/settings.h"

/* ---- words.c: single words, borrowed ---- */

const char *words_yes_no(bool value);
const char *words_origin(SettingOrigin origin);
/* What people see for the value: secrets only whether they are set; NULL: nothing. */
const char *words_value(const SettingView *view);
/* A folder's name as people call it: INBOX is the Posteingang. */
const char *words_folder(const char *folder);
/* "standard" as it is called on screen. */
const char *words_interface(const char *interface);
const char *words_sign_in(SignInState state);
/* Who can do what about PERSON's sign-in; NULL: there is nothing to do. */
const char *words_sign_in_advice(const Person *person);
/* "Empfang (IMAP)" */
const char *words_protocol(MailProtocol protocol);
const char *words_check_step(CheckStep step);

/* ---- words_audit.c: what audit rows hold; later ones, and those of other programs, as they are
 * ----
 */

const char *words_action(const char *action);
/* The known actions, for a choice: the INDEXth, NULL: there are no more. */
const char *words_action_at(size_t index);
/* Who filed or did something, "m.muster" or "cli:root", as people call it; yours. */
char *words_actor(const char *actor);
/* The same of a row, whose action may say more. */
char *words_audit_actor(const AuditRow *row);
/* How, in words: only for the page, as the row itself is read by programs; NULL: nothing. Yours. */
char *words_audit_detail(const AuditRow *row);

/* ---- words_number.c: with the decimal mark of the language, yours ---- */

char *words_size(uint64_t bytes); /* "1,2 MB" */
/* Of a mail, as mail servers count, so that their limits are round: 1,048,576 bytes are "1 MB". */
char *words_mail_size(uint64_t bytes);
char *words_seconds(int64_t milliseconds);    /* "0,4 s" */
char *words_duration(int64_t milliseconds);   /* "37 ms", from a second on "1,2 s" */
char *words_tls_version(const char *version); /* "TLS 1.3" of "TLSv1.3" */
char *words_exact_time(int64_t seconds);      /* local: "23.11.2026 15:04:05" */

/* ---- words_login.c ---- */

/* What stands behind the name of a protocol or mailbox, GOOD if it is in order; yours. */
char *words_login_check(const LoginCheck *check, const char *good);
/* How it went as a whole; FAILED: with a failure. Yours. */
char *words_login_result(const LoginResult *result, bool failed);
/* Whether the sign-in on record can be used; borrowed. */
const char *words_login_use(const LoginStatus *status);

/* ---- words_mail.c: all yours ---- */

/* Why the import leaves FOLDER out; NULL: it does not. */
char *words_hidden(const FolderView *folder);
/* What an import is doing right now, in about WIDTH letters. */
char *words_progress(const ImportProgress *progress, int width);
/* Where a mail came from, when and by whom. */
char *words_source(const ArchiveSource *source);
