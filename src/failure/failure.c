/* The catalogue's functions over its table; GError carries the row and the subject. */
#include "failure/failure.h"

#include <errno.h>
#include <string.h>
#include "base/i18n.h"
#include "base/text.h"

typedef struct FailureRow {
	const char *name;
	FailureCode code;
	int status;
	FailureActor actor;
	const char *sentence;
	const char *advice;
} FailureRow;

static const FailureRow table[FAILURE_COUNT] = {
#define FAILURE(id, name, code, status, actor, sentence, advice)                                   \
	[id] = {name, code, status, actor, sentence, advice},
#include "failure/failure_table.h"
#undef FAILURE
};

/* What our GErrors carry beside code and message. */
typedef struct FailurePrivate {
	Failure failure;
	char *subject; /* NULL: none */
	char *remedy;  /* NULL: none */
} FailurePrivate;

static void failure_private_init(FailurePrivate *private)
{
	*private = (FailurePrivate){0};
}

static void failure_private_copy(const FailurePrivate *from, FailurePrivate *to)
{
	to->failure = from->failure;
	to->subject = g_strdup(from->subject);
	to->remedy = g_strdup(from->remedy);
}

static void failure_private_clear(FailurePrivate *private)
{
	g_free(private->subject);
	g_free(private->remedy);
}

G_DEFINE_EXTENDED_ERROR(Failure, failure)

void failure_set(GError **error, Failure failure, const char *subject, const char *format, ...)
{
	va_list arguments;
	FailurePrivate *private;

	if (!error)
		return;
	g_assert(!*error && failure < FAILURE_COUNT);
	va_start(arguments, format);
	*error = g_error_new_valist(FAILURE_DOMAIN, table[failure].code, format, arguments);
	va_end(arguments);
	private = failure_get_private(*error);
	private->failure = failure;
	private->subject = g_strdup(subject);
}

void failure_set_subject(GError *error, const char *subject)
{
	FailurePrivate *private = failure_get_private(error);

	g_free(private->subject);
	private->subject = g_strdup(subject);
}

void failure_set_remedy(GError *error, const char *text)
{
	FailurePrivate *private = failure_get_private(error);

	g_free(private->remedy);
	private->remedy = g_strdup(text);
}

void failure_set_errno(GError **error, Failure failure, const char *subject, int number)
{
	if (failure == FAILURE_STORE && (number == ENOSPC || number == EDQUOT))
		failure = FAILURE_DISK_FULL;
	failure_set(error, failure, subject, "%s%s%s", subject ? subject : "", subject ? ": " : "",
		g_strerror(number));
}

bool failure_find(const char *name, Failure *failure)
{
	for (Failure i = 0; i < FAILURE_COUNT; i++) {
		if (g_strcmp0(table[i].name, name) != 0)
			continue;
		*failure = i;
		return true;
	}
	return false;
}

const char *failure_subject(const GError *error)
{
	const FailurePrivate *private =
		error->domain == FAILURE_DOMAIN ? failure_get_private(error) : NULL;

	return private ? private->subject : NULL;
}

Failure failure_of(const GError *error)
{
	const FailurePrivate *private;

	if (error->domain != FAILURE_DOMAIN)
		return FAILURE_INTERNAL;
	private = failure_get_private(error);
	return private->failure;
}

bool failure_is(const GError *error, Failure failure)
{
	return error && failure_of(error) == failure;
}

static const FailureRow *row_of(const GError *error)
{
	return &table[failure_of(error)];
}

FailureCode failure_code(const GError *error)
{
	return row_of(error)->code;
}

FailureCode failure_code_of(Failure failure)
{
	return table[failure].code;
}

int failure_status(const GError *error)
{
	return row_of(error)->status;
}

const char *failure_code_name(const GError *error)
{
	static const char *const names[] = {
		[FAILURE_CODE_SETUP] = "setup",
		[FAILURE_CODE_LOGIN] = "login",
		[FAILURE_CODE_RETRY] = "retry",
		[FAILURE_CODE_REFUSED] = "refused",
		[FAILURE_CODE_PROTOCOL] = "protocol",
		[FAILURE_CODE_LIMIT] = "limit",
		[FAILURE_CODE_INPUT] = "input",
		[FAILURE_CODE_CONFLICT] = "conflict",
		[FAILURE_CODE_STORE] = "store",
		[FAILURE_CODE_CANCELLED] = "cancelled",
	};

	return names[failure_code(error)];
}

const char *failure_name(const GError *error)
{
	return row_of(error)->name;
}

FailureActor failure_actor(const GError *error)
{
	return row_of(error)->actor;
}

/* TEXT with its first %s replaced by SUBJECT; a catalogue cannot smuggle in other directives. */
static char *fill(const char *text, const char *subject)
{
	const char *place = g_strstr_len(text, -1, "%s");

	if (!place)
		return g_strdup(text);
	return g_strdup_printf(
		"%.*s%s%s", (int)(place - text), text, subject ? subject : "?", place + 2);
}

char *failure_sentence(const GError *error)
{
	return fill(_(row_of(error)->sentence), failure_subject(error));
}

char *failure_advice(const GError *error)
{
	const char *advice = _(row_of(error)->advice);
	const FailurePrivate *private =
		error->domain == FAILURE_DOMAIN ? failure_get_private(error) : NULL;
	const char *remedy = private ? private->remedy : NULL;

	if (strstr(advice, "%s"))
		return fill(advice, remedy ? remedy : "…");
	return remedy && *remedy ? g_strdup_printf("%s %s", advice, remedy) : g_strdup(advice);
}

/* Puts OPTION with VALUE wherever TEXT (taken) has it with PLACE; VALUE NULL: leaves it. */
static char *fill_in(char *text, const char *option, const char *place, const char *value)
{
	g_autofree char *before = text;
	g_autofree char *wanted = g_strdup_printf("%s %s", option, place);
	g_autofree char *real = NULL;
	g_auto(GStrv) parts = NULL;

	if (!value)
		return g_steal_pointer(&before);
	real = g_strdup_printf("%s%s%s", option, *value ? " " : "", value);
	parts = g_strsplit(text, wanted, -1);
	return g_strjoinv(real, parts);
}

/* What stands behind --mailbox in an advice about ADDRESS: with the user name that the call gave
 * for it. Yours; NULL: nothing. */
static char *mailbox_words(const FailureCall *call, const char *address)
{
	g_autofree char *word = address ? text_shell_word(address) : NULL;
	g_autofree char *username = NULL;

	if (!word || !call->username)
		return g_steal_pointer(&word);
	username = text_shell_word(call->username);
	return g_strdup_printf("%s --username %s", word, username);
}

char *failure_fill_advice(const char *advice, const FailureCall *call, const char *address)
{
	g_autofree char *words = mailbox_words(call, address);
	char *filled = fill_in(g_strdup(advice), "--user", "NAME", call->user);

	return fill_in(filled, "--mailbox", _("ADRESSE"), words);
}

char *failure_advice_for(const GError *error, const FailureCall *call)
{
	g_autofree char *advice = failure_advice(error);

	if (!call)
		return g_steal_pointer(&advice);
	/* Wrong input may be that very name. */
	if (failure_code(error) == FAILURE_CODE_INPUT)
		return fill_in(g_steal_pointer(&advice), "amtspost", _("BEFEHL"),
			call->command ? call->command : "");
	/* Whoever names a mailbox in an advice has it as the subject. */
	return failure_fill_advice(advice, call, failure_subject(error));
}

/* How a call is added to a sentence, in both languages: what it begins and ends with. */
static const char *const calls[][2] = {
	{": „amtspost ", "“"},
	{" („amtspost ", "“)"},
	{": “amtspost ", "”"},
	{" (“amtspost ", "”)"},
};

char *failure_strip_calls(const char *advice)
{
	GString *stripped = g_string_new(advice);

	for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
		const char *begin, *end;

		while ((begin = strstr(stripped->str, calls[i][0])) &&
			(end = strstr(begin + strlen(calls[i][0]), calls[i][1])))
			g_string_erase(
				stripped, begin - stripped->str, end + strlen(calls[i][1]) - begin);
	}
	return g_string_free(stripped, FALSE);
}

char *failure_advice_on_page(const GError *error)
{
	g_autofree char *advice = failure_advice(error);

	return failure_strip_calls(advice);
}
