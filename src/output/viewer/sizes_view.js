// How many blocks of which size were allocated, and what pools handed out: bars in a table.
import { element } from './canvas.js';
import { grouped, percent, quantity } from './quantity.js';

// Bucket b has sizes of more than 2^(b-1) bytes, up to 2^b; the first has 0 and 1, the last all above.
function labelOf(b, last) {
    const above = quantity(Math.pow(2, b - 1), 'bytes'), upTo = quantity(Math.pow(2, b), 'bytes');
    return b === last ? 'more than ' + above : b === 0 ? 'up to 1 B' : 'up to ' + upTo;
}

function bar(parent, share) {
    const cell = element('td', { class: 'bar', 'aria-hidden': 'true' }, parent);
    element('div', {}, cell).style.width = 100 * share + '%';
}

// A table in a box of its own that can be scrolled by keys, with its heads.
function startTable(section, label, caption, heads) {
    const table = element('table', {}, element('div', { class: 'pane', tabindex: 0, role: 'region', 'aria-label': label }, section));
    element('caption', {}, table, caption);
    const head = element('tr', {}, element('thead', {}, table));
    for (const text of heads) element('th', { scope: 'col' }, head, text);
    return element('tbody', {}, table);
}

export function showSizes(section, sizes) {
    const first = sizes.findIndex((s) => s[0] > 0), last = sizes.length - 1 - sizes.slice().reverse().findIndex((s) => s[0] > 0);
    const sum = (k) => sizes.reduce((a, s) => a + s[k], 0), blocks = sum(0), bytes = sum(1);
    const most = [0, 1].map((k) => sizes.reduce((a, s) => Math.max(a, s[k]), 1));
    const caption = blocks ? grouped(blocks) + ' blocks, ' + quantity(bytes, 'bytes') + ', ' + quantity(bytes / blocks, 'bytes') + ' on average.' : 'No block was allocated.';
    const body = startTable(section, 'Sizes of blocks', caption, ['size', 'blocks', '%', '', 'bytes', '%', '']);
    for (let b = first; b >= 0 && b <= last; b++) {
        const tr = element('tr', {}, body);
        element('th', { scope: 'row' }, tr, labelOf(b, sizes.length - 1));
        element('td', {}, tr, grouped(sizes[b][0]));
        element('td', {}, tr, percent(sizes[b][0], blocks));
        bar(tr, sizes[b][0] / most[0]);
        element('td', {}, tr, quantity(sizes[b][1], 'bytes'));
        element('td', {}, tr, percent(sizes[b][1], bytes));
        bar(tr, sizes[b][1] / most[1]);
    }
}

// Each is name, blocks, bytes, whether frees are known, and if so: most bytes at once, blocks and bytes live, resets.
export function showPools(section, pools) {
    const body = startTable(section, 'Pools', pools.length + (pools.length === 1 ? ' pool.' : ' pools.') + ' As a flamegraph: thag-analyze flamegraph --pool NAME.',
        ['pool', 'bytes', '', 'blocks', 'at the peak', 'live', 'live blocks', 'resets']);
    const most = pools.reduce((a, p) => Math.max(a, p[2]), 1);
    for (const [name, blocks, bytes, isLive, peak, liveBlocks, liveBytes, resets] of pools) {
        const tr = element('tr', {}, body), add = (text) => element('td', {}, tr, text);
        element('th', { scope: 'row' }, tr, name);
        add(quantity(bytes, 'bytes'));
        bar(tr, bytes / most);
        add(grouped(blocks));
        for (const text of [quantity(peak, 'bytes'), quantity(liveBytes, 'bytes'), grouped(liveBlocks), grouped(resets)]) add(isLive ? text : '\u2013');
    }
}
