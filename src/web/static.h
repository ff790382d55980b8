/* Style, script and fonts, embedded at build time. Their addresses change with their contents, so
 * browsers keep them for good. */
#pragma once

#include "web/html.h"

/* The <link> and <script> of every page. */
void static_write_links(Html *h);
