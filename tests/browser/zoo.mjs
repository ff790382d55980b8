// Opens hostile mails one by one, clicks on what is in them, and tells what left the page or ran.
//
// plan: origin, person, stops: [{ name, path }], controls: [{ name, url }] (pages of somebody else's, to
// see that the watching sees).

import { main, open, signIn } from './common.mjs';

const LINKS = 12; // of a mail that are clicked
const SETTLE = 80; // milliseconds in which what runs or fetches begins to
const CONTROL_SETTLE = 1000;
const LONG = 2000; // for a page; what took longer is tried once more, as the machine may have been busy
const TAB = 10000; // at most, for a tab to open and to lead somewhere
const ASIDE = 6; // controls side by side

await main(async (plan, browser) => {
  const { context, page } = await open(browser, plan.origin);
  const watch = watched(context, page);
  await signIn(page, plan.origin, plan.person);
  const stops = {};
  for (const stop of plan.stops) {
    stops[stop.name] = await look(plan, context, page, stop, watch)
      .catch((error) => ({ faults: [`broke off: ${error.message}`] }));
  }
  await context.close();
  const controls = {};
  const elsewhere = await browser.newContext();
  await elsewhere.addInitScript(() => {
    Object.defineProperty(window, 'owned', { set() { console.log('owned'); } });
  });
  for (let first = 0; first < plan.controls.length; first += ASIDE) {
    await Promise.all(plan.controls.slice(first, first + ASIDE).map(async (control) => {
      controls[control.name] = await letRun(elsewhere, control);
    }));
  }
  return { stops, controls };
});

// Collects what happens from now on, in every tab.
function watched(context, page) {
  const watch = { requests: [], faults: [] };
  context.on('request', (request) => watch.requests.push({ url: request.url().slice(0, 200), aside: isAside(request, page) }));
  page.on('dialog', (dialog) => {
    watch.faults.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') watch.faults.push(`console: ${message.text().slice(0, 300)}`);
  });
  page.on('pageerror', (error) => watch.faults.push(`error: ${error.message}`));
  page.on('download', (download) => watch.faults.push(`download: ${download.url().slice(0, 100)}`));
  page.on('worker', (worker) => watch.faults.push(`worker: ${worker.url()}`));
  return watch;
}

// Whether REQUEST is another tab's; the first one of a tab comes before it has a frame.
function isAside(request, page) {
  try {
    return request.frame().page() !== page;
  } catch {
    return true;
  }
}

async function look(plan, context, page, stop, watch) {
  watch.requests.length = watch.faults.length = 0;
  let milliseconds = await load(page, plan.origin + stop.path);
  if (milliseconds > LONG) milliseconds = Math.min(milliseconds, await load(page, plan.origin + stop.path));
  const frame = page.frames().find((one) => one.url().endsWith('/ansicht'));
  if (!frame) return { faults: ['there is no frame'] };
  await page.waitForTimeout(SETTLE);
  const faults = [...watch.faults];
  watch.faults.length = 0;
  const opened = [...watch.requests];
  // Each look into a frame without scripts is told on the console as a script that was blocked.
  const shown = await frame.evaluate(describe);
  const title = await page.title();
  if (plan.folder) await page.screenshot({ path: `${plan.folder}/zoo-${stop.name}.png`, fullPage: true });
  const tabs = await touch(context, page, frame);
  faults.push(...watch.faults.filter((fault) => !/Blocked script execution .*sandboxed/.test(fault)));
  const state = await page.evaluate(() => ({
    owned: typeof window.owned, frames: window.length,
    wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
  }));
  if (state.owned !== 'undefined') faults.push('a script ran');
  if (state.frames !== 1) faults.push(`there are ${state.frames} frames`);
  if (state.wide) faults.push('the page scrolls sideways');
  if (await page.title() !== title) faults.push(`the title became ${await page.title()}`);
  if (page.url() !== plan.origin + stop.path) faults.push(`the page leads to ${page.url()}`);
  if (new URL(frame.url()).pathname !== `${stop.path}/ansicht`) faults.push(`the frame leads to ${frame.url()}`);
  return { ...shown, faults, milliseconds, title, tabs, opened, followed: watch.requests.slice(opened.length) };
}

// Milliseconds until PAGE and the mail in it are there.
async function load(page, address) {
  const began = performance.now();
  await page.goto(address, { waitUntil: 'load' });
  return Math.round(performance.now() - began);
}

// What the browser made of the mail: runs in the frame.
function describe() {
  const elements = [...document.querySelectorAll('*')];
  const own = elements.filter((one) => !one.closest('head') && !one.matches('html'));
  const notes = [...document.body.children].filter((one) => one.matches('p.t'));
  // What is there instead of NOTE at its corners and in its middle.
  const above = (note) => {
    const { left, right, top, bottom } = note.getBoundingClientRect();
    return [left + 1, (left + right) / 2, right - 1].flatMap((x) => [top + 1, (top + bottom) / 2, bottom - 1]
      .map((y) => document.elementFromPoint(x, y)).filter((one) => one !== note).map((one) => one?.localName ?? 'nothing'));
  };
  return {
    text: document.body.innerText.slice(0, 20000),
    elements: [...new Set(own.map((one) => (/xhtml$/.test(one.namespaceURI) ? one.localName : `foreign ${one.localName}`)))],
    attributes: [...new Set(own.flatMap((one) => [...one.attributes].map((attribute) => attribute.name)))],
    links: [...document.links].map((one) => [one.protocol, one.target, one.rel]),
    images: [...document.images].map((one) => [one.alt, one.naturalWidth, one.src.slice(0, 15)]),
    styles: [...new Set(own.flatMap((one) => [...one.style]))],
    notes: notes.map((one) => one.textContent),
    covered: notes.flatMap(above),
  };
}

// Clicks on everything, and on links as people do; answers the tabs that opened, which are closed again.
async function touch(context, page, frame) {
  const opened = [];
  const note = (tab) => opened.push(tab);
  context.on('page', note);
  await frame.evaluate(() => {
    for (const element of document.body.querySelectorAll('*:not(a[href])')) element.click();
  });
  for (const link of (await frame.locator('a[href]').all()).slice(0, LINKS)) await follow(context, link);
  await page.waitForTimeout(SETTLE);
  context.off('page', note);
  return Promise.all(opened.map(async (tab) => {
    const found = { url: tab.url().slice(0, 200), opener: await tab.evaluate(() => window.opener !== null).catch(() => false) };
    await tab.close();
    return found;
  }));
}

// Clicks on LINK until its tab leads somewhere; what is for another program need not open one.
async function follow(context, link) {
  const web = /^http/.test(await link.evaluate((element) => element.protocol));
  const tab = context.waitForEvent('page', { timeout: web ? TAB : SETTLE }).catch(() => undefined);
  await link.click({ timeout: TAB, force: true }).catch(() => link.dispatchEvent('click'));
  await (await tab)?.waitForURL((url) => url.href !== 'about:blank', { timeout: web ? TAB : SETTLE }).catch(() => undefined);
}

async function letRun(context, { url }) {
  const page = await context.newPage();
  const found = { owned: false, dialogs: 0 };
  page.on('dialog', (dialog) => {
    found.dialogs += 1;
    dialog.dismiss().catch(() => undefined);
  });
  page.on('console', (message) => { found.owned ||= message.text() === 'owned'; });
  await page.goto(url, { waitUntil: 'commit' }).catch(() => undefined); // one that leads away at once
  await page.waitForTimeout(CONTROL_SETTLE);
  found.url = page.url();
  page.close().catch(() => undefined); // a script may keep it from closing
  return found;
}
