// An administrator chooses Outlook/Office 365 and back: what it does not use is off, says why, and stays stored.

import { examine, findOverflow, main, open, signIn } from './common.mjs';

await main(async (plan, browser) => {
  const { page, faults } = await open(browser, plan.origin);
  const steps = [];
  const check = (name, good) => steps.push([name, Boolean(good)]);
  const unused = page.locator('[id$=".tls"], .password input');
  const notes = page.locator('[data-office365]');
  const all = async (locator, holds) => (await Promise.all((await locator.all()).map(holds))).every(Boolean);
  const areOff = () => all(unused, (field) => field.isDisabled());
  const areOn = () => all(unused, (field) => field.isEnabled());
  const choose = (value) => page.selectOption('#interface', value);
  const save = () => Promise.all([page.waitForEvent('load'), page.click('main form .buttons button')]);

  await signIn(page, plan.origin, plan.person);
  await page.goto(plan.origin + plan.path);
  check('there are fields and sentences', await unused.count() >= 7 && await notes.count() === 4);
  check('with Standard all is on', await areOn() && await all(notes, (note) => note.isHidden()));
  const warned = (value) => page.evaluate((chosen) => {
    const select = document.getElementById('imap.tls');
    const before = select.value;
    select.value = chosen ?? before;
    select.dispatchEvent(new Event('change'));
    const shown = [...document.querySelectorAll('[data-choice="imap.tls"]')].filter((note) => !note.hidden).length;
    select.value = before;
    select.dispatchEvent(new Event('change'));
    return shown;
  }, value);
  check('a choice that is not safe says so at once', await warned('none') === 1 && await warned('tls1.1+') === 1);
  check('the others say nothing', await warned('server') === 0 && await warned('tls1.2+') === 0);
  await choose('office365');
  check('the fields are off at once', await areOff());
  check('and say why', await page.locator('.password .note').first().isVisible());
  check('what is shared may still be typed', await page.locator('#account').isEnabled());
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    const wrong = [...await findOverflow(page), ...await examine(page)];
    check(`nothing is wrong at ${width}: ${wrong}`, wrong.length === 0);
    if (plan.folder) await page.screenshot({ path: `${plan.folder}/office365-gewaehlt-${width}.png`, fullPage: true });
  }
  await choose('disabled');
  check('and on again', await areOn() && await all(notes, (note) => note.isHidden()));
  await choose('office365');
  await save();
  check('saved, they are off without any choice', await areOff() && await page.locator('.password .note').first().isVisible());
  await choose('standard');
  check('Standard brings them back', await areOn());
  await save();
  check('with what is stored', await areOn() && await page.locator('[id="imap.password.entfernen"]').count() === 1);
  return { steps, faults };
});
