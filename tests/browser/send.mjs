// E-Mail senden with a script: kept by itself, files one by one, dropped and taken away, addresses by the
// keyboard, a session that ends meanwhile, an answer.

import { writeFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main, open, signIn } from './common.mjs';

await main(async (plan, browser) => {
  const { page, faults } = await open(browser, plan.origin);
  const steps = [];
  const step = (name, good) => steps.push([name, Boolean(good)]);
  const saved = () => page.waitForFunction(() => /^Gespeichert um \d\d:\d\d Uhr$/.test(document.querySelector('.saved').textContent));
  await signIn(page, plan.origin, plan.person);

  await page.goto(`${plan.origin}/senden`);
  await page.keyboard.press('Tab');
  await page.click('text=Neue E-Mail');
  await page.fill('#betreff', 'Von selbst');
  await saved();
  step('has an address of its own', /\/senden\/\d+$/.test(page.url()));
  const draft = page.url();

  // Addresses by the keyboard, also the second one.
  await page.focus('#an');
  await page.keyboard.type('erik');
  await page.waitForSelector('#an-liste li');
  step('told as open', await page.getAttribute('#an', 'aria-expanded') === 'true');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  step('first address', await page.inputValue('#an') === `${plan.who}, `);
  await page.keyboard.type('e.mue');
  await page.waitForSelector('#an-liste li');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  step('second address', await page.inputValue('#an') === `${plan.who}, ${plan.who}, `);
  await page.keyboard.type('erik');
  await page.waitForSelector('#an-liste li');
  await page.keyboard.press('Escape');
  step('closed', await page.isHidden('#an-liste') && page.url() === draft);
  await page.fill('#an', plan.who);

  // Files: chosen, dropped, taken away, too large, cancelled.
  const folder = await mkdtemp(join(tmpdir(), 'send-'));
  const chosen = ['eins.txt', 'zwei größer.bin'].map((name) => join(folder, name));
  await writeFile(chosen[0], 'eins');
  await writeFile(chosen[1], Buffer.alloc(3_000_000, 7));
  step('no button for what happens by itself', await page.isHidden('button[value=anlagen]'));
  await page.setInputFiles('#dateien', chosen);
  await page.waitForSelector('.files progress');
  await page.waitForFunction(() => document.querySelectorAll('.files a').length === 2);
  step('how much', (await page.textContent('.amount')).startsWith('3,9 MB von 35 MB ('));
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('.files a >> nth=1')]);
  step('as it was', download.suggestedFilename() === 'zwei größer.bin');
  const transfer = await page.evaluateHandle(() => {
    const held = new DataTransfer();
    held.items.add(new File(['drei'], 'drei.txt'));
    return held;
  });
  await page.dispatchEvent('body', 'dragenter', { dataTransfer: transfer });
  step('where to drop', await page.isVisible('.drop'));
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
  await page.waitForFunction(() => document.querySelectorAll('.files a').length === 3);
  step('no more', await page.isHidden('.drop'));
  await page.click('.files button >> nth=0');
  await page.waitForFunction(() => document.querySelectorAll('.files li').length === 2);
  step('focus stays there', await page.evaluate(() => document.activeElement.closest('.files') !== null));
  const large = join(folder, 'zu groß.bin');
  await writeFile(large, Buffer.alloc(30_000_000));
  await page.setInputFiles('#dateien', large);
  step('too large, before it is sent', (await page.textContent('#dateien-fehler')).includes('„zu groß.bin“ ist zu groß'));
  const half = join(folder, 'halb.bin');
  await writeFile(half, Buffer.alloc(20_000_000));
  await page.route('**/anlage', async (route) => { await new Promise((go) => { setTimeout(go, 150); }); await route.continue(); });
  await page.setInputFiles('#dateien', half);
  await page.click('.files li:has(progress) button');
  await page.waitForFunction(() => document.querySelectorAll('.files li').length === 2);
  await page.unroute('**/anlage');
  step('cancelled', (await page.textContent('#dateien-fehler .kern-body')) === '');

  // The session ends; in another tab somebody signs in again.
  await page.context().clearCookies();
  await page.fill('#text', 'Nach dem Ende der Sitzung');
  await page.waitForSelector('.saved.lost a');
  step('what to do', (await page.textContent('.saved')).includes('Sie sind nicht mehr angemeldet.'));
  const [tab] = await Promise.all([page.context().waitForEvent('page'), page.click('.saved a')]);
  await tab.fill('#benutzer', plan.person.name);
  await tab.fill('#kennwort', plan.person.password);
  await Promise.all([tab.waitForURL(/senden/), tab.click('main button[type=submit]')]);
  await tab.close();
  await page.evaluate(() => dispatchEvent(new Event('focus')));
  await saved();
  await page.reload();
  step('nothing was lost', await page.inputValue('#text') === 'Nach dem Ende der Sitzung');
  step('the files, too', (await page.$$('.files li')).length === 2);

  // Another tab changes it.
  const second = await page.context().newPage();
  await second.goto(page.url());
  await second.fill('#text', 'aus dem zweiten Fenster');
  await Promise.all([second.waitForURL(/entwurf-gespeichert/), second.click('text=Entwurf speichern')]);
  await second.close();
  await page.fill('#text', 'aus dem ersten Fenster');
  await page.waitForFunction(() => document.querySelector('.saved').textContent.includes('in einem anderen Fenster geändert'));
  await page.click('button:has-text("Entwurf speichern")');
  await page.waitForSelector('text=Als eigenen Entwurf speichern');
  step('both are there', await page.inputValue('#text') === 'aus dem ersten Fenster'
    && (await page.textContent('pre.raw')).includes('aus dem zweiten Fenster'));
  await page.click('button:has-text("Entwurf speichern") >> nth=0');
  await page.waitForSelector('text=Der Entwurf ist gespeichert.');

  // What was typed last goes with leaving.
  await page.fill('#betreff', 'Im Gehen');
  await page.goto(`${plan.origin}/archiv/${plan.mail}`);
  await page.waitForTimeout(500);
  await page.click('button[value=alle]');
  await page.waitForURL(/senden\/\d+/);
  step('an answer', (await page.inputValue('#text')).includes('> Wann?') && await page.inputValue('#betreff') === 'AW: Bauantrag');
  await page.click('text=Anlagen des Originals übernehmen');
  await page.waitForSelector('.files a:has-text("Plan.pdf")');
  await page.goto(draft);
  step('kept in leaving', await page.inputValue('#betreff') === 'Im Gehen');

  // Enter sends nothing; the button does, once.
  await page.focus('#betreff');
  await Promise.all([page.waitForURL(/entwurf-gespeichert/), page.keyboard.press('Enter')]);
  await page.fill('#text', 'Gesendet');
  const [sent] = await Promise.all([page.waitForRequest(/postausgang/), page.click('button[value=senden]')]);
  step('sent', /postausgang\/\d+/.test(sent.url()));
  await page.waitForLoadState();
  return { steps, faults: faults.filter((fault) => !plan.expected.some((one) => String(fault).includes(one))) };
});
