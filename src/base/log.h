/* The log on standard error: one line a record, English, level first. Secrets and bodies of mails
 * never come here. Library code logs at debug level only; the edge logs a failure once. */
#pragma once

#include <glib.h>

typedef enum LogLevel {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
} LogLevel;

/* Records above LEVEL are dropped; the default is warning. */
void log_set_level(LogLevel level);

void log_record(LogLevel level, const char *format, ...) G_GNUC_PRINTF(2, 3);

#define log_error(...) log_record(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_record(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_record(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_record(LOG_LEVEL_DEBUG, __VA_ARGS__)
