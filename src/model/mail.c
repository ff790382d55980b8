/* Life and death of MailContent and MailPart. */
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
