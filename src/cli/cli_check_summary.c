/* The last lines of a check's report. */
#include "cli/cli_check_summary.h"

#include "app/words.h"
#include "cli/cli_internal.h"
#include "failure/failure.h"

#define PROTOCOLS 2
/* Columns before the text. */
#define INDENT 2

/* One protocol's way. */
typedef struct Way {
	char *account;
	CheckStep reached;
	bool begun;
	bool left_out; /* nothing of it is set up */
	bool failed;   /* at the step reached first of all that failed; mailboxes are apart */
	CheckStep broken;
	GPtrArray *closed; /* addresses of further mailboxes that failed */
} Way;

struct CliCheckSummary {
	Way ways[PROTOCOLS]; /* MailProtocol */
	GPtrArray *duties;   /* "… (Administrator)", each once */
};

CliCheckSummary *cli_check_summary_new(void)
{
	CliCheckSummary *summary = g_new0(CliCheckSummary, 1);

	for (int i = 0; i < PROTOCOLS; i++)
		summary->ways[i].closed = g_ptr_array_new_with_free_func(g_free);
	summary->duties = g_ptr_array_new_with_free_func(g_free);
	return summary;
}

void cli_check_summary_free(CliCheckSummary *summary)
{
	if (!summary)
		return;
	for (int i = 0; i < PROTOCOLS; i++) {
		g_free(summary->ways[i].account);
		g_ptr_array_unref(summary->ways[i].closed);
	}
	g_ptr_array_unref(summary->duties);
	g_free(summary);
}

/* ---- taking ---- */

static const char *actor_label(FailureActor actor)
{
	static const char *const labels[] = {
		[ACTOR_NOBODY] = N_("abwarten"),
		[ACTOR_CLERK] = N_("Anwender"),
		[ACTOR_ADMINISTRATOR] = N_("Administrator"),
		[ACTOR_OPERATOR] = N_("IT"),
		[ACTOR_PROVIDER] = N_("Betreiber des Mailservers"),
	};

	return _(labels[actor]);
}

static void add_duty(CliCheckSummary *summary, const CheckResult *result)
{
	const char *mailbox = result->mailbox;
	g_autofree char *duty = g_strdup_printf("%s%s%s (%s)", mailbox ? mailbox : "",
		mailbox ? ": " : "", result->advice, actor_label(failure_actor(result->problem)));

	if (!g_ptr_array_find_with_equal_func(summary->duties, duty, g_str_equal, NULL))
		g_ptr_array_add(summary->duties, g_steal_pointer(&duty));
}

void cli_check_summary_take(CliCheckSummary *summary, const CheckResult *result)
{
	Way *way = &summary->ways[result->protocol];
	bool bad = result->state == CHECK_BAD && !failure_is(result->problem, FAILURE_CANCELLED);

	way->begun = true;
	way->reached = result->step;
	if (!way->account)
		way->account = g_strdup(result->account);
	if (result->step == CHECK_SETTINGS)
		way->left_out = result->state == CHECK_OPEN;
	if (bad && result->mailbox) {
		g_ptr_array_add(way->closed, g_strdup(result->mailbox));
	} else if (bad && !way->failed) {
		way->failed = true;
		way->broken = result->step;
	}
	if (bad && result->advice)
		add_duty(summary, result);
}

/* ---- printing ---- */

static void print_line(const char *text)
{
	cli_print_wrapped("  ", INDENT, text);
}

static void print_named(const char *name, const char *text)
{
	g_autofree char *line = g_strdup_printf("%s: %s", name, text);

	print_line(line);
}

/* What came of WAY; yours. */
static char *describe_way(const Way *way)
{
	if (way->left_out)
		return g_strdup(_("nicht eingerichtet"));
	if (way->failed)
		return g_strdup_printf(_("geht nicht (%s)"), words_check_step(way->broken));
	if (way->reached < CHECK_FOLDERS)
		return g_strdup(_("nicht zu Ende geprüft"));
	return g_strdup_printf(_("geht mit dem Konto %s"), way->account ? way->account : "–");
}

static void print_ways(const CliCheckSummary *summary)
{
	for (int i = 0; i < PROTOCOLS; i++) {
		const Way *way = &summary->ways[i];
		g_autofree char *text = describe_way(way);

		if (way->begun)
			print_named(words_protocol((MailProtocol)i), text);
	}
}

static void print_closed(const char *name, const GPtrArray *addresses)
{
	g_autoptr(GString) list = g_string_new(NULL);

	for (guint i = 0; i < addresses->len; i++)
		g_string_append_printf(list, "%s%s", i > 0 ? ", " : "",
			(const char *)g_ptr_array_index(addresses, i));
	if (list->len > 0)
		print_named(name, list->str);
}

void cli_check_summary_print(const CliCheckSummary *summary, int64_t milliseconds)
{
	g_autofree char *time = words_seconds(milliseconds);

	cli_print_line(_("Zusammenfassung"));
	print_ways(summary);
	print_closed(_("Lässt sich nicht öffnen"), summary->ways[MAIL_PROTOCOL_IMAP].closed);
	print_closed(_("Kein Versand von"), summary->ways[MAIL_PROTOCOL_SMTP].closed);
	for (guint i = 0; i < summary->duties->len; i++)
		print_named(_("Zu tun"), g_ptr_array_index(summary->duties, i));
	print_named(_("Dauer"), time);
}
