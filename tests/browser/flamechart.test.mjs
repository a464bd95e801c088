// The flamechart, in a real browser: what its script says is compared with what its table of numbers says.
//
// Run by tests/browser/run.sh, with THAG_ANALYZE, THAG_GOLDEN, THAG_CHROMIUM, THAG_MODULES, THAG_SCRATCH, and
// THAG_TASKS (a program with 40 tasks), THAG_THREADS (one whose threads and tasks begin threads); empty: without
// those tests.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { analyze, folded, golden, openPage, record, scratch, useBrowser } from './browser.mjs';

const WIDTH = 1200 * 0.98;
let page, url, spans, whole;

function draw(name, ...args) {
  analyze('flamechart', '--force', '-o', scratch(name), ...args);
  return pathToFileURL(scratch(name)).href;
}

// The table: rows of name,gap,length,count, in base 36.
function readTable(svg) {
  const data = JSON.parse(/class="data"><!\[CDATA\[([^]*?)\]\]>/.exec(svg)[1]);
  const rows = data.rects.split('|').map((row) => {
    let end = 0;
    return row.split(';').map((entry) => {
      const [name, gap, length] = entry.split(',').map((t) => parseInt(t || '0', 36));
      const start = end + gap;
      end = start + length;
      return { name: data.names[name], start, end };
    });
  });
  return { whole: rows[0][0].end, spans: rows.slice(1).flat(), data };
}

useBrowser();
before(() => {
  url = draw('chart.svg', '--min-width=0.01', golden('sample.thag'));
  ({ whole, spans } = readTable(analyze('flamechart', '--min-width=0.01', '-o', '-', golden('sample.thag'))));
});

const frames = () => page.locator('.frames > g:not(:first-child) > g');
const box = (i) => frames().nth(i).locator('rect').boundingBox();
const near = (actual, expected, by = 1.5) => assert.ok(Math.abs(actual - expected) <= by, `${actual} is not near ${expected}`);
const tip = () => page.locator('.tip').innerText();
const longest = () => spans.reduce((best, s, i) => (s.end - s.start > spans[best].end - spans[best].start ? i : best), 0);

test('every span is where its time is', async () => {
  page = await openPage(url);
  assert.equal(await frames().count(), spans.length);
  for (let i = 0; i < spans.length; i++) {
    const b = await box(i);
    near(b.x - 12, spans[i].start / whole * WIDTH);
    near(b.width, (spans[i].end - spans[i].start) / whole * WIDTH);
  }
});

test('a click zooms in on the time, in all lanes, and Esc goes back', async () => {
  page = await openPage(url);
  const inner = spans.findIndex((s) => s.end - s.start > 0 && s.end - s.start < whole / 4), { start, end } = spans[inner];
  await frames().nth(inner).locator('rect').click();
  for (let i = 0; i < spans.length; i++) {
    const isIn = spans[i].end > start && spans[i].start < end;
    assert.equal(await frames().nth(i).isVisible(), isIn || (spans[i].start === spans[i].end && spans[i].start >= start && spans[i].end <= end), spans[i].name);
  }
  near((await box(inner)).width, WIDTH);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  near((await box(longest())).width, (spans[longest()].end - spans[longest()].start) / whole * WIDTH);
});

test('hovering tells when, how long, and of which thread', async () => {
  page = await openPage(url);
  const b = await box(longest());
  await page.mouse.move(b.x + 5, b.y + 5);
  assert.ok((await tip()).startsWith(spans[longest()].name));
  assert.match(await tip(), /from\s+\d[^]*time\s+\d[^]*thread\s+\S[^]*all of it\s+\d+ spans/);
});

test('search counts spans over the whole', async () => {
  page = await openPage(url);
  await page.keyboard.press('/');
  await page.keyboard.type('^work$');
  const count = spans.filter((s) => s.name === 'work').length;
  assert.ok(count > 0);
  assert.ok((await page.locator('.matched').textContent()).startsWith(`${count} span`));
});

test('the keyboard walks from span to span', async () => {
  page = await openPage(url);
  await page.locator('.frames [tabindex="0"]').focus();
  await page.keyboard.press('ArrowDown');
  assert.match(await tip(), /from\s/);
  await page.keyboard.press('Enter');
  assert.match(await page.evaluate(() => location.hash), /z=\d+/);
});

test('the axis has round steps, at every zoom', async () => {
  page = await openPage(url);
  const marks = () => page.locator('.axis text').allTextContents();
  const first = await marks();
  assert.ok(first.length > 3 && new Set(first).size === first.length, first.join());
  await frames().nth(longest()).locator('rect').click();
  const second = await marks();
  assert.equal(new Set(second).size, second.length, second.join());
});

test('the live heap is above the lanes, and zooms with them', async () => {
  page = await openPage(draw('heap.svg', golden('v1_heap.thag')));
  const part = async () => (await page.locator('svg.heap').getAttribute('viewBox')).split(' ').map(Number);
  assert.match(await page.locator('svg.heap title').textContent(), /^live heap, 1\.24 MiB at most$/);
  assert.deepEqual((await part()).slice(0, 3), [0, 0, 10000]);
  await page.locator('.frames rect').nth(5).click();
  const [left, , width] = await part();
  assert.ok(left > 0 && width < 5000, `${left} ${width}`);
  await page.getByRole('button', { name: 'Reset zoom' }).click();
  assert.deepEqual((await part()).slice(0, 3), [0, 0, 10000]);
});

test('each task has a lane, with when it ran and where it was begun, that zooms with the spans', { skip: !process.env.THAG_TASKS }, async () => {
  const trace = record(process.env.THAG_TASKS);
  const rows = analyze('tasks', '--csv', '--sort=id', trace).trim().split('\n').slice(1).map((row) => row.split(','));
  page = await openPage(draw('tasks.svg', trace));
  assert.equal(await page.locator('.flow .life').count(), rows.length);
  assert.equal(await page.locator('.flow .spawn').count(), rows.length);
  const heads = (await page.locator('.lane').allTextContents()).filter((text) => text.includes('#'));
  assert.deepEqual(heads.map((text) => text.split(' ')[0]), rows.map((row) => `async::download#${row[0]}`));
  const life = page.locator('.flow > g').first().locator('.life'), run = page.locator('.flow > g').first().locator('.run').last();
  const wide = async (part) => parseFloat(await part.getAttribute('width'));
  assert.match(await run.locator('title').textContent(), /^(\d+ times, )?ran .* on thread \d+, after .* of waiting$/);
  const ran = await wide(run), lived = await wide(life);
  assert.ok(ran > 0 && ran < lived, `${ran} of ${lived}`);
  assert.ok(!(await page.locator('.flow .resume').first().isVisible()));
  await life.hover({ position: { x: 1, y: 3 } });
  assert.equal(await page.locator('.flow > g').first().locator('.resume').first().evaluate((e) => getComputedStyle(e).display), 'inline');
  await page.locator('.frames rect').nth(2).click();
  assert.ok(await page.locator('.flow .life').evaluateAll((all) => all.every((e) => e.style.display === 'none' || parseFloat(e.getAttribute('width')) <= 100.001)));
  await page.getByRole('button', { name: 'Reset zoom' }).click();
  assert.ok(Math.abs(await wide(life) - lived) < 1e-3);
  assert.equal((await page.locator('.flow .life').count()), rows.length);
  const none = readTable(analyze('flamechart', '--tasks=0', '-o', '-', trace)).data;
  assert.ok(none.lanes.some((text) => text.startsWith('tasks on ')));
});

test('an arrow leads to each thread from where it was begun', { skip: !process.env.THAG_THREADS }, async () => {
  const trace = record(process.env.THAG_THREADS, '', ['ways']);
  const { begins, duration_ns: end } = JSON.parse(analyze('info', '--json', trace));
  page = await openPage(draw('threads.svg', trace));
  const group = (k) => page.locator('.flow > g:has(.begin)').nth(k);
  assert.equal(await page.locator('.flow .begin').count(), begins.length);
  const [left, width] = await page.locator('.frames rect').first().boundingBox().then((b) => [b.x, b.width]);
  let arrows = 0;
  for (const [k, b] of begins.entries()) {
    const line = await group(k).locator('.begin').boundingBox();
    near(line.x - left, b.asked_ns / end * width);
    near(line.width, (b.start_ns - b.asked_ns) / end * width);
    assert.ok((await group(k).locator('title').textContent()).startsWith(`thread ${b.tid}, begun at `));
    if (!await group(k).locator('.spawn').count()) continue;
    // From beside the innermost span that was open there, to the line.
    const arrow = await group(k).locator('.spawn path').boundingBox(), isUp = arrow.y >= line.y - 5;
    const span = await page.locator(`.frames g[aria-label^="${b.path.at(-1)} ("] rect`).first().boundingBox();
    near(isUp ? arrow.y + arrow.height : arrow.y, isUp ? span.y : span.y + 17, 3); // with room for the corners of its line
    near(isUp ? arrow.y : arrow.y + arrow.height, line.y, 3);
    arrows++;
  }
  assert.ok(arrows >= 5, `${arrows} arrows`);
  assert.ok((await page.locator('.lane').allTextContents()).some((text) => /^inner .* begun in chain$/.test(text)));
});

test('the heap over time is as wide as the window, with round marks', async () => {
  analyze('heap', '--svg', '--force', '-o', scratch('over-time.svg'), golden('v1_heap.thag'));
  for (const width of [600, 1500]) {
    page = await openPage(pathToFileURL(scratch('over-time.svg')).href, { width, height: 500 });
    const curve = await page.locator('svg.heap').boundingBox();
    near(curve.x, 84);
    near(curve.x + curve.width, width * 0.98);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
    assert.deepEqual(await page.locator('.axis text').allTextContents(), ['0 B', '256 KiB', '512 KiB', '768 KiB', '1 MiB', '0 s', '10 ms', '20 ms', '30 ms', '40 ms', '50 ms', '60 ms', '70 ms', '80 ms']);
    await page.mouse.move(curve.x + curve.width / 2, curve.y + 50);
    assert.match(await page.locator('.under').textContent(), /^at 40\.\d ms: \d/);
    await page.close();
  }
  page = await openPage(pathToFileURL(scratch('over-time.svg')).href);
});

test('a span that never ended is marked', async () => {
  page = await openPage(draw('killed.svg', golden('killed.thag')));
  assert.ok(await page.locator('.frames .open').count() > 0);
  assert.match(await page.locator('.frames .open').first().getAttribute('aria-label'), /still running at the end/);
});

test('a deep flamegraph is there in a picture of the page', async () => {
  const deep = folded('tall.txt', [[Array.from({ length: 300 }, (_, i) => `level_${i}`).join(';'), 5]]);
  analyze('flamegraph', '--force', '-o', scratch('tall.svg'), deep);
  page = await openPage(pathToFileURL(scratch('tall.svg')).href);
  const root = await page.locator('.frames g[aria-label^="all ("] rect').boundingBox();
  assert.ok(root.y > 0 && root.y < 200, 'the root is at the top');
  assert.equal(await page.evaluate(() => window.scrollY), 0);
  await page.getByRole('button', { name: 'Flip' }).click();
  const flipped = await page.locator('.frames g[aria-label^="all ("] rect').boundingBox();
  assert.ok(flipped.y > 0 && flipped.y < 700, 'the root is in sight at the bottom');
});
