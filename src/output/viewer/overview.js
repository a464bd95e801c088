// The whole time at a glance, how busy each thread was and, as a line, how much memory was live; and the stretch that is looked at.
import { mixed, theme } from './canvas.js';
import { heapColumns } from './heap_view.js';

const BUSY_ROWS = 11;

export class Overview {
    // onRange(from, to, isDone)
    constructor(canvas, timeline, heap, onRange) {
        this.heap = heap;
        this.canvas = canvas;
        this.timeline = timeline;
        this.onRange = onRange;
        this.from = 0;
        this.to = timeline.end;
        this.columns = 0;
        new ResizeObserver(() => this.draw()).observe(canvas);
        this.listen();
    }

    setRange(from, to) {
        this.from = from;
        this.to = to;
        this.canvas.setAttribute('aria-valuemin', 0);
        this.canvas.setAttribute('aria-valuemax', Math.round(this.timeline.end));
        this.canvas.setAttribute('aria-valuenow', Math.round(from));
        this.draw();
    }

    // Of few threads the outermost depths, a row each; of many threads, several share a row.
    measure(columns) {
        if (columns === this.columns) return;
        this.columns = columns;
        const { threads } = this.timeline, rows = Math.min(BUSY_ROWS, threads.length), depths = Math.max(1, Math.floor(BUSY_ROWS / threads.length));
        this.rows = [];
        threads.forEach((thread, k) => {
            for (const lane of thread.lanes.slice(0, depths)) {
                const busy = this.timeline.occupancy(lane, columns);
                if (threads.length <= BUSY_ROWS) this.rows.push(busy);
                else this.share(k % rows, busy, Math.floor((threads.length - 1 - k % rows) / rows) + 1);
            }
        });
    }

    share(r, busy, threads) {
        if (!this.rows[r]) this.rows[r] = new Float32Array(busy.length);
        busy.forEach((v, c) => { this.rows[r][c] = Math.min(1, this.rows[r][c] + v / threads); });
    }

    draw() {
        const ratio = window.devicePixelRatio || 1, width = this.canvas.clientWidth, height = this.canvas.clientHeight;
        if (!width) return;
        this.canvas.width = Math.round(width * ratio);
        this.canvas.height = Math.round(height * ratio);
        this.measure(width);
        const context = this.canvas.getContext('2d');
        context.setTransform(ratio, 0, 0, ratio, 0, 0);
        context.fillStyle = theme.ground;
        context.fillRect(0, 0, width, height);
        this.drawBusy(context, width, height);
        if (this.heap) this.drawHeap(context, width, height);
        this.drawWindow(context, width, height);
    }

    drawBusy(context, width, height) {
        const tall = height / this.rows.length, colour = theme.shades[theme.isDark ? 15 : 0], steps = [];
        for (let k = 0; k <= 10; k++) steps.push(mixed(theme.ground, colour, k / 10));
        this.rows.forEach((row, r) => {
            for (let x = 0; x < width; x++) {
                if (row[x] <= 0) continue;
                context.fillStyle = steps[Math.max(1, Math.round(row[x] * 10))];
                context.fillRect(x, r * tall, 1, tall - (tall > 3 ? 1 : 0));
            }
        });
    }

    drawHeap(context, width, height) {
        const columns = heapColumns(this.heap.points, 0, this.timeline.end, width);
        context.strokeStyle = theme.open;
        context.lineWidth = 1.5;
        context.beginPath();
        columns.forEach((c, x) => context.lineTo(x, (height - 4) * (1 - c.max / (this.heap.peak || 1)) + 2));
        context.stroke();
        context.lineWidth = 1;
    }

    drawWindow(context, width, height) {
        const scale = width / (this.timeline.end || 1), left = this.from * scale, right = this.to * scale;
        context.globalAlpha = 0.65;
        context.fillStyle = theme.ground;
        context.fillRect(0, 0, left, height);
        context.fillRect(right, 0, width - right, height);
        context.globalAlpha = 1;
        context.strokeStyle = theme.soft;
        context.strokeRect(left + 0.5, 0.5, Math.max(2, right - left - 1), height - 1);
    }

    timeAt(event) {
        const box = this.canvas.getBoundingClientRect();
        return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * this.timeline.end;
    }

    listen() {
        const canvas = this.canvas;
        canvas.addEventListener('pointerdown', (event) => {
            if (event.button) return;
            this.anchor = this.timeAt(event);
            canvas.setPointerCapture(event.pointerId);
        });
        canvas.addEventListener('pointermove', (event) => this.stretch(event, false));
        canvas.addEventListener('pointerup', (event) => {
            this.stretch(event, true);
            this.anchor = undefined;
        });
        canvas.addEventListener('dblclick', () => this.onRange(0, this.timeline.end, true));
        canvas.addEventListener('keydown', (event) => this.onKey(event));
    }

    stretch(event, isDone) {
        if (this.anchor === undefined) return;
        const at = this.timeAt(event), from = Math.min(at, this.anchor), to = Math.max(at, this.anchor);
        // A click is no stretch.
        if (to - from < 3 * this.timeline.end / this.canvas.clientWidth) return;
        this.onRange(from, to, isDone);
    }

    onKey(event) {
        const length = this.to - this.from, end = this.timeline.end;
        const moves = { ArrowLeft: [-0.25, -0.25], ArrowRight: [0.25, 0.25], ArrowUp: [0.2, -0.2], ArrowDown: [-0.3, 0.3] }[event.key];
        if (!moves || event.ctrlKey || event.metaKey) return;
        let from = this.from + moves[0] * length, to = this.to + moves[1] * length;
        if (from < 0) [from, to] = [0, moves[0] === moves[1] ? length : to];
        if (to > end) [from, to] = [moves[0] === moves[1] ? end - length : from, end];
        this.onRange(Math.max(0, from), Math.min(end, to), true);
        event.preventDefault();
    }
}
