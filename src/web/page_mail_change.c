/* An archived mail's Aktenzeichen and its deletion. What was not done is told on the mail's page.
 */
#include <inttypes.h>
#include "app/document.h"
#include "failure/failure.h"
#include "web/page_mail.h"

#define PATH "/archiv"

static bool assign(Visit *visit, const MailAsked *asked, GError **error)
{
	const char *typed = visit_field(visit, "aktenzeichen");
	Archive *archive = office_archive(visit->office, error);
	g_autofree char *path = g_strdup_printf(PATH "/%" PRId64, asked->id);

	return archive &&
	       archive_assign(archive, viewing_viewer(&asked->viewing), asked->id,
		       *typed ? typed : NULL, visit->actor, error) &&
	       visit_redirect(visit, path, "aktenzeichen");
}

static bool delete (Visit *visit, const MailAsked *asked, GError **error)
{
	return document_delete(visit->office, viewing_viewer(&asked->viewing), asked->id,
		       visit_field(visit, "grund"), visit->actor, error) &&
	       visit_redirect(visit, PATH, "geloescht");
}

/* Whatever else is wrong, nobody is told about a mail that is not in sight: mail_show looks for it
 * first. */
static bool change(
	Visit *visit, bool (*deed)(Visit *, const MailAsked *, GError **), GError **error)
{
	g_auto(MailAsked) asked = {0};
	g_autoptr(GError) problem = NULL;

	if (!mail_asked_read(visit, &asked, error))
		return false;
	return deed(visit, &asked, &problem) || mail_show(visit, problem, error);
}

static bool run_assign(Visit *visit, GError **error)
{
	return change(visit, assign, error);
}

static bool run_delete(Visit *visit, GError **error)
{
	return change(visit, delete, error);
}

const Route route_mail_change[] = {
	{WEB_POST, PATH "/*/aktenzeichen", ROLE_PERSON, WEB_AS_JOB, 0, run_assign},
	{WEB_POST, PATH "/*/loeschen", ROLE_PERSON, WEB_AS_JOB, 0, run_delete},
	{0},
};
