// Puts the viewer together: reads the parts of the page, keeps the state, and shows it.
import { FlameView } from './flame_view.js';
import { ChartView } from './chart_view.js';
import { Overview } from './overview.js';
import { TableView } from './table_view.js';
import { HeapView } from './heap_view.js';
import { showPools, showSizes } from './sizes_view.js';
import { Page, byId } from './page.js';
import { Timeline } from './timeline.js';
import { bottomUp, callersOf, calleesOf, inclusive, readTree, sumByFrame } from './tree.js';
import { differenceColumns, summedRows, timeColumns, wholeRows } from './columns.js';
import { element, setColours } from './canvas.js';
import { compilePattern } from './pattern.js';
import { readPart } from './pack.js';
import { percent, quantity, grouped } from './quantity.js';

const VIEWS = [['flame', 'Flamegraph'], ['chart', 'Timeline'], ['sandwich', 'Callers and callees'], ['table', 'Table'], ['heap', 'Heap over time'], ['sizes', 'Block sizes'], ['pools', 'Pools']];
const HINTS = {
    flame: 'Click a frame to zoom, Shift-click for its callers. / searches, arrows walk, Esc goes back, ? tells the keys.',
    chart: 'Click a span to zoom in on its time, drag to pan, Ctrl-wheel zooms. The other views show the time in sight.',
    heap: 'Solid: live all the time. Pale: at times.',
    sizes: 'All blocks that were allocated, by their size.', pools: 'What the program\u2019s own allocators handed out, and what it mapped: memory apart from the heap\u2019s.', sandwich: 'Above: who called it. Below: what it called.', table: 'Click a heading to sort, a function for its callers and callees.',
};

const NODES_MAX = 4294967295; // of a tree that is worked out here

class App {
    constructor(meta, tree, timeline) {
        this.meta = meta;
        this.tree = tree;
        this.timeline = timeline;
        this.page = new Page(meta);
        this.page.pick = (frame) => this.pick(frame);
        // What there is any of: a profile may be of memory alone.
        this.usual = tree.metrics.find((m) => m.self.some((v) => v > 0)) || tree.metrics[0];
        this.state = { view: 'flame', query: '', metric: this.usual.key, sort: '', frame: -1, thread: -1, isByWidth: false, isBottomUp: false, zoom: 0, from: 0, to: timeline ? timeline.end : 0, theme: '', byBefore: false };
        this.back = [];
        // By frame: whether it is in what is shown, and not in what was left out alone.
        this.isThere = new Uint8Array(meta.names.length);
        for (let n = 1; n < Math.min(tree.parent.length, tree.leftOut); n++) this.isThere[tree.frame[n]] = 1;
        this.shown = {};
        this.prefersDark = matchMedia('(prefers-color-scheme: dark)');
        this.build();
    }

    // ---- parts ----

    build() {
        const hooks = { onPick: (frame) => this.pick(frame), onZoom: (n) => this.onZoom(n) };
        this.flame = new FlameView(byId('flame'), 'Flamegraph', this.page, hooks);
        this.callers = new FlameView(byId('sandwich'), 'Callers', this.page, { onPick: hooks.onPick, isUpward: true });
        this.callees = new FlameView(byId('sandwich'), 'Callees', this.page, { onPick: hooks.onPick });
        this.table = new TableView(byId('table'), this.page, (sort) => this.change({ sort }), (frame) => this.pick(frame));
        if (this.timeline) this.buildTimeline();
        this.buildFunctions();
        if (this.meta.heap) this.heap = new HeapView(byId('heap'), this.page, this.meta.heap, this.timeline ? (from, to, isStep) => this.setRange(from, to, isStep) : null);
        if (this.meta.sizes) showSizes(byId('sizes'), this.meta.sizes);
        if (this.meta.pools) showPools(byId('pools'), this.meta.pools);
        this.buildTabs();
        this.buildMetrics();
        this.listen();
        this.tellFacts();
    }

    buildTimeline() {
        const onRange = (from, to, isStep) => this.setRange(from, to, isStep);
        this.chart = new ChartView(byId('chart'), this.page, this.timeline, this.tree, onRange);
        byId('overview-box').hidden = false;
        this.buildThreads();
        this.overview = new Overview(byId('overview'), this.timeline, this.meta.heap, onRange);
    }

    buildThreads() {
        const select = byId('thread'), { threads } = this.timeline;
        element('option', { value: -1 }, select, 'All threads');
        threads.forEach((thread, k) => element('option', { value: k }, select, Timeline.title(thread)));
        select.hidden = threads.length < 2;
        select.addEventListener('change', () => this.change({ thread: Number(select.value) }, true));
    }

    // Of very many, those that come first in the alphabet are offered; all can be typed.
    buildFunctions() {
        const { names } = this.meta, field = byId('function');
        for (const name of names.slice(0, 5000)) element('option', { value: name }, byId('functions'));
        field.addEventListener('change', () => {
            const frame = names.indexOf(field.value);
            if (frame >= 0) this.pick(frame);
        });
    }

    buildTabs() {
        const has = { chart: this.timeline, heap: this.meta.heap, sizes: this.meta.sizes, pools: this.meta.pools };
        this.views = VIEWS.filter(([key]) => !(key in has) || has[key]);
        this.views.forEach(([key, label], k) => {
            const tab = element('button', { type: 'button', role: 'tab', id: 'tab-' + key, 'aria-controls': key, title: 'Key ' + (k + 1) }, byId('tabs'), label);
            tab.addEventListener('click', () => this.change({ view: key }, true));
        });
    }

    buildMetrics() {
        const select = byId('metric'), metrics = this.tree.metrics;
        for (const m of metrics) element('option', { value: m.key }, select, m.label);
        select.hidden = metrics.length < 2;
        select.addEventListener('change', () => this.change({ metric: select.value, zoom: 0 }));
        byId('widths').hidden = this.meta.before === undefined;
        byId('order').addEventListener('click', () => this.toggleOrder());
        byId('bottom-up').addEventListener('click', () => this.toggleBottomUp());
        byId('widths').addEventListener('click', () => this.change({ byBefore: !this.state.byBefore, zoom: 0 }));
    }

    tellFacts() {
        const several = (n, what) => grouped(n) + ' ' + what + (n === 1 ? '' : 's');
        const { meta, tree } = this, main = this.usual, total = inclusive(tree.parent, main.self)[0];
        const facts = [quantity(total, main.unit) + (main.key === 'self' ? ' in all' : ' allocated'), several(Math.min(tree.parent.length, tree.leftOut) - 1, 'call path')];
        if (this.timeline) facts.push(several(meta.time.spans, 'span'), several(meta.time.threads.filter((t) => t.lanes.length).length, 'thread'), quantity(meta.time.end, 'ns') + ' long');
        if (meta.before !== undefined) facts.push('before: ' + meta.before + ', ' + quantity(inclusive(tree.parent, main.before)[0], main.unit));
        byId('facts').textContent = facts.join(' \u00b7 ');
        this.page.notes(this.notesOf(meta));
    }

    notesOf(meta) {
        const notes = meta.note ? [meta.note] : [];
        if (this.timeline && meta.leftOut < meta.nodes) notes.push('What was left out is pale in the timeline, and counts for nothing.');
        notes.push(...meta.losses.map(([count, what]) => grouped(count) + ' ' + what));
        if (meta.killed) notes.push('The program was killed, or is still running.');
        if (meta.damages) notes.push(grouped(meta.damages) + ' places of the file are damaged and were skipped.');
        if (meta.sample_period > 1) notes.push('Times are estimates: about 1 call in ' + meta.sample_period + ' was timed.');
        if (meta.sampling) notes.push('Memory is estimated from ' + grouped(meta.sampling.samples) + ' samples, one for ' + quantity(meta.sampling.period_bytes, 'bytes') + '.');
        if (meta.time && meta.time.moreTasks) notes.push('Lanes of their own have the ' + grouped(meta.time.tasks.length) + ' tasks that ran longest; ' + grouped(meta.time.moreTasks) + ' others are together.');
        if (meta.time && meta.time.merged) notes.push(grouped(meta.time.merged) + ' spans shorter than ' + quantity(meta.time.grain, 'ns') + ' are not kept one by one: the timeline shows them together, and a stretch of time counts them for the function with most of theirs.');
        return notes;
    }

    listen() {
        byId('search').addEventListener('input', () => this.change({ query: byId('search').value }));
        byId('clear').addEventListener('click', () => this.change({ query: '' }));
        byId('reset').addEventListener('click', () => this.reset());
        byId('theme').addEventListener('click', () => this.toggleTheme());
        document.addEventListener('keydown', (event) => this.onKey(event));
        window.addEventListener('hashchange', () => this.load());
        this.prefersDark.addEventListener('change', () => this.load());
    }

    // ---- state ----

    change(some, isStep) {
        Object.assign(this.state, some);
        this.save(isStep);
        this.render();
    }

    toggleOrder() { this.change({ isByWidth: !this.state.isByWidth }); }

    // Nodes are other ones then.
    toggleBottomUp() { this.change({ isBottomUp: !this.state.isBottomUp && this.meta.before === undefined, zoom: 0 }); }

    onZoom(n) {
        if (this.state.zoom === n) return;
        this.state.zoom = n;
        this.save(true);
        this.render();
    }

    setRange(from, to, isStep) {
        const end = this.timeline.end, { state } = this;
        if (isStep) this.back.push([state.from, state.to]);
        [state.from, state.to] = [Math.max(0, from), Math.min(end, Math.max(to, from + 1))];
        this.showRange();
        // While it is dragged the picture follows; the rest when it stands.
        clearTimeout(this.settling);
        this.settling = setTimeout(() => {
            this.save(false);
            this.render();
        }, state.view === 'chart' ? 150 : 30);
    }

    pick(frame) { this.change({ view: 'sandwich', frame }, true); }

    reset() {
        this.back = [];
        this.change({ zoom: 0, thread: -1, from: 0, to: this.timeline ? this.timeline.end : 0 }, true);
    }

    get isAll() { return this.isWhole && this.state.thread < 0; }

    get isWhole() { return !this.timeline || (this.state.from <= 0 && this.state.to >= this.timeline.end); }

    save(isStep) {
        const s = this.state, url = new URLSearchParams();
        if (s.view !== 'flame') url.set('v', s.view);
        if (s.zoom) url.set('z', s.zoom);
        if (s.query) url.set('s', s.query);
        if (!this.isWhole) url.set('r', Math.floor(s.from) + '-' + Math.ceil(s.to));
        if (s.frame >= 0) url.set('f', s.frame);
        if (s.thread >= 0) url.set('th', s.thread);
        if (s.metric !== this.usual.key) url.set('m', s.metric);
        if (s.sort) url.set('o', s.sort);
        if (s.byBefore) url.set('b', 1);
        if (s.isByWidth) url.set('w', 1);
        if (s.isBottomUp) url.set('i', 1);
        if (s.theme) url.set('t', s.theme);
        const hash = '#' + url.toString();
        if (hash === (location.hash || '#')) return;
        this.saved = hash;
        try {
            history[isStep ? 'pushState' : 'replaceState'](null, '', hash);
        } catch (e) {
            location.hash = hash;
        }
    }

    // Whatever stands in the URL, what comes of it is within bounds.
    load() {
        if (this.saved !== undefined && location.hash === this.saved) this.saved = undefined;
        const url = new URLSearchParams(location.hash.slice(1)), s = this.state;
        const index = (key, count) => {
            const n = Number(url.get(key));
            return url.has(key) && Number.isInteger(n) && n >= 0 && n < count ? n : -1;
        };
        s.view = this.views.some(([key]) => key === url.get('v')) ? url.get('v') : 'flame';
        s.isByWidth = url.get('w') === '1';
        s.isBottomUp = url.get('i') === '1' && this.meta.before === undefined;
        s.zoom = Math.max(0, index('z', s.isBottomUp ? NODES_MAX : this.tree.parent.length));
        s.query = (url.get('s') || '').slice(0, 200);
        s.frame = index('f', this.meta.names.length);
        s.thread = this.timeline ? index('th', this.timeline.threads.length) : -1;
        s.metric = this.tree.metrics.some((m) => m.key === url.get('m')) ? url.get('m') : this.usual.key;
        s.sort = (url.get('o') || '').slice(0, 20);
        s.byBefore = url.get('b') === '1' && this.meta.before !== undefined;
        s.theme = ['dark', 'light'].includes(url.get('t')) ? url.get('t') : '';
        this.loadRange(/^(\d{1,16})-(\d{1,16})$/.exec(url.get('r') || ''));
        this.render();
    }

    loadRange(found) {
        if (!this.timeline) return;
        const end = this.timeline.end, from = found ? Number(found[1]) : 0, to = found ? Number(found[2]) : end;
        const isGood = from < to && from < end;
        [this.state.from, this.state.to] = isGood ? [from, Math.min(to, end)] : [0, end];
    }

    // ---- showing ----

    render() {
        const s = this.state;
        this.showTheme();
        for (const [key] of VIEWS) byId(key).hidden = key !== s.view;
        for (const [key] of this.views) byId('tab-' + key).setAttribute('aria-selected', key === s.view);
        if (byId('search').value !== s.query) byId('search').value = s.query;
        byId('clear').disabled = !s.query;
        byId('metric').value = s.metric;
        byId('widths').textContent = s.byBefore ? 'Widths: before' : 'Widths: after';
        this.showOrder();
        byId('reset').disabled = s.zoom === 0 && this.isAll;
        this.showThread();
        this.showRange();
        this.findHits();
        this.showView();
        this.tellMatches();
        this.showTrail();
    }

    showOrder() {
        const { view, isByWidth, isBottomUp } = this.state, isFlame = view === 'flame';
        byId('order').hidden = !isFlame && view !== 'sandwich';
        byId('order').textContent = isByWidth ? 'Order: widest first' : 'Order: A to Z';
        byId('bottom-up').hidden = !isFlame || this.meta.before !== undefined;
        byId('bottom-up').setAttribute('aria-pressed', isBottomUp);
    }

    showTheme() {
        const isDark = this.state.theme ? this.state.theme === 'dark' : this.prefersDark.matches;
        if (this.isDark === isDark) return;
        this.isDark = isDark;
        document.documentElement.classList.toggle('dark', isDark);
        byId('theme').textContent = isDark ? 'Light' : 'Dark';
        setColours(this.meta, isDark);
        for (const view of [this.flame, this.callers, this.callees, this.chart, this.heap]) if (view) view.pane.redraw();
        if (this.overview) this.overview.draw();
    }

    toggleTheme() {
        const wanted = this.isDark ? 'light' : 'dark';
        this.change({ theme: (wanted === 'dark') === this.prefersDark.matches ? '' : wanted });
    }

    showThread() {
        if (!this.timeline || this.threadShown === this.state.thread) return;
        this.threadShown = this.state.thread;
        byId('thread').value = this.state.thread;
        this.timeline.showOnly(this.state.thread);
        this.chart.setThreads();
    }

    stretchText() {
        const { from, to, thread } = this.state, length = to - from;
        const stretch = this.isWhole ? 'All of ' + quantity(length, 'ns') : quantity(length, 'ns') + ' from ' + quantity(from, 'ns') + ' on, ' + percent(length, this.timeline.end) + ' of the time';
        const isMemory = !this.isAll && this.state.metric !== 'self';
        return stretch + (thread < 0 ? '' : ' \u00b7 ' + Timeline.title(this.timeline.threads[thread]) + ' only') + (isMemory ? ' \u00b7 but memory is of the whole run: it is not known by time or thread' : '');
    }

    showRange() {
        if (!this.timeline) return;
        const { from, to } = this.state;
        this.chart.setRange(from, to);
        this.overview.setRange(from, to);
        if (this.heap) this.heap.setRange(from, to);
        byId('range').textContent = this.stretchText() + (this.isAll ? '. Drag here to look at a stretch of it, in all views.' : '');
        byId('overview').setAttribute('aria-valuetext', byId('range').textContent);
    }

    // Self values and calls for what is looked at. Memory has no time.
    current() {
        const { state } = this, metric = this.tree.metrics.find((m) => m.key === state.metric);
        if (this.isAll || metric.key !== 'self') return { ...metric, calls: this.tree.calls, key: metric.key, isWhole: true };
        const key = [state.from, state.to, state.thread].join('-');
        if (this.stretchKey !== key) {
            this.stretchKey = key;
            this.stretch = this.timeline.selfWithin(this.tree, state.from, state.to);
        }
        return { ...metric, ...this.stretch, key, isWhole: false };
    }

    showView() {
        const now = this.current(), { state } = this, tree = { ...this.tree, calls: now.calls };
        const key = [state.view, now.key, state.byBefore, state.isByWidth, state.isBottomUp, state.frame, state.sort, state.view === 'table' ? state.query : ''].join('|');
        if (this.shown.key !== key) {
            this.shown.key = key;
            if (state.view === 'flame') this.showFlame(tree, now);
            if (state.view === 'sandwich') this.showSandwich(tree, now);
            if (state.view === 'table') this.showTable(tree, now);
        }
        if (state.view === 'flame' && this.flame.zoomed !== state.zoom) this.flame.zoom(this.flame.flame.width[state.zoom] > 0 ? state.zoom : 0);
        this.flame.setHits(this.hits);
        this.callers.setHits(this.hits);
        this.callees.setHits(this.hits);
        if (this.chart) this.chart.setHits(this.hits);
    }

    showFlame(tree, now) {
        const { byBefore, isByWidth, isBottomUp } = this.state;
        if (!isBottomUp) return this.flame.show(tree, now.self, now.unit, { before: now.before, byBefore, isByWidth });
        const turned = bottomUp(tree, now.self);
        return this.flame.show(turned, turned.self, now.unit, { isByWidth });
    }

    showSandwich(tree, now) {
        const value = inclusive(tree.parent, now.self);
        let frame = this.state.frame;
        if (frame < 0) {
            const sums = sumByFrame(tree, now.self, value, this.meta.names.length).self;
            frame = sums.indexOf(sums.reduce((a, b) => Math.max(a, b), 0));
            this.state.frame = frame;
        }
        byId('function').value = this.meta.names[frame] || '';
        const callers = callersOf(tree, value, frame), callees = calleesOf(tree, now.self, frame);
        for (const [view, part] of [[this.callers, callers], [this.callees, callees]]) {
            view.zoomed = 0;
            view.show(part, part.self, now.unit, { isByWidth: this.state.isByWidth });
        }
        // No emptier above than need be.
        this.callers.pane.box.style.flex = '0 1 ' + this.callers.pane.content + 'px';
    }

    showTable(tree, now) {
        const { meta, state } = this, count = meta.names.length, caption = now.label + (now.isWhole ? '.' : ', ' + this.stretchText() + '.');
        if (meta.before !== undefined) return this.table.show(differenceColumns(now.unit), this.differenceRows(tree, now), state.sort, this.hits, caption);
        const total = now.self.reduce((a, b) => a + b, 0);
        if (now.key === 'self') return this.table.show(timeColumns(now.unit, total, meta.calls), wholeRows(meta), state.sort, this.hits, caption);
        const sums = sumByFrame(tree, now.self, inclusive(tree.parent, now.self), count);
        const lengths = now.isWhole ? null : this.timeline.histograms(tree.frame, count, state.from, state.to);
        return this.table.show(timeColumns(now.unit, total, !now.isWhole), summedRows(meta, sums, lengths), state.sort, this.hits, caption);
    }

    differenceRows(tree, now) {
        const count = this.meta.names.length, before = { ...tree, calls: now.callsBefore };
        const after = sumByFrame(tree, now.self, inclusive(tree.parent, now.self), count);
        const then = sumByFrame(before, now.before, inclusive(tree.parent, now.before), count);
        const rows = [];
        for (let frame = 0; frame < count; frame++) {
            if (!after.inclusive[frame] && !then.inclusive[frame] && !after.calls[frame] && !then.calls[frame]) continue;
            rows.push({ frame, name: this.meta.names[frame], self: after.self[frame], incl: after.inclusive[frame], calls: after.calls[frame],
                selfBefore: then.self[frame], inclBefore: then.inclusive[frame], callsBefore: then.calls[frame] });
        }
        return rows;
    }

    // ---- search ----

    findHits() {
        const { query } = this.state;
        if (this.hitsOf === query) return;
        this.hitsOf = query;
        this.problem = '';
        this.hits = null;
        if (!query) return;
        const { test, problem } = compilePattern(query);
        this.problem = problem;
        this.hits = Uint8Array.from(this.meta.names, (name) => (test(name) ? 1 : 0));
    }

    tellMatches() {
        const box = byId('matched');
        box.title = this.problem;
        box.textContent = '';
        if (!this.hits) return;
        const functions = this.hits.reduce((sum, is, frame) => sum + (is && this.isThere[frame]), 0), text = grouped(functions) + (functions === 1 ? ' function' : ' functions');
        const found = this.state.view === 'flame' ? this.flame.matched() : null;
        box.textContent = (found ? found.share + ' in ' + grouped(found.count) + (found.count === 1 ? ' frame of ' : ' frames of ') : '') + text + (this.problem ? ' (letter by letter)' : '');
    }

    // ---- the way back ----

    showTrail() {
        const { state } = this;
        let steps = [];
        if (state.view === 'flame') steps = this.flame.pathTo(this.flame.zoomed).map((n) => [this.flame.labelOf(n), () => this.flame.zoom(n)]);
        if (state.view === 'sandwich') steps = [['Flamegraph', () => this.change({ view: 'flame' }, true)], [this.page.labels[state.frame] || '(no name)', () => 0]];
        this.page.trail(steps, HINTS[state.view] + (state.view === 'heap' && this.timeline ? ' Drag to look at a stretch.' : ''));
    }

    escape() {
        this.page.hideTip();
        if (this.state.query) return this.change({ query: '' });
        if (this.state.view === 'flame' && this.flame.up()) return undefined;
        if (this.state.view === 'sandwich') return this.change({ view: 'flame' }, true);
        if (!this.back.length) return this.isAll ? undefined : this.reset();
        const [from, to] = this.back.pop();
        return this.setRange(from, to, false);
    }

    onKey(event) {
        const typing = /^(INPUT|SELECT)$/.test(event.target.tagName), find = (event.ctrlKey || event.metaKey) && event.key === 'f';
        if (byId('keys').open) return;
        // A second Ctrl-F, while in the field already, is for the browser's own search.
        if ((find && !typing) || (event.key === '/' && !typing && !event.ctrlKey)) {
            byId('search').focus();
            byId('search').select();
            event.preventDefault();
        } else if (event.key === 'Escape') {
            if (typing && !this.state.query) event.target.blur();
            this.escape();
        } else if (!typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
            this.onLetter(event);
        }
    }

    onLetter(event) {
        if (event.key === '?') byId('keys').showModal();
        else if (event.key === 't') this.toggleTheme();
        else if (event.key === '0') this.reset();
        else if (event.key === 'o') this.toggleOrder();
        else if (event.key === 'i' && this.state.view === 'flame') this.toggleBottomUp();
        else if (this.views[Number(event.key) - 1]) this.change({ view: this.views[Number(event.key) - 1][0] }, true);
    }
}

// Spans that were left out, those that have only what they called, and tasks, which are no part of what began them.
function markSpecial(tree, meta) {
    const marks = (list) => {
        const is = new Uint8Array(meta.nodes);
        for (const n of list || []) is[n] = 1;
        return is;
    };
    tree.leftOut = meta.leftOut === undefined ? meta.nodes : meta.leftOut;
    tree.isDetached = marks(meta.detached);
    tree.isCallerOnly = marks(meta.callersOnly);
}

// What the lanes of tasks are called.
function nameTasks(timeline, tree, meta) {
    const labelOf = (n) => (n > 0 ? meta.labels[tree.frame[n]] || meta.names[tree.frame[n]] : '');
    for (const track of timeline.threads) {
        if (!track.task) continue;
        const { id, node, begin, end, ended, ran, times } = track.task, by = labelOf(tree.parent[node]);
        track.title = labelOf(node) + '#' + id;
        track.more = ' \u00b7 ran ' + quantity(ran, 'ns') + ' of ' + quantity(end - begin, 'ns') + (ended ? '' : ', not ended') + ' \u00b7 ' + grouped(times) + (times === 1 ? ' time' : ' times') + (by ? ' \u00b7 begun in ' + by : '');
    }
}

async function begin() {
    const meta = JSON.parse(new TextDecoder().decode(await readPart('meta')));
    const tree = readTree(meta, await readPart('tree'));
    markSpecial(tree, meta);
    const timeline = meta.time && meta.time.spans ? new Timeline(meta.time, meta.nodes, await readPart('spans')) : null;
    if (timeline) nameTasks(timeline, tree, meta);
    byId('loading').hidden = true;
    const app = new App(meta, tree, timeline);
    app.load();
    document.documentElement.dataset.ready = Math.round(performance.now());
    return app;
}

// For bench/viewer_bench.mjs, which times the drawing.
begin().then((app) => { window.thagViewer = app; }).catch((error) => {
    byId('loading').hidden = false;
    byId('loading').textContent = 'This page cannot show its profile: ' + error.message;
});
