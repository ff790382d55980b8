// The outbox in the browser: a mail that is sent while its pages are looked at is shown so at once, and neither what
// is folded out nor the place of the keyboard gets lost.

import { examine, main, open, signIn } from './common.mjs';

await main(async (plan, browser) => {
  const { page, faults, context } = await open(browser, plan.origin);
  const path = `/postausgang/${plan.number}`;
  const row = `tr:has(a[href="${path}"])`;
  const word = async () => (await page.textContent(`${row} .kern-badge`)).match(/nächster Versuch|gesendet/)[0];
  await signIn(page, plan.origin, plan.person);
  await page.goto(`${plan.origin}/postausgang`);
  const before = await word();
  await page.evaluate(() => { globalThis.same = true; });
  await page.focus(`a[href="${path}"]`);

  // The mail's page in another tab, its reply folded out.
  const detail = await context.newPage();
  await detail.goto(plan.origin + path);
  await detail.click('details.technical summary');
  await detail.focus('details.technical summary');
  // In a third the button has the focus that goes away with it.
  const third = await context.newPage();
  await third.goto(plan.origin + path);
  await third.focus('form[action$="/abbrechen"] button');
  const fourth = await context.newPage();
  await fourth.goto(plan.origin + path);
  await Promise.all([fourth.waitForEvent('load'), fourth.click('form[action$="/erneut"] button')]);

  await page.waitForSelector(`${row} .kern-badge--success`);
  const after = await word();
  const same = await page.evaluate(() => globalThis.same === true);
  const focus = await page.evaluate((href) => document.activeElement.getAttribute('href') === href, path);
  await page.waitForFunction(() => document.getElementById('ansage').textContent);
  const said = await page.textContent('#ansage');
  await detail.waitForSelector('#stand .kern-alert--success');
  const shown = await detail.textContent('#stand .kern-alert .kern-title');
  const folded = await detail.evaluate(() => document.querySelector('details.technical').open
    && document.activeElement.tagName === 'SUMMARY');
  await third.waitForSelector('#stand .kern-alert--success');
  const focusLost = await third.evaluate(() => document.activeElement.id);
  const axe = await examine(detail);
  return { before, after, same, focus, said, detail: shown, open: folded, focusLost, axe, faults };
});
