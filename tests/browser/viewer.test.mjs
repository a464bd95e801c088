// The page of `thag-analyze view`, in a real browser. What it says is compared with numbers worked out
// here, or with what other parts of thag-analyze say.
//
// Run by tests/browser/run.sh, with THAG_ANALYZE, THAG_GOLDEN (stored traces), THAG_CHROMIUM,
// THAG_MODULES, THAG_SCRATCH; THAG_HEAP (a library to preload), THAG_TASKS and THAG_POOLS (programs): without the
// tests of those that are empty.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { analyze, expectedShare, folded, golden, HOSTILE, openPage, record, scratch, STACKS, TOTAL, useBrowser, watched } from './browser.mjs';
import { shortened } from '../../src/output/viewer/name_fit.js';
import { compilePattern } from '../../src/output/viewer/pattern.js';

const SAMPLE = golden('sample.thag');

let page;

function view(name, ...args) {
  analyze('view', '--force', '-o', scratch(name), ...args);
  return pathToFileURL(scratch(name)).href;
}

async function open(url, size) {
  page = await openPage(url, size);
  await page.waitForSelector('html[data-ready]', { state: 'attached' });
}

// Where a share of the width and a row are, on the canvas of a view.
async function at(view, share, row, top = 0) {
  const box = await page.locator(`#${view} canvas`).first().boundingBox();
  return [box.x + box.width * share, box.y + top + row * 18 + 9];
}
const hover = async (...where) => page.mouse.move(...await at(...where));
const click = async (...where) => page.mouse.click(...await at(...where));
const tip = () => page.locator('#tip').innerText();
const matched = () => page.locator('#matched').textContent();
const live = () => page.locator('#live').textContent();
const trail = () => page.locator('#trail').innerText();
const hash = () => page.evaluate(() => location.hash);
const tab = (key) => page.locator(`#tab-${key}`).click();
// All that was begun before, timers and frames, is over: in the page's own order of things, however slow it is.
const settle = () => page.evaluate(() => new Promise((done) => {
  setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 200);
}));

async function table() {
  const heads = await page.locator('#table thead button').allTextContents();
  const rows = await page.locator('#table tbody tr').evaluateAll((all) => all.map((tr) => [...tr.children].map((c) => c.textContent)));
  return rows.map((cells) => Object.fromEntries(cells.map((c, k) => [heads[k].replace(/ .$/, ''), c])));
}

let plain, sample;
useBrowser();
before(() => {
  plain = view('plain.html', folded('plain.txt', STACKS));
  sample = view('sample.html', SAMPLE);
});

test('frames are where their shares put them, and tell exact details', async () => {
  await open(plain);
  // Children in the order of the alphabet: < p... w(ork) w(rite).
  await hover('flame', 0.04 + 0.3, 2);
  const text = await tip();
  assert.match(text, /^parse\n/);
  assert.match(text, /count\s+600 samples/);
  assert.match(text, /of all\s+60\.00%/);
  assert.match(text, /self\s+100 samples, 16\.67%/);
  await hover('flame', 0.02, 2);
  assert.ok((await tip()).startsWith(HOSTILE));
  await hover('flame', 0.99, 2);
  assert.match(await tip(), /^write\n[^]*60 samples/);
});

test('a hostile name is text wherever it shows', async () => {
  await open(plain);
  await click('flame', 0.02, 2);
  assert.equal(await trail(), `all \u203a main \u203a ${HOSTILE}`);
  await tab('table');
  assert.ok((await table()).some((r) => r.function === HOSTILE && r.self === '40 samples'));
  await page.getByRole('button', { name: 'onerror' }).click();
  assert.equal(await page.locator('#function').inputValue(), HOSTILE);
  assert.equal(await page.locator('img').count(), 0);
});

test('the policy forbids what the page does not need', async () => {
  await open(plain);
  const told = await page.evaluate(async () => {
    const blocked = [];
    document.addEventListener('securitypolicyviolation', (e) => blocked.push(e.effectiveDirective));
    await fetch('https://example.org/').catch(() => 0);
    document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = 1' }));
    document.body.append(Object.assign(document.createElement('img'), { src: 'https://example.org/x.png' }));
    for (let i = 0; i < 600 && new Set(blocked).size < 3; i++) await new Promise((done) => { setTimeout(done, 100); });
    return [...new Set(blocked)].sort().join() + ' ' + window.ran;
  });
  assert.equal(told, 'connect-src,img-src,script-src-elem undefined');
  watched.problems = [];
});

test('search counts what is nested once, and marks functions', async () => {
  await open(plain);
  await page.keyboard.press('/');
  await page.keyboard.type('read');
  assert.equal(await matched(), `${expectedShare(STACKS, /read/)} in 3 frames of 2 functions`);
  await page.locator('#search').fill('^(parse|read_)');
  assert.equal(await matched(), `${expectedShare(STACKS, /^(parse|read_)/)} in 4 frames of 3 functions`);
  await page.locator('#search').fill('(a, b');
  assert.match(await matched(), /^10\.00% in 1 frame of 1 function \(letter by letter\)$/);
  await page.locator('#search').fill('SORT');
  assert.match(await matched(), /^0\.00% in 0 frames/);
  await page.keyboard.press('Escape');
  assert.equal(await matched(), '');
});

test('a pattern that runs away elsewhere does not here', async () => {
  const wild = view('wild.html', folded('wild.txt', [[`main;${'a'.repeat(3000)}!`, 1]]));
  await open(`${wild}#s=${encodeURIComponent('(a+)+$')}`);
  const began = Date.now();
  await page.locator('#search').fill('(a|a)*(a*)*$x');
  assert.match(await matched(), /0 functions/);
  assert.ok(Date.now() - began < 60000); // it would take for ever
});

test('patterns match what the browser says', () => {
  let seed = 7;
  const draw = (n) => { seed = (seed * 1103515245 + 12345) % 2147483648; return Math.floor(seed / 65536) % n; };
  const atoms = ['a', 'b', '.', '\\d', '\\W', '[a-c]', '[^b]', '(ab|c)', '(?:a|b1)', '\\.', 'x?', '^', '$', '\\b', '[\\w-]'];
  const repeats = ['', '', '', '*', '+', '?', '{2}', '{1,3}', '{0,}'];
  const letters = ['a', 'b', 'c', 'x', '1', '_', '.', ' ', 'A', '\u00e9'];
  let tried = 0;
  for (let round = 0; round < 4000; round++) {
    const pattern = Array.from({ length: 1 + draw(4) }, () => {
      const atom = atoms[draw(atoms.length)];
      return atom + (/^(\^|\$|\\b|x\?)$/.test(atom) ? '' : repeats[draw(repeats.length)]);
    }).join(draw(6) ? '' : '|');
    const { test: is, problem } = compilePattern(pattern);
    assert.equal(problem, '', pattern);
    const regex = new RegExp(pattern, 'iu');
    for (let k = 0; k < 5; k++) {
      const name = Array.from({ length: draw(7) }, () => letters[draw(letters.length)]).join('');
      assert.equal(is(name), regex.test(name), `${pattern} on ${JSON.stringify(name)}`);
      tried++;
    }
  }
  assert.equal(tried, 20000);
});

test('the URL has the state, and brings it back', async () => {
  await open(plain);
  await click('flame', 0.8, 2);
  assert.equal(await trail(), 'all \u203a main \u203a work');
  await page.locator('#search').fill('sort');
  await page.getByRole('button', { name: 'Dark' }).click();
  await page.reload();
  await page.waitForSelector('html[data-ready]', { state: 'attached' });
  assert.equal(await trail(), 'all \u203a main \u203a work');
  assert.equal(await matched(), `${expectedShare(STACKS, /sort/, ['main', 'work'])} in 1 frame of 1 function`);
  assert.equal(await page.locator('html.dark').count(), 1);
  await page.getByRole('button', { name: 'Reset zoom' }).click();
  await page.getByRole('button', { name: 'Clear' }).click();
  assert.doesNotMatch(await hash(), /[zs]=/);
});

test('nonsense in the URL is harmless', async () => {
  await open(`${sample}#v=nothing&z=99999&s=%5B&r=5-1&f=-3&m=%3Cb%3E&o=__proto__&t=<script>&b=1`);
  assert.match(await trail(), /^Click a frame/);
  await tab('table');
  assert.equal((await table()).length, 0);
});

test('the keyboard walks, zooms and goes back, and what is walked to is said', async () => {
  await open(plain);
  await page.locator('#flame canvas').focus();
  await page.keyboard.press('ArrowDown');
  assert.match(await live(), /^main, count 1,000 samples/);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  assert.match(await live(), /^parse, count 600 samples, of all 60\.00%/);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  assert.equal(await trail(), 'all \u203a main \u203a work');
  await page.keyboard.press('ArrowUp');
  assert.match(await live(), /^main/);
  await page.keyboard.press('Escape');
  assert.equal(await trail(), 'all \u203a main');
  await page.keyboard.press('3');
  assert.equal(await page.locator('#tab-table').getAttribute('aria-selected'), 'true');
});

test('the widest comes first, or the root is what was running', async () => {
  await open(plain);
  await page.keyboard.press('o');
  await hover('flame', 0.3, 2);
  assert.match(await tip(), /^parse\n/);
  await hover('flame', 0.7, 2);
  assert.match(await tip(), /^work\n/);
  await page.getByRole('button', { name: 'Bottom-up' }).click();
  assert.match(await hash(), /w=1/);
  assert.match(await hash(), /i=1/);
  // What each function took itself, and beneath it who called it.
  const self = {};
  for (const [stack, n] of STACKS) self[stack.split(';').at(-1)] = (self[stack.split(';').at(-1)] || 0) + n;
  const first = Object.entries(self).sort((a, b) => b[1] - a[1])[0];
  await hover('flame', 0.1, 1);
  assert.ok((await tip()).startsWith(first[0]), await tip());
  assert.match(await tip(), new RegExp(`count\\s+${first[1]} samples`));
  await hover('flame', 0.02, 2);
  assert.match(await tip(), /^parse\n[^]*300 samples[^]*60\.00% of read_line/);
  await page.reload();
  await page.waitForSelector('html[data-ready]', { state: 'attached' });
  assert.equal(await page.locator('#bottom-up').getAttribute('aria-pressed'), 'true');
  assert.equal(await page.locator('#order').textContent(), 'Order: widest first');
});

test('of a C++ name in little room the end is kept', () => {
  const name = 'shop::cart::total';
  assert.deepEqual([17, 16, 12, 11, 6, 5, 2].map((room) => shortened(name, room)), [name, '\u2026cart::total', '\u2026cart::total', '\u2026total', '\u2026total', 'shop\u2026', '']);
  assert.equal(shortened('+516% shop::cart::total', 14), '+516% \u2026total');
  assert.equal(shortened('2,000\u00d7 a::b', 10), '2,000\u00d7 \u2026b');
  assert.equal(shortened('f(std::string)', 8), 'f(std::\u2026');
  assert.equal(shortened('calculate_sentiment', 9), 'calculat\u2026');
});

test('callers and callees add up', async () => {
  await open(plain);
  await tab('table');
  await page.getByRole('button', { name: 'read_line' }).click();
  // Callers stand upon the function: the nearest above it.
  const canvas = await page.locator('#sandwich canvas').first().boundingBox();
  const rows = Math.floor(canvas.height / 18);
  await page.mouse.move(canvas.x + canvas.width * 0.3, canvas.y + (rows - 1) * 18 + 9);
  assert.match(await tip(), /^read_line\n[^]*500 samples/);
  await page.mouse.move(canvas.x + canvas.width * 0.3, canvas.y + (rows - 2) * 18 + 9);
  assert.match(await tip(), /^parse\n[^]*300 samples[^]*60\.00% of read_line/);
  await page.mouse.move(canvas.x + canvas.width * 0.9, canvas.y + (rows - 2) * 18 + 9);
  assert.match(await tip(), /^read_token\n[^]*200 samples/);
});

test('the table is that of thag-analyze stats', async () => {
  await open(sample);
  await tab('table');
  const expected = JSON.parse(analyze('stats', '--json', SAMPLE)).functions;
  const found = await table();
  assert.equal(found.length, expected.length);
  for (const row of found) {
    const e = expected.find((f) => f.name === row.function);
    assert.equal(row.calls.replaceAll(',', ''), String(e.calls), row.function);
  }
  await page.getByRole('button', { name: 'calls' }).click();
  const calls = (await table()).map((r) => Number(r.calls.replaceAll(',', '')));
  assert.deepEqual(calls, calls.slice().sort((a, b) => b - a));
});

// All single spans, as the flamechart has them: another writer of the same.
function spansOf(trace) {
  const svg = analyze('flamechart', '--min-width=0.01', '-o', '-', trace);
  const data = JSON.parse(/class="data"><!\[CDATA\[([^]*?)\]\]>/.exec(svg)[1]);
  return data.rects.split('|').slice(1).flatMap((row) => {
    let end = data.from;
    return row.split(';').map((entry) => {
      const [name, gap, length, count] = entry.split(',').map((t) => (t === '' || t === undefined ? undefined : parseInt(t, 36)));
      assert.ok(!(count > 1), 'the spans of this trace can be told apart');
      const start = end + (gap || 0);
      end = start + length;
      return { name: data.names[name], start, end };
    });
  });
}

test('a stretch of time counts what is in it, everywhere', async () => {
  const spans = spansOf(SAMPLE), end = Math.max(...spans.map((s) => s.end));
  const from = Math.floor(end / 3), to = Math.floor(end * 2 / 3);
  await open(`${sample}#v=table&r=${from}-${to}`);
  const inside = spans.filter((s) => s.end > from && s.start < to), count = {};
  for (const s of inside) count[s.name] = (count[s.name] || 0) + 1;
  const found = await table();
  assert.ok(found.length > 0);
  assert.deepEqual(Object.fromEntries(found.map((r) => [r.function, Number(r.calls.replaceAll(',', ''))])), count);
  assert.match(await page.locator('#range').textContent(), /3[23]\.\d\d% of the time/);
  await page.keyboard.press('Escape');
  assert.match(await page.locator('#range').textContent(), /^All of/);
});

test('the overview chooses a stretch, the timeline zooms', async () => {
  await open(sample);
  const box = await page.locator('#overview').boundingBox();
  await page.mouse.move(box.x + box.width * 0.25, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.75, box.y + 10, { steps: 4 });
  await page.mouse.up();
  await settle();
  assert.match(await page.locator('#range').textContent(), /(49\.\d|50\.\d)\d% of the time/);
  assert.match(await hash(), /r=\d+-\d+/);
  await tab('chart');
  await page.locator('#chart canvas').focus();
  await page.keyboard.press('w');
  await settle();
  assert.match(await page.locator('#range').textContent(), /30\.\d\d% of the time/);
  await page.keyboard.press('0');
  await page.keyboard.press('ArrowDown');
  assert.match(await live(), /time .* from /);
  await page.keyboard.press('Enter');
  await settle();
  assert.doesNotMatch(await page.locator('#range').textContent(), /^All of/);
});

test('hovering the timeline tells the span', async () => {
  await open(`${sample}#v=chart`);
  const longest = spansOf(SAMPLE).reduce((a, b) => (b.end - b.start > a.end - a.start ? b : a));
  await settle();
  await hover('chart', 0.5, 0, 44);
  assert.ok((await tip()).startsWith(longest.name), await tip());
  assert.match(await tip(), /thread\s/);
});

test('spans beyond the limit are kept together, with their number', async () => {
  const few = view('few.html', '--max-spans=1000', SAMPLE);
  await open(few);
  assert.match(await page.locator('#facts').textContent(), /spans/);
});

test('a profile compared with itself has not changed', async () => {
  const same = view('same.html', '--before', scratch('plain.txt'), scratch('plain.txt'));
  await open(same);
  await tab('table');
  const rows = await table();
  assert.equal(rows.length, 10);
  assert.ok(rows.every((r) => r.change === '\u00b10 samples'), JSON.stringify(rows));
});

test('a difference has its sign', async () => {
  const later = folded('later.txt', [['main;parse', 100], ['main;new', 50]]), sooner = folded('sooner.txt', [['main;parse', 150], ['main;old', 20]]);
  await open(view('difference.html', '--before', sooner, later));
  await hover('flame', 0.6, 2);
  assert.match(await tip(), /^parse\n[^]*before\s+150 samples[^]*change\s+\u221250 samples, -33\.3%/);
  await hover('flame', 0.1, 2);
  assert.match(await tip(), /^new\n[^]*\+50 samples, new/);
  await page.getByRole('button', { name: 'Widths: after' }).click();
  await hover('flame', 0.05, 2);
  assert.match(await tip(), /^old\n[^]*\u221220 samples/);
  await tab('table');
  assert.deepEqual((await table()).map((r) => [r.function, r.change]), [['new', '+50 samples'], ['parse', '\u221250 samples'], ['old', '\u221220 samples'], ['main', '\u00b10 samples']]);
});

test('memory alone is shown as bytes, with the sizes of blocks', { skip: !process.env.THAG_HEAP }, async () => {
  const heap = join(process.env.THAG_SCRATCH, 'heap');
  mkdirSync(heap, { recursive: true });
  for (const old of readdirSync(heap)) unlinkSync(join(heap, old));
  execFileSync('/bin/sort', ['/dev/null'], { env: { LD_PRELOAD: process.env.THAG_HEAP, THAG_PROFILER: `memory,${heap}` } });
  const trace = join(heap, readdirSync(heap).find((name) => name.endsWith('.thag')));
  const blocks = JSON.parse(analyze('sizes', '--json', trace));
  await open(view('heap.html', trace));
  assert.match(await page.locator('#facts').textContent(), /^\d[\d.]* [KMi]*B allocated/);
  await tab('sizes');
  const shown = await page.locator('#sizes tbody tr td:nth-child(2)').allTextContents();
  assert.equal(shown.reduce((sum, t) => sum + Number(t.replaceAll(',', '')), 0), blocks.blocks);
});

test('what a filter left out is pale in the timeline, and counts for nothing in a stretch', async () => {
  const url = view('filtered.html', '--ignore=^work$', SAMPLE), end = 2090;
  await open(`${url}#v=table`);
  const whole = (await table()).find((r) => r.function === 'main').self;
  assert.match(await page.locator('#notes').textContent(), /^What was left out is pale in the timeline/);
  await open(`${url}#v=table&r=1-${end}`);
  const rows = await table();
  assert.deepEqual(rows.map((r) => r.function), ['main']);
  const ns = (text) => parseFloat(text) * (text.includes('\u00b5s') ? 1000 : 1);
  assert.ok(Math.abs(ns(rows[0].self) - ns(whole)) <= 0.02 * ns(whole), `${rows[0].self}, of ${whole} in all`);
  await page.locator('#search').fill('w|main');
  assert.match(await matched(), /^1 function$/);
  await tab('chart');
  await settle();
  await open(view('inverted.html', '--invert', SAMPLE));
  assert.match(await page.locator('#notes').textContent(), /^Without the timeline: /);
  assert.equal(await page.locator('#tab-chart').count(), 0);
});

test('pools are a table', { skip: !process.env.THAG_POOLS }, async () => {
  await open(`${view('pools.html', record(process.env.THAG_POOLS, 'one two three\nfour\n'))}#v=pools`);
  const cells = await page.locator('#pools tbody tr').evaluateAll((all) => all.map((tr) => [...tr.children].map((c) => c.textContent)));
  assert.deepEqual(cells, [['words', '64 B', '', '4', '48 B', '0 B', '0', '2']]);
});

test('what a task ran is not taken off what began it, in a stretch either', { skip: !process.env.THAG_TASKS }, async () => {
  const trace = record(process.env.THAG_TASKS), url = view('tasks.html', trace);
  const self = Object.fromEntries(JSON.parse(analyze('stats', '--raw', '--json', trace)).functions.map((f) => [f.name, f.self_ns]));
  await open(url);
  const sums = await page.evaluate(() => {
    const { timeline, tree, meta } = window.thagViewer, now = timeline.selfWithin(tree, 0, timeline.end), sums = {};
    now.self.forEach((ns, n) => { if (n) sums[meta.names[tree.frame[n]]] = (sums[meta.names[tree.frame[n]]] || 0) + ns; });
    return sums;
  });
  for (const name of ['main', 'start', 'worker', 'parse']) assert.ok(Math.abs(sums[name] - self[name]) <= 0.01 * self[name] + 1000, `${name}: ${sums[name]}, not ${self[name]}`);
});

test('each task has lanes of its own, with when it ran', { skip: !process.env.THAG_TASKS }, async () => {
  const trace = record(process.env.THAG_TASKS), url = view('tasks.html', trace);
  const rows = analyze('tasks', '--csv', '--sort=id', trace).trim().split('\n').slice(1).map((row) => row.split(','));
  await open(`${url}#v=chart`);
  const tasks = await page.evaluate(() => window.thagViewer.timeline.threads.filter((t) => t.task).map((t) => ({
    title: t.title, ran: t.task.ran, runs: t.runs.length, longest: t.runs.reduce((sum, r) => sum + r.end - r.start, 0),
    isSorted: t.lanes.every((l) => l.starts.every((start, i) => !i || l.endOf(i - 1) <= start)), spans: t.lanes.reduce((sum, l) => sum + l.count, 0),
  })));
  assert.deepEqual(tasks.map((t) => t.title), rows.map((row) => `async::download#${row[0]}`));
  for (const t of tasks) assert.ok(t.runs > 1 && t.ran === t.longest && t.isSorted && t.spans > 0, JSON.stringify(t));
  const all = await page.evaluate(() => window.thagViewer.timeline.lanes.reduce((sum, l) => sum + l.count, 0));
  assert.equal(all, (await page.evaluate(() => window.thagViewer.meta.time.spans)));
  assert.ok((await page.locator('#thread option').allTextContents()).includes('async::download#1'));
  await page.locator('#thread').selectOption({ label: 'async::download#1' });
  await tab('table');
  assert.ok((await table()).some((row) => row.function === 'async::download' && row.calls === '1'));
});

test('an arrow leads from the span that began a thread', { skip: !process.env.THAG_THREADS }, async () => {
  const trace = record(process.env.THAG_THREADS, '', ['ways']);
  const { begins } = JSON.parse(analyze('info', '--json', trace));
  await open(`${view('threads.html', trace)}#v=chart`);
  const links = await page.evaluate(() => {
    const { timeline, tree, meta, chart } = window.thagViewer;
    return timeline.links(tree).filter((l) => !l.to.task).map(({ at, until, from, to, node }) => {
      const row = chart.depths[node] - (from ? from.task ? chart.depths[from.task.node] : 1 : 0), lane = from && from.lanes.find((l) => l.depth === row);
      const i = lane ? lane.firstAfter(at) : -1, isOpen = lane && i < lane.count && lane.starts[i] <= at && lane.nodes[i] === node;
      return { at, until, name: node ? meta.names[tree.frame[node]] : '', isOpen, isOwner: to.owners.length > 0 };
    });
  });
  assert.equal(links.length, begins.length);
  for (const [k, b] of begins.entries()) {
    const link = links.find((l) => l.at === b.asked_ns && l.until === b.start_ns);
    assert.ok(link, JSON.stringify(b));
    assert.equal(link.name, b.path.at(-1) || '', `begin ${k}`);
  }
  assert.ok(links.filter((l) => l.isOpen).length >= 4, JSON.stringify(links));
});

test('memory is not known of a stretch, and the page says so', async () => {
  await open(`${view('heap.html', golden('v1_heap.thag'))}#v=table&m=bytes&r=1000-2000000`);
  assert.match(await page.locator('#range').textContent(), /but memory is of the whole run/);
  await page.getByRole('button', { name: 'Reset zoom' }).click();
  assert.doesNotMatch(await page.locator('#range').textContent(), /memory/);
});

test('the heap over time follows the stretch, and is a table too', async () => {
  await open(`${view('heap.html', golden('v1_heap.thag'))}#v=heap`);
  assert.match(await page.locator('#heap .about').textContent(), /^Peak 1\.24 MiB at 59\.2 ms, 488 KiB live at the end\./);
  await page.locator('#heap summary').click();
  await settle();
  const rows = () => page.locator('#heap tbody tr').evaluateAll((all) => all.map((tr) => [...tr.children].map((c) => c.textContent)));
  const all = await rows();
  assert.equal(all.length, 40);
  assert.ok(all.some(([, , most]) => most === '1.24 MiB'));
  assert.equal(all[39][1], '488 KiB');
  await page.locator('#heap summary').click();
  const box = await page.locator('#heap canvas').boundingBox();
  await page.mouse.move(box.x + box.width * 0.8, box.y + 100);
  assert.match(await tip(), /^at .*\s*(live|least)/);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.95, box.y + 100);
  await page.mouse.up();
  await settle();
  assert.match(await hash(), /r=\d+-\d+/);
  await page.locator('#heap summary').click();
  await settle();
  assert.ok((await rows()).every(([, , most]) => most !== '1.24 MiB'));
});

test('a thread alone has its spans and its times', async () => {
  await open(`${view('threads.html', golden('v1_ended.thag'))}#v=table`);
  const calls = async (name) => (await table()).find((row) => row.function === name)?.calls;
  const both = await calls('fib'), names = await page.locator('#thread option').allTextContents();
  assert.equal(names.length, 3);
  const each = [];
  for (const k of [0, 1]) {
    await page.locator('#thread').selectOption(String(k));
    assert.match(await page.locator('#range').textContent(), / only$/);
    each.push(Number((await calls('fib')).replace(/,/g, '')));
  }
  assert.equal(each[0] + each[1], Number(both.replace(/,/g, '')));
  assert.ok(each[0] > 0 && each[1] > 0);
  assert.match(await hash(), /th=1/);
  await page.locator('#reset').click();
  assert.equal(await calls('fib'), both);
});

test('a narrow window has everything within it', async () => {
  await open(sample, { width: 600, height: 600 });
  for (const key of ['flame', 'chart', 'sandwich', 'table']) {
    await tab(key);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 600, key);
  }
});

test('dark and light change everything drawn', async () => {
  await open(plain);
  const colours = () => page.evaluate(() => {
    const canvas = document.querySelector('#flame canvas'), context = canvas.getContext('2d');
    return [...context.getImageData(300, 5, 1, 1).data, ...context.getImageData(300, canvas.height - 5, 1, 1).data].join();
  });
  await settle();
  const light = await colours();
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.waitForSelector('html.dark', { state: 'attached' });
  await settle();
  assert.notEqual(await colours(), light);
  await page.keyboard.press('t');
  await page.waitForSelector('html:not(.dark)', { state: 'attached' });
  await settle();
  assert.equal(await colours(), light);
});
