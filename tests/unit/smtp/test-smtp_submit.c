/* Handing over mails to a server that refuses, defers, drops or stalls at each command: what is
 * told of each mail is what became of it. */
#include "smtp_server.h"

#include "base/clock.h"

/* What the caller of smtp.h knows of a mail in the end. */
typedef enum Outcome {
	NOT_TRIED, /* the session was dead before */
	SENT,
	REFUSED, /* in all or in its content */
	LOST,	 /* the session died, and the server cannot have it */
	UNKNOWN
} Outcome;

#define MAIL_LIMIT 4
#define RECIPIENT_LIMIT 400

typedef struct Order {
	const char *recipients; /* "b@x c@x" */
	Outcome outcome;
	char **addresses;
	SmtpAnswer sender, reply;
	SmtpAnswer answers[RECIPIENT_LIMIT];
} Order;

static void order_clear(Order *order)
{
	g_strfreev(order->addresses);
	smtp_answer_clear(&order->sender);
	smtp_answer_clear(&order->reply);
	for (size_t i = 0; i < RECIPIENT_LIMIT; i++)
		smtp_answer_clear(&order->answers[i]);
}

static void clear_orders(Order *orders, size_t count)
{
	for (size_t i = 0; i < count; i++)
		order_clear(&orders[i]);
}

static bool offer(SmtpSession *session, Order *order, GError **error)
{
	SmtpMail mail = {.sender = "a@x.example"};

	if (!order->addresses)
		order->addresses = g_strsplit(order->recipients, " ", -1);
	mail.recipients = (const char *const *)order->addresses;
	mail.recipient_count = g_strv_length(order->addresses);
	return smtp_mail_offer(session, &mail, error);
}

#define CONTENT "Subject: x\r\n\r\n.\r\ny\r\n"
#define CONTENT_ON_WIRE "Subject: x\r\n\r\n..\r\ny\r\n"

static bool write_content(SmtpSession *session, GError **error)
{
	return smtp_mail_write(session, CONTENT, 13, error) &&
	       smtp_mail_write(session, &CONTENT[13], strlen(CONTENT) - 13, error) &&
	       smtp_mail_finish(session, error);
}

/* As the reply says, or its lack. */
static Outcome conclude(SmtpSession *session, Order *order, GError **error)
{
	if (smtp_mail_reply(session, &order->reply, error))
		return order->reply.code / 100 == 2 ? SENT : REFUSED;
	if (order->reply.code != 0)
		return REFUSED;
	return smtp_mail_has_left(session) ? UNKNOWN : LOST;
}

/* Hands over COUNT mails, the next one offered ahead of the reply if AHEAD; ERROR is why the
 * session died. */
static void hand_over(SmtpSession *session, Order *orders, size_t count, bool ahead, GError **error)
{
	bool offered = false, ready = false;
	g_autoptr(GError) later = NULL; /* the session was dead already */

	for (size_t i = 0; i < count; i++) {
		Order *order = &orders[i];

		if ((!offered && !offer(session, order, error)) ||
			!smtp_mail_begin(session, &order->sender, order->answers, &ready, error)) {
			order->outcome = LOST;
			return;
		}
		offered = false;
		order->outcome = REFUSED;
		if (!ready)
			continue;
		if (!write_content(session, error)) {
			order->outcome = conclude(session, order, &later);
			return;
		}
		offered = ahead && i + 1 < count && offer(session, order + 1, error);
		order->outcome = conclude(session, order, *error ? &later : error);
		if (*error)
			return;
	}
}

/* What a person is told must be true, whatever the server did. */
static void assert_true_to(const Server *server, const Order *orders, size_t count)
{
	guint taken = 0;
	size_t sent = 0, unknown = 0;

	for (guint i = 0; i < server->mails->len; i++) {
		const ServerMail *mail = g_ptr_array_index(server->mails, i);

		taken += mail->taken && mail->recipients->len > 0;
		if (mail->taken && mail->recipients->len > 0)
			assert_string_equal(mail->content->str, CONTENT_ON_WIRE);
	}
	for (size_t i = 0; i < count; i++) {
		sent += orders[i].outcome == SENT;
		unknown += orders[i].outcome == UNKNOWN;
	}
	assert_true(sent <= taken && taken <= sent + unknown);
	assert_true(unknown <= 1);
}

typedef struct Case {
	ServerRule rules[SERVER_RULES];
	const char *outcomes; /* of each mail: S sent, R refused, L lost, U unknown, - not tried */
	Failure failure;      /* 0: the session lives */
} Case;

static const char letters[] = {
	[NOT_TRIED] = '-', [SENT] = 'S', [REFUSED] = 'R', [LOST] = 'L', [UNKNOWN] = 'U'};

#define STALL 300 /* milliseconds after which a stalled server is given up */

typedef struct Way {
	const char *offer;
	bool byte_by_byte, ahead;
} Way;

static const Way ways[] = {
	{SERVER_OFFER, false, true},
	{SERVER_OFFER, false, false},
	{SERVER_OFFER, true, true},
	{SERVER_OFFER_LITTLE, false, false},
	{SERVER_OFFER_LITTLE, false, true},
	{SERVER_OFFER_LITTLE, true, false},
};

/* Three mails to a server that does what CASE says, by each way. */
static void run_case(const Case *row, const Way *way)
{
	g_auto(Server) server = {
		.offer = way->offer, .byte_by_byte = way->byte_by_byte, .rules = row->rules};
	Order orders[] = {{"b@x.example c@x.example"}, {"d@x.example"}, {"e@x.example"}};
	SmtpSession *session = server_open(&server);
	char outcomes[G_N_ELEMENTS(orders) + 1] = "";
	g_autoptr(GError) error = NULL;

	if (row->rules[0].then == SERVER_STALLS)
		stream_set_deadline(session->stream, clock_monotonic() + STALL);
	hand_over(session, orders, G_N_ELEMENTS(orders), way->ahead, &error);
	for (size_t i = 0; i < G_N_ELEMENTS(orders); i++)
		outcomes[i] = letters[orders[i].outcome];
	if (strcmp(outcomes, row->outcomes) != 0)
		fail_msg("%s %s: %s, not %s (%s)", row->rules[0].at, row->rules[0].say, outcomes,
			row->outcomes, error ? error->message : "");
	assert_int_equal(smtp_is_alive(session), row->failure == 0);
	if (row->failure != 0)
		fixture_assert_failure(&error, row->failure);
	assert_null(error);
	server_join(&server, session);
	assert_false(server.ran_ahead);
	assert_true_to(&server, orders, G_N_ELEMENTS(orders));
	clear_orders(orders, G_N_ELEMENTS(orders));
}

static void run_cases(const Case *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t way = 0; way < G_N_ELEMENTS(ways); way++)
			run_case(&rows[i], &ways[way]);
	}
}

static void test_refused(void **state)
{
	static const Case rows[] = {
		{{{0}}, "SSS", 0},
		{{{"MAIL", 1, "450 4.7.1 later\r\n"}}, "RSS", 0},
		{{{"MAIL", 1, "550 5.7.1 not you\r\n"}}, "RSS", 0},
		{{{"MAIL", 2, "550-5.7.1 not\r\n550 5.7.1 you\r\n"}}, "SRS", 0},
		{{{"RCPT TO:<b", 1, "450 4.2.0 later\r\n"}}, "SSS", 0},
		{{{"RCPT TO:<c", 1, "550 5.1.1 unknown\r\n"}}, "SSS", 0},
		{{{"RCPT TO:<d", 1, "550 5.1.1 unknown\r\n"}}, "SRS", 0},
		{{{"RCPT", 0, "550 5.1.1 unknown\r\n"}}, "RRR", 0},
		{{{"RCPT TO:<b", 0, "550 5.1.1 unknown\r\n"},
			 {"RCPT TO:<c", 0, "450 4.2.0 later\r\n"}},
			"RSS", 0},
		{{{"DATA", 1, "451 4.3.0 later\r\n"}}, "RSS", 0},
		{{{"DATA", 1, "554 5.7.1 no\r\n"}}, "RSS", 0},
		{{{"DATA", 3, "554 5.7.1 no\r\n"}}, "SSR", 0},
		{{{".", 1, "451 4.3.0 later\r\n"}}, "RSS", 0},
		{{{".", 2, "554 5.7.1 spam\r\n"}}, "SRS", 0},
		{{{".", 0, "550-5.7.1 a\r\n550 5.7.1 b\r\n"}}, "RRR", 0},
		{{{".", 2, "251 2.0.0 fine, too\r\n"}}, "SSS", 0},
	};

	(void)state;
	run_cases(rows, G_N_ELEMENTS(rows));
}

static void test_closing(void **state)
{
	static const Case rows[] = {
		{{{"MAIL", 1, "421 4.3.2 down\r\n", SERVER_CUTS}}, "L--", FAILURE_SERVER_BYE},
		{{{"MAIL", 2, "421 4.3.2 down\r\n", SERVER_CUTS}}, "SL-", FAILURE_SERVER_BYE},
		{{{"RCPT TO:<c", 1, "421 4.3.2 down\r\n", SERVER_CUTS}}, "L--", FAILURE_SERVER_BYE},
		{{{"RCPT TO:<d", 1, "421 4.3.2 down\r\n"}}, "SL-", FAILURE_SERVER_BYE},
		{{{"DATA", 2, "421 4.3.2 down\r\n", SERVER_CUTS}}, "SL-", FAILURE_SERVER_BYE},
		{{{".", 1, "421 4.3.2 down\r\n", SERVER_CUTS}}, "R--", FAILURE_SERVER_BYE},
		{{{".", 2, "421 4.3.2 down\r\n"}}, "SR-", FAILURE_SERVER_BYE},
	};

	(void)state;
	run_cases(rows, G_N_ELEMENTS(rows));
}

static void test_cut(void **state)
{
	static const Case rows[] = {
		{{{"MAIL", 1, NULL, SERVER_CUTS}}, "L--", FAILURE_CONNECTION_LOST},
		{{{"MAIL", 1, "250 2.1.0 O", SERVER_CUTS}}, "L--", FAILURE_CONNECTION_LOST},
		{{{"MAIL", 1, "250 2.1.0 Ok\r\n", SERVER_CUTS}}, "L--", FAILURE_CONNECTION_LOST},
		{{{"MAIL", 2, NULL, SERVER_CUTS}}, "SL-", FAILURE_CONNECTION_LOST},
		{{{"RCPT TO:<b", 1, NULL, SERVER_CUTS}}, "L--", FAILURE_CONNECTION_LOST},
		{{{"RCPT TO:<c", 1, "250 2.1.5 Ok\r\n", SERVER_CUTS}}, "L--",
			FAILURE_CONNECTION_LOST},
		{{{"DATA", 1, NULL, SERVER_CUTS}}, "L--", FAILURE_CONNECTION_LOST},
		{{{"DATA", 3, "354 go on", SERVER_CUTS}}, "SSL", FAILURE_CONNECTION_LOST},
		{{{"MAIL", 1, "550 5.7.1 blocked\r\n", SERVER_CUTS}}, "RL-",
			FAILURE_CONNECTION_LOST},
		{{{"RCPT TO:<d", 1, "550 5.7.1 blocked\r\n", SERVER_CUTS}}, "SRL",
			FAILURE_CONNECTION_LOST},
		{{{"RCPT TO:<b", 1, "550 5.7.1 blocked\r\n", SERVER_CUTS}}, "L--",
			FAILURE_CONNECTION_LOST},
		{{{"+", 0, NULL, SERVER_CUTS}}, "U--", FAILURE_CONNECTION_LOST},
		{{{".", 1, NULL, SERVER_CUTS}}, "U--", FAILURE_CONNECTION_LOST},
		{{{".", 2, NULL, SERVER_CUTS}}, "SU-", FAILURE_CONNECTION_LOST},
		{{{".", 3, "250 2.0.0 queue", SERVER_CUTS}}, "SSU", FAILURE_CONNECTION_LOST},
		{{{".", 1, "250 2.0.0 queued\r\n", SERVER_CUTS}}, "SL-", FAILURE_CONNECTION_LOST},
		{{{".", 1, "450 4.0.0 later\r\n", SERVER_CUTS}}, "RL-", FAILURE_CONNECTION_LOST},
	};

	(void)state;
	run_cases(rows, G_N_ELEMENTS(rows));
}

static void test_stalled(void **state)
{
	static const Case rows[] = {
		{{{"MAIL", 1, NULL, SERVER_STALLS}}, "L--", FAILURE_TIMEOUT},
		{{{"MAIL", 2, "250 2", SERVER_STALLS}}, "SL-", FAILURE_TIMEOUT},
		{{{"RCPT TO:<b", 1, NULL, SERVER_STALLS}}, "L--", FAILURE_TIMEOUT},
		{{{"RCPT TO:<d", 1, "250 2.1.5 Ok\r\n", SERVER_STALLS}}, "SL-", FAILURE_TIMEOUT},
		{{{"DATA", 1, NULL, SERVER_STALLS}}, "L--", FAILURE_TIMEOUT},
		{{{"+", 0, NULL, SERVER_STALLS}}, "U--", FAILURE_TIMEOUT},
		{{{".", 1, NULL, SERVER_STALLS}}, "U--", FAILURE_TIMEOUT},
		{{{".", 2, "250-2.0.0 queued\r\n", SERVER_STALLS}}, "SU-", FAILURE_TIMEOUT},
		{{{".", 2, "250 2.0.0 queued\r\n", SERVER_STALLS}}, "SSL", FAILURE_TIMEOUT},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		for (size_t way = 0; way < G_N_ELEMENTS(ways); way += 2)
			run_case(&rows[i], &ways[way]);
	}
}

/* Replies that nobody asked for shift those that follow, which DATA's brings to light before any
 * content is sent. */
static void test_replies_unasked(void **state)
{
	static const Case rows[] = {
		{{{"MAIL", 1, "250 2.1.0 Ok\r\n250 2.1.0 Ok\r\n"}}, "L--", FAILURE_SERVER_GARBAGE},
		{{{"RCPT TO:<b", 1, "250 2.1.5 Ok\r\n250 2.1.5 Ok\r\n"}}, "L--",
			FAILURE_SERVER_GARBAGE},
		{{{"RCPT TO:<d", 1, "354 go on\r\n"}}, "SL-", FAILURE_SERVER_GARBAGE},
		{{{"MAIL", 1, "354 go on\r\n"}}, "L--", FAILURE_SERVER_GARBAGE},
		{{{"DATA", 1, "250 Ok\r\n"}}, "L--", FAILURE_SERVER_GARBAGE},
		{{{"DATA", 1, "334 \r\n"}}, "L--", FAILURE_SERVER_GARBAGE},
		{{{"DATA", 1, "\r\n"}}, "L--", FAILURE_SERVER_GARBAGE},
		{{{".", 1, "250 2.0.0 queued\r\n250 2.0.0 queued\r\n"}}, "SL-",
			FAILURE_SERVER_GARBAGE},
		{{{".", 2, "354 go on\r\n"}}, "SU-", FAILURE_SERVER_GARBAGE},
		{{{".", 2, "garbage\r\n"}}, "SU-", FAILURE_SERVER_GARBAGE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		run_case(&rows[i], &ways[0]);
		run_case(&rows[i], &ways[1]);
	}
}

/* Nothing is said to a server whose replies are more than the questions. */
static void test_reply_unasked_between_mails(void **state)
{
	static const ServerRule rules[] = {{"DATA", 1, "554 5.7.1 no\r\n250 2.0.0 Ok\r\n"}, {0}};
	g_auto(Server) server = {.offer = SERVER_OFFER, .rules = rules};
	SmtpSession *session = server_open(&server);
	Order orders[] = {{"b@x.example"}, {"c@x.example"}};
	g_autoptr(GError) error = NULL;

	(void)state;
	hand_over(session, orders, 2, true, &error);
	fixture_assert_failure(&error, FAILURE_SERVER_GARBAGE);
	assert_int_equal(orders[0].outcome, REFUSED);
	assert_int_equal(orders[1].outcome, LOST);
	server_join(&server, session);
	assert_null(strstr(server.log->str, "c@x.example"));
	clear_orders(orders, 2);
}

/* RFC 2920: DATA was on its way when the last recipient was refused, and the server goes on. */
static void test_content_for_nobody(void **state)
{
	static const Case rows[] = {
		{{{"RCPT TO:<d", 0, "550 5.1.1 unknown\r\n"}, {"DATA", 2, "354 go on\r\n"}}, "SRS",
			0},
		{{{"RCPT TO:<d", 0, "550 5.1.1 unknown\r\n"}, {"DATA", 2, "354 go on\r\n"},
			 {".", 2, "554 5.5.1 no valid recipients\r\n"}},
			"SRS", 0},
		{{{"MAIL", 2, "550 5.7.1 not you\r\n"}, {"DATA", 2, "354 go on\r\n"}}, "SRS", 0},
		{{{"RCPT TO:<d", 0, "550 5.1.1 unknown\r\n"}, {"DATA", 2, "354 go on\r\n"},
			 {".", 2, NULL, SERVER_CUTS}},
			"SRL", FAILURE_CONNECTION_LOST},
		/* Somebody would get an empty mail */
		{{{"MAIL", 2, "550 5.7.1 not you\r\n"}, {"RCPT TO:<d", 0, "250 Ok\r\n"},
			 {"DATA", 2, "354 go on\r\n"}},
			"SL-", FAILURE_SERVER_GARBAGE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		for (size_t way = 0; way < 3; way++)
			run_case(&rows[i], &ways[way]);
	}
}

/* What each recipient's server answered, and what is said on the way. */
static void test_answers(void **state)
{
	static const ServerRule rules[] = {
		{"RCPT TO:<c", 0, "550-5.1.1 No\r\n550 5.1.1 such user\r\n"},
		{"RCPT TO:<d", 0, "451 4.7.1 greylisted\r\n"},
		{".", 1, "250 2.0.0 queued as 4711\r\n"},
		{0},
	};
	g_auto(Server) server = {.offer = SERVER_OFFER, .rules = rules};
	SmtpSession *session = server_open(&server);
	Order order = {"b@x.example c@x.example d@x.example e@x.example"};
	const ServerMail *mail;
	g_autoptr(GError) error = NULL;

	(void)state;
	hand_over(session, &order, 1, true, &error);
	assert_null(error);
	assert_int_equal(order.outcome, SENT);
	assert_string_equal(order.sender.text, "250 2.1.0 Ok");
	assert_int_equal(order.answers[0].code, 250);
	assert_int_equal(order.answers[0].enhanced, SMTP_STATUS(2, 1, 5));
	assert_string_equal(order.answers[1].text, "550 5.1.1 No 5.1.1 such user");
	assert_int_equal(order.answers[1].enhanced, SMTP_STATUS(5, 1, 1));
	assert_int_equal(order.answers[2].code, 451);
	assert_int_equal(order.answers[3].code, 250);
	assert_string_equal(order.reply.text, "250 2.0.0 queued as 4711");
	server_join(&server, session);
	mail = g_ptr_array_index(server.mails, 0);
	assert_string_equal(mail->sender, "a@x.example");
	assert_string_equal(mail->recipients->str, "b@x.example e@x.example ");
	assert_true(g_str_has_suffix(server.log->str, "DATA\nQUIT\n"));
	order_clear(&order);
}

/* A sender or DATA that is refused is told as SENDER; recipients only what was said of them. An
 * envelope that is left with the server is taken back before the next. */
static void test_answers_of_sender(void **state)
{
	static const struct {
		ServerRule rules[SERVER_RULES];
		const char *sender, *recipient; /* NULL: nothing */
		bool reset;
	} rows[] = {
		{{{"MAIL", 1, "550 5.7.1 not you\r\n"}}, "550 5.7.1 not you", NULL, false},
		{{{"DATA", 1, "451 4.3.0 disk\r\n"}}, "451 4.3.0 disk", "250 2.1.5 Ok", true},
		{{{"RCPT", 1, "550 5.1.1 x\r\n"}}, "250 2.1.0 Ok", "550 5.1.1 x", true},
		{{{"RCPT", 1, "550 5.1.1 x\r\n"}, {"DATA", 1, "354 go on\r\n"}}, "250 2.1.0 Ok",
			"550 5.1.1 x", false},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(Server) server = {.offer = SERVER_OFFER, .rules = rows[i].rules};
		SmtpSession *session = server_open(&server);
		Order orders[] = {{"b@x.example"}, {"c@x.example"}};
		g_autoptr(GError) error = NULL;

		hand_over(session, orders, 2, true, &error);
		assert_null(error);
		assert_string_equal(orders[0].sender.text, rows[i].sender);
		if (rows[i].recipient)
			assert_string_equal(orders[0].answers[0].text, rows[i].recipient);
		else
			assert_int_equal(orders[0].answers[0].code, 0);
		assert_int_equal(orders[1].outcome, SENT);
		server_join(&server, session);
		assert_int_equal(strstr(server.log->str, "RSET") != NULL, rows[i].reset);
		clear_orders(orders, 2);
	}
}

static void test_too_many_recipients(void **state)
{
	static const struct {
		const char *reply;
		unsigned code;
	} rows[] = {
		{"452 4.5.3 too many\r\n", 452},
		{"452 too many\r\n", 452},
		{"552 too many\r\n", 452},
		{"552 5.5.3 too many\r\n", 452},
		{"550 5.5.3 too many\r\n", 452},
		{"552 5.3.4 too big\r\n", 552},
		{"552 5.2.2 mailbox full\r\n", 552},
		{"550 5.1.1 unknown\r\n", 550},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const ServerRule rules[] = {{"RCPT TO:<c", 0, rows[i].reply}, {0}};
		g_auto(Server) server = {.offer = SERVER_OFFER, .rules = rules};
		SmtpSession *session = server_open(&server);
		Order order = {"b@x.example c@x.example"};
		g_autoptr(GError) error = NULL;

		hand_over(session, &order, 1, true, &error);
		assert_int_equal(order.outcome, SENT);
		assert_int_equal(order.answers[1].code, rows[i].code);
		assert_true(g_str_has_prefix(rows[i].reply, order.answers[1].text));
		server_join(&server, session);
		order_clear(&order);
	}
}

/* More recipients than are in flight at once. */
static void test_many_recipients(void **state)
{
	(void)state;
	for (unsigned count = 97; count <= RECIPIENT_LIMIT; count += count < 104 ? 1 : 148) {
		const ServerRule rules[] = {{"RCPT TO:<r50@", 0, "550 5.1.1 unknown\r\n"}, {0}};
		g_auto(Server) server = {.offer = SERVER_OFFER, .rules = rules};
		SmtpSession *session = server_open(&server);
		g_autoptr(GString) recipients = g_string_new("r0@x.example");
		Order orders[] = {{"b@x.example"}, {NULL}};
		const ServerMail *mail;
		g_autoptr(GError) error = NULL;

		for (unsigned i = 1; i < count; i++)
			g_string_append_printf(recipients, " r%u@x.example", i);
		orders[1].recipients = recipients->str;
		hand_over(session, orders, 2, true, &error);
		assert_null(error);
		assert_int_equal(orders[1].outcome, SENT);
		for (unsigned i = 0; i < count; i++)
			assert_int_equal(orders[1].answers[i].code, i == 50 ? 550 : 250);
		server_join(&server, session);
		mail = g_ptr_array_index(server.mails, 1);
		g_string_replace(recipients, "r50@x.example ", "", 1);
		g_string_append_c(recipients, ' ');
		assert_string_equal(mail->recipients->str, recipients->str);
		clear_orders(orders, 2);
	}
}

/* Recipients beyond the window are not told of once the sender is refused. */
static void test_many_recipients_of_refused_sender(void **state)
{
	static const ServerRule rules[] = {{"MAIL", 1, "550 5.7.1 not you\r\n"}, {0}};
	g_auto(Server) server = {.offer = SERVER_OFFER, .rules = rules};
	SmtpSession *session = server_open(&server);
	g_autoptr(GString) recipients = g_string_new("r0@x.example");
	Order order = {NULL};
	g_autoptr(GError) error = NULL;

	(void)state;
	for (unsigned i = 1; i < RECIPIENT_LIMIT; i++)
		g_string_append_printf(recipients, " r%u@x.example", i);
	order.recipients = recipients->str;
	hand_over(session, &order, 1, true, &error);
	assert_null(error);
	assert_int_equal(order.outcome, REFUSED);
	assert_int_equal(order.sender.code, 550);
	server_join(&server, session);
	assert_non_null(strstr(server.log->str, "r50@"));
	assert_null(strstr(server.log->str, "r100@"));
	assert_null(strstr(server.log->str, "DATA"));
	order_clear(&order);
}

/* The next mail's commands are there before the reply to this one is read. */
static void test_ahead(void **state)
{
	static const char replies[] =
		"250 2.0.0 queued\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go on\r\n";
	g_auto(Server) server = {.offer = SERVER_OFFER};
	SmtpSession *session = server_open(&server);
	Order orders[] = {{"b@x.example"}, {"c@x.example"}};
	bool ready = false;
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_true(offer(session, &orders[0], &error));
	assert_true(smtp_mail_begin(session, &orders[0].sender, orders[0].answers, &ready, &error));
	assert_true(write_content(session, &error));
	assert_true(offer(session, &orders[1], &error));
	assert_false(smtp_mail_has_left(session));
	assert_true(stream_flush(session->stream, &error));
	assert_true(smtp_mail_has_left(session));
	/* All of it was one write: all the replies come by themselves. */
	while (stream_look(session->stream) < (ssize_t)strlen(replies))
		poll(NULL, 0, 1);
	assert_true(smtp_mail_reply(session, &orders[0].reply, &error));
	assert_int_equal(orders[0].reply.code, 250);
	assert_false(smtp_mail_has_left(session));
	assert_true(smtp_mail_begin(session, &orders[1].sender, orders[1].answers, &ready, &error));
	assert_true(ready);
	server_join(&server, session);
	clear_orders(orders, 2);
}

/* The final reply may take five times as long. */
static void test_patience(void **state)
{
	static const Case rows[] = {
		{{{".", 2, "250 2.0.0 queued\r\n", SERVER_IS_SLOW}}, "SSS", 0},
		{{{"MAIL", 2, "250 2.1.0 Ok\r\n", SERVER_IS_SLOW}}, "SL-", FAILURE_TIMEOUT},
	};

	(void)state;
	run_case(&rows[0], &ways[0]);
	run_case(&rows[1], &ways[1]);
}

/* A text that repeats the password is told neither of a recipient nor of a mail. */
static void test_secret_in_answers(void **state)
{
	static const ServerRule rules[] = {
		{"RCPT TO:<c", 0, "550 5.1.1 Sonnenblume77 is no user\r\n"},
		{".", 0, "250 2.0.0 Sonnenblume77\r\n"},
		{0},
	};
	g_auto(Server) server = {.offer = SERVER_OFFER, .rules = rules};
	SmtpSession *session = server_open(&server);
	g_autoptr(Secret) secret = secret_new("Sonnenblume77", 13);
	Order order = {"b@x.example c@x.example"};
	g_autoptr(GError) error = NULL;

	(void)state;
	hand_over(session, &order, 1, true, &error);
	assert_string_equal(order.reply.text, "250 2.0.0 Sonnenblume77");
	/* As smtp_login does. */
	repeats_add_secret(stream_secrets(session->stream), secret);
	smtp_forget_memos(session);
	hand_over(session, &order, 1, true, &error);
	assert_int_equal(order.outcome, SENT);
	assert_string_equal(order.answers[1].text, "550 " REPEATS_WITHHELD);
	assert_string_equal(order.reply.text, "250 " REPEATS_WITHHELD);
	server_join(&server, session);
	order_clear(&order);
}

/* Whatever is not a mail, between mails and after a refused one. */
static void test_between_mails(void **state)
{
	static const ServerRule rules[] = {{"RCPT TO:<b", 0, "550 5.1.1 unknown\r\n"}, {0}};
	g_auto(Server) server = {.offer = SERVER_OFFER, .rules = rules};
	SmtpSession *session = server_open(&server);
	Order orders[] = {{"b@x.example"}, {"c@x.example"}};
	g_autoptr(GError) error = NULL;

	(void)state;
	hand_over(session, orders, 1, true, &error);
	assert_int_equal(orders[0].outcome, REFUSED);
	assert_true(smtp_try_sender(session, "a@x.example", "c@x.example", &error));
	assert_true(smtp_noop(session, &error));
	hand_over(session, orders + 1, 1, true, &error);
	assert_int_equal(orders[1].outcome, SENT);
	assert_null(error);
	server_join(&server, session);
	clear_orders(orders, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_closing),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_stalled),
		cmocka_unit_test(test_replies_unasked),
		cmocka_unit_test(test_reply_unasked_between_mails),
		cmocka_unit_test(test_content_for_nobody),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_answers_of_sender),
		cmocka_unit_test(test_too_many_recipients),
		cmocka_unit_test(test_many_recipients),
		cmocka_unit_test(test_many_recipients_of_refused_sender),
		cmocka_unit_test(test_ahead),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_secret_in_answers),
		cmocka_unit_test(test_between_mails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
