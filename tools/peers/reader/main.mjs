// Reads mails with npm's mailparser: each argument is a file, the answer one JSON array with what a
// person would see. Attachments as base64.

import { readFile } from 'node:fs/promises';
import { simpleParser } from 'mailparser';

function peopleOf(field) {
  const fields = field ? [field].flat() : [];
  return fields.flatMap(({ value }) => value.flatMap((entry) => entry.group ?? [entry]))
    .map(({ name, address }) => ({ name, address }));
}

async function read(path) {
  const mail = await simpleParser(await readFile(path), { skipTextToHtml: true });
  return {
    from: peopleOf(mail.from),
    to: peopleOf(mail.to),
    cc: peopleOf(mail.cc),
    subject: mail.subject ?? '',
    date: mail.date?.toISOString(),
    messageId: mail.messageId,
    inReplyTo: mail.inReplyTo ?? null,
    references: [mail.references ?? []].flat(),
    text: mail.text ?? '',
    attachments: mail.attachments.map(({ filename, contentType, content }) =>
      ({ name: filename, type: contentType, content: content.toString('base64') })),
  };
}

const mails = [];
for (const path of process.argv.slice(2)) mails.push(await read(path));
process.stdout.write(JSON.stringify(mails));
