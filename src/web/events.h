/* Server-sent events: one stream from us to a page that follows what happens (HTML section 9.2). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "web/route.h"

/* Milliseconds. Of one stream; then the browser connects again. */
#define EVENTS_TIME 60000
/* At the latest then something is sent, so that a dead one is noticed. */
#define EVENTS_PULSE 10000

/* Begins the answer. HAS_PLACE false: a look is all, and the browser comes back a little later.
 * False: nobody reads it any more; so do the others. */
bool events_begin(Visit *visit, bool has_place);
/* An event NAME whose data is TEXT, line by line. ID: what the browser says when it comes back
 * (events_last); 0: none. */
bool events_send(Visit *visit, const char *name, const char *text, int64_t id);
/* Says only that we are still there. */
bool events_pulse(Visit *visit);
/* The id of the last event that the browser got; -1: none. */
int64_t events_last(const Visit *visit);
