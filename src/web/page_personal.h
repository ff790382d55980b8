/* What the files of Persönliche Einstellungen share. */
#pragma once

#include "app/folders.h"
#include "app/login.h"
#include "web/page.h"
#include "web/setting_form.h"

#define PERSONAL_PATH "/einstellungen"
#define PERSONAL_SIGN_IN "/einstellungen/anmelden"
#define PERSONAL_MAILBOX "/einstellungen/postfach"
#define PERSONAL_REMOVE "/einstellungen/entfernen"
#define PERSONAL_OAUTH "/einstellungen/authentifizierung"
#define PERSONAL_CONFIRM "/einstellungen/bestaetigen"
#define PERSONAL_PASTE "/einstellungen/einfuegen"
#define PERSONAL_HIDDEN "/einstellungen/postfaecher"
#define PERSONAL_FOLDERS "/einstellungen/postfaecher/ordner"
#define PERSONAL_PASSWORD "/einstellungen/kennwort"

/* Opens the page whose tab is TAB. */
Html *page_personal_begin(const Visit *visit, const char *tab, bool wide);
/* The hidden field that carries on what waits for the sign-in; nothing where nothing does. */
void page_personal_next(Html *h, const char *next);

/* ---- page_personal.c ---- */

/* Keeps how a sign-in ended (RESULT is emptied, PROBLEM taken, nullable) and leads to where it is
 * told, or, if all is well, to NEXT (nullable). */
bool page_personal_end(Visit *visit, LoginResult *result, GError *problem, const char *next);

/* ---- page_sign_in.c: signing in with passwords ---- */

/* The forms; FORM shows what is stored or was typed. */
bool page_sign_in_show(Html *h, const SettingForm *form, const char *next, GError **error);
/* What RESULT says against a protocol stands at its fields. */
void page_sign_in_explain(SettingForm *form, const LoginResult *result);
bool page_sign_in_run(Visit *visit, GError **error);
bool page_sign_in_mailbox(Visit *visit, GError **error);
/* Shows the whole page again with what was typed and how it failed. */
bool page_personal_again(Visit *visit, SettingForm *form, const GError *problem,
	const LoginResult *result, GError **error);

/* ---- page_oauth.c: signing in with Office 365 ---- */

void page_oauth_show(Html *h, const Visit *visit, const LoginStatus *status, const char *next);
bool page_oauth_begin(Visit *visit, GError **error);
bool page_oauth_lead(Visit *visit, GError **error);
bool page_oauth_callback(Visit *visit, GError **error);
bool page_oauth_paste(Visit *visit, GError **error);
bool page_oauth_confirm(Visit *visit, GError **error);

/* ---- page_hidden.c: Postfächer ---- */

bool page_hidden_run(Visit *visit, GError **error);
bool page_hidden_folders(Visit *visit, GError **error);
bool page_hidden_save(Visit *visit, GError **error);

/* ---- page_folders.c: the real folders beside it ---- */

#define HIDDEN_FORM "postfaecher" /* its form's id, to which the folders' buttons belong */
/* The two buttons of a folder. What they send: the row's number, a blank, what to add or
 * remove, percent-encoded: a field's value shows invisible letters as something else. */
#define HIDDEN_HIDE "ausblenden"
#define HIDDEN_SHOW "einblenden"
#define HIDDEN_ROW "zeile-"

/* Whether an entry can stand for the folder NAME. One that is an address would hide a mailbox. */
bool page_folders_can_hide(const char *name);
/* LIST and PROBLEM NULL: nobody has asked for the folders. */
void page_folders_show(Html *h, const FolderList *list, const GError *problem);

/* ---- page_password.c ---- */

bool page_password_run(Visit *visit, GError **error);
bool page_password_save(Visit *visit, GError **error);
