// The spans along time: lanes of columns, and what is worked out from them for a stretch of time.
import { Numbers } from './pack.js';

export const PAGE = 64;
const LONGEST = 4294967295;

// One thread at one depth. Spans are in the order of time and do not overlap, except where a task
// waited; ends never go back.
class Lane {
    constructor(depth, count, isOpen, nodeArray) {
        this.depth = depth;
        this.count = count;
        this.isOpen = isOpen;
        this.filled = 0;
        this.end = 0;
        this.starts = new Float64Array(count);
        this.lengths = new Uint32Array(count);
        this.longer = new Map();
        this.nodes = new nodeArray(count);
        this.spans = null;
        this.busy = null;
    }

    length(i) {
        const length = this.lengths[i];
        return length === LONGEST ? this.longer.get(i) : length;
    }

    // How long it ran: less than its length if its task waited, or there are gaps between several.
    busyOf(i) { return this.spans !== null && this.spans[i] !== 1 ? this.busy.get(i) : this.length(i); }

    endOf(i) { return this.starts[i] + this.length(i); }

    // The first that ends after a moment; count if there is none.
    firstAfter(moment) {
        let low = 0, high = this.count;
        while (low < high) {
            const middle = (low + high) >>> 1;
            if (this.endOf(middle) > moment) high = middle;
            else low = middle + 1;
        }
        return low;
    }

    // Of a task, which ran on one thread after the other and not at the same time.
    sort() {
        const { starts, lengths, nodes, spans, count } = this;
        if (starts.every((start, i) => !i || starts[i - 1] <= start)) return;
        const order = Uint32Array.from(starts.keys()).sort((a, b) => starts[a] - starts[b] || a - b);
        const sorted = (column) => column && column.map((_, i) => column[order[i]]), place = new Map();
        order.forEach((from, to) => place.set(from, to));
        const moved = (map) => map && new Map([...map].map(([i, value]) => [place.get(i), value]));
        Object.assign(this, { starts: sorted(starts), lengths: sorted(lengths), nodes: sorted(nodes), spans: sorted(spans), longer: moved(this.longer), busy: moved(this.busy) });
    }

    // For each page: how much is busy, and the longest in it.
    summarise() {
        const pages = Math.floor(this.count / PAGE);
        this.pageBusy = new Float64Array(pages);
        this.pageLongest = new Uint32Array(pages);
        for (let p = 0, i = 0; p < pages; p++) {
            let sum = 0, longest = i;
            for (const end = i + PAGE; i < end; i++) {
                sum += this.lengths[i];
                if (this.lengths[i] > this.lengths[longest]) longest = i;
            }
            this.pageBusy[p] = sum;
            this.pageLongest[p] = longest;
        }
    }
}

function readBlock(lane, numbers, count, hasSeveral) {
    const first = lane.filled, { starts, lengths } = lane;
    numbers.fill(lane.nodes, first, count);
    for (let i = first; i < first + count; i++) starts[i] = numbers.signed();
    for (let i = first, end = lane.end; i < first + count; i++) {
        const length = numbers.next();
        starts[i] += end;
        lengths[i] = length < LONGEST ? length : LONGEST;
        if (length >= LONGEST) lane.longer.set(i, length);
        end = lane.end = starts[i] + length;
    }
    lane.filled += count;
    if (hasSeveral) readSeveral(lane, numbers, first, count);
}

function readSeveral(lane, numbers, first, count) {
    if (!lane.spans) {
        lane.spans = new Uint32Array(lane.count).fill(1);
        lane.busy = new Map();
    }
    numbers.fill(lane.spans, first, count);
    for (let i = first; i < first + count; i++) if (lane.spans[i] !== 1) lane.busy.set(i, numbers.next());
}

// A thread, and each group of tasks that ran on it, as it is drawn: one below the other.
function tracksOf(thread, byIndex, nodeArray) {
    const groups = new Map();
    for (const [index, depth, count, isOpen, group] of thread.lanes) {
        if (!groups.has(group)) groups.set(group, []);
        groups.get(group).push(byIndex[index] = new Lane(depth, count, isOpen, nodeArray));
    }
    return [...groups].sort((a, b) => a[0] - b[0]).map(([group, lanes]) => {
        lanes.sort((a, b) => a.depth - b.depth);
        // What began a task is elsewhere: no rows for that.
        const first = group ? lanes[0].depth : 0;
        for (const lane of lanes) lane.depth -= first;
        return { ...thread, group, lanes, rows: lanes[lanes.length - 1].depth + 1 };
    });
}

// A task that has lanes of its own, as threads have.
function trackOfTask(task, byIndex, nodeArray) {
    const lanes = task.lanes.map(([index, depth, count, isOpen]) => (byIndex[index] = new Lane(depth, count, isOpen, nodeArray)));
    const runs = [];
    for (let i = 0; i < task.runs.length; i += 3) runs.push({ start: task.runs[i], end: task.runs[i] + task.runs[i + 1], tid: task.runs[i + 2] });
    return { task, runs, lanes, rows: Math.max(0, ...lanes.map((l) => l.depth + 1)), owners: [], tid: 0, name: '', group: 0, level: 0 };
}

export class Timeline {
    constructor(time, nodeCount, bytes) {
        const nodeArray = nodeCount > 65536 ? Uint32Array : Uint16Array, byIndex = [];
        this.end = time.end;
        this.facts = time;
        this.nodeCount = nodeCount;
        const tracks = time.threads.flatMap((t) => tracksOf(t, byIndex, nodeArray));
        const tasks = time.tasks.map((t) => trackOfTask(t, byIndex, nodeArray));
        this.threads = [...tracks.filter((t) => !t.group), ...tasks, ...tracks.filter((t) => t.group)];
        this.shown = this.threads;
        this.lanes = byIndex;
        const numbers = new Numbers(bytes);
        while (!numbers.isAtEnd) {
            const lane = byIndex[numbers.next()], count = numbers.next(), hasSeveral = numbers.next();
            if (!lane || lane.filled + count > lane.count) throw new Error('the spans of this page are damaged');
            readBlock(lane, numbers, count, hasSeveral);
        }
        for (const { lanes } of tasks) for (const lane of lanes) lane.sort();
        for (const lane of byIndex) lane.summarise();
    }

    // The tracks of a thread, and of a task, by number; a thread that had its slot for a while too.
    trackOf(tid, taskId = 0) {
        const task = taskId && this.threads.find((t) => t.task && t.task.id === taskId);
        return task || this.threads.find((t) => !t.task && !t.group && t.owners.some((o) => o[0] === tid));
    }

    // What began what: {at, from, to, node, until}, from and to are tracks. node: the span that did.
    links(tree) {
        const links = [];
        for (const to of this.threads) {
            if (!to.task) continue;
            const { byThread, byTask, begin, node } = to.task, from = this.trackOf(byThread, byTask);
            if (from) links.push({ at: begin, until: begin, from, to, node: tree.parent[node] });
        }
        for (const [tid, asked, start, byThread, byTask, node] of this.facts.begins) {
            const from = this.trackOf(byThread, byTask), to = this.trackOf(tid);
            if (to) links.push({ at: asked, until: start, from, to, node });
        }
        return links.sort((a, b) => a.at - b.at);
    }

    // Look at one thread only, by its place in the list; -1: at all.
    showOnly(index) {
        this.shown = index < 0 ? this.threads : [this.threads[index]];
        this.lanes = this.shown.flatMap((thread) => thread.lanes);
    }

    // Time and number of spans of each node between two moments. What lies across an end counts with
    // the part within.
    aggregate(from, to) {
        const ns = new Float64Array(this.nodeCount), calls = new Float64Array(this.nodeCount);
        for (const lane of this.lanes) this.addLane(lane, from, to, ns, calls);
        return { ns, calls };
    }

    addLane(lane, from, to, ns, calls) {
        const { starts, lengths, nodes, spans, count } = lane;
        for (let i = lane.firstAfter(from); i < count && starts[i] < to; i++) {
            let length = lengths[i];
            const start = starts[i];
            if (length === LONGEST) length = lane.longer.get(i);
            const end = start + length;
            if (start < from || end > to) length = Math.min(end, to) - Math.max(start, from);
            if (spans !== null && spans[i] !== 1) {
                calls[nodes[i]] += spans[i] || 1;
                // Spread over it evenly, where it lies across an end.
                length *= lane.busy.get(i) / (end - start || 1);
            } else {
                calls[nodes[i]]++;
            }
            ns[nodes[i]] += length;
        }
    }

    // Self times for a stretch, in the form of a metric. A parent that the timeline lacks has at least
    // the time of its children.
    selfWithin(tree, from, to) {
        const { ns, calls } = this.aggregate(from, to), below = new Float64Array(ns.length), self = new Float64Array(ns.length);
        for (let n = ns.length - 1; n > 0; n--) {
            const whole = Math.max(ns[n], below[n]);
            if (n < tree.leftOut && !tree.isCallerOnly[n]) self[n] = whole - below[n];
            if (n >= tree.leftOut) calls[n] = 0;
            if (!tree.isDetached[n]) below[tree.parent[n]] += whole;
        }
        return { self, calls };
    }

    // How busy a thread was at its outermost depth, for each of `columns` stretches of the whole.
    occupancy(lane, columns) {
        const busy = new Float32Array(columns), step = this.end / columns || 1;
        for (let i = 0; i < lane.count; i++) {
            const start = lane.starts[i], end = lane.endOf(i);
            let c = Math.min(columns - 1, Math.floor(start / step));
            if (end <= (c + 1) * step) {
                busy[c] += end - start;
                continue;
            }
            for (; c < columns && c * step < end; c++) busy[c] += Math.min(end, (c + 1) * step) - Math.max(start, c * step);
        }
        for (let c = 0; c < columns; c++) busy[c] /= step;
        return busy;
    }

    // Who ran on a thread at a moment: [tid, name, from, to].
    static ownerAt(thread, moment) {
        if (thread.task) return [(thread.runs.find((r) => moment <= r.end) || { tid: '?' }).tid, ''];
        return thread.owners.find((o) => o[2] <= moment && moment <= o[3]) || [thread.tid, thread.name, 0, 0];
    }

    static title(thread) {
        if (thread.title) return thread.title;
        const first = thread.owners[0] || [thread.tid, thread.name], more = thread.owners.length - 1;
        const handler = thread.level ? ', signal handlers' : '', task = thread.group ? 'tasks on ' : '';
        return task + (first[1] ? first[1] + ' \u00b7 ' : 'thread ') + first[0] + (more > 0 ? ' and ' + more + ' after it' : '') + handler + (thread.group ? ' (' + thread.group + ')' : '');
    }

    // Durations of each function in a stretch, as a histogram of 32 buckets an octave: for percentiles.
    histograms(frame, frameCount, from, to) {
        const all = new Array(frameCount);
        for (const lane of this.lanes) {
            for (let i = lane.firstAfter(from); i < lane.count && lane.starts[i] < to; i++) {
                if (lane.spans !== null && lane.spans[i] > 1) continue;
                if (lane.isOpen && i === lane.count - 1) continue;
                const f = frame[lane.nodes[i]], h = all[f] || (all[f] = { counts: new Uint32Array(BUCKETS), min: Infinity, max: 0, count: 0, sum: 0 });
                const length = lane.busyOf(i);
                h.counts[bucketOf(length)]++;
                h.count++;
                h.sum += length;
                if (length < h.min) h.min = length;
                if (length > h.max) h.max = length;
            }
        }
        return all;
    }
}

const BUCKETS = 32 * 50;

// Below 32 the duration itself; then 32 buckets an octave (docs/trace-format.md).
function bucketOf(ns) {
    if (ns < 32) return ns;
    if (ns < 2147483648) {
        const octave = 31 - Math.clz32(ns);
        return (octave - 4) * 32 + ((ns >>> (octave - 5)) & 31);
    }
    const octave = Math.min(52, Math.floor(Math.log2(ns)));
    return (octave - 4) * 32 + Math.min(31, Math.floor((ns / Math.pow(2, octave) - 1) * 32));
}

function bucketLow(b) {
    if (b < 32) return b;
    return Math.pow(2, Math.floor(b / 32) + 4) * (1 + (b % 32) / 32);
}

/** The duration below which a share of them is: within the bucket by proportion, as in `stats`. */
export function percentile(h, share) {
    let want = share * h.count;
    for (let b = 0; b < BUCKETS; b++) {
        if (want <= h.counts[b] && h.counts[b]) {
            const low = bucketLow(b), at = low + (bucketLow(b + 1) - low) * want / h.counts[b];
            return Math.min(h.max, Math.max(h.min, at));
        }
        want -= h.counts[b];
    }
    return h.max;
}
