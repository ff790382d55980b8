/* What showing and taking settings share: the hidden fields of a form. */
#pragma once

#include "web/setting_form.h"

#define FORM_GENERATION "stand"	 /* of the settings that the whole form shows */
#define FORM_SWITCHES "schalter" /* names a switch: its box sends nothing when it is off */
#define FORM_SHOWN ".gezeigt"	 /* behind a field's name: the state that it shows */
#define FORM_REMOVE ".entfernen" /* behind a secret's name: the box that removes it */

/* What the field of VIEW shows without anything typed: what is stored, else the default. */
const char *setting_form_shown(const SettingView *view);
/* Yours: VALUE (NULL: empty), told apart from others by a few letters. */
char *setting_form_fingerprint(const char *value);
/* Yours: the state of VIEW's field. A secret's is the generation that it was stored in. */
char *setting_form_state(const SettingView *view);

/* setting_take.c: whether the form that was sent changes the field of VIEW. */
bool setting_form_touches(const SettingForm *form, const SettingView *view);
