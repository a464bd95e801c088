// How much memory was live over time: a curve of the stretch of time that is looked at, and the same
// as a table. In each column the solid part was live all the time, the pale part at times.
import { Pane, element, theme } from './canvas.js';
import { exactly, markBytes, moment, quantity, roundBytes, roundStep } from './quantity.js';

const PLOT_LEFT = 78, PLOT_TOP = 22, PLOT_BOTTOM = 26, TABLE_ROWS = 40;

// What was live in each of `count` equal parts of a stretch, from what was recorded last before.
export function heapColumns(points, from, to, count) {
    const columns = [], step = (to - from) / count;
    let at = 0, value = 0;
    for (let c = 0; c < count; c++) {
        const start = from + c * step, end = start + step, isLast = c === count - 1;
        while (at < points.length && points[at][1] < start) value = points[at++][2];
        const column = { start, end, min: value, max: value };
        for (let i = at; i < points.length && (points[i][0] < end || (isLast && points[i][0] <= to)); i++) {
            column.min = Math.min(column.min, points[i][3]);
            column.max = Math.max(column.max, points[i][4]);
        }
        columns.push(column);
    }
    return columns;
}

export class HeapView {
    // onRange(from, to, isDone), or null where there is no timeline to follow.
    constructor(section, page, heap, onRange) {
        this.page = page;
        this.heap = heap;
        this.onRange = onRange;
        this.from = 0;
        this.to = heap.end;
        element('p', { class: 'about' }, section, this.facts());
        this.pane = new Pane(section, 'Live heap over time', (context, width, height) => this.draw(context, width, height));
        const details = element('details', {}, section);
        element('summary', {}, details, 'As a table');
        this.box = element('div', { class: 'pane', tabindex: 0, role: 'region', 'aria-label': 'Live heap, as a table' }, details);
        details.addEventListener('toggle', () => this.fill());
        this.details = details;
        this.listen();
    }

    facts() {
        const h = this.heap, bytes = (v) => quantity(v, 'bytes');
        return 'Peak ' + bytes(h.peak) + ' at ' + quantity(h.peakAt, 'ns') + ', ' + bytes(h.live) + ' live at the end. Recorded at each step of the heap; between two, it was at most ' + bytes(h.step) + ' off.';
    }

    setRange(from, to) {
        [this.from, this.to] = [from, Math.max(to, from + 1)];
        this.fill();
        this.pane.redraw();
    }

    say() {
        const [all] = heapColumns(this.heap.points, this.from, this.to, 1);
        this.page.say('Live heap from ' + quantity(this.from, 'ns') + ' to ' + quantity(this.to, 'ns') + ': ' + quantity(all.min, 'bytes') + ' to ' + quantity(all.max, 'bytes'));
    }

    fill() {
        if (!this.details.open) return;
        this.box.textContent = '';
        const table = element('table', {}, this.box), head = element('tr', {}, element('thead', {}, table)), body = element('tbody', {}, table);
        for (const text of ['from', 'least', 'most']) element('th', { scope: 'col' }, head, text);
        for (const c of heapColumns(this.heap.points, this.from, this.to, TABLE_ROWS)) {
            const tr = element('tr', {}, body);
            element('th', { scope: 'row' }, tr, quantity(c.start, 'ns'));
            element('td', {}, tr, quantity(c.min, 'bytes'));
            element('td', {}, tr, quantity(c.max, 'bytes'));
        }
    }

    draw(context, width, height) {
        const plot = { left: PLOT_LEFT, top: PLOT_TOP, width: Math.max(1, Math.floor(width - PLOT_LEFT - 8)), height: Math.max(1, height - PLOT_TOP - PLOT_BOTTOM) };
        this.plot = plot;
        this.columns = heapColumns(this.heap.points, this.from, this.to, plot.width);
        this.top = this.columns.reduce((a, c) => Math.max(a, c.max), 1);
        this.drawAxes(context, plot);
        drawCurve(context, this.columns, this.top, plot);
        const { peak, peakAt } = this.heap;
        if (peakAt < this.from || peakAt > this.to) return;
        const x = plot.left + plot.width * (peakAt - this.from) / (this.to - this.from), y = plot.top + plot.height * (1 - peak / this.top);
        context.fillStyle = theme.open;
        context.beginPath();
        context.arc(x, y, 4, 0, 2 * Math.PI);
        context.fill();
    }

    drawAxes(context, plot) {
        context.fillStyle = theme.soft;
        context.strokeStyle = theme.line;
        const bytes = roundBytes(this.top * 50 / plot.height);
        for (let at = 0; at <= this.top; at += bytes) {
            const y = Math.round(plot.top + plot.height * (1 - at / this.top)) + 0.5;
            context.beginPath();
            context.moveTo(plot.left, y);
            context.lineTo(plot.left + plot.width, y);
            context.stroke();
            context.textAlign = 'right';
            context.fillText(markBytes(at), plot.left - 6, y);
        }
        const length = this.to - this.from, step = roundStep(length * 90 / plot.width);
        for (let k = Math.ceil(this.from / step); k * step <= this.to; k++) {
            const x = plot.width * (k * step - this.from) / length;
            context.textAlign = x < 20 ? 'left' : x > plot.width - 30 ? 'right' : 'center';
            context.fillText(moment(k * step, step), plot.left + x, plot.top + plot.height + 14);
        }
        context.textAlign = 'left';
    }

    columnAt(event) {
        const x = event.clientX - this.pane.canvas.getBoundingClientRect().left - this.plot.left;
        return Math.max(0, Math.min(this.columns.length - 1, Math.floor(x)));
    }

    listen() {
        const canvas = this.pane.canvas;
        canvas.addEventListener('pointerdown', (event) => {
            if (event.button || !this.onRange) return;
            this.anchor = this.columns[this.columnAt(event)].start;
            canvas.setPointerCapture(event.pointerId);
        });
        canvas.addEventListener('pointermove', (event) => this.showTip(event));
        canvas.addEventListener('pointerup', (event) => {
            const anchor = this.anchor, at = this.columns[this.columnAt(event)].end, least = 3 * (this.to - this.from) / this.columns.length;
            this.anchor = undefined;
            if (anchor !== undefined && Math.abs(at - anchor) > least) this.onRange(Math.min(anchor, at), Math.max(anchor, at), true);
        });
        canvas.addEventListener('pointerleave', () => this.page.hideTip());
        canvas.addEventListener('focus', () => this.say());
    }

    showTip(event) {
        const c = this.columns[this.columnAt(event)], bytes = (v) => exactly(v, 'bytes');
        this.page.showTip('at ' + quantity(c.start, 'ns'), c.min === c.max ? [['live', bytes(c.min)]] : [['least', bytes(c.min)], ['most', bytes(c.max)]], event.clientX, event.clientY);
    }
}

export function drawCurve(context, columns, top, plot) {
    const height = (v) => plot.height * v / (top || 1);
    columns.forEach((c, k) => {
        context.fillStyle = theme.atTimes;
        context.fillRect(plot.left + k, plot.top + plot.height - height(c.max), 1, height(c.max));
        context.fillStyle = theme.live;
        context.fillRect(plot.left + k, plot.top + plot.height - height(c.min), 1, height(c.min));
    });
}
