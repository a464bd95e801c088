// The script inside a flamegraph: what it does not share with a flamechart (picture.js).

var TITLE = 'Flamegraph';
var HINT = 'Click a frame to zoom. / searches, arrows walk, Enter zooms, Esc goes back.';
var self = new Float64Array(count), calls = new Float64Array(count);
var change = new Float64Array(count);

function takeFields(i, own, callCount, changed) {
    self[i] = own ? number(own) : value[i];
    calls[i] = number(callCount);
    change[i] = number(changed);
}

// Of a comparison: what was before, and the change as a label has it.
function before(i) { return data.compares === 1 ? value[i] : value[i] - change[i]; }

function changeText(i) {
    if (!data.compares || !change[i]) return '';
    if (before(i) <= 0) return 'new ';
    if (before(i) + change[i] <= 0) return 'gone ';
    var share = Math.round(100 * change[i] / before(i));
    return share ? (share < 0 ? '-' : '+') + Math.abs(share) + '% ' : '';
}

function labelOf(i) { return changeText(i) + (data.labels[name[i]] || nameOf(i)); }

function rowAbove(r) { return r - 1; }

function nameOf(i) { return name[i] < 0 ? 'all' : data.names[name[i]] || '(no name)'; }

// What is above the zoomed frame fills the row, what is beside it is not shown.
function layout() {
    var framesPx = frames.getBoundingClientRect().width || 1;
    var left = start[zoomed], whole = value[zoomed] || 1, path = {};
    for (var up = parent[zoomed]; up >= 0; up = parent[up]) path[up] = true;
    for (var i = 0; i < count; i++) {
        inView[i] = i === zoomed || (parent[i] >= 0 && inView[parent[i]] && !path[parent[i]]) ? 1 : 0;
        show(i, inView[i] ? SHOWN : path[i] ? ABOVE : HIDDEN);
        if (path[i]) place(i, 0, 100, framesPx);
        else if (inView[i]) place(i, 100 * (start[i] - left) / whole, 100 * value[i] / whole, framesPx);
    }
    if (!shownAs[current]) setCurrent(zoomed);
}

// A picture that is taller than the window has its root at the top: scrolling to one at the
// bottom is lost on whoever takes a picture of the page, or prints it.
function turn() {
    var isTall = standalone && data.top + rows.length * data.row > window.innerHeight;
    inverted = wantsInverted === undefined ? !!data.inverted || isTall : wantsInverted;
    Array.prototype.forEach.call(frames.children, function (g, r) {
        var y = (inverted ? r : rows.length - 1 - r) * data.row;
        g.setAttribute('transform', 'translate(0 ' + y + ')');
    });
}

function flip() {
    wantsInverted = !inverted;
    turn();
    saveUrl(false);
    toRoot();
}

// The share of what is zoomed that lies in or beneath a match. A match within a match is in it.
function match() {
    var re = query ? compilePattern(query) : null, sum = 0, matches = 0;
    var named = data.names.map(function (n) { return re ? re.test(n) : false; });
    var covered = new Uint8Array(count);
    for (var i = 0; i < count; i++) {
        var is = name[i] >= 0 && named[name[i]] ? 1 : 0;
        mark(i, is);
        if (!inView[i]) continue;
        var within = i !== zoomed && covered[parent[i]];
        if (is && !within) sum += value[i];
        covered[i] = is || within ? 1 : 0;
        matches += is;
    }
    root.classList.toggle('searching', !!re);
    matched.textContent = re ? percent(sum, value[zoomed]) + ' in ' + grouped(matches) + (matches === 1 ? ' frame' : ' frames') + (re.problem ? ' (letter by letter)' : '') : '';
    matched.title = data.left_out ? 'Of the frames drawn; ' + grouped(data.left_out) + ' are too narrow or too deep.' : '';
    buttons.clear.disabled = !re;
}

function facts(i) {
    var lines = [], up = parent[i], at = data.places[name[i]];
    function add(key, text) { lines.push([key, text]); }
    add(data.unit === 'ns' ? 'time' : data.unit === 'bytes' ? 'memory' : 'count', quantity(value[i]) + exact(value[i]));
    add('of all', percent(value[i], value[ROOT]));
    if (zoomed !== ROOT && inView[i]) add('of zoomed', percent(value[i], value[zoomed]));
    if (up > ROOT) add('of parent', percent(value[i], value[up]) + ' of ' + nameOf(up));
    if (data.compares) {
        add('before', quantity(before(i)) + exact(before(i)));
        add('after', quantity(before(i) + change[i]) + exact(before(i) + change[i]));
        add('change', changeText(i) + (change[i] ? (change[i] < 0 ? '-' : '+') + quantity(Math.abs(change[i])) : 'none'));
    }
    add('self', quantity(self[i]) + ', ' + percent(self[i], value[i]));
    if (calls[i]) add('calls', grouped(calls[i]));
    if (calls[i]) add('mean', quantity(value[i] / calls[i]));
    if (at) add('at', at[0] + (at[1] ? ':' + at[1] : ''));
    return lines;
}

// Of a frame above the zoomed one only the child on the way to that is shown.
function childOf(i) {
    var path = zoomed;
    if (inView[i]) return firstChild[i];
    while (path >= 0 && parent[path] !== i) path = parent[path];
    return path;
}

function addButtons() {
    button('flip', 'Flip', 'Root at the top or at the bottom', flip);
}

begin();
