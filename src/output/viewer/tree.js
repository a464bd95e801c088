// Call trees in columns: a node is an index, 0 the root, parents before children.
import { Numbers } from './pack.js';

// What meta tells that there is, as {key, label, unit, self, before?}.
export function readTree(meta, bytes) {
    const count = meta.nodes, numbers = new Numbers(bytes);
    const column = (kind) => numbers.fill(new kind(count), 1, count - 1);
    const parent = column(Int32Array), frame = new Int32Array(count).fill(-1), metrics = [];
    for (let n = 1; n < count; n++) parent[n] = n - parent[n];
    parent[0] = -1;
    numbers.fill(frame, 1, count - 1);
    const main = { key: 'self', unit: meta.unit, self: column(Float64Array) };
    main.label = { ns: 'Time', bytes: 'Bytes' }[meta.unit] || 'Samples';
    metrics.push(main);
    const calls = meta.calls ? column(Float64Array) : null;
    if (meta.memory) {
        for (const [key, label, unit, isLive] of MEMORY) {
            const self = column(Float64Array);
            if (!isLive || meta.memory === 'live') metrics.push({ key, label, unit, self });
        }
    }
    if (meta.before !== undefined) {
        main.before = column(Float64Array);
        main.callsBefore = column(Float64Array);
    }
    if (!numbers.isAtEnd || numbers.at > bytes.length) throw new Error('the tree of this page is damaged');
    return { parent, frame, calls, metrics };
}

const MEMORY = [
    ['bytes', 'Memory allocated', 'bytes', false], ['blocks', 'Blocks allocated', 'blocks', false],
    ['freed', 'Memory freed', 'bytes', true], ['live', 'Memory live at the end', 'bytes', true],
    ['peak', 'Memory live at the peak', 'bytes', true],
];

export function inclusive(parent, self) {
    const value = Float64Array.from(self);
    for (let n = parent.length - 1; n > 0; n--) value[parent[n]] += value[n];
    return value;
}

// Nodes in the order of a picture: row after row, each from left to right; children in the order of
// their names, which is that of their frames, or the widest first. start and width are in the unit of the values.
export function layOut(tree, width, isByWidth = false) {
    const { parent, frame } = tree, count = parent.length;
    const { first, child } = childrenOf(parent, frame);
    for (let n = 0; isByWidth && n < count; n++)
        if (first[n + 1] - first[n] > 1) child.subarray(first[n], first[n + 1]).sort((a, b) => width[b] - width[a] || frame[a] - frame[b]);
    const order = new Int32Array(count), start = new Float64Array(count), depth = new Int32Array(count);
    const rowFirst = [0];
    for (let at = 0, filled = 1; at < count; at++) {
        const n = order[at];
        if (at > 0 && depth[n] === rowFirst.length) rowFirst.push(at);
        let left = start[n];
        for (let k = first[n]; k < first[n + 1]; k++) {
            const c = child[k];
            if (width[c] <= 0) continue;
            order[filled++] = c;
            start[c] = left;
            left += width[c];
            depth[c] = depth[n] + 1;
        }
        if (at + 1 >= filled) {
            rowFirst.push(filled);
            return { order, rowFirst, start, depth, width, rowCount: rowFirst.length - 1, first, child };
        }
    }
    return { order, rowFirst: [0, 1], start, depth, width, rowCount: 1, first, child };
}

function childrenOf(parent, frame) {
    const count = parent.length, first = new Int32Array(count + 1), child = new Int32Array(Math.max(0, count - 1));
    let most = 0;
    for (let n = 1; n < count; n++) {
        first[parent[n] + 1]++;
        most = Math.max(most, frame[n]);
    }
    for (let n = 0; n < count; n++) first[n + 1] += first[n];
    const place = first.slice();
    for (const n of sortedByFrame(frame, most)) child[place[parent[n]]++] = n;
    return { first, child };
}

function sortedByFrame(frame, most) {
    const place = new Int32Array(most + 2), sorted = new Int32Array(Math.max(0, frame.length - 1));
    for (let n = 1; n < frame.length; n++) place[frame[n] + 1]++;
    for (let f = 0; f <= most; f++) place[f + 1] += place[f];
    for (let n = 1; n < frame.length; n++) sorted[place[frame[n]]++] = n;
    return sorted;
}

// A tree that grows by paths, for what is put together here.
class Growing {
    constructor(frame) {
        this.parent = [-1];
        this.frame = [frame];
        this.self = [0];
        this.calls = [0];
        this.known = new Map();
    }

    child(parent, frame) {
        const key = parent * 4294967296 + frame, found = this.known.get(key);
        if (found !== undefined) return found;
        this.known.set(key, this.parent.length);
        this.parent.push(parent);
        this.frame.push(frame);
        this.self.push(0);
        this.calls.push(0);
        return this.parent.length - 1;
    }

    done() {
        return {
            parent: Int32Array.from(this.parent), frame: Int32Array.from(this.frame),
            self: Float64Array.from(this.self), calls: Float64Array.from(this.calls),
        };
    }
}

// The topmost nodes of a function on each path: recursion counts once.
function topmost(tree, wanted) {
    const { parent, frame } = tree, covered = new Uint8Array(parent.length), found = [];
    for (let n = 1; n < parent.length; n++) {
        covered[n] = covered[parent[n]];
        if (frame[n] !== wanted) continue;
        if (!covered[n]) found.push(n);
        covered[n] = 1;
    }
    return found;
}

// What a function called: its subtrees, one upon the other. The root is the function.
export function calleesOf(tree, self, wanted) {
    const { parent, frame, calls } = tree, grown = new Growing(wanted), image = new Int32Array(parent.length).fill(-1);
    for (const n of topmost(tree, wanted)) image[n] = 0;
    for (let n = 1; n < parent.length; n++) {
        if (image[n] < 0 && image[parent[n]] >= 0) image[n] = grown.child(image[parent[n]], frame[n]);
        if (image[n] < 0) continue;
        grown.self[image[n]] += self[n];
        if (calls) grown.calls[image[n]] += calls[n];
    }
    return grown.done();
}

// Who called it, from the function outwards: values are of the function, split by caller.
export function callersOf(tree, value, wanted) {
    const { parent, frame, calls } = tree, grown = new Growing(wanted);
    for (const n of topmost(tree, wanted)) {
        let at = 0;
        if (calls) grown.calls[at] += calls[n];
        for (let up = parent[n]; up > 0; up = parent[up]) {
            at = grown.child(at, frame[up]);
            if (calls) grown.calls[at] += calls[n];
        }
        grown.self[at] += value[n];
    }
    return grown.done();
}

// Bottom up: at the root what each function took itself, beneath it who called it. Calls are those of the function
// that is called.
export function bottomUp(tree, self) {
    const { parent, frame, calls } = tree, grown = new Growing(-1);
    for (let n = 1; n < parent.length; n++) {
        if (self[n] <= 0) continue;
        let at = 0;
        for (let up = n; up > 0; up = parent[up]) {
            at = grown.child(at, frame[up]);
            if (calls) grown.calls[at] += calls[n];
        }
        grown.self[at] += self[n];
    }
    return grown.done();
}

// Sums by function: inclusive over the topmost nodes, self and calls over all.
export function sumByFrame(tree, self, value, frameCount) {
    const { parent, frame, calls } = tree;
    const sums = { inclusive: new Float64Array(frameCount), self: new Float64Array(frameCount), calls: new Float64Array(frameCount) };
    const stackFrame = [], stackNode = [];
    const open = new Int32Array(frameCount);
    // Depth first: a node is closed when the next is not below it.
    const { first, child } = childrenOf(parent, frame);
    const todo = [0];
    while (todo.length) {
        const n = todo.pop();
        if (n < 0) {
            open[stackFrame.pop()]--;
            stackNode.pop();
            continue;
        }
        if (n > 0) {
            const f = frame[n];
            if (!open[f]) sums.inclusive[f] += value[n];
            sums.self[f] += self[n];
            if (calls) sums.calls[f] += calls[n];
            open[f]++;
            stackFrame.push(f);
            stackNode.push(n);
            todo.push(-1);
        }
        for (let k = first[n]; k < first[n + 1]; k++) todo.push(child[k]);
    }
    return sums;
}
