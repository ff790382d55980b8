// A running import in the browser: it moves without being loaded anew, says how far it is, and its end is shown
// and read first; without scripts the page loads itself anew. And the start page's new mails.

import { examine, main, open, signIn } from './common.mjs';

await main(async (plan, browser) => {
  const { page, faults } = await open(browser, plan.origin);
  await signIn(page, plan.origin, plan.person);
  await page.goto(plan.origin + plan.job);
  await page.evaluate(() => { globalThis.same = true; });
  const { page: plain } = await open(browser, plan.origin, { javaScriptEnabled: false });
  await signIn(plain, plan.origin, plan.person);
  await plain.goto(plan.origin + plan.job);
  const values = new Set();
  while (values.size < 4) {
    values.add(await page.evaluate(() => document.querySelector('progress').value));
    await page.waitForTimeout(200);
  }
  const same = await page.evaluate(() => globalThis.same === true);
  const said = await page.textContent('#ansage');
  const axe = await examine(page);
  await page.waitForSelector('#ergebnis', { timeout: 60000 });
  const focus = await page.evaluate(() => document.activeElement.id);
  const heading = await page.textContent('h1');
  await plain.waitForSelector('#ergebnis', { timeout: 60000 });
  const plainHeading = await plain.textContent('h1');
  await page.goto(plan.origin);
  await page.waitForSelector('.news [data-load] :is(ul, p:not([role]))');
  const news = await page.textContent('.news');
  return { values: [...values], same, said, axe, focus, heading, plainHeading, news, faults };
});
