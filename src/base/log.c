/* The log: one line a record on standard error. */
#include "base/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include "base/text.h"

static atomic_int threshold = LOG_LEVEL_WARNING;

void log_set_level(LogLevel level)
{
	atomic_store(&threshold, level);
}

void log_record(LogLevel level, const char *format, ...)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	g_autofree char *message = NULL;
	g_autofree char *safe = NULL;
	va_list arguments;

	if ((int)level > atomic_load(&threshold))
		return;
	va_start(arguments, format);
	message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	safe = text_for_terminal(message);
	fprintf(stderr, "amtspost: %s: %s\n", names[level], safe);
}
