/* Texts, times, failures, audit rows, and how a document is written. */
#include "json/result.h"

#include <string.h>
#include "base/clock.h"
#include "base/text.h"
#include "failure/failure.h"

json_t *result_text(const char *text)
{
	g_autofree char *valid = text ? text_make_valid(text, strlen(text)) : NULL;

	return valid ? json_string(valid) : json_null();
}

json_t *result_texts(const GPtrArray *texts)
{
	json_t *list = json_array();

	for (guint i = 0; i < texts->len; i++)
		json_array_append_new(list, result_text(g_ptr_array_index(texts, i)));
	return list;
}

json_t *result_time(int64_t seconds)
{
	g_autofree char *text = seconds ? clock_format(seconds) : NULL;

	return result_text(text);
}

json_t *result_error(const GError *error, const FailureCall *call)
{
	g_autofree char *sentence = failure_sentence(error);
	g_autofree char *advice = failure_advice_for(error, call);

	return json_pack("{s:i, s:s, s:s, s:o, s:o, s:o}", "status", failure_status(error), "code",
		failure_code_name(error), "condition", failure_name(error), "message",
		result_text(sentence), "advice", result_text(advice), "detail",
		result_text(error->message));
}

json_t *result_audit(const AuditRow *row)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "id", (json_int_t)row->id, "time",
		result_time(row->time), "actor", result_text(row->actor), "action",
		result_text(row->action), "subject", result_text(row->subject), "detail",
		result_text(row->detail));
}

char *result_write(const json_t *document)
{
	g_autofree char *text = json_dumps(document, JSON_COMPACT | JSON_ENCODE_ANY);
	GString *safe = g_string_new(NULL);
	const char *start = text;

	for (const char *at = text; *at; at = g_utf8_next_char(at)) {
		gunichar letter = g_utf8_get_char(at);

		if (!text_steers_terminal(letter))
			continue;
		g_string_append_len(safe, start, at - start);
		g_string_append_printf(safe, "\\u%04x", letter);
		start = g_utf8_next_char(at);
	}
	g_string_append(safe, start);
	return g_string_free(safe, FALSE);
}
