/* Life and death of MailContent, MailPart and MailView. */
#include "model/mail.h"

void mail_part_free(MailPart *part)
{
	if (!part)
		return;
	g_free(part->name);
	g_free(part->type);
	g_free(part);
}

MailContent *mail_content_new(void)
{
	MailContent *content = g_new0(MailContent, 1);

	content->subject = g_strdup("");
	content->from = g_strdup("");
	content->to = g_ptr_array_new_with_free_func(g_free);
	content->cc = g_ptr_array_new_with_free_func(g_free);
	content->attachments = g_ptr_array_new_with_free_func((GDestroyNotify)mail_part_free);
	content->text = g_strdup("");
	return content;
}

void mail_content_free(MailContent *content)
{
	if (!content)
		return;
	g_free(content->subject);
	g_free(content->from);
	g_clear_pointer(&content->to, g_ptr_array_unref);
	g_clear_pointer(&content->cc, g_ptr_array_unref);
	g_free(content->message_id);
	g_free(content->in_reply_to);
	g_clear_pointer(&content->attachments, g_ptr_array_unref);
	g_free(content->text);
	g_free(content);
}

MailView *mail_view_new(void)
{
	MailView *view = g_new0(MailView, 1);

	view->content = mail_content_new();
	view->senders = g_ptr_array_new_with_free_func(g_free);
	view->reply_to = g_ptr_array_new_with_free_func(g_free);
	view->references = g_ptr_array_new_with_free_func(g_free);
	view->header = g_strdup("");
	return view;
}

void mail_view_free(MailView *view)
{
	if (!view)
		return;
	mail_content_free(view->content);
	g_clear_pointer(&view->senders, g_ptr_array_unref);
	g_clear_pointer(&view->reply_to, g_ptr_array_unref);
	g_clear_pointer(&view->references, g_ptr_array_unref);
	g_free(view->header);
	g_free(view->html);
	g_free(view);
}
