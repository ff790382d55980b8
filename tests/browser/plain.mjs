// Somebody whose browser runs no scripts: signs in, reads, saves settings, opens menus, checks, signs out.

import { main, open, signIn, visit } from './common.mjs';

await main(async (plan, browser) => {
  const { page, faults } = await open(browser, plan.origin, { javaScriptEnabled: false });
  const steps = [];
  const check = (name, good) => steps.push([name, Boolean(good)]);
  const send = (selector) => Promise.all([page.waitForEvent('load'), page.click(selector)]);
  const shows = async (text) => (await page.locator('main').innerText()).includes(text);

  await signIn(page, plan.origin, plan.person);
  check('signed in', await page.locator('form[action="/abmelden"]').count() === 1);
  await page.click('summary:has-text("Administration")');
  check('the menu opens', await page.locator('a[href="/benutzer"]').isVisible());
  await Promise.all([page.waitForURL(/\/benutzer$/), page.click('a[href="/benutzer"]')]);
  for (const stop of plan.stops) {
    await visit(page, plan.origin, stop);
    check(`${stop.name} is read`, (await page.locator('main h1').innerText()).length > 3);
    check(`${stop.name} shows no dead button`, await page.locator('button[data-copy]:visible').count() === 0);
  }
  await page.goto(`${plan.origin}/systemsteuerung/behoerde`);
  await page.fill('[id="office.name"]', 'Amt ohne Skripte');
  await send('main .buttons button');
  check('settings are saved', await shows('gelten ab sofort') && (await page.title()).includes('Amt ohne Skripte'));
  await page.fill('[id="office.name"]', '');
  await send('main .buttons button');
  await page.goto(`${plan.origin}/systemsteuerung/schnittstellen`);
  await page.fill('[id="smtp.host"]', 'kein host');
  await send('form[action="/systemsteuerung/schnittstellen"] .buttons button');
  check('wrong values are told', await shows('Einige Angaben stimmen noch nicht'));
  await page.goto(`${plan.origin}/benutzer/${plan.clerk}/office`);
  const box = page.locator('[id="smtp.use-default"]');
  const own = page.locator('[id="smtp.host"]');
  check('own values are shown', await own.isVisible());
  await box.check();
  check('the box swaps them for the global ones', !await own.isVisible() && await page.locator('[id="smtp.host.gilt"]').isVisible());
  await send('main .buttons button');
  check('and that is saved', await shows('gelten ab sofort') && await page.locator('[id="smtp.use-default"]').isChecked());
  await page.locator('[id="smtp.use-default"]').uncheck();
  await send('main .buttons button');
  await page.goto(`${plan.origin}/systemsteuerung/schnittstellen`);
  await page.fill('#benutzer', plan.clerk);
  await send('form[action="/pruefen"] button');
  check('the connection is checked', await shows('Anmeldung') && await page.locator('.ladder li').count() > 10);
  await send('form[action="/abmelden"] button');
  check('signed out', await shows('Sie sind abgemeldet'));
  return { steps, faults };
});
