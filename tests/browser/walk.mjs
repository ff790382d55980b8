// Walks all pages of a plan: each at every width, in light, dark and forced colours, with axe.

import { examine, findOverflow, main, open, signIn, visit } from './common.mjs';

const WIDTHS = [320, 360, 640, 1920, 1280]; // 640: 1280 at 200 %
const HEIGHT = 900;
const PICTURED = [360, 1280, 1920];
const CONTRAST = ['color-contrast', 'link-in-text-block'];
// WCAG 1.4.12: texts may be spaced like this without losing anything.
const SPACED = '* { line-height: 1.5 !important; letter-spacing: .12em !important; '
  + 'word-spacing: .16em !important; } p { margin-bottom: 2em !important; }';

await main(async (plan, browser) => {
  const { page, faults } = await open(browser, plan.origin);
  const report = {};
  if (plan.person) await signIn(page, plan.origin, plan.person);
  for (const stop of plan.stops) {
    await page.setViewportSize({ width: 1280, height: HEIGHT });
    try {
      await visit(page, plan.origin, stop);
    } catch (error) {
      throw new Error(`${stop.name}: ${error.message}`);
    }
    report[stop.name] = { title: await page.title(), faults: await look(page, stop, plan.folder) };
  }
  return { stops: report, faults };
});

// FOLDER: for the pictures; none without it.
async function look(page, stop, folder) {
  const found = [];
  const note = (where, list) => found.push(...list.map((fault) => `${where}: ${fault}`));
  const shoot = (kind) => folder && page.screenshot({ path: `${folder}/${stop.name}-${kind}.png`, fullPage: true });
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: HEIGHT });
    note(width, await findOverflow(page));
    if (PICTURED.includes(width)) await shoot(width);
    if (width === 360) note('spaced', await withStyle(page, SPACED, () => findOverflow(page)));
    if (width === 360) note(width, await examine(page, undefined, CONTRAST)); // colours are those of 1280
    if (width === 1280) note(width, await examine(page));
  }
  await page.emulateMedia({ colorScheme: 'dark' });
  note('dark', await examine(page, CONTRAST));
  await shoot('dark');
  await page.emulateMedia({ colorScheme: null, forcedColors: 'active' });
  note('forced', await findInvisible(page));
  await shoot('forced');
  await page.emulateMedia({ colorScheme: null, forcedColors: null });
  return found;
}

async function withStyle(page, rules, use) {
  await page.evaluate((text) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    document.adoptedStyleSheets = [sheet];
  }, rules);
  try {
    return await use();
  } finally {
    await page.evaluate(() => { document.adoptedStyleSheets = []; });
  }
}

// With forced colours boxes have no background of their own: buttons and fields need a border. (Those of
// selections are drawn around them.)
function findInvisible(page) {
  return page.evaluate(() => [...document.querySelectorAll('main button, main input:not([type=hidden]), main textarea')]
    .filter((element) => element.checkVisibility() && !element.closest('.kern-sr-only') && !element.matches('.kern-sr-only'))
    .filter((element) => !/checkbox|file/.test(element.type) && !element.matches('.kern-btn--tertiary'))
    .filter((element) => {
      const style = getComputedStyle(element);
      return ['Top', 'Right', 'Bottom', 'Left'].every((side) => style[`border${side}Style`] === 'none'
        || parseFloat(style[`border${side}Width`]) === 0);
    })
    .map((element) => `${element.tagName} ${element.id || element.textContent.trim()} has no border`));
}
