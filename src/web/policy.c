/* The fields, with their reasons in docs/decisions/page.md. */
#include "web/policy.h"

/* Strict for every answer: nothing from elsewhere, nothing inline, no frames. */
void policy_add(Visit *visit)
{
	web_response_header(visit->response, "Content-Security-Policy",
		"default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; "
		"img-src 'self' data:; connect-src 'self'; form-action 'self'; "
		"frame-ancestors 'none'; base-uri 'none'");
	web_response_header(visit->response, "X-Content-Type-Options", "nosniff");
	web_response_header(visit->response, "X-Frame-Options", "DENY");
	web_response_header(visit->response, "Referrer-Policy", "same-origin");
	web_response_header(visit->response, "Cross-Origin-Opener-Policy", "same-origin");
	web_response_header(visit->response, "Cross-Origin-Resource-Policy", "same-origin");
	web_response_header(visit->response, "Permissions-Policy",
		"camera=(), geolocation=(), microphone=(), payment=(), usb=()");
	if (web_request_is_secure(visit->request))
		web_response_header(
			visit->response, "Strict-Transport-Security", "max-age=31536000");
}
