/* What the client does in SMTP dialogues, each by one function of smtp.h:
 *   open · login USER PASSWORD [AS] · login-token USER TOKEN [HOST PORT] · offer · sender SENDER
 *   RECIPIENT · mail SENDER RECIPIENT… · mails SENDER RECIPIENT… (one for each, the next offered
 *   ahead) · noop · close */
#include "dialogue.h"

#include <string.h>

static bool run_open(Client *client, char **words, GError **error)
{
	(void)words;
	client->smtp = smtp_open(dialogue_stream(client), error);
	return client->smtp != NULL;
}

static bool run_login(Client *client, char **words, GError **error)
{
	g_autoptr(Secret) secret = NULL;
	SaslIdentity identity = dialogue_identity(words, &secret);

	if (!smtp_login(client->smtp, &identity, error))
		return false;
	dialogue_note(client, "logged in");
	return true;
}

/* What the server has said that it offers. */
static bool run_offer(Client *client, char **words, GError **error)
{
	static const char *const names[] = {"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8",
		"ENHANCEDSTATUSCODES", "CHUNKING", "DSN", "AUTH"};
	g_autoptr(GString) offer = g_string_new("offer");

	(void)words;
	(void)error;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (smtp_has(client->smtp, (SmtpCapability)(1u << i)))
			g_string_append_printf(offer, " %s", names[i]);
	}
	for (unsigned bit = SASL_XOAUTH2; bit > 0; bit >>= 1) {
		if (smtp_mechanisms(client->smtp) & bit)
			g_string_append_printf(offer, " %s", sasl_name((SaslMechanism)bit));
	}
	dialogue_note(client, "%s, size limit %" G_GUINT64_FORMAT, offer->str,
		smtp_size_limit(client->smtp));
	return true;
}

static bool run_sender(Client *client, char **words, GError **error)
{
	if (!smtp_try_sender(client->smtp, words[1], words[2], error))
		return false;
	dialogue_note(client, "%s may send", words[1]);
	return true;
}

/* What every mail holds. */
#define CONTENT "Subject: x\n\n.\n"

/* One mail's answers, and where it got to. */
typedef struct Handing {
	SmtpMail mail;
	SmtpAnswer sender, reply;
	SmtpAnswer *answers;
	bool ready;
} Handing;

static void note_answers(Client *client, const Handing *handing)
{
	if (!handing->ready)
		dialogue_note(client, "not sent: %s", handing->sender.text);
	for (size_t i = 0; i < handing->mail.recipient_count; i++)
		dialogue_note(client, "%s: %s", handing->mail.recipients[i],
			handing->answers[i].text ? handing->answers[i].text : "-");
}

/* As far as the end of the content. */
static bool begin_mail(Client *client, Handing *handing, GError **error)
{
	if (!smtp_mail_begin(
		    client->smtp, &handing->sender, handing->answers, &handing->ready, error))
		return false;
	note_answers(client, handing);
	return !handing->ready || (smtp_mail_write(client->smtp, CONTENT, strlen(CONTENT), error) &&
					  smtp_mail_finish(client->smtp, error));
}

static bool end_mail(Client *client, Handing *handing, GError **error)
{
	bool ended = !handing->ready || smtp_mail_reply(client->smtp, &handing->reply, error);

	if (handing->reply.code)
		dialogue_note(client, "%s: %s", handing->reply.code / 100 == 2 ? "sent" : "refused",
			handing->reply.text);
	smtp_answer_clear(&handing->reply);
	return ended;
}

static void clear_answers(Handing *handing)
{
	smtp_answer_clear(&handing->sender);
	for (size_t i = 0; i < handing->mail.recipient_count; i++)
		smtp_answer_clear(&handing->answers[i]);
	g_free(handing->answers);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Handing, clear_answers)

static bool run_mail(Client *client, char **words, GError **error)
{
	size_t count = g_strv_length(words + 2);
	g_auto(Handing) handing = {
		.mail = {words[1], (const char *const *)words + 2, count},
		.answers = g_new0(SmtpAnswer, count),
	};

	return smtp_mail_offer(client->smtp, &handing.mail, error) &&
	       begin_mail(client, &handing, error) && end_mail(client, &handing, error);
}

static bool run_mails(Client *client, char **words, GError **error)
{
	g_auto(Handing) handing = {
		.mail = {words[1], (const char *const *)words + 2, 1},
		.answers = g_new0(SmtpAnswer, 1),
	};
	bool going = smtp_mail_offer(client->smtp, &handing.mail, error);

	while (going && *handing.mail.recipients) {
		SmtpMail next = handing.mail;

		next.recipients++;
		going = begin_mail(client, &handing, error) &&
			(!*next.recipients || smtp_mail_offer(client->smtp, &next, error)) &&
			end_mail(client, &handing, error);
		handing.mail = next;
	}
	return going;
}

static bool run_noop(Client *client, char **words, GError **error)
{
	(void)words;
	if (!smtp_noop(client->smtp, error))
		return false;
	dialogue_note(client, "noop");
	return true;
}

static bool run_close(Client *client, char **words, GError **error)
{
	(void)words;
	(void)error;
	g_clear_pointer(&client->smtp, smtp_close);
	dialogue_note(client, "closed");
	return true;
}

static const Action actions[] = {
	{"open", run_open, 1},
	{"login", run_login, 3},
	{"login-token", run_login, 3},
	{"offer", run_offer, 1},
	{"sender", run_sender, 3},
	{"mail", run_mail, 3},
	{"mails", run_mails, 3},
	{"noop", run_noop, 1},
	{"close", run_close, 1},
	{0},
};

/* "@ SIZE 1000, AUTH PLAIN": a line each. */
static void offer(Dialogue *dialogue, const char *keywords)
{
	g_auto(GStrv) lines = g_strsplit(keywords, ", ", -1);

	dialogue_say(dialogue, "220 mail.example ready");
	dialogue_hear_like(dialogue, "EHLO *");
	dialogue_say(dialogue, "250-mail.example");
	for (char **line = lines; *line; line++) {
		g_autofree char *reply = g_strconcat(line[1] ? "250-" : "250 ", *line, NULL);

		dialogue_say(dialogue, reply);
	}
}

static bool is_alive(const Client *client)
{
	return client->smtp && smtp_is_alive(client->smtp);
}

static void close_session(Client *client)
{
	g_clear_pointer(&client->smtp, smtp_close);
}

const Protocol dialogue_smtp = {"smtp", actions, offer, is_alive, NULL, close_session};
