// The archive's list: boxes, a ZIP file, completion, and .eml files dropped onto the page.

import { main, open, signIn } from './common.mjs';

await main(async (plan, browser) => {
  const { page, faults } = await open(browser, plan.origin);
  await signIn(page, plan.origin, plan.person);
  await page.goto(`${plan.origin}/archiv`);
  const report = { ticked: [await tick(page)], download: await download(page) };
  report.ticked.push(await tickRow(page));
  report.options = await complete(page);
  report.dropped = await drop(page, [['hallo.eml', 'Subject: Fallengelassen\r\nMessage-ID: <drop@x>\r\n\r\nText']]);
  await Promise.all([page.waitForURL(/abgelegt=/), page.keyboard.press('Enter')]);
  report.filed = await page.textContent('main .kern-alert');
  report.many = await drop(page, Array.from({ length: 201 }, (_, number) => [`${number}.eml`, 'x']));
  report.wrong = await page.textContent('#dateien-fehler');
  await page.click('#ablegen button[type=submit]');
  report.stays = page.url().includes('abgelegt=');
  return { ...report, faults };
});

async function tick(page) {
  await page.click('[data-tick-all]');
  return page.textContent('.ticked');
}

// All off again, then three in a row with Shift.
async function tickRow(page) {
  await page.click('[data-tick-all]');
  await page.click('[name=id] >> nth=0');
  await page.click('[name=id] >> nth=2', { modifiers: ['Shift'] });
  return page.textContent('.ticked');
}

async function download(page) {
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('button[value=zip]')]);
  // The page stays as it is, and can be used at once.
  return [file.suggestedFilename(), await page.isVisible('#wartet'), await page.getAttribute('button[value=zip]', 'aria-busy')];
}

async function complete(page) {
  await page.fill('[id=neues-aktenzeichen]', '2026/47');
  await page.waitForFunction(() => document.querySelector('#aktenzeichen-liste option'));
  return page.$$eval('#aktenzeichen-liste option', (all) => all.map((one) => one.value));
}

// What is shown meanwhile, how many files the field has then, and what has the focus.
async function drop(page, files) {
  const dataTransfer = await page.evaluateHandle((list) => {
    const transfer = new DataTransfer();
    for (const [name, text] of list) transfer.items.add(new File([text], name, { type: 'message/rfc822' }));
    return transfer;
  }, files);
  await page.dispatchEvent('body', 'dragenter', { dataTransfer });
  const shown = await page.textContent('.drop:not([hidden])');
  await page.dispatchEvent('body', 'drop', { dataTransfer });
  return [shown.trim(), await page.isVisible('.drop'), await page.$eval('#dateien', (field) => field.files.length),
    await page.evaluate(() => document.activeElement.textContent.trim())];
}
