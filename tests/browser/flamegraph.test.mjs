// The script inside a flamegraph, in a real browser. What it says is compared with numbers worked
// out here from the collapsed stacks, line by line, and not from anything that the picture says.
//
// Run by tests/browser/run.sh, which sets: THAG_DRAW_SVG (the program that draws), THAG_CHROMIUM,
// THAG_MODULES (where node_modules is), THAG_SCRATCH (a folder for files).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { expectedShare, folded, HOSTILE, openPage, scratch, STACKS, TOTAL, useBrowser } from './browser.mjs';

let page;

function draw(name, stacks, ...options) {
  const svg = scratch(`${name}.svg`);
  const room = { maxBuffer: 1 << 28 };
  writeFileSync(svg, execFileSync(process.env.THAG_DRAW_SVG, [...options, folded(`${name}.txt`, stacks)], room));
  return pathToFileURL(svg).href;
}

async function open(url, ...how) {
  page = await openPage(url, ...how);
}

function frame(name) {
  return page.locator(`.frames g[aria-label^="${name} ("]`).first();
}

const box = async (name) => frame(name).locator('rect').boundingBox();
const visible = (name) => frame(name).isVisible();
const matched = () => page.locator('.matched').textContent();
const hash = () => page.evaluate(() => location.hash);
const tip = () => page.locator('.tip').innerText();
const trail = () => page.locator('.crumbs').innerText();

// Clicks where a frame is to be seen: its label lets the click through.
async function clickFrame(name) {
  const b = await box(name);
  await page.mouse.click(b.x + Math.min(8, b.width / 2), b.y + b.height / 2);
}

async function hoverFrame(name) {
  const b = await box(name);
  await page.mouse.move(b.x + Math.min(8, b.width / 2), b.y + b.height / 2);
}

function assertNear(actual, expected, slack = 1.5) {
  assert.ok(Math.abs(actual - expected) <= slack, `${actual} is not near ${expected}`);
}

let url;
useBrowser();
before(() => { url = draw('plain', STACKS, 'all'); });

test('widths are shares of the total', async () => {
  await open(url);
  const all = (await box('all')).width;
  assertNear((await box('parse')).width, all * 600 / TOTAL);
  assertNear((await box('work')).width, all * 300 / TOTAL);
  assertNear(all, 1200 * 0.98);
});

test('a narrow window and resizing keep the shares', async () => {
  await open(url, { width: 600, height: 500 });
  assertNear((await box('all')).width, 600 * 0.98);
  assertNear((await box('parse')).width, 600 * 0.98 * 600 / TOTAL);
  const label = () => frame('hash (a, b)').locator('text').textContent();
  assert.match(await label(), /^h[ash (,b]*\u2026$/);
  const wide = (await label()).length;
  await page.setViewportSize({ width: 450, height: 500 });
  await page.waitForFunction((old) => document.querySelector('.frames g[aria-label^="hash"] text')
    .textContent.length < old, wide);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 450);
});

test('hovering tells exact details', async () => {
  await open(draw('time', STACKS, 'all', 'ns'));
  await hoverFrame('parse');
  const text = await tip();
  assert.match(text, /^parse\n/);
  assert.match(text, /600 \u00b5s \(600,000 ns\)/);
  assert.match(text, /of all\s+60\.00%/);
  assert.match(text, /of parent\s+60\.00% of main/);
  assert.match(text, /self\s+100 \u00b5s, 16\.67%/);
  assert.match(text, /at\s+src\/<main>\.c:\d+/);
  const calls = Number(/calls\s+(\d+)/.exec(text)[1]);
  assert.match(text, new RegExp(`mean\\s+${(600 / calls).toFixed(600 / calls < 99.95 ? 1 : 0)} \u00b5s`));
  await page.mouse.move(600, 5);
  assert.equal(await page.locator('.tip').isVisible(), false);
});

test('a click zooms, the trail leads back', async () => {
  await open(url);
  await clickFrame('work');
  const all = (await box('all')).width;
  assertNear((await box('work')).width, all);
  assertNear((await box('main')).width, all);
  assertNear((await box('sort')).width, all * 200 / 300);
  assert.equal(await visible('parse'), false);
  assert.equal(await trail(), 'all \u203a main \u203a work');
  await hoverFrame('sort');
  assert.match(await tip(), /of zoomed\s+66\.67%/);
  assert.match(await tip(), /of all\s+20\.00%/);
  await page.getByRole('button', { name: 'main' }).click();
  assert.equal(await visible('parse'), true);
  await clickFrame('work');
  await page.getByRole('button', { name: 'Reset zoom' }).click();
  assert.equal(await visible('write'), true);
  assert.equal(await page.getByRole('button', { name: 'Reset zoom' }).isDisabled(), true);
  await clickFrame('work');
  await clickFrame('all');
  assert.equal(await visible('write'), true);
});

test('search counts what is nested once', async () => {
  await open(url);
  await page.keyboard.press('/');
  await page.keyboard.type('read');
  assert.equal(await matched(), `${expectedShare(STACKS, /read/)} in 3 frames`);
  await page.locator('input').fill('^(parse|read_)');
  assert.equal(await matched(), `${expectedShare(STACKS, /^(parse|read_)/)} in 4 frames`);
  assert.equal(expectedShare(STACKS, /^(parse|read_)/), '60.00%');
  await clickFrame('work');
  await page.locator('input').fill('a');
  assert.equal((await matched()).split(' ')[0], expectedShare(STACKS, /a/i, ['main', 'work']));
  await page.locator('input').fill('main');
  assert.equal((await matched()).split(' ')[0], '0.00%');
});

test('search minds capitals when there are some, and takes broken patterns literally', async () => {
  await open(url);
  const input = page.locator('input');
  await input.fill('SORT');
  assert.match(await matched(), /^0\.00% in 0 frames/);
  await input.fill('(a, b');
  assert.equal(await matched(), `${expectedShare(STACKS, /\(a, b/)} in 1 frame (letter by letter)`);
  await page.getByRole('button', { name: 'Clear' }).click();
  assert.equal(await matched(), '');
  assert.equal(await page.locator('.frames .hit').count(), 0);
});

test('a pattern that runs away elsewhere does not here', async () => {
  await open(`${draw('long', [['a'.repeat(60) + '!', 1]])}#s=${encodeURIComponent('^(a+)+$')}`);
  assert.match(await matched(), /^0\.00% in 0 frames/);
});

test('matches are marked and nothing else', async () => {
  await open(url);
  await page.keyboard.press('Control+f');
  await page.keyboard.type('^read_line$');
  const hits = await page.locator('.frames .hit').evaluateAll((all) => all.map((e) => e.getAttribute('aria-label')));
  assert.deepEqual(hits.map((h) => h.split(' ')[0]), ['read_line', 'read_line']);
});

test('the URL has zoom and search, and brings them back', async () => {
  await open(url);
  await clickFrame('work');
  await page.locator('input').fill('sort');
  await page.getByRole('button', { name: 'Dark' }).click();
  const saved = await hash();
  assert.match(saved, /z=\d+/);
  assert.match(saved, /s=sort/);
  await page.reload();
  assert.equal(await page.locator('input').evaluate((e) => e.value), 'sort');
  assert.equal(await matched(), `${expectedShare(STACKS, /sort/, ['main', 'work'])} in 1 frame`);
  assert.equal(await visible('parse'), false);
  assert.equal(await page.locator('svg.thag.dark').count(), 1);
  await page.getByRole('button', { name: 'Clear' }).click();
  await page.getByRole('button', { name: 'Reset zoom' }).click();
  assert.doesNotMatch(await hash(), /[zs]=/);
  await page.goBack();
  assert.equal(await visible('parse'), false);
});

test('nonsense in the URL is harmless', async () => {
  await open(`${url}#z=99999&s=%5B&i=x&t=<script>`);
  assert.equal(await visible('parse'), true);
  assert.match(await matched(), /^0\.00%/);
});

test('the keyboard walks, zooms and goes back', async () => {
  await open(url);
  const focused = () => page.evaluate(() => document.activeElement.getAttribute('aria-label')?.split(' (')[0]);
  await page.locator('.frames [tabindex="0"]').focus();
  assert.equal(await focused(), 'all');
  await page.keyboard.press('ArrowUp');
  assert.equal(await focused(), 'main');
  await page.keyboard.press('ArrowUp');
  assert.equal(await focused(), HOSTILE);
  await page.keyboard.press('ArrowRight');
  assert.equal(await focused(), 'parse');
  assert.match(await tip(), /^parse/);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  assert.equal(await trail(), 'all \u203a main \u203a work');
  await page.keyboard.press('ArrowRight');
  assert.equal(await focused(), 'work');
  await page.keyboard.press('ArrowDown');
  assert.equal(await focused(), 'main');
  await page.keyboard.press('ArrowUp');
  assert.equal(await focused(), 'work');
  await page.keyboard.press('Escape');
  assert.equal(await visible('parse'), true);
  assert.equal(await trail(), 'all \u203a main');
  await page.keyboard.press('Escape');
  assert.doesNotMatch(await trail(), /main/);
});

test('everything can be reached by Tab', async () => {
  await open(url);
  const seen = new Set();
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press('Tab');
    seen.add(await page.evaluate(() => {
      const at = document.activeElement;
      return at && `${at.tagName}:${at.getAttribute('role') || at.textContent}`;
    }));
  }
  for (const wanted of ['g:treeitem', 'input:', 'button:Flip', 'button:Dark'])
    assert.ok(seen.has(wanted), `${wanted} is not among ${[...seen]}`);
});

test('a hostile name is text wherever it shows', async () => {
  await open(url);
  await hoverFrame(HOSTILE);
  assert.ok((await tip()).startsWith(HOSTILE));
  await clickFrame(HOSTILE);
  assert.equal(await trail(), `all \u203a main \u203a ${HOSTILE}`);
  await page.locator('input').fill(HOSTILE);
  assert.equal(await page.evaluate(() => document.querySelectorAll('img').length), 0);
  assert.equal(await page.locator('.frames text', { hasText: 'onerror' }).count(), 1);
});

test('flipping turns the picture and its keys over', async () => {
  await open(url);
  assert.ok((await box('all')).y > (await box('main')).y);
  await page.getByRole('button', { name: 'Flip' }).click();
  assert.ok((await box('all')).y < (await box('main')).y);
  await page.reload();
  assert.ok((await box('all')).y < (await box('main')).y);
  await page.locator('.frames [tabindex="0"]').focus();
  await page.keyboard.press('ArrowDown');
  assert.match(await tip(), /^main/);
});

test('dark is legible: frames and text change together', async () => {
  await open(url);
  const colours = () => page.evaluate(() => [
    getComputedStyle(document.querySelector('.frames g > g > rect')).fill,
    getComputedStyle(document.querySelector('.frames text')).fill,
    getComputedStyle(document.querySelector('.ground')).fill]);
  const light = await colours();
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.waitForSelector('svg.thag.dark');
  const dark = await colours();
  for (let i = 0; i < 3; i++) assert.notEqual(light[i], dark[i]);
  await page.getByRole('button', { name: 'Light' }).click();
  assert.deepEqual(await colours(), light);
});

test('without a script every frame has its title and its place', async () => {
  await open(url, undefined, { javaScriptEnabled: false });
  const titles = await page.locator('.frames title').allTextContents();
  assert.ok(titles.includes('parse (600 samples, 60.00%)'));
  assert.ok(titles.includes(`${HOSTILE} (40 samples, 4.00%)`));
  const rect = page.locator('.frames g g', { hasText: 'parse (600' }).locator('rect');
  assertNear((await rect.boundingBox()).width, 1200 * 0.98 * 0.6);
});

test('a tall picture opens at its root and keeps its head in sight', async () => {
  const deep = Array.from({ length: 120 }, (_, i) => `level_${i}`).join(';');
  await open(draw('deep', [[deep, 5]], 'rows=100'));
  const root = await box('all');
  assert.ok(root.y > 0 && root.y + root.height <= 700);
  await page.setViewportSize({ width: 1200, height: 640 });
  await page.waitForFunction(() => window.innerHeight === 640);
  await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
  const smaller = await box('all');
  assert.ok(smaller.y > 0 && smaller.y + smaller.height <= 640);
  assert.ok((await page.locator('.title').boundingBox()).y >= 0);
  assert.match(await page.locator('.warn').textContent(), /first 100 of 121 levels/);
});

test('20,000 frames load and zoom in reasonable time', async () => {
  const many = [];
  for (let i = 0; i < 10000; i++) many.push([`main;group_${i % 100};leaf_${i}`, 100]);
  for (let i = 0; i < 10000; i++) many.push([`main;group_${i % 100};leaf_${i};end`, 50]);
  const t0 = Date.now();
  await open(draw('many', many, 'all'));
  await page.waitForSelector('.tools');
  const loaded = Date.now() - t0;
  const zoom = await page.evaluate(() => {
    const began = performance.now();
    document.querySelectorAll('.frames g > g')[5].querySelector('rect')
      .dispatchEvent(new MouseEvent('click', { bubbles: true }));
    document.documentElement.getBoundingClientRect();
    return performance.now() - began;
  });
  console.log(`20,000 frames: ${loaded} ms to load, ${zoom.toFixed(0)} ms to zoom`);
  assert.ok(loaded < 15000 && zoom < 5000);
  assert.equal((await trail()).split('\u203a').length, 3);
});
