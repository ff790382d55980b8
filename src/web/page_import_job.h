/* What the files about imports that run or have ended share. */
#pragma once

#include "app/import_jobs.h"
#include "web/page.h"

/* The page that chooses what to import. */
#define IMPORT_PATH "/importieren"
#define IMPORT_JOB_PATH "/importieren/vorgang/"
#define IMPORT_JOBS_PATH "/importieren/vorgaenge"

/* ---- page_import_job.c ---- */

/* After a sign-in that leads to NEXT: if that is the page of an import that ended for want of it,
 * the import goes on with the same selection. The new one's path, yours; NULL: nothing goes on. */
char *import_job_go_on(Visit *visit, const char *next);

/* ---- page_import_state.c ---- */

/* What JOB does right now, in a sentence; yours. */
char *import_job_doing(const ImportJob *job);
/* "3 von 10 E-Mails, 1,2 MB"; yours, NULL: nothing is counted yet. */
char *import_job_count(const ImportJob *job);
/* What of it is imported: "INBOX (a@amt.example), 3 ausgewählte E-Mails"; yours. */
char *import_job_subject(const ImportJob *job);
/* How it stands or ended, in a few words; yours. */
char *import_job_outcome(const ImportJob *job);
PageTone import_job_tone(const ImportJob *job);
/* The part of the page that changes while it runs. */
void import_job_write_state(Html *h, const ImportJob *job);
/* What it was asked for. */
void import_job_write_asked(Html *h, const Visit *visit, const ImportJob *job);

/* ---- page_import_result.c ---- */

/* What JOB, which has ended, came to, and what to do next. */
void import_job_write_result(Html *h, const Visit *visit, const ImportJob *job);
