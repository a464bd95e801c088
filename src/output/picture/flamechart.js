// The script inside a flamechart: what it does not share with a flamegraph (picture.js). Row 0 is the
// whole time; the rows of a lane follow each other. A rectangle is one span, or several that were too
// short to draw one by one.

var TITLE = 'Flamechart';
var HINT = 'Click a span to zoom in on its time. / searches, arrows walk, Enter zooms, Esc goes back.';
var spans = new Float64Array(count), busy = new Float64Array(count);
var axis = root.querySelector('.axis');
var heap = root.querySelector('svg.heap'), heapHeight = heap && heap.viewBox.baseVal.height;
// Of single tasks: when they ran, and arrows. Each knows its moments.
var flow = Array.prototype.map.call(root.querySelectorAll('.flow > g > *'), function (e) {
    var at = e.getAttribute('data-at').split(',');
    return { element: e, start: number(at[0]), length: number(at[1]), isArrow: e.nodeName === 'svg' };
});
var RUNNING = 0;

function takeFields(i, several, time) {
    spans[i] = several ? number(several) : 1;
    busy[i] = time ? number(time) : value[i];
}

function rowAbove(r) { return r === 0 ? -1 : data.tops.indexOf(r) >= 0 ? ROOT : r - 1; }

function labelOf(i) { return data.labels[name[i]] ? counted(i, data.labels[name[i]]) : nameOf(i); }

function nameOf(i) { return i === ROOT ? 'all' : counted(i, data.names[name[i]] || '(no name)'); }

function counted(i, text) { return spans[i] > 1 ? grouped(spans[i]) + '\u00d7 ' + text : text; }

// Everything that lies in the time of what is zoomed, whole or in part.
function layout() {
    var framesPx = frames.getBoundingClientRect().width || 1;
    var left = start[zoomed], whole = value[zoomed] || 1, right = left + whole;
    for (var i = 0; i < count; i++) {
        var from = Math.max(left, start[i]), to = Math.min(right, start[i] + value[i]);
        inView[i] = i === ROOT || from < to || (from === to && value[i] === 0) ? 1 : 0;
        show(i, inView[i] ? SHOWN : HIDDEN);
        if (inView[i]) place(i, 100 * (from - left) / whole, Math.max(100 * (to - from) / whole, 50 / framesPx), framesPx);
    }
    if (!shownAs[current]) setCurrent(zoomed);
    drawAxis(left, whole, framesPx);
    flow.forEach(function (f) { placeFlow(f, left, whole); });
    if (heap) heap.setAttribute('viewBox', [10000 * left / value[ROOT], 0, Math.max(1e-3, 10000 * whole / value[ROOT]), heapHeight].join(' '));
}

function placeFlow(f, left, whole) {
    var from = Math.max(left, f.start), to = Math.min(left + whole, f.start + f.length);
    f.element.style.display = from < to || (f.isArrow && from === to) ? '' : 'none';
    f.element.setAttribute('x', 100 * (from - left) / whole + '%');
    if (!f.isArrow) f.element.setAttribute('width', 100 * Math.max(0, to - from) / whole + '%');
}

// Steps of 1, 2 or 5, some 110 pixels apart. Labels tell the time since the session began.
function drawAxis(left, whole, framesPx) {
    var least = whole * 110 / framesPx, step = Math.pow(10, Math.floor(Math.log10(least)));
    step *= step * 2 >= least ? 2 : step * 5 >= least ? 5 : 10;
    var origin = data.from + left, k = Math.ceil(origin / step), y2 = axis.getAttribute('data-height');
    axis.textContent = '';
    for (; k * step <= origin + whole; k++) {
        var x = 100 * (k * step - origin) / whole + '%';
        svgElement('line', { x1: x, x2: x, y1: 0, y2: y2 }, axis);
        if (100 * (k * step - origin) / whole > 94) continue;
        svgElement('text', { x: x, y: -4, dx: 3 }, axis).textContent = moment(k * step, step);
    }
}

// As many digits as the step needs: two marks never say the same.
function moment(ns, step) {
    var unit = step >= 1e9 ? [1e9, 's'] : ns >= 1e9 ? [1e9, 's'] : ns >= 1e6 ? [1e6, 'ms'] : ns >= 1e3 ? [1e3, '\u00b5s'] : [1, 'ns'];
    var digits = Math.max(0, Math.ceil(Math.log10(unit[0] / step) - 1e-9));
    if (ns === 0) return '0 s';
    return (ns / unit[0]).toFixed(digits) + ' ' + unit[1];
}

function turn() { inverted = true; }

// Of names, not of rectangles: what was too short to draw counts too.
function match() {
    var re = query ? compilePattern(query) : null, found = 0, time = 0;
    var named = data.names.map(function (n, k) {
        var is = re ? re.test(n) : false;
        if (is) found += data.totals[k][0];
        if (is) time += data.totals[k][1];
        return is;
    });
    for (var i = 0; i < count; i++) mark(i, name[i] >= 0 && named[name[i]] ? 1 : 0);
    root.classList.toggle('searching', !!re);
    matched.textContent = re ? grouped(found) + (found === 1 ? ' span, ' : ' spans, ') + quantity(time) + (re.problem ? ' (letter by letter)' : '') : '';
    matched.title = re ? 'Over all threads, and with those too short to draw.' : '';
    buttons.clear.disabled = !re;
}

function laneOf(i) {
    var lane = 0;
    while (lane + 1 < data.tops.length && data.tops[lane + 1] <= row[i]) lane++;
    return data.lanes[lane];
}

function facts(i) {
    var lines = [], at = data.places[name[i]], total = data.totals[name[i]];
    function add(key, text) { lines.push([key, text]); }
    add('from', quantity(data.from + start[i]) + exact(data.from + start[i]));
    if (spans[i] > 1) add('stretch', quantity(value[i]) + exact(value[i]));
    else add('time', quantity(busy[i]) + exact(busy[i]));
    if (i === ROOT) return lines;
    if (spans[i] > 1) add('spans', grouped(spans[i]) + ', too short to draw one by one; the name is that of most of their time');
    if (spans[i] > 1) add('busy', quantity(busy[i]) + ', ' + percent(busy[i], value[i]));
    if (spans[i] <= 1 && busy[i] < value[i]) add('waited', quantity(value[i] - busy[i]) + ', of ' + quantity(value[i]) + ' from start to end');
    if (spans[i] === RUNNING) add('state', 'still running at the end');
    add('thread', laneOf(i));
    if (total) add('all of it', grouped(total[0]) + ' spans, ' + quantity(total[1]));
    if (at) add('at', at[0] + (at[1] ? ':' + at[1] : ''));
    return lines;
}

function childOf(i) { return firstChild[i]; }

function addButtons() {}

begin();
