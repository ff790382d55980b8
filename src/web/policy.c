/* The fields, with their reasons in docs/decisions/page.md. */
#include "web/policy.h"

#define OWN_POLICY                                                                                 \
	"default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; "               \
	"img-src 'self' data:; connect-src 'self'; frame-src 'self'; form-action 'self'; "         \
	"frame-ancestors 'none'; base-uri 'none'"
/* A mail's own HTML: an origin of its own, no scripts, nothing from anywhere; links open elsewhere.
 */
#define FOREIGN_POLICY                                                                             \
	"sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; " \
	"style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'; base-uri 'none'"

/* Our own pages: nothing from elsewhere, nothing inline, framed by nobody. A mail's (foreign): its
 * own styles and embedded pictures, framed by our pages only. */
void policy_add(Visit *visit)
{
	bool foreign = visit->route && visit->route->foreign;

	web_response_header(
		visit->response, "Content-Security-Policy", foreign ? FOREIGN_POLICY : OWN_POLICY);
	web_response_header(visit->response, "X-Content-Type-Options", "nosniff");
	web_response_header(visit->response, "X-Frame-Options", foreign ? "SAMEORIGIN" : "DENY");
	web_response_header(visit->response, "Referrer-Policy", "same-origin");
	web_response_header(visit->response, "Cross-Origin-Opener-Policy", "same-origin");
	web_response_header(visit->response, "Cross-Origin-Resource-Policy", "same-origin");
	/* Browsers look up the hosts of links before anybody clicks: who looks would be told. */
	web_response_header(visit->response, "X-DNS-Prefetch-Control", "off");
	web_response_header(visit->response, "Permissions-Policy",
		"camera=(), geolocation=(), microphone=(), payment=(), usb=()");
	if (web_request_is_secure(visit->request))
		web_response_header(
			visit->response, "Strict-Transport-Security", "max-age=31536000");
}
