// A server that never answers: the page shows that it is asked and for how long, and lets people stop.
// While a form is under way nothing can be asked of the page from outside, so it notes itself how it looks.

import { examine, findOverflow, main, open, signIn } from './common.mjs';

await main(async (plan, browser) => {
  const { context, page, faults } = await open(browser, plan.origin);
  const steps = [];
  const check = (name, good) => steps.push([name, Boolean(good)]);
  const direct = await context.newCDPSession(page);
  const pause = (milliseconds) => page.waitForTimeout(milliseconds);
  // Presses the button and notes the looks at TIMES; at the last one, with STOP, the page's own button is pressed.
  const press = (times, stop = false) => page.evaluate(([moments, own]) => {
    const button = document.querySelector('form[action="/einstellungen/anmelden"] button[type=submit]');
    const line = document.getElementById('wartet');
    globalThis.look = () => ({
      busy: button.ariaBusy === 'true', shown: line.checkVisibility(), text: line.innerText,
      offered: line.querySelector('button').checkVisibility(),
    });
    globalThis.looks = [];
    setTimeout(() => {
      button.click();
      for (const moment of moments) setTimeout(() => globalThis.looks.push(globalThis.look()), moment);
      if (own) setTimeout(() => line.querySelector('button').click(), moments.at(-1) + 10);
    }, 10);
  }, [times, stop]);
  const looks = () => page.evaluate(() => globalThis.looks);
  const isBack = async () => {
    const { busy, offered, text } = await page.evaluate(() => globalThis.look());
    return !busy && !offered && text.includes('Abgebrochen');
  };

  await signIn(page, plan.origin, plan.person);
  await page.goto(`${plan.origin}/einstellungen`);
  check('nothing waits yet', await page.locator('#wartet').isHidden());
  await page.fill('[id="imap.password"]', 'irgendeines');
  await press([100, 2500], true);
  await pause(3200);
  const [soon, later] = await looks();
  check('the button shows it at once', soon.busy && !soon.shown);
  check(`the line says what goes on: ${later.text}`, later.busy && /Der Server wird gefragt.*[23] s/s.test(later.text));
  check('and offers to stop', later.offered);
  check('it is stopped', await isBack());
  check('what was typed is still there', await page.inputValue('[id="imap.password"]') === 'irgendeines');
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    const wrong = [...await findOverflow(page), ...await examine(page)];
    check(`nothing is wrong at ${width}: ${wrong}`, wrong.length === 0);
    if (plan.folder) await page.screenshot({ path: `${plan.folder}/abgebrochen-${width}.png` });
  }
  await press([1500]);
  await pause(2000);
  if (plan.folder) await direct.send('Page.captureScreenshot').then(async ({ data }) => (await import('node:fs/promises'))
    .writeFile(`${plan.folder}/warten.png`, Buffer.from(data, 'base64')));
  await direct.send('Input.dispatchKeyEvent', { type: 'keyDown', key: 'Escape', code: 'Escape', windowsVirtualKeyCode: 27 });
  check('the same button works again', (await looks())[0].offered);
  check('Escape stops it, too', await isBack());
  await press([1500]);
  await pause(2000);
  await direct.send('Page.stopLoading');
  await pause(300);
  check('and again', (await looks())[0].offered);
  check("the browser's own button stops it, too", await isBack());
  check('the page is still the same', new URL(page.url()).pathname === '/einstellungen');
  return { steps, faults };
});
