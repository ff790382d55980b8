/* Numbers for monitoring, in Prometheus' text format. */
#pragma once

#include <stdint.h>
#include "web/route.h"

#define METRICS_PATH "/metrics"

/* Notes that an answer has STATUS; WEB is a Web. Any thread, as the next. */
void metrics_count_answer(unsigned status, void *web);
/* Notes that a row's function took MICROSECONDS. */
void metrics_count_time(Web *web, int64_t microseconds);
