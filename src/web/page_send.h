/* What the pages of E-Mail senden share: the form of a draft, and what comes with it. */
#pragma once

#include "app/draft.h"
#include "app/viewing.h"
#include "model/account.h"
#include "web/page.h"

#define SEND_PATH "/senden"
#define SEND_NEW "neu"
#define SEND_PIECE ((size_t)1024 * 1024) /* of a file that a script sends */

/* A draft as its page shows it; borrowed but for what send_view_clear frees. */
typedef struct SendView {
	Visit *visit;
	int64_t id;	  /* 0: it is not kept yet */
	int64_t revision; /* that the form is a change of */
	DraftFields fields;
	Draft *draft; /* with its files; NULL: not kept yet */
	char *start;  /* what a new one begins with */
	Account *account;
	Viewing viewing;
	uint64_t limit;	 /* bytes of a mail */
	bool limit_told; /* by the server */
	const GError *problem;
	DraftPlace wrong;  /* what PROBLEM is about */
	bool conflict;	   /* DRAFT is another version than FIELDS */
	bool discards;	   /* whether to discard it is asked */
	int64_t sent_mail; /* in the outbox, that the draft became meanwhile; 0: none */
} SendView;

void send_view_clear(SendView *view);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SendView, send_view_clear)

/* page_send_form.c: writes all of it. */
bool send_write_form(Html *h, const SendView *view, GError **error);
/* page_send_state.c: what keeps the user from sending, and the way to mend it. */
bool send_write_obstacles(Html *h, const SendView *view, GError **error);
/* page_send_file.c: the files, and how much there is. */
void send_write_files(Html *h, const SendView *view);
/* Keeps the files that came with a form in the draft ID. */
/* Those that fit are taken; the others are told by one of the failures of send_is_refused. */
bool send_take_files(const Visit *visit, int64_t id, GError **error);
/* Whether PROBLEM (nullable) is that files were not taken, so that the draft lacks them. */
bool send_is_refused(const GError *problem);

/* page_send_answer.c: addresses of the archive that begin with PREFIX ("": any); char *, yours. */
GPtrArray *send_addresses(
	const Visit *visit, const Viewing *viewing, const char *prefix, GError **error);

/* The form's fields, borrowed. */
DraftFields send_typed(const Visit *visit);
/* The draft that the address names; 0: a new one, or none. */
int64_t send_asked_id(const Visit *visit);
/* The address of MAIL_ID in the outbox; yours. */
char *send_outbox_path(int64_t mail_id);

/* Answers a script with what went wrong: {"message", "advice"}. Answers true. */
bool send_answer_problem(Visit *visit, const GError *problem);
