/* Settings as form fields: one loop over THE table. What was typed is kept while it is wrong; what
 * others changed meanwhile stays, unless it is changed here too: then the field says so first. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "settings/settings.h"
#include "web/page.h"

typedef struct SettingForm {
	const Visit *visit;
	const char *user;   /* NULL: the global scope */
	int64_t generation; /* of what is shown */
	GPtrArray *views;   /* SettingView *, by key where the scope has it */
	const SettingView *by_key[SETTING_COUNT];
	char *errors[SETTING_COUNT]; /* sentences */
	bool own;   /* the visitor's own values: what others change meanwhile does not matter */
	bool typed; /* fields that were changed show the form's values, not the stored ones */
	bool secret_typed; /* something secret was typed, which is never shown again */
} SettingForm;

void setting_form_clear(SettingForm *form);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SettingForm, setting_form_clear)

/* Reads the scope of USER (NULL: the global one). */
bool setting_form_load(SettingForm *form, const Visit *visit, const char *user, GError **error);

/* Goes inside each <form>: which state of the settings it shows. */
void setting_form_mark(Html *h, const SettingForm *form);

/* How a field is shown beyond its row. */
typedef struct SettingLook {
	bool disabled;
	bool effective;	    /* the value that holds, read only, with its origin */
	const char *prefix; /* of the label: "IMAP" */
	const char *label;  /* in place of the row's */
	const char *why;    /* in place of the help */
} SettingLook;

/* The stored value of KEY as a field (LOOK NULL: as its row says). */
void setting_form_field(Html *h, const SettingForm *form, SettingKey key, const SettingLook *look);

/* Opens <details> for the fields FIRST to LAST: unfolded if OPEN, or if something is wrong there.
 */
void setting_form_fold(Html *h, const SettingForm *form, const char *summary, SettingKey first,
	SettingKey last, bool open);

/* The choice of TLS, and beside it what to know of one that is not safe. */
void setting_form_tls(Html *h, const SettingForm *form, SettingKey key, const SettingLook *look);

/* The fields of the proxy, of which TYPE is the first, folded while it is empty. */
void setting_form_proxy(Html *h, const SettingForm *form, SettingKey type);

/* What that field shows: what was typed, else what is stored, else the default; borrowed. */
const char *setting_form_value(const SettingForm *form, SettingKey key);

/* Stores what the form changed of the COUNT KEYS that it had, all or nothing. *CHANGED: whether
 * there was anything. Wrong values leave their sentences in FORM's errors: FAILURE_FORM_FIELDS. So
 * do fields that somebody else has changed meanwhile, too: FAILURE_SETTINGS_CHANGED; the form as it
 * is then shown overwrites them. In both cases FORM shows what was typed. */
bool setting_form_apply(
	SettingForm *form, const SettingKey *keys, size_t count, bool *changed, GError **error);

/* What is stored for the COUNT KEYS but takes no effect or cannot work, for as long as it is so. */
void setting_form_warnings(Html *h, const SettingForm *form, const SettingKey *keys, size_t count);

/* PROBLEM of setting_form_apply above the form that is shown again, with what is wrong at each
 * field. */
void setting_form_alert(Html *h, const SettingForm *form, const GError *problem);

/* "Systemsteuerung", "Benutzer", "Standard". */
const char *setting_origin_label(SettingOrigin origin);
/* What people read for VALUE of SETTING: a choice's label, "ja", "••••••"; borrowed. */
const char *setting_shown(const SettingView *view);
