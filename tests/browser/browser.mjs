// What the tests of pages share: the browser, and a page that is watched for all that must not be.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { after, afterEach, before } from 'node:test';

const { chromium } = createRequire(join(process.env.THAG_MODULES, 'package.json'))('playwright-core');

export const scratch = (name) => join(process.env.THAG_SCRATCH, name);
export const golden = (name) => join(process.env.THAG_GOLDEN, name);
export const analyze = (...args) => execFileSync(process.env.THAG_ANALYZE, args, { maxBuffer: 1 << 28, encoding: 'utf8' });

// The trace of a program that was run in a folder of its own.
export function record(program, input = '', args = []) {
  const dir = scratch(`run-${basename(program)}`);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir);
  execFileSync(program, args, { cwd: dir, input, env: {} });
  return join(dir, readdirSync(dir).find((name) => name.endsWith('.thag')));
}

// What is drawn, and what its figures are reckoned from.
export const HOSTILE = '</script><img src=x onerror=alert(1)>';
export const STACKS = [
  ['main;parse;read_line', 300], ['main;parse', 100], ['main;parse;read_token;read_line', 200],
  ['main;work;sort;compare', 150], ['main;work;sort', 50], ['main;work;hash (a, b)', 100],
  ['main;write', 60], [`main;${HOSTILE}`, 40],
];
export const TOTAL = STACKS.reduce((sum, [, n]) => sum + n, 0);

// The share of the stacks through `below` (an array of names) that have a match at or under its end.
export function expectedShare(stacks, regex, below = []) {
  let part = 0, whole = 0;
  for (const [stack, n] of stacks) {
    const frames = stack.split(';');
    if (!below.every((f, i) => frames[i] === f)) continue;
    whole += n;
    if (frames.slice(Math.max(0, below.length - 1)).some((f) => regex.test(f))) part += n;
  }
  return `${(100 * part / whole).toFixed(2)}%`;
}

// Collapsed stacks as a file, from [stack, count] each.
export function folded(name, stacks) {
  writeFileSync(scratch(name), stacks.map(([s, n]) => `${s} ${n}\n`).join(''));
  return scratch(name);
}

export const watched = { page: undefined, problems: [] };
let browser;

// A page at an address that asks for nothing else, says no error and opens no dialog.
export async function openPage(url, size = { width: 1200, height: 700 }, options = {}) {
  const page = await browser.newPage({ viewport: size, colorScheme: 'light', ...options });
  watched.page = page;
  watched.problems = [];
  const note = (text) => watched.problems.push(text);
  page.on('pageerror', (e) => note(String(e)));
  page.on('console', (m) => { if (m.type() === 'error') note(m.text()); });
  page.on('dialog', (d) => { note('dialog'); d.dismiss(); });
  page.on('request', (r) => { if (r.url().split('#')[0] !== url.split('#')[0]) note(r.url()); });
  await page.goto(url);
  return page;
}

export function useBrowser() {
  before(async () => {
    browser = await chromium.launch({ executablePath: process.env.THAG_CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  });
  after(() => browser.close());
  afterEach(async () => {
    if (!watched.page) return;
    assert.deepEqual(watched.problems, []);
    await watched.page.close();
    watched.page = undefined;
  });
}
