// A call tree as a flamegraph, the root at the top (or at the bottom: who called).
import { ROW, LABEL_LEAST, Pane, fitted, mixed, theme } from './canvas.js';
import { inclusive, layOut } from './tree.js';
import { percent } from './quantity.js';

export class FlameView {
    // app: names, shades, say(text), showTip(lines, event), hideTip(). hooks: onZoom(node), onPick(frame).
    constructor(section, label, app, hooks = {}) {
        this.app = app;
        this.hooks = hooks;
        this.label = label;
        this.isUpward = !!hooks.isUpward;
        this.pane = new Pane(section, label, (context, width, height) => this.draw(context, width, height));
        this.zoomed = 0;
        this.current = 0;
        this.hits = null;
        this.listen();
    }

    // tree: parent, frame, calls. before: self values to compare with, if any. isByWidth: the widest come first.
    show(tree, self, unit, { before = null, byBefore = false, isByWidth = false } = {}) {
        this.tree = tree;
        this.unit = unit;
        this.self = self;
        this.value = inclusive(tree.parent, self);
        this.before = before && inclusive(tree.parent, before);
        this.flame = layOut(tree, byBefore ? this.before : this.value, isByWidth);
        if (this.zoomed >= tree.parent.length || this.flame.width[this.zoomed] <= 0) this.zoomed = 0;
        this.current = this.zoomed;
        this.pane.setContentHeight(this.flame.rowCount * ROW + 4);
        if (this.isUpward) this.pane.box.scrollTop = this.flame.rowCount * ROW;
        this.pane.canvas.setAttribute('aria-label', this.label + ': ' + this.app.quantity(this.value[0], unit) + ' in all. The table has the same in text.');
        this.pane.redraw();
    }

    setHits(hits) {
        this.hits = hits;
        this.pane.redraw();
    }

    // The share of what is zoomed that lies in or beneath a match, and how many nodes match.
    matched() {
        const { parent } = this.tree, covered = new Uint8Array(parent.length), inside = new Uint8Array(parent.length);
        let sum = 0, count = 0;
        inside[this.zoomed] = 1;
        for (let n = this.zoomed; n < parent.length; n++) {
            if (n !== this.zoomed) inside[n] = parent[n] >= 0 ? inside[parent[n]] : 0;
            if (!inside[n]) continue;
            const is = this.isHit(n), within = n !== this.zoomed && covered[parent[n]];
            if (is && !within) sum += this.value[n];
            if (is && this.flame.width[n] > 0) count++;
            covered[n] = is || within ? 1 : 0;
        }
        return { share: percent(sum, this.value[this.zoomed]), count };
    }

    labelOf(n) { return this.tree.frame[n] < 0 ? 'all' : this.app.labels[this.tree.frame[n]]; }

    nameOf(n) { return this.tree.frame[n] < 0 ? 'all' : this.app.names[this.tree.frame[n]] || '(no name)'; }

    isHit(n) { return this.hits !== null && this.tree.frame[n] >= 0 && this.hits[this.tree.frame[n]] === 1; }

    pathTo(n) {
        const path = [];
        for (; n >= 0; n = this.tree.parent[n]) path.unshift(n);
        return path;
    }

    zoom(n) {
        this.zoomed = n;
        this.current = n;
        this.pane.redraw();
        if (this.hooks.onZoom) this.hooks.onZoom(n);
    }

    // ---- drawing ----

    rowTop(depth) {
        const at = this.isUpward ? this.contentRows() - 1 - depth : depth;
        return at * ROW - this.pane.top;
    }

    // Upwards, the root stands on the ground of the pane.
    contentRows() { return Math.max(this.flame.rowCount, Math.floor(this.pane.height / ROW)); }

    draw(context, width, height) {
        if (!this.tree) return;
        const { start, width: span } = this.flame, left = start[this.zoomed];
        const scale = width / (span[this.zoomed] || 1), path = new Set(this.pathTo(this.zoomed));
        this.scale = scale;
        for (let d = 0; d < this.flame.rowCount; d++) {
            const y = this.rowTop(d);
            if (y <= -ROW || y >= height) continue;
            if (d < this.flame.depth[this.zoomed]) {
                for (const n of path) if (this.flame.depth[n] === d) this.drawNode(context, n, 0, width, y, true);
            } else {
                this.drawRow(context, d, left, left + span[this.zoomed], scale, y);
            }
        }
        if (this.pane.canvas === document.activeElement) this.drawFocus(context, left, scale, width);
    }

    // The first of a row that ends beyond a place.
    firstIn(d, place) {
        const { order, rowFirst, start, width } = this.flame;
        let low = rowFirst[d], high = rowFirst[d + 1];
        while (low < high) {
            const middle = (low + high) >>> 1, n = order[middle];
            if (start[n] + width[n] > place) high = middle;
            else low = middle + 1;
        }
        return low;
    }

    drawRow(context, d, left, right, scale, y) {
        const { order, rowFirst, start, width } = this.flame, end = rowFirst[d + 1];
        for (let at = this.firstIn(d, left); at < end; at++) {
            const n = order[at], x = (start[n] - left) * scale, w = width[n] * scale;
            if (start[n] >= right) return;
            this.drawNode(context, n, x, w, y, false);
            // Those too narrow to be told apart are one line.
            if (w < 0.5) at = Math.max(at, this.firstIn(d, left + (x + 0.5) / scale) - 1);
        }
    }

    drawNode(context, n, x, w, y, isAbove) {
        context.fillStyle = this.colourOf(n, isAbove);
        context.fillRect(x, y, w > 3 ? w - 0.5 : Math.max(w, 0.6), ROW - 1);
        const isHit = this.isHit(n);
        if (isHit && w > 2) {
            context.strokeStyle = theme.hit;
            context.strokeRect(x + 0.5, y + 0.5, w - 1.5, ROW - 2);
        }
        if (w < LABEL_LEAST) return;
        context.fillStyle = this.hits && !isHit ? theme.soft : theme.ink;
        context.fillText(fitted(context, this.signOf(n) + this.labelOf(n), w), x + 3, y + ROW / 2);
    }

    colourOf(n, isAbove) {
        const frame = this.tree.frame[n], shade = frame < 0 ? 0 : this.app.shades[frame];
        if (this.hits && !this.isHit(n)) return this.before ? theme.same : theme.faded[shade];
        if (this.before) return this.differenceColour(n);
        return isAbove ? theme.above[shade] : theme.shades[shade];
    }

    // Blue is less than before, orange more; the fuller, the greater the change of this node.
    differenceColour(n) {
        const now = this.value[n], then = this.before[n], most = Math.max(now, then);
        const change = most > 0 ? (now - then) / most : 0;
        if (Math.abs(change) < 0.005) return theme.same;
        return mixed(theme.same, change > 0 ? theme.more : theme.less, 0.3 + 0.7 * Math.abs(change));
    }

    signOf(n) {
        if (!this.before) return '';
        const change = this.value[n] - this.before[n];
        return change > 0 ? '+ ' : change < 0 ? '\u2212 ' : '';
    }

    drawFocus(context, left, scale, width) {
        const n = this.current, isAbove = this.flame.depth[n] < this.flame.depth[this.zoomed];
        const x = isAbove ? 0 : (this.flame.start[n] - left) * scale;
        context.strokeStyle = theme.focus;
        context.lineWidth = 2;
        context.strokeRect(x + 1, this.rowTop(this.flame.depth[n]) + 1, (isAbove ? width : this.flame.width[n] * scale) - 2, ROW - 3);
        context.lineWidth = 1;
    }

    // ---- what is where ----

    nodeAt(event) {
        if (!this.flame) return -1;
        const box = this.pane.canvas.getBoundingClientRect();
        const row = Math.floor((event.clientY - box.top + this.pane.top) / ROW);
        const d = this.isUpward ? this.contentRows() - 1 - row : row;
        if (d < 0 || d >= this.flame.rowCount) return -1;
        const zoomDepth = this.flame.depth[this.zoomed];
        if (d < zoomDepth) return this.pathTo(this.zoomed)[d];
        const place = this.flame.start[this.zoomed] + (event.clientX - box.left) / this.scale, at = this.firstIn(d, place);
        if (at >= this.flame.rowFirst[d + 1]) return -1;
        const n = this.flame.order[at];
        return this.flame.start[n] <= place ? n : -1;
    }

    facts(n) {
        const { app, unit, value, before } = this, up = this.tree.parent[n], lines = [];
        lines.push([unit === 'ns' ? 'time' : unit === 'bytes' ? 'memory' : 'count', app.exactly(value[n], unit)]);
        lines.push(['of all', percent(value[n], value[0])]);
        if (this.zoomed) lines.push(['of zoomed', percent(value[n], value[this.zoomed])]);
        if (up > 0 || up === 0 && this.tree.frame[0] >= 0) lines.push(['of parent', percent(value[n], value[up]) + ' of ' + this.labelOf(up)]);
        lines.push(['self', app.quantity(this.self[n], unit) + ', ' + percent(this.self[n], value[n])]);
        if (before) lines.push(['before', app.exactly(before[n], unit)], ['change', app.signed(value[n] - before[n], unit) + (before[n] ? ', ' + (100 * (value[n] - before[n]) / before[n]).toFixed(1) + '%' : ', new')]);
        const calls = this.tree.calls ? this.tree.calls[n] : 0;
        if (calls) lines.push(['calls', app.grouped(calls)]);
        if (calls && unit === 'ns') lines.push(['mean', app.quantity(value[n] / calls, unit)]);
        const place = app.placeOf(this.tree.frame[n]);
        if (place) lines.push(['at', place]);
        return lines;
    }

    say(n) {
        this.app.say(this.nameOf(n) + ', ' + this.facts(n).slice(0, 2).map((l) => l.join(' ')).join(', '));
    }

    // ---- hands ----

    listen() {
        const canvas = this.pane.canvas;
        canvas.addEventListener('mousemove', (event) => {
            const n = this.nodeAt(event);
            canvas.style.cursor = n >= 0 ? 'pointer' : '';
            if (n >= 0) this.app.showTip(this.nameOf(n), this.facts(n), event.clientX, event.clientY);
            else this.app.hideTip();
        });
        canvas.addEventListener('mouseleave', () => this.app.hideTip());
        canvas.addEventListener('click', (event) => {
            const n = this.nodeAt(event);
            if (n < 0) return;
            if ((event.shiftKey || event.altKey) && this.tree.frame[n] >= 0) this.hooks.onPick(this.tree.frame[n]);
            else this.zoom(n);
        });
        canvas.addEventListener('keydown', (event) => this.onKey(event));
        canvas.addEventListener('focus', () => this.pane.redraw());
        canvas.addEventListener('blur', () => this.pane.redraw());
    }

    beside(step) {
        const { order, rowFirst, depth } = this.flame, d = depth[this.current];
        if (d < depth[this.zoomed]) return -1;
        const at = order.subarray(rowFirst[d], rowFirst[d + 1]).indexOf(this.current) + rowFirst[d] + step;
        if (at < rowFirst[d] || at >= rowFirst[d + 1]) return -1;
        const n = order[at], left = this.flame.start[this.zoomed];
        return this.flame.start[n] >= left && this.flame.start[n] < left + this.flame.width[this.zoomed] ? n : -1;
    }

    childOf(n) {
        const { first, child, width, depth } = this.flame;
        if (depth[n] < depth[this.zoomed]) return this.pathTo(this.zoomed)[depth[n] + 1];
        let best = -1;
        for (let k = first[n]; k < first[n + 1]; k++) if (width[child[k]] > 0 && best < 0) best = child[k];
        return best;
    }

    walk(key) {
        const down = this.isUpward ? 'ArrowUp' : 'ArrowDown';
        if (key === 'ArrowLeft') return this.beside(-1);
        if (key === 'ArrowRight') return this.beside(1);
        if (key === 'Home') return this.zoomed;
        return key === down ? this.childOf(this.current) : this.tree.parent[this.current];
    }

    onKey(event) {
        if (event.ctrlKey || event.metaKey || !this.flame) return;
        if (event.key === 'Enter' || event.key === ' ') {
            this.zoom(this.current);
        } else if (event.key === 's' && this.tree.frame[this.current] >= 0) {
            this.hooks.onPick(this.tree.frame[this.current]);
        } else if (/^(Arrow|Home)/.test(event.key)) {
            const n = this.walk(event.key);
            if (n >= 0) this.moveTo(n);
        } else {
            return;
        }
        event.preventDefault();
    }

    moveTo(n) {
        this.current = n;
        const y = this.rowTop(this.flame.depth[n]) + this.pane.top;
        this.pane.scrollTo(y, y + ROW);
        this.pane.redraw();
        this.say(n);
    }

    up() {
        if (!this.zoomed) return false;
        this.zoom(this.tree.parent[this.zoomed]);
        return true;
    }
}
