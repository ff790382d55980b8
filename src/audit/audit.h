/* The append-only log of every change and sign-in (triggers refuse update and delete). Values of
 * secrets never come here. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "db/db.h"

/* Adds a row in TRANSACTION: who (ACTOR: user name, or "cli:LOGIN" on the command line), what
 * (ACTION: "settings.set", "user.add", "archive.delete" …), on what (SUBJECT, nullable: a user, a
 * mail), and how (DETAIL, nullable: "imap.port: 993 → 143"). */
bool audit_add(DbTransaction *transaction, const char *actor, const char *action,
	const char *subject, const char *detail, GError **error);

typedef struct AuditRow {
	int64_t id;
	int64_t time;
	const char *actor;
	const char *action;
	const char *subject; /* NULL */
	const char *detail;  /* NULL */
} AuditRow;

typedef bool AuditVisitor(const AuditRow *row, void *data);

/* Hands all rows since SINCE (seconds, 0: all), newest first, to VISIT until it answers false. */
bool audit_each(Db *db, int64_t since, AuditVisitor *visit, void *data, GError **error);

typedef struct AuditQuery {
	const char *action; /* NULL: any */
	int64_t from, to;   /* seconds, TO itself not; 0, 0: all */
	/* Only what comes after this row in a list from the newest to the oldest; 0, 0: from the
	 * newest. */
	int64_t before_time, before_id;
} AuditQuery;

/* Hands the rows that match QUERY, by time, newest first, to VISIT until it answers false. */
bool audit_find(Db *db, const AuditQuery *query, AuditVisitor *visit, void *data, GError **error);
