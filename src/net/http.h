/* One HTTPS request with its answer by libcurl, through the same proxies and with the same
 * certificates as mail. It follows no redirect and keeps no cookie. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "base/cancel.h"
#include "base/secret.h"
#include "model/endpoint.h"

/* Bytes of an answer; more: FAILURE_LINE_TOO_LONG. */
#define HTTP_BODY_LIMIT ((size_t)1024 * 1024)

typedef struct HttpRequest {
	const char *url;     /* https://…, or http://… */
	const Secret *form;  /* POSTed as application/x-www-form-urlencoded; NULL: GET */
	const Proxy *proxy;  /* its host NULL: none; a loopback address is reached without it */
	const char *ca_file; /* NULL: the system's authorities only */
	int timeout;	     /* seconds for all of it */
	int grace;	     /* seconds to wait on after CANCEL once the form is out */
} HttpRequest;

typedef struct HttpAnswer {
	int status;
	int64_t retry_after; /* seconds (RFC 9110 section 10.2.3); -1: not told */
	int64_t date;	     /* the server's clock, seconds since 1970; 0: not told */
	char *location;	     /* where it redirects to; NULL: nowhere */
	Secret *body;	     /* may hold tokens */
} HttpAnswer;

void http_answer_clear(HttpAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HttpAnswer, http_answer_clear)

/* Sends REQUEST. Any status is an answer. TLS is 1.2 or newer, certificate and name are checked.
 * Failures as of stream_open; after one of FAILURE_CODE_RETRY the server may have got the request.
 */
bool http_send(
	const HttpRequest *request, const Cancel *cancel, HttpAnswer *answer, GError **error);
