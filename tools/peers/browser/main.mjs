// A person with Chromium, for peers/browser.py: one JSON request a line on standard input, one JSON answer
// a line on standard output. Ends with its input, and Chromium with it.

import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

import { open, signIn } from './person.mjs';

const FLAGS = [
  '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--disable-sync', '--no-first-run',
  '--disable-background-networking', '--disable-component-update',
];
const COMMANDS = { open, 'sign-in': signIn };

const contexts = new Map(); // person -> browser context, with its cookies
let browser;

async function launch() {
  browser ??= await chromium.launch({
    executablePath: process.env.CHROMIUM, args: FLAGS, chromiumSandbox: false,
  });
  return browser;
}

// A person without a name is a new one each time.
async function withContext(person, use) {
  const make = async () => (await launch()).newContext({ locale: 'de-DE', ignoreHTTPSErrors: true });
  if (person && !contexts.has(person)) contexts.set(person, await make());
  const context = contexts.get(person) ?? await make();
  try {
    return await use(context);
  } finally {
    if (!person) await context.close();
  }
}

async function answer(line) {
  const { command, person, ...request } = JSON.parse(line);
  try {
    return await withContext(person, (context) => COMMANDS[command](context, request));
  } catch (error) {
    return { error: String(error.message ?? error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
}
await browser?.close();
process.exit(0);
