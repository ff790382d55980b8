/* What browsers may do with our answers: the header fields that every one of them has. */
#pragma once

#include "web/route.h"

/* Before the route's function runs: it may begin to send. */
void policy_add(Visit *visit);
