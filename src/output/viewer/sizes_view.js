// How many blocks of which size were allocated: bars in a table.
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

export function showSizes(section, sizes) {
    const first = sizes.findIndex((s) => s[0] > 0), last = sizes.length - 1 - sizes.slice().reverse().findIndex((s) => s[0] > 0);
    const sum = (k) => sizes.reduce((a, s) => a + s[k], 0), blocks = sum(0), bytes = sum(1);
    const most = [0, 1].map((k) => sizes.reduce((a, s) => Math.max(a, s[k]), 1));
    const box = element('div', { class: 'pane', tabindex: 0, role: 'region', 'aria-label': 'Sizes of blocks' }, section);
    const table = element('table', {}, box);
    element('caption', {}, table, blocks ? grouped(blocks) + ' blocks, ' + quantity(bytes, 'bytes') + ', ' + quantity(bytes / blocks, 'bytes') + ' on average.' : 'No block was allocated.');
    const head = element('tr', {}, element('thead', {}, table)), body = element('tbody', {}, table);
    for (const text of ['size', 'blocks', '%', '', 'bytes', '%', '']) element('th', { scope: 'col' }, head, text);
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
