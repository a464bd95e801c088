// What the canvases share: sharp at every resolution, scrolled by a box around them, colours.
import { shortened } from './name_fit.js';



export const ROW = 18, LABEL_LEAST = 24;

export function element(kind, attributes = {}, parent = null, text = undefined) {
    const e = document.createElement(kind);
    for (const key in attributes) e.setAttribute(key, attributes[key]);
    if (text !== undefined) e.textContent = text;
    if (parent) parent.appendChild(e);
    return e;
}

// A canvas that stays in sight while the box around it scrolls over something taller: browsers draw
// no canvas beyond 32,767 pixels.
export class Pane {
    constructor(section, label, draw) {
        this.box = element('div', { class: 'pane' }, section);
        this.canvas = element('canvas', { tabindex: 0, role: 'img', 'aria-label': label, 'aria-describedby': 'live' }, this.box);
        this.spacer = element('div', {}, this.box);
        this.context = this.canvas.getContext('2d', { alpha: false });
        this.draw = draw;
        this.isWanted = false;
        this.box.addEventListener('scroll', () => this.redraw());
        new ResizeObserver(() => this.redraw()).observe(this.box);
    }

    get top() { return this.box.scrollTop; }
    get width() { return this.canvas.clientWidth; }
    get height() { return this.box.clientHeight; }

    setContentHeight(px) {
        this.content = px;
        this.spacer.style.height = Math.max(0, px - this.height) + 'px';
    }

    scrollTo(top, bottom) {
        if (top < this.top) this.box.scrollTop = top;
        else if (bottom > this.top + this.height) this.box.scrollTop = bottom - this.height;
    }

    redraw() {
        if (this.isWanted) return;
        this.isWanted = true;
        requestAnimationFrame(() => {
            this.isWanted = false;
            this.drawNow();
        });
    }

    drawNow() {
        const ratio = window.devicePixelRatio || 1, width = this.box.clientWidth, height = this.box.clientHeight;
        if (!width || !height) return;
        if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
            this.canvas.width = Math.round(width * ratio);
            this.canvas.height = Math.round(height * ratio);
            this.canvas.style.width = width + 'px';
            this.canvas.style.height = height + 'px';
            this.setContentHeight(this.content || 0);
        }
        this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
        this.context.fillStyle = theme.ground;
        this.context.fillRect(0, 0, width, height);
        this.context.font = FONT;
        this.context.textBaseline = 'middle';
        this.draw(this.context, width, height);
    }
}

export const FONT = '12px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace';
let charWidth = 0;

export function fitted(context, text, px) {
    if (!charWidth) charWidth = context.measureText('MMMMMMMMMMMMMMMMMMMM').width / 20;
    const room = Math.floor((px - 6) / charWidth);
    return text.length <= room ? text : shortened(text, room);
}

// ---- colours ----

export const theme = { isDark: false, ground: '#fbfbfa', ink: '#14181f', soft: '#4b5563', line: '#d5d9df', hit: '#b3007a', open: '#a03a00', shades: [], faded: [], dimmed: [] };
const LIGHT = { ground: '#fbfbfa', ink: '#14181f', soft: '#4b5563', line: '#d5d9df', hit: '#b3007a', open: '#a03a00', focus: '#14181f' };
const DARK = { ground: '#15181d', ink: '#f4f6f8', soft: '#aab2bd', line: '#3a424c', hit: '#ff7ad1', open: '#ffb48a', focus: '#f4f6f8' };
export const DENSITIES = 8;

function parts(colour) { return [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16)); }

export function mixed(a, b, share) {
    const from = parts(a), to = parts(b);
    return '#' + from.map((v, i) => Math.round(v + (to[i] - v) * share).toString(16).padStart(2, '0')).join('');
}

// shades by number; faded: for what does not match; dense[shade][0..DENSITIES]: as much of it as is busy.
export function setColours(meta, isDark) {
    Object.assign(theme, isDark ? DARK : LIGHT, { isDark });
    theme.shades = isDark ? meta.dark : meta.light;
    theme.faded = theme.shades.map((c) => mixed(c, theme.ground, 0.65));
    theme.above = theme.shades.map((c) => mixed(c, theme.ground, 0.45));
    theme.dense = theme.shades.map((c) => Array.from({ length: DENSITIES + 1 }, (_, k) => mixed(c, theme.ground, 0.7 * (1 - k / DENSITIES))));
    theme.live = isDark ? '#4f86c9' : '#5b92d8';
    theme.atTimes = isDark ? '#2a4a70' : '#b9d3f3';
    theme.less = isDark ? '#2f6fc4' : '#5b9bea';
    theme.more = isDark ? '#b35a10' : '#f29a4a';
    theme.same = isDark ? '#3a424c' : '#e3e6ea';
}
