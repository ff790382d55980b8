// A person with the keyboard alone: signs in, opens and closes menus, skips to the content, and passes
// every stop of every page in the order of the document, always seeing where the focus is.

import { main, open, visit } from './common.mjs';

const MOST_STOPS = 150;

await main(async (plan, browser) => {
  const { page, faults } = await open(browser, plan.origin);
  const keys = page.keyboard;
  const report = { steps: [], stops: {} };
  const check = (name, good) => report.steps.push([name, Boolean(good)]);
  const focused = () => page.evaluate(() => {
    const element = document.activeElement;
    return element.id || element.getAttribute('href') || element.textContent.trim().slice(0, 40);
  });

  await page.goto(`${plan.origin}/anmelden?weiter=/`);
  await keys.press('Tab');
  check('the skip link comes first', await focused() === '#inhalt');
  check('and is seen', await isInWindow(page));
  await keys.press('Enter');
  check('it leads to the content', await focused() === 'inhalt');
  await keys.press('Tab');
  check('the first field follows', await focused() === 'benutzer');
  await keys.type(plan.person.name);
  await keys.press('Tab');
  await keys.type(plan.person.password);
  await Promise.all([page.waitForURL(`${plan.origin}/`), keys.press('Enter')]);

  const isOpen = (label) => page.evaluate((text) => [...document.querySelectorAll('details.menu')]
    .find((menu) => menu.querySelector('summary').textContent.trim() === text).open, label);
  for (let i = 0; i < 3; i += 1) await keys.press('Tab');
  check('the menu Datei is the third stop', await focused() === 'Datei');
  await keys.press('Enter');
  check('Enter opens it', await isOpen('Datei'));
  await keys.press('Tab');
  check('its entry follows', await focused() === '/einstellungen');
  await keys.press('Escape');
  check('Escape closes it', !await isOpen('Datei'));
  check('and goes back to it', await focused() === 'Datei');
  await keys.press('Enter');
  await keys.press('Tab');
  await keys.press('Tab');
  check('the next menu follows', await focused() === 'E-Mail');
  await keys.press('Tab');
  check('and the administrator\'s', await focused() === 'Administration');
  await keys.press('Space');
  check('the blank opens it', await isOpen('Administration'));
  check('one is open at a time', !await isOpen('Datei'));
  await keys.press('Tab');
  await keys.press('Tab');
  await Promise.all([page.waitForURL(/\/benutzer$/), keys.press('Enter')]);
  check('Enter follows the entry', true);

  for (const stop of plan.stops) {
    await visit(page, plan.origin, stop);
    report.stops[stop.name] = await tabThrough(page);
  }
  return { ...report, faults };
});

async function isInWindow(page) {
  return page.evaluate(() => {
    const box = document.activeElement.getBoundingClientRect();
    return box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  });
}

// What is wrong on the way from the first stop to the last one.
async function tabThrough(page) {
  await page.evaluate(() => {
    // The way begins before everything, wherever the page had put the focus.
    const beginning = document.createElement('span');
    beginning.tabIndex = -1;
    document.body.prepend(beginning);
    beginning.focus();
    beginning.remove();
    const look = (element) => {
      const parts = [element, element.parentElement, element.nextElementSibling].filter(Boolean);
      return parts.map((part) => [part, getComputedStyle(part)]).map(([, { outlineStyle, outlineWidth, outlineColor,
        boxShadow, borderColor, borderWidth, backgroundColor, textDecorationLine }]) =>
        [outlineStyle === 'none' ? '' : outlineStyle + outlineWidth + outlineColor, boxShadow, borderColor, borderWidth,
          backgroundColor, textDecorationLine].join()).join('|');
    };
    globalThis.amtspostLook = look;
    globalThis.amtspostStops = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, '
      + 'summary, iframe, [tabindex="0"]')].filter((element) => element.checkVisibility() && !element.disabled
      && element.tabIndex >= 0 && !(element.closest('details:not([open])') && !element.matches('summary')));
    globalThis.amtspostBefore = new Map(globalThis.amtspostStops.map((element) => [element, look(element)]));
  });
  const faults = [];
  const count = await page.evaluate(() => globalThis.amtspostStops.length);
  for (let i = 0; i < Math.min(count, MOST_STOPS); i += 1) {
    await page.keyboard.press('Tab');
    // Day, month, year and the calendar are stops of their own within one date.
    const isSameDate = (index) => document.activeElement.type === 'date'
      && document.activeElement === globalThis.amtspostStops[index - 1];
    for (let part = 0; part < 4 && await page.evaluate(isSameDate, i); part += 1) await page.keyboard.press('Tab');
    const fault = await page.evaluate((index) => {
      const element = document.activeElement;
      const name = element.id || element.textContent.trim().slice(0, 30) || element.tagName;
      const expected = globalThis.amtspostStops[index];
      if (element !== expected) return `stop ${index}: ${name} instead of ${expected.id || expected.textContent.trim().slice(0, 30)}`;
      if (globalThis.amtspostLook(element) === globalThis.amtspostBefore.get(element)) return `${name}: focus is not seen`;
      const box = element.getBoundingClientRect();
      if (box.bottom <= 0 || box.top >= innerHeight) return `${name}: is not scrolled into the window`;
      return undefined;
    }, i);
    if (fault) faults.push(fault);
    if (fault?.startsWith('stop ')) break;
  }
  return faults;
}
