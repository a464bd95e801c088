// The page around the views: head, tip, what is said to those who do not see it, keys, light and dark.
import { element } from './canvas.js';
import { exactly, grouped, quantity, signed } from './quantity.js';

export const byId = (id) => document.getElementById(id);

const KEYS = [
    ['/ or Ctrl-F', 'search by regular expression; Esc ends it'], ['1 2 3 4 5 6 7', 'the views, in their order'],
    ['arrows', 'walk from frame to frame'], ['Enter, click', 'zoom'], ['Esc', 'one step back'], ['0', 'show everything'],
    ['s, Shift-click', 'callers and callees of a function'], ['w + \u2212 a d', 'timeline: zoom in, zoom out, pan'], ['Ctrl-wheel, drag', 'timeline: zoom, pan'],
    ['n N', 'timeline: next, previous match'], ['arrows in the overview', 'move, widen, narrow the stretch of time'], ['o', 'order of frames: by name, or the widest first'], ['i', 'flamegraph: bottom-up'], ['t', 'light or dark'], ['?', 'these keys'],
];

export class Page {
    constructor(meta) {
        this.meta = meta;
        this.names = meta.names;
        this.labels = meta.names.map((name, frame) => meta.labels[frame] || name || '(no name)');
        this.shades = meta.shades;
        this.quantity = quantity;
        this.exactly = exactly;
        this.grouped = grouped;
        this.signed = signed;
        this.tip = byId('tip');
        this.live = byId('live');
        byId('title').textContent = meta.title || 'Profile';
        this.fillKeys();
    }

    placeOf(frame) {
        const file = this.meta.files[frame], line = this.meta.lines[frame];
        return file ? file + (line ? ':' + line : '') : '';
    }

    say(text) { this.live.textContent = text; }

    notes(list) {
        byId('notes').textContent = '';
        for (const text of list) element('li', {}, byId('notes'), text);
    }

    showTip(title, lines, clientX, clientY) {
        this.tip.textContent = '';
        element('b', {}, this.tip, title);
        const table = element('table', { role: 'presentation' }, this.tip);
        for (const [key, text] of lines) {
            const tr = element('tr', {}, table);
            element('td', {}, tr, key);
            element('td', {}, tr, text);
        }
        this.tip.hidden = false;
        const w = this.tip.offsetWidth, h = this.tip.offsetHeight;
        this.tip.style.left = Math.max(4, Math.min(clientX + 14, innerWidth - w - 8)) + 'px';
        this.tip.style.top = Math.max(4, clientY + 18 + h > innerHeight ? clientY - h - 10 : clientY + 18) + 'px';
    }

    hideTip() { this.tip.hidden = true; }

    fillKeys() {
        const dialog = byId('keys');
        element('h2', { id: 'keys-title' }, dialog, 'Keys');
        const list = element('dl', {}, dialog);
        for (const [keys, what] of KEYS) {
            element('dt', {}, list, keys);
            element('dd', {}, list, what);
        }
        const close = element('button', { type: 'button' }, dialog, 'Close');
        close.addEventListener('click', () => dialog.close());
        byId('help').addEventListener('click', () => dialog.showModal());
    }

    trail(steps, hint) {
        const box = byId('trail');
        box.textContent = steps.length > 1 ? '' : hint;
        if (steps.length < 2) return;
        steps.forEach(([text, act], k) => {
            if (k > 1 && k < steps.length - 5) {
                if (k === 2) element('span', {}, box, ' \u203a \u2026');
                return;
            }
            if (k) element('span', {}, box, ' \u203a ');
            element('button', { type: 'button' }, box, text).addEventListener('click', act);
        });
    }
}
