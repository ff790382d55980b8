/* What the files of web/ share. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "app/upload.h"
#include "app/import_jobs.h"
#include "app/send.h"
#include "app/mail_pool.h"
#include "base/secret.h"
#include "web/piece_cache.h"
#include "web/route.h"
#include "web/sign_ins.h"
#include "web/waits.h"
#include "web/web.h"

/* What was answered, for /metrics. */
typedef struct WebTally {
	atomic_uint_least64_t answers[6];   /* by the status's first digit */
	atomic_uint_least64_t handled;	    /* calls of rows' functions */
	atomic_uint_least64_t microseconds; /* that they took */
} WebTally;

struct Web {
	Office *office;
	int64_t started;      /* monotonic milliseconds */
	bool secure;	      /* TLS by ourselves */
	char *setup;	      /* the one-time set-up link's secret; NULL: none is open */
	pthread_mutex_t lock; /* of setup and servers */
	SignIns *sign_ins;
	ImportJobs *imports;
	Sender *sender; /* works the outbox off */
	MailPool *mail_pool;
	PieceCache *pieces;
	Waits *waits;
	Waits *looks; /* for new mails */
	Uploads *uploads;
	WebTally tally;
	atomic_int helpless; /* how many users need help, as of a moment ago */
	GPtrArray *servers;  /* ServerInUse *, never changed; NULL: not counted yet */
	int64_t servers_as_of;
};

/* The mail servers in use, as of a moment ago, yours to unref; NULL: not counted yet. */
GPtrArray *web_servers(Web *web, int64_t *as_of);
