/* What the functions of the rows ask of a visit, and lead it to. */
#include "web/route.h"

#include <string.h>
#include "base/text.h"

const char *visit_field(const Visit *visit, const char *name)
{
	const char *value = visit->form ? form_get(visit->form, name) : NULL;

	return value ? value : "";
}

bool visit_has(const Visit *visit, const char *name)
{
	return visit->form && form_get(visit->form, name) != NULL;
}

bool visit_redirect(Visit *visit, const char *path, const char *notice)
{
	g_autofree char *target = notice ? g_strdup_printf("%s%chinweis=%s", path,
						   strchr(path, '?') ? '&' : '?', notice)
					 : NULL;

	web_response_redirect(visit->response, target ? target : path);
	return true;
}

const char *visit_next(const Visit *visit)
{
	const char *path = visit->form ? form_get(visit->form, "weiter")
				       : web_request_query(visit->request, "weiter");

	/* Browsers take "//x" and "/\\x" for another host, and leave out tabs and line breaks. */
	return path && path[0] == '/' && path[1] != '/' && path[1] != '\\' &&
			       !text_has_control(path)
		       ? path
		       : NULL;
}
