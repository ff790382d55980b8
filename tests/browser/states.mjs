// E-Mail importieren where something is in the way: each stop is looked at as it is, or, with `after`, while the
// server has not answered for so many milliseconds.

import { examine, findOverflow, main, open, signIn } from './common.mjs';

await main(async (plan, browser) => {
  const { page, faults } = await open(browser, plan.origin);
  const report = {};
  await signIn(page, plan.origin, plan.person);
  for (const { name, path, after } of plan.stops) {
    if (after) {
      await page.goto(plan.origin + path, { waitUntil: 'commit' });
      await page.waitForTimeout(after);
    } else {
      await page.goto(plan.origin + path);
    }
    const found = [];
    let text = '';
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 900 });
      found.push(...await findOverflow(page), ...await examine(page));
      text += await page.evaluate(() => document.querySelector('main').innerText);
      if (plan.folder) await page.screenshot({ path: `${plan.folder}/${name}-${width}.png` });
    }
    report[name] = { text, found };
  }
  return { stops: report, faults };
});
