// What a person does at the sign-in pages: type, click, read.

const LETTER_DELAY = 8; // milliseconds
const MOST_STEPS = 20;

// Opens an address and tells what stands there.
export async function open(context, { url, milliseconds, screenshot }) {
  return withPage(context, milliseconds, async (page) => {
    const response = await page.goto(url);
    const shots = [];
    await shoot(page, screenshot, shots);
    return { ...await read(page), status: response?.status() ?? 0, pages: [await page.title()], screenshots: shots };
  });
}

// Goes from the authorize address to the application's redirect address. Without `visit` that address
// is not asked for but only told.
export async function signIn(context, { url, milliseconds, visit, screenshot, ...person }) {
  return withPage(context, milliseconds, async (page) => {
    const arrival = await watchFor(page, new URL(url).searchParams.get('redirect_uri'), visit);
    const pages = [];
    const shots = [];
    await follow(page, arrival, () => page.goto(url));
    let passwords = 1;
    for (let step = 0; !arrival.address && step < MOST_STEPS; step += 1) {
      pages.push(await page.title());
      await shoot(page, screenshot, shots);
      const act = await nextAct(page, person);
      if (!act) return { ...await read(page), pages, screenshots: shots };
      if (act === logIn && passwords-- === 0) throw new Error(`asked for the password again: ${await text(page)}`);
      await follow(page, arrival, () => act(page, person));
    }
    await shoot(page, screenshot && visit, shots);
    const end = await read(page);
    if (end.final.startsWith('chrome-error:')) end.final = arrival.address;
    return { ...end, address: arrival.address, pages, screenshots: shots };
  });
}

async function withPage(context, milliseconds, use) {
  const page = await context.newPage();
  page.setDefaultTimeout(milliseconds);
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${milliseconds} ms at ${page.url()}`)), milliseconds);
  });
  try {
    return await Promise.race([use(page), late]);
  } finally {
    clearTimeout(timer);
    await page.close();
  }
}

// Playwright's own routes do not see where a redirect leads, the protocol's Fetch does.
async function watchFor(page, target, visit) {
  const arrival = { address: undefined };
  if (!target) return arrival;
  const session = await page.context().newCDPSession(page);
  await session.send('Fetch.enable', { patterns: [{ urlPattern: `${target}*` }] });
  session.on('Fetch.requestPaused', ({ requestId, request }) => {
    arrival.address ??= request.url;
    const reply = visit ? ['Fetch.continueRequest', { requestId }] : ['Fetch.fulfillRequest', {
      requestId, responseCode: 200, responseHeaders: [{ name: 'Content-Type', value: 'text/html' }],
    }];
    session.send(...reply).catch(() => {});
  });
  return arrival;
}

// Does ACT and waits for the page that follows. That nobody answers at the application's address is
// not our failure.
async function follow(page, arrival, act) {
  const next = Promise.race([
    page.waitForEvent('load'),
    page.waitForEvent('requestfailed', (request) => request.isNavigationRequest()),
  ]);
  next.catch(() => {});
  try {
    await act();
    await next;
  } catch (error) {
    if (!arrival.address) throw error;
  }
}

async function nextAct(page, { consent }) {
  if (await page.locator('input[name=password]').count()) return logIn;
  return await decision(page, consent) && decide;
}

async function logIn(page, person) {
  await type(page.locator('input[name=name]').last(), person.name);
  await type(page.locator('input[name=password]').last(), person.password);
  if (await decision(page, person.consent)) await decide(page, person);
  else await page.keyboard.press('Enter');
}

// The button to click; where there is nothing to accept it is the one that declines.
async function decision(page, consent) {
  for (const value of consent ? ['accept', 'decline'] : ['decline']) {
    const button = page.locator(`button[name=decision][value=${value}]`);
    if (await button.count()) return button;
  }
  return undefined;
}

async function decide(page, { consent }) {
  await (await decision(page, consent)).click();
}

async function type(field, value) {
  await field.fill('');
  await field.pressSequentially(value, { delay: LETTER_DELAY });
}

async function shoot(page, wanted, shots) {
  if (!wanted) return;
  try {
    shots.push((await page.screenshot({ fullPage: true })).toString('base64'));
  } catch {
    // A page that could not be loaded has no picture.
  }
}

// A failed navigation puts Chromium's own error page in the place of the page that is being read.
async function text(page) {
  for (let tries = 3; ; tries -= 1) {
    try {
      if (page.url().startsWith('chrome-error:')) return '';
      return await page.evaluate('document.body ? document.body.innerText : ""');
    } catch (error) {
      if (tries === 0) throw error;
      await page.waitForLoadState();
    }
  }
}

async function read(page) {
  const content = await text(page);
  return { address: page.url(), final: page.url(), text: content };
}
