// What the scripts share: Chromium, a person who signs in, and watching for what a page must not do.
// Each reads its plan as JSON from standard input and prints its report as JSON.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { chromium } from 'playwright-core';

const FLAGS = [
  '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--disable-sync', '--no-first-run',
  '--disable-background-networking', '--disable-component-update',
];
const MILLISECONDS = 20000;
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'];

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function main(run) {
  const plan = JSON.parse(await text(process.stdin));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM, args: FLAGS, chromiumSandbox: false,
  });
  try {
    process.stdout.write(JSON.stringify(await run(plan, browser)));
  } finally {
    await browser.close();
  }
}

// A page in a new context. What it must not do is collected in `faults`: errors of scripts and of the
// console, requests to elsewhere, violations of its own policy.
export async function open(browser, origin, options = {}) {
  const context = await browser.newContext({ locale: 'de-DE', viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(MILLISECONDS);
  const page = await context.newPage();
  const faults = [];
  const fault = (what, about) => faults.push(`${what}: ${about} (${page.url()})`);
  page.on('pageerror', (error) => fault('error', error.message));
  page.on('console', (message) => {
    // An answer such as 404 or 422 is told there, too; whether it was meant to be is not the console's matter.
    if (message.type() === 'error' && !/Failed to load resource.*status of 4\d\d/.test(message.text())) {
      fault('console', message.text());
    }
  });
  page.on('requestfailed', (request) => {
    if (!/ERR_ABORTED/.test(request.failure()?.errorText)) fault('failed', request.url());
  });
  page.on('request', (request) => {
    const { protocol } = new URL(request.url());
    if (protocol !== 'data:' && new URL(request.url()).origin !== origin) fault('elsewhere', request.url());
  });
  return { context, page, faults };
}

export async function signIn(page, origin, { name, password }) {
  await page.goto(`${origin}/anmelden`);
  await page.fill('#benutzer', name);
  await page.fill('#kennwort', password);
  await Promise.all([page.waitForURL((url) => url.pathname !== '/anmelden'), page.keyboard.press('Enter')]);
}

// One stop of a plan: an address, or what is done on the page that is shown.
export async function visit(page, origin, { path, acts = [] }) {
  if (path) await page.goto(origin + path);
  for (const [act, selector, value] of acts) {
    if (act === 'fill') await page.fill(selector, value);
    else if (act === 'select') await page.selectOption(selector, value);
    else if (act === 'open') await page.click(selector);
    else if (act === 'file') {
      await page.setInputFiles(selector, { name: 'liste.csv', mimeType: 'text/csv', buffer: Buffer.from(value) });
    } else if (act === 'send') {
      await Promise.all([page.waitForEvent('load'), page.click(selector)]);
    } else throw new Error(`unknown act ${act}`);
  }
}

// What axe finds, one line a place. RULES: only these; BUT: not these.
export async function examine(page, rules, but = []) {
  await page.evaluate(axe);
  const found = await page.evaluate(([tags, only, left]) => globalThis.axe.run(document, {
    runOnly: only ? { type: 'rule', values: only } : { type: 'tag', values: tags },
    rules: Object.fromEntries(left.map((rule) => [rule, { enabled: false }])),
    resultTypes: ['violations'],
  }).then(({ violations }) => violations.flatMap(({ id, help, nodes }) => nodes.map((node) =>
    `${id}: ${help}: ${node.html.slice(0, 160)} ${(node.any[0]?.message ?? '').slice(0, 200)}`))), [TAGS, rules, but]);
  return found;
}

// What does not fit into the window: the page must not scroll sideways, and text must not be cut off.
export function findOverflow(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const found = [];
    if (document.documentElement.scrollWidth > width) found.push(`page: ${document.documentElement.scrollWidth} > ${width}`);
    for (const element of document.body.querySelectorAll('*')) {
      if (element.closest('.scroll, .kern-sr-only, .skip, thead') || !element.checkVisibility()) continue;
      const box = element.getBoundingClientRect();
      if (box.width > 0 && (box.right > width + 1 || box.left < -1)) {
        found.push(`${element.tagName} ${element.className} reaches ${Math.round(box.left)}–${Math.round(box.right)}`);
      }
      const style = getComputedStyle(element);
      const cut = style.overflowX === 'hidden' && element.scrollWidth > element.clientWidth + 1;
      if (cut && !/^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName)) found.push(`${element.tagName} ${element.className} is cut off`);
    }
    return found.slice(0, 10);
  });
}
