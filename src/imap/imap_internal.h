/* What the files of imap/ share: the session's state, commands on their way out, responses on their
 * way in. The rules: one place reads responses (imap_read), one place makes failures (imap_fail…),
 * and untagged data goes to the sink of the running command or is passed over. */
#pragma once

#include "imap/imap.h"

#include "failure/failure.h"
#include "imap/imap_lexer.h"

/* Length of one command line's set of UIDs; servers take 8,192 bytes at least. */
#define IMAP_SET_LIMIT 8000
#define IMAP_FOLDER_LIMIT 100000
#define IMAP_NAMESPACE_LIMIT 1000
/* Bytes of one folder's name on the wire, and of all names of a LIST together. */
#define IMAP_NAME_LIMIT ((size_t)4 * 1024)
#define IMAP_NAMES_LIMIT ((size_t)16 * 1024 * 1024)
/* UIDs of one SEARCH answer: 16 MiB of memory. */
#define IMAP_SEARCH_LIMIT (4u * 1024 * 1024)
/* Capabilities, challenges: texts that must be whole. */
#define IMAP_WHOLE_TEXT_LIMIT (16 * 1024)
/* Responses that may come before some command is answered: far more than the folders we take, and
 * an end for a server that talks for ever. */
#define IMAP_UNTAGGED_LIMIT 2000000
/* Lines before the answer to the first command. */
#define IMAP_GREETING_LINES 100
/* A pause that a server suggests is taken seriously up to here. */
#define IMAP_BACKOFF_LIMIT (60 * 60 * 1000)

struct ImapSession {
	Stream *stream;
	ImapLexer lexer;
	bool alive;
	bool preauthenticated;
	bool utf8;		    /* UTF8=ACCEPT is enabled */
	bool expects_more;	    /* a continuation request may come */
	unsigned capabilities;	    /* ImapCapability */
	unsigned mechanisms;	    /* SaslMechanism */
	const char *mechanism_used; /* NULL: not logged in */
	bool capabilities_told;	    /* since somebody cleared it */
	char *offer;		    /* the same in the server's words, fit for a person */
	unsigned last_tag;
	unsigned untagged;			 /* responses since the last tagged one */
	GArray *pending;			 /* unsigned: tags without an answer */
	uint32_t exists, uid_validity, uid_next; /* of the selected folder */
	bool exists_told;			 /* since it was selected */
	bool loses_seen;			 /* by the selected folder's PERMANENTFLAGS */
	bool loses_flagged;
	uint32_t appended;     /* the UID that APPENDUID told last; 0: none */
	unsigned backoff;      /* milliseconds */
	GString *token;	       /* for sinks */
	GString *text;	       /* of the last condition or continuation */
	GString *notice;       /* the last untagged NO, BAD or ALERT, as it came; empty: none */
	GHashTable *raw_names; /* of folders whose names do not survive decoding and encoding */
	ImapFetch *fetch;      /* the running one, borrowed */
	Sasl *sasl;	       /* of the login that is going on; NULL: none, or LOGIN */
};

/* Responses */

typedef enum ImapKind { IMAP_UNTAGGED, IMAP_TAGGED, IMAP_MORE } ImapKind;

typedef enum ImapCondition {
	IMAP_DATA, /* none of those below */
	IMAP_OK,
	IMAP_NO,
	IMAP_BAD,
	IMAP_PREAUTH,
	IMAP_BYE,
} ImapCondition;

/* Response codes that change what we do (RFC 3501, RFC 5530). */
typedef enum ImapCode {
	IMAP_CODE_NONE,
	IMAP_CODE_ALERT,
	IMAP_CODE_APPENDUID,
	IMAP_CODE_AUTHORIZATIONFAILED,
	IMAP_CODE_CAPABILITY,
	IMAP_CODE_INUSE,
	IMAP_CODE_NONEXISTENT,
	IMAP_CODE_NOPERM,
	IMAP_CODE_OVERQUOTA,
	IMAP_CODE_PERMANENTFLAGS,
	IMAP_CODE_PRIVACYREQUIRED,
	IMAP_CODE_READ_ONLY,
	IMAP_CODE_TRYCREATE,
	IMAP_CODE_UIDNEXT,
	IMAP_CODE_UIDVALIDITY,
	IMAP_CODE_UNAVAILABLE,
	IMAP_CODE_OTHER,
} ImapCode;

/* One response. Its text is in session->text. */
typedef struct ImapReply {
	ImapKind kind;
	unsigned tag; /* IMAP_TAGGED: one that was pending, now no longer */
	ImapCondition condition;
	ImapCode code;
	bool throttled;
} ImapReply;

/* Who gets a command's untagged data. TAKE finds the lexer behind the name and reads up to the
 * line's end; false: it leaves the response unfinished, and whoever owns the sink goes on reading.
 * Several form an array that ends with one without a name; NULL: none. */
typedef struct ImapSink {
	const char *name;
	bool (*take)(ImapSession *session, uint32_t number, void *context);
	void *context;
} ImapSink;

/* Reads one response. Unknown tags, a continuation that nobody expects and BYE are failures. */
bool imap_read(ImapSession *session, const ImapSink *sinks, ImapReply *reply, GError **error);

/* Looks into session->text for a server that asks for a pause ("Request is throttled. Suggested
 * Backoff Time: N milliseconds") and notes how long. */
bool imap_note_throttling(ImapSession *session);

/* "CAPABILITY" data, from wherever it came. */
void imap_take_capabilities(ImapSession *session, const char *text);

/* Commands */

typedef struct ImapCommand ImapCommand;

/* WORDS and the arguments behind are ours and free of CR and LF; what comes from elsewhere goes
 * through imap_command_quoted or imap_command_string. */
ImapCommand *imap_command_new(const char *words);
void imap_command_free(ImapCommand *command);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImapCommand, imap_command_free)

/* Whether SIZE bytes at TEXT can be an argument at all: no CR, LF or NUL. */
bool imap_command_can_carry(const char *text, size_t size);

void imap_command_words(ImapCommand *command, const char *words);
void imap_command_quoted(ImapCommand *command, const char *text);
/* Quoted where that is possible, else a literal; without LITERAL+ that waits for the server. */
void imap_command_string(
	ImapCommand *command, const ImapSession *session, const char *text, size_t size);

/* The SIZE BYTES, borrowed while COMMAND is used, as a literal at its end; any but NUL. */
void imap_command_bytes(
	ImapCommand *command, const ImapSession *session, const void *bytes, size_t size);

/* Sends COMMAND, which needs no waiting, and answers its tag (0: failure); many may be on their
 * way. */
unsigned imap_send(ImapSession *session, const ImapCommand *command, GError **error);

/* Sends COMMAND and reads up to its tagged answer, giving untagged data to SINKS. True for OK, NO
 * and BAD alike. */
bool imap_run(ImapSession *session, const ImapCommand *command, const ImapSink *sinks,
	ImapReply *reply, GError **error);

/* As imap_run; NO and BAD become FAILURE_COMMAND_REFUSED. */
bool imap_run_or_refuse(
	ImapSession *session, const ImapCommand *command, const ImapSink *sinks, GError **error);

/* The same for a COMMAND that puts something into the folder RAW, which is made if it is missing.
 */
bool imap_run_into(ImapSession *session, const ImapCommand *command, const char *verb,
	const char *raw, GError **error);

/* Writes bytes; a connection that broke is left for reading to report, since the peer may have said
 * why. */
bool imap_write(ImapSession *session, const void *data, size_t size, GError **error);
bool imap_flush(ImapSession *session, GError **error);

/* Failures: all answer false, and leave the session dead where the failure's code says so. */

bool imap_fail(ImapSession *session, GError **error, Failure failure, const char *subject,
	const char *format, ...) G_GNUC_PRINTF(5, 6);
/* Takes PROBLEM. */
bool imap_fail_with(ImapSession *session, GError *problem, GError **error);
bool imap_fail_lexer(ImapSession *session, GError **error);

/* BYE, whose text is in session->text. */
bool imap_fail_bye(ImapSession *session, GError **error);

/* For NO and BAD: throttling, unavailability and FAILURE_LOGIN_NOT_CONNECTED, else FAILURE with
 * SUBJECT; VERB names the command. */
bool imap_refuse(ImapSession *session, const ImapReply *reply, const char *verb, Failure failure,
	const char *subject, GError **error);
/* As imap_refuse, with FAILURE_COMMAND_REFUSED and the server's text. */
bool imap_refuse_command(
	ImapSession *session, const ImapReply *reply, const char *verb, GError **error);
/* NO or BAD to a command that names FOLDER: FAILURE_FOLDER_DENIED, else FAILURE_FOLDER_UNKNOWN. */
bool imap_refuse_folder(ImapSession *session, const ImapReply *reply, const char *verb,
	const char *folder, GError **error);
/* NO and BAD that only concern one of many are fine: true. Throttling and unavailability are not.
 */
bool imap_tolerate(ImapSession *session, const ImapReply *reply, const char *verb, GError **error);
/* The server's last text, fit for a log; yours. One that repeats a secret of the stream is
 * REPEATS_WITHHELD. */
char *imap_server_text(const ImapSession *session);
/* Whether SIZE bytes of TEXT repeat a secret of the stream. */
bool imap_repeats_secret(const ImapSession *session, const char *text, size_t size);

/* The name of FOLDER on the wire, yours; NULL: FAILURE_FOLDER_UNKNOWN. */
char *imap_raw_name(ImapSession *session, const char *folder, GError **error);

/* Sets */

/* Writes as many of the COUNT ascending UIDS into SET as a command takes, at most MOST; how many.
 */
size_t imap_uid_set_chunk(GString *set, const uint32_t *uids, size_t count, size_t most);

/* Ascending, without doubles. */
void imap_uids_sort(GArray *uids);
/* Appends FIRST to LAST; false if there would be more than LIMIT. */
bool imap_uids_add_range(GArray *uids, uint32_t first, uint32_t last, size_t limit);
/* For bsearch and sorting. */
int imap_uid_compare(const void *left, const void *right);

/* Dates: "17-Jul-1996 02:44:25 -0700" to seconds since 1970; "17-Jul-1996" from them, in UTC,
 * yours. */
bool imap_date_parse(const char *text, int64_t *seconds);
char *imap_date_format(int64_t seconds);
/* " 7-Jul-1996 02:44:25 +0000" (RFC 3501 date-time), in UTC, yours; NULL: no such time. */
char *imap_date_format_time(int64_t seconds);
