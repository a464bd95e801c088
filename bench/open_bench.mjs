// Opens a picture or page in a headless browser: node open_bench.mjs svg|view|speedscope FILE
// Prints `opened MS heap MB`: from navigation to the first drawing of the profile, best of three.
// speedscope: FILE is loaded into its release of the npm package, as its own command does.
//
// THAG_MODULES: where node_modules with playwright-core and speedscope is. THAG_CHROMIUM: the browser.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [kind, file] = process.argv.slice(2);
const need = createRequire(join(process.env.THAG_MODULES, 'package.json'));
const { chromium } = need('playwright-core');

function speedscopeUrl() {
  const release = join(dirname(need.resolve('speedscope/package.json')), 'dist', 'release');
  const script = resolve(`${file}.speedscope.js`);
  writeFileSync(script, `speedscope.loadFileFromBase64("profile", "${readFileSync(file).toString('base64')}")`);
  return `${pathToFileURL(join(release, 'index.html')).href}#localProfilePath=${script}`;
}

const kinds = {
  svg: { url: () => pathToFileURL(resolve(file)).href, ready: () => document.querySelector('svg') },
  view: { url: () => pathToFileURL(resolve(file)).href, ready: () => document.documentElement.dataset.ready !== undefined },
  speedscope: { url: speedscopeUrl, ready: () => document.title.startsWith('profile') },
};
const url = kinds[kind].url();
let best = Infinity, heap = 0;
for (let round = 0; round < 3; round++) {
  const browser = await chromium.launch({
    executablePath: process.env.THAG_CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--enable-precise-memory-info',
      '--allow-file-access-from-files'],
  });
  const page = await browser.newPage({ viewport: { width: 1600, height: 900 } });
  const began = performance.now();
  await page.goto(url, { timeout: 180000 });
  await page.waitForFunction(kinds[kind].ready, null, { timeout: 180000 });
  await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
  best = Math.min(best, performance.now() - began);
  heap = await page.evaluate(() => performance.memory.usedJSHeapSize / 1e6);
  await browser.close();
}
console.log('opened', Math.round(best), 'heap', Math.round(heap));
