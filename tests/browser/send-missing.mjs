// E-Mail senden with a script, where something does not go as wished: files that are still coming, stopped or too
// large, a session that ended, a draft that another tab changed or sent.

import { writeFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main, open, signIn } from './common.mjs';

await main(async (plan, browser) => {
  const { page, context, faults } = await open(browser, plan.origin);
  const steps = [];
  const step = (name, good) => steps.push([name, Boolean(good)]);
  const picture = async (name) => { if (plan.folder) await page.screenshot({ path: join(plan.folder, `${name}.png`), fullPage: true }); };
  const files = (count) => page.waitForFunction((wanted) => document.querySelectorAll('.files li').length === wanted, count);
  const slowly = () => page.route('**/anlage', async (route) => { await new Promise((go) => { setTimeout(go, 400); }); await route.continue(); });
  const asked = () => page.textContent('.asked p');
  const stays = async () => { await page.waitForTimeout(1500); return /\/senden\/\d+$/.test(page.url()); };
  const begin = async (subject) => {
    await page.goto(`${plan.origin}/senden/neu`);
    await page.fill('#an', 'a@example.org');
    await page.fill('#betreff', subject);
  };
  const folder = await mkdtemp(join(tmpdir(), 'send-'));
  const make = async (name, size) => {
    await writeFile(join(folder, name), Buffer.alloc(size, 'x'));
    return join(folder, name);
  };
  const [small, other, half, large] = [await make('klein.txt', 10), await make('auch.txt', 10), await make('halb.bin', 6_000_000), await make('riesig.bin', 30_000_000)];
  await signIn(page, plan.origin, plan.person);

  // Still coming: it says so, can be taken back, and a stopped file stops the sending.
  await slowly();
  await begin('Wartet');
  await page.setInputFiles('#dateien', half);
  await page.waitForSelector('.files progress');
  await page.click('button[value=senden]');
  step('waits', await asked() === 'Wartet auf die Anlage …' && await page.getAttribute('button[value=senden]', 'aria-busy') === 'true');
  await picture('senden-wartet');
  await page.click('text=Zurücknehmen');
  step('taken back', await page.isHidden('.asked') && await page.evaluate(() => document.activeElement.value === 'senden'));
  await page.click('button[value=senden]');
  await page.click('.files li button');
  step('withdrawn', await page.isHidden('.asked'));
  await files(0);
  step('not sent', await stays());
  await page.focus('button[value=senden]');
  await page.keyboard.press('Enter');
  step('asks', await asked() === 'Nicht angefügt ist: halb.bin. Trotzdem senden?');
  await picture('senden-ohne-anlage');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  step('no', await page.isHidden('.asked') && await stays());
  await page.unroute('**/anlage');

  // One that is too large leaves the others alone.
  await page.setInputFiles('#dateien', [small, large, other]);
  await page.waitForFunction(() => document.querySelectorAll('.files a').length === 2);
  step('those that fit', (await page.textContent('#dateien-fehler')).includes('„riesig.bin“ ist zu groß'));
  await page.click('button[value=senden]');
  step('both are named', await asked() === 'Nicht angefügt ist: halb.bin, riesig.bin. Trotzdem senden?');
  await page.keyboard.press('Tab');
  await Promise.all([page.waitForURL(/postausgang\/\d+/), page.keyboard.press('Enter')]);

  // Waited for, it goes with its file.
  await slowly();
  await begin('Mit Anlage');
  await page.setInputFiles('#dateien', half);
  await page.waitForSelector('.files progress');
  await Promise.all([page.waitForURL(/postausgang\/\d+/), page.click('button[value=senden]')]);
  await page.unroute('**/anlage');

  // The session ends before a file is chosen.
  await begin('Abgemeldet');
  await page.waitForSelector('.saved:has-text("Gespeichert um")');
  const cookies = await context.cookies();
  await context.clearCookies();
  await page.setInputFiles('#dateien', await make('mittel.bin', 300_000));
  await page.waitForSelector('#dateien-fehler a');
  step('signed out', (await page.textContent('#dateien-fehler')).includes('„mittel.bin“ ist nicht angefügt: Ihre Anmeldung ist beendet.'));
  await picture('senden-abgemeldet');
  await context.addCookies(cookies);

  // Another tab changes the draft, then sends it.
  const elsewhere = async (text, deed, where) => {
    const second = await context.newPage();
    await second.goto(page.url());
    await second.fill('#text', text);
    await Promise.all([second.waitForURL(where), second.click(`button[value=${deed}]:visible >> nth=-1`)]);
    await second.close();
  };
  await begin('Zwei Fenster');
  await page.waitForURL(/senden\/\d+$/);
  await page.waitForSelector('.saved:has-text("Gespeichert um")');
  await elsewhere('aus dem zweiten', 'speichern', /entwurf-gespeichert/);
  await page.fill('#text', 'aus dem ersten');
  await page.waitForSelector('.saved button');
  const told = await page.textContent('.saved');
  step('nothing that is not there', told.includes('in einem anderen Fenster geändert') && !told.includes('darunter'));
  await picture('senden-geaendert');
  await page.click('text=Beide Fassungen zeigen');
  await page.waitForSelector('pre.raw');
  step('both', await page.inputValue('#text') === 'aus dem ersten' && await page.textContent('pre.raw') === 'aus dem zweiten');
  await page.click('button[value=speichern]:visible >> nth=-1');
  await page.waitForURL(/entwurf-gespeichert/);
  await elsewhere('gesendet', 'senden', /postausgang\/\d+/);
  await page.fill('#text', 'danach');
  await page.waitForSelector('.saved a');
  step('sent', /Dieser Entwurf wurde um \d\d:\d\d Uhr gesendet\./.test(await page.textContent('.saved'))
    && /^\/postausgang\/\d+$/.test(await page.getAttribute('.saved a', 'href')));
  await picture('senden-gesendet');
  await page.click('button[value=senden]');
  await page.waitForSelector('text=Zur gesendeten E-Mail im Postausgang');
  step('asks first', await page.isHidden('button[value=senden]') && await page.inputValue('#text') === 'danach');
  await picture('senden-schon-gesendet');
  await page.click('button[value=eigener]');
  await page.waitForURL(/entwurf-gespeichert/);
  step('an own one', await page.inputValue('#text') === 'danach');
  return { steps, faults: faults.filter((fault) => !plan.expected.some((one) => String(fault).includes(one))) };
});
