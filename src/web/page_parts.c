/* KERN's components: boxes, forms, tables. */
#include "web/page.h"

#include <string.h>
#include "base/i18n.h"
#include "web/again.h"

static const char *const tone_words[] = {
	[TONE_INFO] = "info",
	[TONE_SUCCESS] = "success",
	[TONE_WARNING] = "warning",
	[TONE_DANGER] = "danger",
};

void page_alert(Html *h, PageTone tone, const char *heading, const char *text)
{
	html(h, "<div class=\"kern-alert kern-alert--");
	html_attr(h, tone_words[tone]);
	html(h, "\" role=\"");
	html_attr(h, tone == TONE_DANGER ? "alert" : "status");
	html(h, "\"><div class=\"kern-alert__header\"><span class=\"kern-icon kern-icon--");
	html_attr(h, tone_words[tone]);
	html(h, "\" aria-hidden=\"true\"></span><span class=\"kern-title\">");
	html_text(h, heading);
	html(h, "</span></div>");
	if (text) {
		html(h, "<div class=\"kern-alert__body\"><p class=\"kern-body\">");
		html_text(h, text);
		html(h, "</p></div>");
	}
	html(h, "</div>\n");
}

void page_badge(Html *h, PageTone tone, const char *word)
{
	html(h, "<span class=\"kern-badge kern-badge--");
	html_attr(h, tone_words[tone]);
	html(h, " kern-badge--small\"><span class=\"kern-icon kern-icon--");
	html_attr(h, tone_words[tone]);
	html(h, "\" aria-hidden=\"true\"></span><span class=\"kern-label kern-label--small\">");
	html_text(h, word);
	html(h, "</span></span>");
}

/* ---- forms ---- */

void form_session(Html *h, const Visit *visit)
{
	if (visit->session) {
		html(h, "<input type=\"hidden\" name=\"csrf\" value=\"");
		html_attr(h, visit->session->csrf);
		html(h, "\"><input type=\"hidden\" name=\"" AGAIN_WHO "\" value=\"");
		html_attr(h, visit->session->user->name);
		html(h, "\">");
	}
	html(h, "\n");
}

void form_begin(Html *h, const Visit *visit, const char *action)
{
	form_begin_named(h, visit, action, NULL);
}

void form_begin_named(Html *h, const Visit *visit, const char *action, const char *id)
{
	html(h, "<form method=\"post\" action=\"");
	html_attr(h, action);
	html(h, "\"");
	html_attribute(h, "id", id);
	html(h, ">");
	form_session(h, visit);
}

void form_end(Html *h)
{
	html(h, "</form>\n");
}

void form_submit(Html *h, const char *label, const char *class, const char *name, const char *value)
{
	html(h, "<button type=\"submit\" class=\"kern-btn kern-btn--");
	html_attr(h, class);
	html(h, "\"");
	html_attribute(h, "name", name);
	html_attribute(h, "value", value);
	html(h, "><span class=\"kern-label\">");
	html_text(h, label);
	html(h, "</span></button>\n");
}

void form_button(
	Html *h, const Visit *visit, const char *action, const char *label, const char *class)
{
	form_begin(h, visit, action);
	form_submit(h, label, class, NULL, NULL);
	form_end(h);
}

static void write_label(Html *h, const Field *field)
{
	html(h, "<label class=\"kern-label\" for=\"");
	html_attr(h, field->name);
	html(h, "\">");
	html_text(h, field->label);
	if (field->badge) {
		html(h, " ");
		page_badge(h, TONE_INFO, field->badge);
	}
	html(h, "</label>");
	if (field->hint) {
		html(h, "<div class=\"kern-hint\" id=\"");
		html_attr(h, field->name);
		html(h, "-hinweis\">");
		html_text(h, field->hint);
		html(h, "</div>");
	}
}

static void write_error(Html *h, const Field *field)
{
	if (!field->error)
		return;
	html(h, "<p class=\"kern-error\" id=\"");
	html_attr(h, field->name);
	html(h, "-fehler\"><span class=\"kern-icon kern-icon--danger kern-icon--sm\" "
		"aria-hidden=\"true\"></span><span class=\"kern-body\">");
	html_text(h, field->error);
	html(h, "</span></p>");
}

/* id, name, what describes it, what it refuses. */
static void write_common(Html *h, const Field *field)
{
	html_attribute(h, "id", field->name);
	html_attribute(h, "name", field->name);
	if (field->hint || field->error) {
		html(h, " aria-describedby=\"");
		if (field->hint) {
			html_attr(h, field->name);
			html(h, "-hinweis ");
		}
		if (field->error) {
			html_attr(h, field->name);
			html(h, "-fehler");
		}
		html(h, "\"");
	}
	html_attribute(h, "aria-invalid", field->error ? "true" : NULL);
	html_flag(h, "required", field->required);
	html_flag(h, "disabled", field->disabled);
}

static void open_field(Html *h, const Field *field)
{
	html(h, "<div class=\"kern-form-input");
	if (field->error)
		html(h, " kern-form-input--error");
	html(h, "\">");
	write_label(h, field);
}

static void close_field(Html *h, const Field *field)
{
	write_error(h, field);
	html(h, "</div>\n");
}

static void write_bounds(Html *h, const Field *field)
{
	if (field->minimum == 0 && field->maximum == 0)
		return;
	html(h, " min=\"");
	html_number(h, field->minimum);
	html(h, "\" max=\"");
	html_number(h, field->maximum);
	html(h, "\" inputmode=\"numeric\"");
}

void field_input(Html *h, const Field *field)
{
	open_field(h, field);
	html(h, "<input class=\"kern-form-input__input");
	if (field->error)
		html(h, " kern-form-input__input--error");
	html(h, "\" type=\"");
	html_attr(h, field->type ? field->type : "text");
	html(h, "\"");
	write_common(h, field);
	html_attribute(h, "value", field->value);
	html_attribute(h, "autocomplete", field->autocomplete ? field->autocomplete : "off");
	html_attribute(h, "list", field->list);
	if (field->max_length > 0) {
		html(h, " maxlength=\"");
		html_number(h, field->max_length);
		html(h, "\"");
	}
	html_flag(h, "readonly", field->read_only);
	write_bounds(h, field);
	html(h, ">");
	close_field(h, field);
}

void field_lines(Html *h, const Field *field, int rows)
{
	open_field(h, field);
	html(h, "<textarea class=\"kern-form-input__input kern-form-input__input--textarea\" "
		"rows=\"");
	html_number(h, rows);
	html(h, "\"");
	write_common(h, field);
	html_flag(h, "readonly", field->read_only);
	/* A line break right behind the tag would not count. */
	html(h, ">\n");
	html_value(h, field->value);
	html(h, "</textarea>");
	close_field(h, field);
}

void field_checkbox(Html *h, const Field *field, bool checked)
{
	html(h, "<div class=\"kern-form-check\"><input class=\"kern-form-check__checkbox\" "
		"type=\"checkbox\" value=\"true\"");
	write_common(h, field);
	html_flag(h, "checked", checked);
	html(h, ">");
	write_label(h, field);
	write_error(h, field);
	html(h, "</div>\n");
}

static void write_options(Html *h, const Field *field, const Option *options)
{
	const char *group = NULL;

	for (const Option *option = options; option->value; option++) {
		if (g_strcmp0(option->group, group) != 0) {
			if (group)
				html(h, "</optgroup>");
			group = option->group;
			if (group) {
				html(h, "<optgroup label=\"");
				html_attr(h, group);
				html(h, "\">");
			}
		}
		html(h, "<option value=\"");
		html_attr(h, option->value);
		html(h, "\"");
		html_flag(h, "selected", g_strcmp0(option->value, field->value) == 0);
		html(h, ">");
		html_text(h, option->label);
		html(h, "</option>");
	}
	if (group)
		html(h, "</optgroup>");
}

void field_select(Html *h, const Field *field, const Option *options)
{
	open_field(h, field);
	html(h, "<div class=\"kern-form-input__select-wrapper\">"
		"<select class=\"kern-form-input__select");
	if (field->error)
		html(h, " kern-form-input__select--error");
	html(h, "\"");
	write_common(h, field);
	html(h, ">");
	write_options(h, field, options);
	html(h, "</select></div>");
	close_field(h, field);
}

/* ---- lists: the ends of rows and cells may be left out (HTML section 13.1.2.4) ---- */

void table_begin(Html *h, const char *caption, const char *const *labels)
{
	html(h, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
	html_attr(h, caption);
	html(h, "\"><table class=\"kern-table kern-table--small cards\">"
		"<caption class=\"kern-sr-only\">");
	html_text(h, caption);
	html(h, "</caption><thead class=\"kern-table__head\"><tr class=\"kern-table__row\">");
	for (; *labels; labels++) {
		html(h, "<th class=\"kern-table__header\" scope=\"col\">");
		html_text(h, *labels);
		html(h, "</th>");
	}
	html(h, "</tr></thead><tbody class=\"kern-table__body\">");
}

void table_row(Html *h)
{
	html(h, "\n<tr class=\"kern-table__row\">");
}

void table_cell(Html *h, const char *label)
{
	html(h, "<td class=\"kern-table__cell\" data-label=\"");
	html_attr(h, label);
	html(h, "\">");
}

void table_heading_cell(Html *h, const char *label)
{
	html(h, "<th class=\"kern-table__header\" scope=\"row\" data-label=\"");
	html_attr(h, label);
	html(h, "\">");
}

void table_group(Html *h, const char *heading, int columns)
{
	html(h, "\n</tbody><tbody class=\"kern-table__body\"><tr class=\"kern-table__row group\">"
		"<th class=\"kern-table__header\" scope=\"rowgroup\" colspan=\"");
	html_number(h, columns);
	html(h, "\">");
	html_text(h, heading);
	html(h, "</th>");
}

void table_end(Html *h)
{
	html(h, "\n</tbody></table></div>\n");
}

int64_t page_clamp(int64_t number, int64_t size, int64_t count)
{
	return CLAMP(number, 1, MAX((count + size - 1) / size, 1));
}

static void write_page_link(Html *h, const char *path, int64_t page, const char *label)
{
	html(h, "<a class=\"kern-link\" href=\"");
	html_attr(h, path);
	html_number(h, page);
	html(h, "\">");
	html_text(h, label);
	html(h, "</a> ");
}

void page_numbers(Html *h, const char *path, int64_t page, int64_t size, int64_t count)
{
	int64_t first = (page - 1) * size + 1;
	int64_t last = MIN(page * size, count);

	html(h, "<nav class=\"pages\" aria-label=\"");
	html_attr(h, _("Seiten"));
	html(h, "\">");
	if (page > 1)
		write_page_link(h, path, page - 1, _("Zurück"));
	html(h, "<span>");
	html_printf(h, _("%1$d bis %2$d von %3$d"), (int)MIN(first, count), (int)last, (int)count);
	html(h, "</span> ");
	if (last < count)
		write_page_link(h, path, page + 1, _("Weiter"));
	html(h, "</nav>\n");
}

void description_begin(Html *h)
{
	html(h, "<dl class=\"kern-description-list\">\n");
}

void description_open(Html *h, const char *key)
{
	html(h, "<div class=\"kern-description-list-item\">"
		"<dt class=\"kern-description-list-item__key\">");
	html_text(h, key);
	html(h, "</dt><dd class=\"kern-description-list-item__value\">");
}

void description_close(Html *h)
{
	html(h, "</dd></div>\n");
}

void description_text(Html *h, const char *key, const char *value)
{
	description_open(h, key);
	html_text(h, value && *value ? value : "–");
	description_close(h);
}

void description_end(Html *h)
{
	html(h, "</dl>\n");
}
