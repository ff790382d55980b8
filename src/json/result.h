/* The use cases' results as JSON: the contract of names, the same on the command line and in the
 * API. Every document is a new reference, yours. Fields are always present, null where unknown;
 * more may be added, none renamed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include <jansson.h>
#include "app/check.h"
#include "app/folders.h"
#include "app/import_jobs.h"
#include "app/login.h"
#include "app/messages.h"
#include "app/people.h"
#include "archive/archive.h"
#include "audit/audit.h"
#include "failure/failure.h"
#include "outbox/outbox.h"
#include "settings/settings.h"
#include "user/user_session.h"

/* ---- result.c: pieces, and what belongs to no use case ---- */

json_t *result_text(const char *text);	      /* NULL gives null; made valid UTF-8 */
json_t *result_texts(const GPtrArray *texts); /* char * */
json_t *result_time(int64_t seconds);	      /* RFC 3339 in UTC; 0 gives null */
/* What stands behind "error". CALL is named in the advice. */
json_t *result_error(const GError *error, const FailureCall *call);
json_t *result_audit(const AuditRow *row);
/* DOCUMENT as one line without its end, yours; characters that steer a terminal or turn text around
 * are escaped. */
char *result_write(const json_t *document);

/* ---- result_user.c ---- */

json_t *result_user(const Person *person);
/* The rows that a CSV file was refused for (RowError *), with the ERROR that came of them. */
json_t *result_row_errors(
	const GPtrArray *row_errors, const GError *error, const FailureCall *call);
/* What of KEY may be told at any time; with SECRET (nullable), the key itself, once. */
json_t *result_api_key(const ApiKey *key, const char *secret);
json_t *result_invitation(const char *name, const char *path, int64_t expires);
json_t *result_setting(const SettingView *view);
/* The same after a change; WARNING NULL: there is nothing to tell. */
json_t *result_setting_stored(const SettingView *view, const char *warning);
/* What a change of settings answers; WARNING NULL: there is nothing to tell. */
json_t *result_warning(const char *warning);

/* ---- result_server.c: what is on the server, and what came from there ---- */

json_t *result_check(const CheckResult *result);
json_t *result_folder(const FolderView *folder);
json_t *result_message(const MessageView *message);
/* PROBLEM (nullable) ended the run; it is told beside what was done. */
json_t *result_import(const ImportResult *result, const GError *problem, const FailureCall *call);

/* An import behind the API, running or ended. */
json_t *result_import_job(const ImportJob *job, const FailureCall *call);

/* ---- result_login.c ---- */

json_t *result_login(const LoginResult *result, const GError *problem, const FailureCall *call);
json_t *result_login_status(const LoginStatus *status);
json_t *result_login_removed(bool removed);
/* PERMISSIONS: LoginPermission *. */
json_t *result_consent(const GPtrArray *permissions, const char *url, const char *redirect);

/* ---- result_mail.c: the archive ---- */

json_t *result_mail(const ArchiveMail *mail);
/* The same with its readable TEXT. */
json_t *result_mail_text(const ArchiveMail *mail, const char *text);
/* DAMAGED: ArchiveDamage *. */
json_t *result_verify(uint64_t checked, const GPtrArray *damaged);

/* ---- result_send.c ---- */

json_t *result_outbox(const OutboxMail *mail);
