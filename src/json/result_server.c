/* The check, folders and messages on the server, and what an import did. */
#include "json/result.h"

#include "app/words.h"
#include "failure/failure.h"

static json_t *state_json(CheckState state)
{
	return state == CHECK_OPEN ? json_null() : json_boolean(state == CHECK_GOOD);
}

json_t *result_check(const CheckResult *result)
{
	const GError *problem = result->problem;

	return json_pack("{s:s, s:s, s:o, s:o, s:I, s:o, s:o, s:b, s:o, s:o}", "protocol",
		result->protocol == MAIL_PROTOCOL_IMAP ? "imap" : "smtp", "step",
		check_step_name(result->step), "mailbox", result_text(result->mailbox), "ok",
		state_json(result->state), "ms", (json_int_t)result->milliseconds, "detail",
		result_text(result->detail), "advice", result_text(result->advice), "hint",
		check_is_hint(result), "failure",
		result_text(problem ? failure_name(problem) : NULL), "technical",
		result_text(problem ? problem->message : NULL));
}

json_t *result_folder(const FolderView *folder)
{
	g_autofree char *reason = words_hidden(folder);

	return json_pack("{s:o, s:o, s:o, s:o, s:b, s:o}", "mailbox", result_text(folder->mailbox),
		"name", result_text(folder->name), "role", result_text(folder->role), "messages",
		folder->messages < 0 ? json_null() : json_integer(folder->messages), "hidden",
		folder->hidden_by != NULL, "reason", result_text(reason));
}

json_t *result_message(const MessageView *message)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:I, s:b, s:b}", "uid", (json_int_t)message->uid,
		"subject", result_text(message->subject), "from", result_text(message->from),
		"date", result_time(message->date), "size", (json_int_t)message->size, "seen",
		message->seen, "imported", message->imported);
}

static json_t *import_errors_json(const GPtrArray *errors)
{
	json_t *list = json_array();

	for (guint i = 0; i < errors->len; i++) {
		const ImportError *problem = g_ptr_array_index(errors, i);

		json_array_append_new(list,
			json_pack("{s:o, s:o, s:o, s:o}", "mailbox", result_text(problem->mailbox),
				"folder", result_text(problem->folder), "uid",
				problem->uid ? json_integer(problem->uid) : json_null(), "reason",
				result_text(problem->reason)));
	}
	return list;
}

json_t *result_import(const ImportResult *result, const GError *problem, const FailureCall *call)
{
	json_t *document = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
		"imported", (json_int_t)result->imported, "known", (json_int_t)result->known,
		"failed", (json_int_t)result->failed, "bytes", (json_int_t)result->bytes, "folders",
		(json_int_t)result->folders, "ms_durable", (json_int_t)result->ms_durable,
		"ms_listed", (json_int_t)result->ms_listed, "wire_bytes",
		(json_int_t)result->wire_bytes, "acted", (json_int_t)result->acted, "errors",
		import_errors_json(result->errors), "case_conflicts",
		result_texts(result->case_conflicts));

	if (problem)
		json_object_set_new(document, "error", result_error(problem, call));
	return document;
}

static json_t *progress_json(const ImportJob *job)
{
	static const char *const phases[] = {
		[IMPORT_CONNECTING] = "connecting",
		[IMPORT_FETCHING] = "fetching",
		[IMPORT_WAITING] = "waiting",
		[IMPORT_LISTING] = "listing",
	};
	const ImportProgress *progress = &job->progress;

	return json_pack("{s:s, s:o, s:o, s:I, s:I, s:I, s:o}", "phase", phases[progress->phase],
		"mailbox", result_text(progress->mailbox), "folder", result_text(progress->folder),
		"done", (json_int_t)progress->done, "total", (json_int_t)progress->total, "bytes",
		(json_int_t)progress->bytes, "wait_until",
		result_time(progress->phase == IMPORT_WAITING ? job->wait_until : 0));
}

json_t *result_import_job(const ImportJob *job, const FailureCall *call)
{
	static const char *const states[] = {
		[IMPORT_JOB_WAITING] = "waiting",
		[IMPORT_JOB_RUNNING] = "running",
		[IMPORT_JOB_ENDED] = "ended",
	};
	bool ended = job->state == IMPORT_JOB_ENDED;

	return json_pack("{s:I, s:I, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"id", (json_int_t)job->id, "version", (json_int_t)job->version, "state",
		states[job->state], "cancelled", job->is_cancelled, "user", result_text(job->user),
		"mailbox", result_text(job->mailbox), "folder", result_text(job->folder), "uids",
		result_text(job->uids), "since", result_time(job->since), "case",
		result_text(job->case_number), "begun", result_time(job->begun), "ended",
		result_time(job->ended), "progress",
		job->state == IMPORT_JOB_WAITING ? json_null() : progress_json(job), "result",
		ended ? result_import(&job->result, job->problem, call) : json_null());
}
