// Spans along time: a lane for each thread, a row for each depth, and the stretch of time in sight.
import { DENSITIES, LABEL_LEAST, Pane, ROW, fitted, theme } from './canvas.js';
import { moment, percent, roundStep } from './quantity.js';
import { PAGE, Timeline } from './timeline.js';

const AXIS = 22, HEAD = 22, STRIP = 5, ARROWS_MANY = 12;

function depthsOf(parent) {
    const depths = new Uint32Array(parent.length);
    for (let n = 1; n < parent.length; n++) depths[n] = depths[parent[n]] + 1;
    return depths;
}

export class ChartView {
    // app as for FlameView. onRange(from, to): the user wants to see that.
    constructor(section, app, timeline, tree, onRange) {
        this.app = app;
        this.timeline = timeline;
        this.tree = tree;
        this.onRange = onRange;
        this.from = 0;
        this.to = timeline.end;
        this.hits = null;
        this.current = null;
        this.links = timeline.links(tree);
        this.depths = depthsOf(tree.parent);
        this.pane = new Pane(section, 'Timeline of ' + timeline.threads.length + ' threads. The table has the sums in text.', (context, width, height) => this.draw(context, width, height));
        this.place();
        this.listen();
    }

    // Where each thread is, from the top.
    place() {
        let y = AXIS;
        this.tops = this.timeline.shown.map((t) => {
            const top = y;
            y += HEAD + t.rows * ROW + 4;
            return top;
        });
        this.topOf = new Map(this.timeline.shown.map((t, k) => [t, this.tops[k]]));
        this.pane.setContentHeight(y);
    }

    // Other threads than before.
    setThreads() {
        this.current = null;
        this.place();
        this.pane.redraw();
    }

    setRange(from, to) {
        this.from = from;
        this.to = to;
        this.pane.redraw();
    }

    setHits(hits) {
        this.hits = hits;
        this.pane.redraw();
    }

    // ---- drawing ----

    draw(context, width, height) {
        this.scale = width / (this.to - this.from || 1);
        this.drawLines(context, width, height);
        this.drawLinks(context, width, height);
        this.timeline.shown.forEach((thread, k) => {
            const top = this.tops[k] - this.pane.top;
            if (top > height || top + HEAD + thread.rows * ROW < AXIS) return;
            for (const lane of thread.lanes) {
                const y = top + HEAD + lane.depth * ROW;
                if (y > -ROW && y < height) this.drawLane(context, lane, y, width);
            }
            if (thread.task) this.drawTask(context, thread, top + HEAD - STRIP - 1, width);
            this.drawTitle(context, Timeline.title(thread) + (thread.more || ''), top + HEAD / 2 + (thread.task ? -2 : 2));
        });
        this.drawAxis(context, width);
        this.drawCurrent(context);
    }

    // Lines end around it.
    drawTitle(context, text, y) {
        context.font = '600 12px system-ui, "Segoe UI", Helvetica, Arial, sans-serif';
        context.strokeStyle = theme.ground;
        context.lineWidth = 4;
        context.lineJoin = 'round';
        context.strokeText(text, 3, y);
        context.lineWidth = 1;
        context.fillStyle = theme.soft;
        context.fillText(text, 3, y);
    }

    // Dark where it ran, pale where it waited.
    drawTask(context, { task, runs }, y, width) {
        const bar = (from, to) => {
            const x = Math.max(0, (from - this.from) * this.scale), end = Math.min(width, (to - this.from) * this.scale);
            if (end >= 0 && x <= width) context.fillRect(x, y, Math.max(1, end - x), STRIP);
        };
        context.fillStyle = theme.line;
        bar(task.begin, task.end);
        context.fillStyle = theme.soft;
        for (const run of runs) if (run.end >= this.from && run.start <= this.to) bar(run.start, run.end);
    }

    // From the span that began a thread or a task to its lane; and of a thread a line until it recorded something.
    drawLinks(context, width, height) {
        const inSight = this.links.filter((l) => l.at >= this.from && l.at <= this.to && this.topOf.has(l.to));
        context.strokeStyle = context.fillStyle = theme.soft;
        context.globalAlpha = inSight.length > ARROWS_MANY ? 0.25 : 0.7;
        for (const link of inSight) {
            const x = Math.round((link.at - this.from) * this.scale) + 0.5, to = this.topOf.get(link.to) - this.pane.top + HEAD - (link.to.task ? STRIP + 1 : 3);
            if (!link.to.task) context.fillRect(x, to, Math.min(width, (link.until - link.at) * this.scale), 2);
            if (this.topOf.has(link.from)) this.drawArrow(context, x, this.edgeOf(link, to), to, height);
        }
        context.globalAlpha = 1;
    }

    // Below the row of the span, or above it where the arrow leads upwards.
    edgeOf({ from, node }, to) {
        const base = from.task ? this.depths[from.task.node] : 1, row = Math.max(0, Math.min(from.rows, this.depths[node] - base + 1));
        const y = this.topOf.get(from) - this.pane.top + HEAD + row * ROW;
        return y > to && row ? y - ROW : y;
    }

    drawArrow(context, x, from, to, height) {
        if (Math.max(from, to) < 0 || Math.min(from, to) > height) return;
        const tip = to < from ? 4 : -4;
        context.beginPath();
        context.moveTo(x, from);
        context.lineTo(x, to);
        context.moveTo(x - 3, to + tip);
        context.lineTo(x, to);
        context.lineTo(x + 3, to + tip);
        context.stroke();
    }

    marks(width) {
        const step = roundStep((this.to - this.from || 1) * 110 / width), marks = [];
        for (let k = Math.ceil(this.from / step); k * step <= this.to; k++) marks.push([(k * step - this.from) * this.scale, moment(k * step, step)]);
        return marks;
    }

    drawLines(context, width, height) {
        context.fillStyle = theme.line;
        for (const [x] of this.marks(width)) context.fillRect(Math.round(x), 0, 1, height);
    }

    drawAxis(context, width) {
        context.fillStyle = theme.ground;
        context.fillRect(0, 0, width, AXIS);
        context.font = '11px system-ui, "Segoe UI", Helvetica, Arial, sans-serif';
        for (const [x, text] of this.marks(width)) {
            context.fillStyle = theme.line;
            context.fillRect(Math.round(x), 0, 1, AXIS);
            context.fillStyle = theme.soft;
            if (x < width - 60) context.fillText(text, x + 4, AXIS / 2);
        }
        context.fillStyle = theme.line;
        context.fillRect(0, AXIS - 1, width, 1);
    }

    shadeOf(node) { return this.app.shades[this.tree.frame[node]]; }

    drawLane(context, lane, y, width) {
        const { starts, count } = lane, { from, to, scale } = this, wide = 1 / scale;
        context.font = '12px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace';
        for (let i = lane.firstAfter(from); i < count && starts[i] < to;) {
            const length = lane.length(i);
            if (length >= wide) {
                this.drawSpan(context, lane, i, y, width);
                i++;
            } else {
                i = this.drawCell(context, lane, i, y);
            }
        }
    }

    drawSpan(context, lane, i, y, width) {
        const end = Math.min(width, (lane.endOf(i) - this.from) * this.scale), node = lane.nodes[i];
        const begin = Math.max(0, (lane.starts[i] - this.from) * this.scale), w = end - begin;
        const isHit = this.isHit(node), density = Math.min(1, lane.busyOf(i) / lane.length(i));
        context.fillStyle = this.colour(node, density);
        context.fillRect(begin, y, w > 3 ? w - 0.5 : w, ROW - 1);
        if (lane.isOpen && i === lane.count - 1) this.drawOpen(context, begin, w, y);
        if (isHit && w > 2) {
            context.strokeStyle = theme.hit;
            context.strokeRect(begin + 0.5, y + 0.5, w - 1.5, ROW - 2);
        }
        if (w < LABEL_LEAST) return;
        context.fillStyle = node >= this.tree.leftOut || (this.hits && !isHit) ? theme.soft : theme.ink;
        context.fillText(fitted(context, this.nameOf(lane, i, this.app.labels), w), begin + 3, y + ROW / 2);
    }

    // Never ended: its end is open.
    drawOpen(context, x, w, y) {
        context.strokeStyle = theme.open;
        context.setLineDash([4, 3]);
        context.strokeRect(x + 0.5, y + 0.5, Math.max(1, w - 1.5), ROW - 2);
        context.setLineDash([]);
    }

    // All that begin in this pixel and are narrower than one, drawn as dense as they are busy. Returns
    // the first beyond.
    drawCell(context, lane, i, y) {
        const cell = this.gather(lane, i), x = Math.floor((lane.starts[i] - this.from) * this.scale);
        context.fillStyle = this.colour(lane.nodes[cell.longest], Math.min(1, cell.busy * this.scale));
        context.fillRect(Math.max(0, x), y, 1, ROW - 1);
        return cell.next;
    }

    gather(lane, first) {
        const { starts, lengths, count } = lane, wide = 1 / this.scale;
        const end = this.from + (Math.floor((starts[first] - this.from) * this.scale) + 1) / this.scale;
        let busy = 0, longest = first, i = first;
        while (i < count && starts[i] < end && i - first < count) {
            if (i % PAGE === 0 && i + PAGE <= count && starts[i + PAGE - 1] < end) {
                const best = lane.pageLongest[i / PAGE];
                if (lengths[best] < wide) {
                    busy += lane.pageBusy[i / PAGE];
                    if (lengths[best] > lengths[longest]) longest = best;
                    i += PAGE;
                    continue;
                }
            }
            if (lengths[i] >= wide && i > first) break;
            busy += lengths[i];
            if (lengths[i] > lengths[longest]) longest = i;
            i++;
        }
        return { next: Math.max(i, first + 1), busy, longest, end };
    }

    isHit(node) { return this.hits !== null && this.hits[this.tree.frame[node]]; }

    colour(node, density) {
        const shade = this.shadeOf(node);
        if (node >= this.tree.leftOut || (this.hits !== null && !this.isHit(node))) return theme.faded[shade];
        return theme.dense[shade][Math.ceil(density * DENSITIES)];
    }

    drawCurrent(context) {
        const c = this.current;
        if (!c || this.pane.canvas !== document.activeElement) return;
        const y = this.tops[c.thread] - this.pane.top + HEAD + c.lane.depth * ROW;
        context.strokeStyle = theme.focus;
        context.lineWidth = 2;
        context.strokeRect((c.lane.starts[c.index] - this.from) * this.scale + 1, y + 1, Math.max(2, c.lane.length(c.index) * this.scale - 2), ROW - 3);
        context.lineWidth = 1;
    }

    // ---- what is where ----

    nameOf(lane, i, names = this.app.names) {
        const name = names[this.tree.frame[lane.nodes[i]]] || '(no name)';
        return lane.spans !== null && lane.spans[i] > 1 ? this.app.grouped(lane.spans[i]) + '\u00d7 ' + name : name;
    }

    timeAt(event) {
        const box = this.pane.canvas.getBoundingClientRect();
        return this.from + (event.clientX - box.left) / this.scale;
    }

    spanAt(event) {
        const box = this.pane.canvas.getBoundingClientRect(), y = event.clientY - box.top + this.pane.top;
        if (event.clientY - box.top < AXIS) return null;
        for (let k = this.tops.length - 1; k >= 0; k--) {
            if (y < this.tops[k] + HEAD) continue;
            const depth = Math.floor((y - this.tops[k] - HEAD) / ROW);
            const lane = this.timeline.shown[k].lanes.find((l) => l.depth === depth);
            return lane ? this.spanIn(k, lane, this.timeAt(event)) : null;
        }
        return null;
    }

    // A span at that time, or those that share its pixel.
    spanIn(thread, lane, time) {
        const pixel = 1 / this.scale, i = lane.firstAfter(time - pixel);
        if (i >= lane.count || lane.starts[i] > time + pixel / 2) return null;
        if (lane.length(i) >= pixel || this.scale > 1) return { thread, lane, index: i, next: i + 1 };
        const cell = this.gather(lane, i);
        return { thread, lane, index: cell.next - i > 1 ? cell.longest : i, first: i, next: cell.next, busy: cell.busy };
    }

    facts(at) {
        const { lane, index: i } = at, app = this.app, lines = [], start = lane.starts[i], thread = this.timeline.shown[at.thread];
        const several = at.next - (at.first === undefined ? i : at.first);
        if (several > 1) {
            lines.push(['spans', app.grouped(several) + ' in this pixel, of which this is the longest']);
            lines.push(['together', app.quantity(at.busy, 'ns')]);
        }
        const isSeveral = lane.spans !== null && lane.spans[i] > 1, waited = isSeveral ? 0 : lane.length(i) - lane.busyOf(i);
        lines.push([isSeveral ? 'stretch' : 'time', app.exactly(lane.length(i) - waited, 'ns')], ['from', app.exactly(start, 'ns')]);
        if (waited > 0) lines.push(['waited', app.quantity(waited, 'ns') + ', of ' + app.quantity(lane.length(i), 'ns') + ' from start to end']);
        if (isSeveral) lines.push(['in it', app.grouped(lane.spans[i]) + ' spans, ' + app.quantity(lane.busy.get(i), 'ns') + ', most of it of this function']);
        if (lane.isOpen && i === lane.count - 1) lines.push(['state', 'still running at the end']);
        const owner = Timeline.ownerAt(thread, start);
        lines.push(['thread', (owner[1] ? owner[1] + ' \u00b7 ' : '') + owner[0]]);
        lines.push(['in sight', percent(Math.min(lane.endOf(i), this.to) - Math.max(start, this.from), this.to - this.from)]);
        const place = app.placeOf(this.tree.frame[lane.nodes[i]]);
        if (place) lines.push(['at', place]);
        return lines;
    }

    // ---- hands ----

    listen() {
        const canvas = this.pane.canvas;
        canvas.addEventListener('pointermove', (event) => this.onMove(event));
        canvas.addEventListener('mouseleave', () => this.app.hideTip());
        canvas.addEventListener('pointerdown', (event) => this.onDown(event));
        canvas.addEventListener('pointerup', (event) => this.onUp(event));
        canvas.addEventListener('wheel', (event) => this.onWheel(event), { passive: false });
        canvas.addEventListener('keydown', (event) => this.onKey(event));
        canvas.addEventListener('focus', () => this.pane.redraw());
        canvas.addEventListener('blur', () => this.pane.redraw());
    }

    onDown(event) {
        if (event.button) return;
        this.drag = { x: event.clientX, y: event.clientY, top: this.pane.top, from: this.from, to: this.to, isFar: false };
        this.pane.canvas.setPointerCapture(event.pointerId);
    }

    onMove(event) {
        const drag = this.drag;
        if (!drag) {
            const at = this.spanAt(event);
            if (at) this.app.showTip(this.nameOf(at.lane, at.index), this.facts(at), event.clientX, event.clientY);
            else this.app.hideTip();
            this.pane.canvas.style.cursor = at ? 'pointer' : '';
            return;
        }
        if (Math.abs(event.clientX - drag.x) + Math.abs(event.clientY - drag.y) > 4) drag.isFar = true;
        if (!drag.isFar) return;
        this.app.hideTip();
        this.pane.box.scrollTop = drag.top + drag.y - event.clientY;
        this.pan(drag.from, drag.to, (drag.x - event.clientX) / this.scale);
    }

    onUp(event) {
        const drag = this.drag;
        this.drag = null;
        if (!drag || drag.isFar) return;
        const at = this.spanAt(event);
        if (!at) return;
        this.current = at;
        if (event.shiftKey || event.altKey) this.app.pick(this.tree.frame[at.lane.nodes[at.index]]);
        else this.zoomTo(at);
    }

    zoomTo(at) {
        const start = at.lane.starts[at.index], length = at.lane.length(at.index) || 1;
        this.onRange(start, start + length, true);
    }

    pan(from, to, by) {
        by = Math.max(-from, Math.min(by, this.timeline.end - to));
        this.onRange(from + by, to + by, false);
    }

    zoomBy(factor, around) {
        const length = Math.min(this.timeline.end, Math.max(8, (this.to - this.from) * factor));
        const from = Math.max(0, Math.min(around - (around - this.from) * length / (this.to - this.from), this.timeline.end - length));
        this.onRange(from, from + length, false);
    }

    // As on maps: with Ctrl (and by two fingers) the wheel zooms, across it pans; else the page scrolls.
    onWheel(event) {
        if (event.ctrlKey || event.metaKey) this.zoomBy(Math.exp(event.deltaY * 0.003), this.timeAt(event));
        else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.pan(this.from, this.to, (event.deltaX || event.deltaY) / this.scale);
        else return;
        this.app.hideTip();
        event.preventDefault();
    }

    onKey(event) {
        if (event.ctrlKey || event.metaKey) return;
        const middle = (this.from + this.to) / 2, step = (this.to - this.from) / 8;
        const acts = {
            w: () => this.zoomBy(0.6, middle), '+': () => this.zoomBy(0.6, middle), '-': () => this.zoomBy(1 / 0.6, middle),
            a: () => this.pan(this.from, this.to, -step), d: () => this.pan(this.from, this.to, step),
            Enter: () => this.current && this.zoomTo(this.current), n: () => this.findNext(1), N: () => this.findNext(-1),
            s: () => this.current && this.app.pick(this.tree.frame[this.current.lane.nodes[this.current.index]]),
        };
        if (acts[event.key]) acts[event.key]();
        else if (event.key.startsWith('Arrow')) this.walk(event.key);
        else return;
        event.preventDefault();
    }

    // From span to span; the first step goes to the first in sight.
    walk(key) {
        const c = this.current;
        if (!c) {
            const thread = Math.max(0, this.tops.findIndex((top) => top + HEAD >= this.pane.top)), lane = this.timeline.shown[thread].lanes[0];
            this.moveTo({ thread, lane, index: Math.min(lane.firstAfter(this.from), lane.count - 1) });
        } else if (key === 'ArrowLeft' || key === 'ArrowRight') {
            const index = c.index + (key === 'ArrowLeft' ? -1 : 1);
            if (index >= 0 && index < c.lane.count) this.moveTo({ ...c, index });
        } else {
            this.walkAcross(c, key === 'ArrowUp' ? -1 : 1);
        }
    }

    // To the parent or the first child; beyond them to the next thread.
    walkAcross(c, step) {
        const lanes = this.timeline.shown[c.thread].lanes, middle = c.lane.starts[c.index];
        const lane = lanes[lanes.indexOf(c.lane) + step], i = lane ? lane.firstAfter(middle) : 0;
        if (lane && i < lane.count && (step > 0 ? lane.starts[i] < c.lane.endOf(c.index) : true)) {
            this.moveTo({ thread: c.thread, lane, index: i });
            return;
        }
        const thread = this.timeline.shown[c.thread + step];
        if (!thread) return;
        const next = thread.lanes[step > 0 ? 0 : thread.lanes.length - 1], k = Math.min(next.firstAfter(middle), next.count - 1);
        this.moveTo({ thread: c.thread + step, lane: next, index: k });
    }

    moveTo(at) {
        this.current = { ...at, next: at.index + 1, first: undefined };
        const { lane, index } = at, y = this.tops[at.thread] + HEAD + lane.depth * ROW;
        this.pane.scrollTo(y - AXIS, y + ROW);
        const start = lane.starts[index], length = this.to - this.from;
        if (start < this.from || start > this.to) this.onRange(Math.max(0, Math.min(start - length / 4, this.timeline.end - length)), Math.min(this.timeline.end, Math.max(0, Math.min(start - length / 4, this.timeline.end - length)) + length), false);
        this.pane.redraw();
        this.app.say(this.nameOf(lane, index) + ', ' + this.facts(this.current).slice(0, 3).map((l) => l.join(' ')).join(', '));
    }

    // The next span of a function that is searched for, by time.
    findNext(step) {
        if (!this.hits) return;
        const c = this.current, now = c ? c.lane.starts[c.index] : this.from;
        let best = null;
        this.timeline.shown.forEach((thread, k) => {
            for (const lane of thread.lanes) {
                let i = lane.firstAfter(now);
                if (step > 0 && i < lane.count && lane.starts[i] <= now) i++;
                for (i += step > 0 ? 0 : -1; i >= 0 && i < lane.count; i += step) {
                    if (best && step * (lane.starts[i] - best.lane.starts[best.index]) >= 0) break;
                    if (!this.isHit(lane.nodes[i]) || step * (lane.starts[i] - now) <= 0) continue;
                    best = { thread: k, lane, index: i };
                    break;
                }
            }
        });
        if (best) this.moveTo(best);
        else this.app.say('No further match');
    }
}
