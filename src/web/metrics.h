/* Numbers for monitoring, in Prometheus' text format. */
#pragma once

#include <stdint.h>
#include "web/route.h"

#define METRICS_PATH "/metrics"

/* Notes an answer of STATUS that took MICROSECONDS to make. Any thread. */
void metrics_count(Web *web, unsigned status, int64_t microseconds);
