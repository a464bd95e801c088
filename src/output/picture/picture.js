// The part of the script in an SVG that flamegraph.js and flamechart.js share: rectangles, search,
// details, keys, state in the URL, light and dark. It runs in a file:// page without a network, so it
// must not want anything. Names are hostile until proven otherwise: they become text nodes and
// attributes by the DOM, never markup. Lines that begin with // are left out when this is embedded,
// together with one of the two, in one function.
//
// The other file defines takeFields, rowAbove, nameOf, labelOf, layout, turn, match, facts, childOf, HINT and
// addButtons, and calls begin.

var SVG = 'http://www.w3.org/2000/svg', HTML = 'http://www.w3.org/1999/xhtml';
var script = document.currentScript;
var root = (script && script.ownerSVGElement) || document.documentElement;
var standalone = root === document.documentElement;
var data = JSON.parse(root.querySelector('.data').textContent);
var frames = root.querySelector('.frames'), head = root.querySelector('.head');
var notes = Array.prototype.map.call(head.querySelectorAll('.note'), function (e) { return { element: e, text: e.textContent }; });
var LABEL_MIN_PX = 24, GAP_PX = 0.5, ROOT = 0;

// ---- the rectangles, in columns ----

var count = data.rects.split(/[;|]/).length;
var start = new Float64Array(count), value = new Float64Array(count);
var name = new Int32Array(count), row = new Int32Array(count);
var parent = new Int32Array(count), firstChild = new Int32Array(count).fill(-1);
var inView = new Uint8Array(count).fill(1), hit = new Uint8Array(count);
// What the elements say at present, so that only what changes is touched.
var shownX = new Float64Array(count), shownW = new Float64Array(count);
var shownAs = new Uint8Array(count).fill(1);
var elements = new Array(count);
var rows = data.rects.split('|');
var HIDDEN = 0, SHOWN = 1, ABOVE = 2;
var rowFirst = new Int32Array(rows.length + 1).fill(count);
var zoomed = ROOT, query = '', inverted = !!data.inverted, theme = '';
// What the user wants of the two ways up; undefined: as it fits the window.
var wantsInverted;
var current = ROOT, charPx = 7.23;

function number(text) { return text ? parseInt(text, 36) : 0; }

// An entry is name,gap,value and what the other file takes.
function readRects() {
    var i = 0;
    rows.forEach(function (line, r) {
        var end = 0, above = rowAbove(r), up = above < 0 ? -1 : rowFirst[above];
        rowFirst[r] = i;
        line.split(';').forEach(function (entry) {
            var field = entry.split(',');
            name[i] = field[0] ? parseInt(field[0], 36) : -1;
            start[i] = end + number(field[1]);
            value[i] = number(field[2]);
            takeFields(i, field[3], field[4], field[5]);
            end = start[i] + value[i];
            row[i] = r;
            parent[i] = up;
            if (up >= 0) {
                while (up + 1 < rowFirst[above + 1] && start[up] + value[up] <= start[i]) up++;
                parent[i] = up;
                if (firstChild[up] < 0) firstChild[up] = i;
            }
            i++;
        });
    });
    for (i = 0; i < count; i++) {
        shownX[i] = 100 * start[i] / (value[ROOT] || 1);
        shownW[i] = 100 * value[i] / (value[ROOT] || 1);
    }
}

// ---- numbers as people read them: quantity.c says the same ----

function scaled(amount, scales) {
    var k = 0;
    while (k + 1 < scales.length && amount < scales[k][0]) k++;
    amount /= scales[k][0];
    var digits = scales[k][0] <= 1 || amount >= 99.95 ? 0 : amount >= 9.995 ? 1 : 2;
    return amount.toFixed(digits) + ' ' + scales[k][1];
}

function grouped(n) { return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ','); }

function quantity(n) {
    if (data.unit === 'ns') return scaled(n, [[1e9, 's'], [1e6, 'ms'], [1e3, '\u00b5s'], [1, 'ns']]);
    if (data.unit !== 'bytes') return grouped(n) + ' ' + data.label;
    return scaled(n, [[1099511627776, 'TiB'], [1073741824, 'GiB'], [1048576, 'MiB'], [1024, 'KiB'], [1, 'B']]);
}

function exact(n) {
    if (data.unit === 'ns') return n >= 1e3 ? ' (' + grouped(n) + ' ns)' : '';
    return data.unit === 'bytes' && n >= 1024 ? ' (' + grouped(n) + ' bytes)' : '';
}

function percent(part, whole) { return (whole > 0 ? 100 * part / whole : 0).toFixed(2) + '%'; }

// ---- drawing ----

function svgElement(kind, attributes, into) {
    var e = document.createElementNS(SVG, kind);
    for (var key in attributes) e.setAttribute(key, attributes[key]);
    if (into) into.appendChild(e);
    return e;
}

function htmlElement(kind, attributes, into, text) {
    var e = document.createElementNS(HTML, kind);
    for (var key in attributes) e.setAttribute(key, attributes[key]);
    if (text !== undefined) e.textContent = text;
    if (into) into.appendChild(e);
    return e;
}

function adoptElements() {
    var i = 0;
    Array.prototype.forEach.call(frames.children, function (g) {
        g.setAttribute('role', 'presentation');
        Array.prototype.forEach.call(g.children, function (e) {
            elements[i] = e;
            e.index = i++;
        });
    });
    // The titles have done their work: with the script there is a better one on hovering.
    elements.forEach(function (e, k) {
        var title = e.firstElementChild;
        e.setAttribute('role', 'treeitem');
        e.setAttribute('aria-level', row[k] + 1);
        e.setAttribute('aria-label', title.textContent);
        title.remove();
    });
    frames.setAttribute('role', 'tree');
    frames.setAttribute('aria-label', TITLE);
}

function measureText() {
    var probe = svgElement('text', { visibility: 'hidden' }, frames);
    probe.textContent = 'MMMMMMMMMMMMMMMMMMMM';
    charPx = probe.getComputedTextLength() / 20 || charPx;
    probe.remove();
}

function fitted(text, px) {
    var room = Math.floor((px - 5) / charPx);
    return text.length <= room ? text : shortened(text, room);
}

function label(i, px) {
    var e = elements[i], box = e.children[1];
    var text = px < LABEL_MIN_PX ? '' : fitted(labelOf(i), px);
    if (!text) {
        if (box) box.remove();
        return;
    }
    if (!box) {
        box = svgElement('svg', { height: data.row - 1 }, e);
        svgElement('text', { x: 3, y: 12 }, box);
    }
    box.setAttribute('x', shownX[i] + '%');
    box.setAttribute('width', shownW[i] + '%');
    if (box.firstChild.textContent !== text) box.firstChild.textContent = text;
}

function place(i, x, width, framesPx) {
    var px = width / 100 * framesPx, rect = elements[i].children[0];
    if (shownX[i] !== x || shownW[i] !== width) {
        shownX[i] = x;
        shownW[i] = width;
        rect.setAttribute('x', x + '%');
        rect.setAttribute('width', Math.max(0, px >= 3 ? width - 100 * GAP_PX / framesPx : width) + '%');
    }
    if (px >= LABEL_MIN_PX || elements[i].children[1]) label(i, px);
}

function show(i, as) {
    if (shownAs[i] === as) return;
    elements[i].style.display = as === HIDDEN ? 'none' : '';
    elements[i].classList.toggle('up', as === ABOVE);
    shownAs[i] = as;
}

// A line of the head that is too long for the window ends in an ellipsis; hovering tells the rest.
function fitNotes() {
    var room = frames.getBoundingClientRect().width;
    notes.forEach(function (note) {
        note.element.textContent = note.text;
        var px = note.element.getComputedTextLength(), letters = Array.from(note.text);
        if (px <= room) return;
        note.element.textContent = letters.slice(0, Math.max(1, Math.floor(letters.length * room / px) - 2)).join('') + '\u2026';
        svgElement('title', {}, note.element).textContent = note.text;
    });
}

// ---- zoom ----

function zoom(i, keepUrl) {
    zoomed = i;
    layout();
    match();
    crumbs();
    hideTip();
    buttons.reset.disabled = zoomed === ROOT;
    if (!keepUrl) saveUrl(true);
}

// ---- search ----

function search(text, keepUrl) {
    query = text;
    if (box.value !== text) box.value = text;
    match();
    if (!keepUrl) saveUrl(false);
}

function mark(i, is) {
    if (is !== hit[i]) elements[i].classList.toggle('hit', !!is);
    hit[i] = is;
}

// ---- details ----

function fillTip(i) {
    tip.textContent = '';
    htmlElement('b', {}, tip, nameOf(i));
    var table = htmlElement('table', { role: 'presentation' }, tip);
    facts(i).forEach(function (line) {
        var tr = htmlElement('tr', {}, table);
        htmlElement('td', {}, tr, line[0]);
        htmlElement('td', {}, tr, line[1]);
    });
}

// Beside the point, and within the window where that is possible.
function showTip(i, clientX, clientY) {
    var page = root.getBoundingClientRect();
    tipBox.style.display = '';
    fillTip(i);
    var w = tip.offsetWidth, h = tip.offsetHeight;
    var x = Math.max(4, Math.min(clientX + 14, root.clientWidth - w - 8, window.innerWidth - w - 8));
    var y = clientY + 18 + h > window.innerHeight ? clientY - h - 10 : clientY + 18;
    tipBox.setAttribute('x', x - page.left);
    tipBox.setAttribute('y', Math.max(0, y) - page.top);
}

function hideTip() { tipBox.style.display = 'none'; }

// ---- the way back up ----

function crumbs() {
    var path = [], i;
    for (i = zoomed; i >= 0; i = parent[i]) path.unshift(i);
    trail.textContent = '';
    if (zoomed === ROOT) {
        trail.textContent = HINT;
        return;
    }
    path.forEach(function (k, n) {
        if (n > 1 && n < path.length - 5) {
            if (n === 2) htmlElement('span', {}, trail, ' \u203a \u2026');
            return;
        }
        if (n) htmlElement('span', {}, trail, ' \u203a ');
        var b = htmlElement('button', { type: 'button', title: nameOf(k) }, trail, labelOf(k));
        b.addEventListener('click', function () { zoom(k); });
    });
}

// ---- keyboard ----

function setCurrent(i) {
    elements[current].setAttribute('tabindex', -1);
    current = i;
    elements[i].setAttribute('tabindex', 0);
}

function walkTo(i) {
    if (i < 0 || i >= count || shownAs[i] === HIDDEN) return;
    setCurrent(i);
    elements[i].focus();
    var r = elements[i].children[0].getBoundingClientRect();
    if (r.top < data.top || r.bottom > window.innerHeight) {
        window.scrollBy(0, r.top - window.innerHeight / 2);
        r = elements[i].children[0].getBoundingClientRect();
    }
    showTip(i, Math.max(0, r.left), r.bottom - 12);
}

// The next one in the row that is shown.
function beside(step) {
    var i = current + step;
    while (i >= 0 && i < count && row[i] === row[current] && shownAs[i] === HIDDEN) i += step;
    return i >= 0 && i < count && row[i] === row[current] ? i : -1;
}

function walk(key) {
    var down = inverted ? 'ArrowDown' : 'ArrowUp';
    if (key === 'ArrowLeft') return beside(-1);
    if (key === 'ArrowRight') return beside(1);
    if (key === 'Home') return zoomed;
    return key === down ? childOf(current) : parent[current];
}

function onFrameKey(event) {
    if (event.key === 'Enter' || event.key === ' ') {
        zoom(current);
        walkTo(current);
    } else if (/^(Arrow|Home)/.test(event.key)) {
        walkTo(walk(event.key));
    } else {
        return;
    }
    event.preventDefault();
}

function escape() {
    hideTip();
    if (query) search('');
    else if (zoomed !== ROOT) zoom(parent[zoomed]);
}

function onKey(event) {
    var typing = event.target === box;
    var find = (event.ctrlKey || event.metaKey) && event.key === 'f';
    // A second Ctrl-F, while in the field already, is for the browser's own search.
    if ((find && !typing) || (event.key === '/' && !typing && !event.ctrlKey)) {
        box.focus();
        box.select();
        event.preventDefault();
    } else if (event.key === 'Escape') {
        if (typing && !query) box.blur();
        escape();
    }
}

// ---- state in the URL ----

function saveUrl(isStep) {
    var state = new URLSearchParams();
    if (zoomed !== ROOT) state.set('z', zoomed);
    if (query) state.set('s', query);
    if (wantsInverted !== undefined) state.set('i', wantsInverted ? 1 : 0);
    if (theme) state.set('t', theme);
    var hash = '#' + state.toString();
    if (hash === (location.hash || '#')) return;
    try {
        history[isStep ? 'pushState' : 'replaceState'](null, '', hash);
    } catch (e) {
        location.hash = hash;
    }
}

function loadUrl() {
    var state = new URLSearchParams(location.hash.slice(1));
    var z = Number(state.get('z')), i = state.get('i'), t = state.get('t');
    wantsInverted = i === null ? undefined : i === '1';
    setTheme(t === 'dark' || t === 'light' ? t : '');
    turn();
    query = (state.get('s') || '').slice(0, 1000);
    box.value = query;
    zoom(Number.isInteger(z) && z > 0 && z < count ? z : ROOT, true);
}

// ---- light and dark ----

var dark = window.matchMedia ? window.matchMedia('(prefers-color-scheme: dark)') : { matches: false };

function setTheme(wanted) {
    var isDark = wanted ? wanted === 'dark' : dark.matches;
    theme = wanted;
    root.classList.toggle('dark', isDark);
    root.classList.toggle('light', !isDark);
    buttons.theme.textContent = isDark ? 'Light' : 'Dark';
}

function toggleTheme() {
    var now = root.classList.contains('dark') ? 'light' : 'dark';
    setTheme((now === 'dark') === dark.matches ? '' : now);
    saveUrl(false);
}

function toRoot() {
    if (standalone) window.scrollTo(0, inverted ? 0 : root.getBoundingClientRect().height);
}

var isUntouched = true;

function touch() { isUntouched = false; }

// A window may get its size after this ran.
function settle() {
    if (isUntouched) turn();
    if (isUntouched && !inverted) toRoot();
    onScroll();
}

// ---- putting it together ----

var ui = svgElement('foreignObject', { class: 'ui', x: '1%', y: data.tools, width: '98%', height: 60 });
var tools = htmlElement('div', { class: 'tools' }, ui);
var box = htmlElement('input', {
    type: 'search', placeholder: 'Search (regular expression)', 'aria-label': 'Search frames, a regular expression',
    title: 'Ctrl-F or /. Capitals make it mind the case.', spellcheck: 'false'
}, tools);
var buttons = {};
var matched = htmlElement('span', { class: 'matched', role: 'status' });
var trail = htmlElement('div', { class: 'crumbs', role: 'navigation', 'aria-label': 'Zoomed path' }, ui);
var tipBox = svgElement('foreignObject', { class: 'tipbox', width: 1, height: 1 });
var tip = htmlElement('div', { class: 'tip', role: 'tooltip' }, tipBox);

function button(key, text, title, action) {
    buttons[key] = htmlElement('button', { type: 'button', title: title }, tools, text);
    buttons[key].addEventListener('click', action);
}

function build() {
    button('clear', 'Clear', 'Clear the search (Esc)', function () { search(''); });
    tools.appendChild(matched);
    button('reset', 'Reset zoom', 'Show everything', function () { zoom(ROOT); });
    addButtons();
    button('theme', 'Dark', 'Light or dark', toggleTheme);
    head.appendChild(ui);
    root.appendChild(head);
    root.appendChild(tipBox);
    if (!standalone) return;
    root.removeAttribute('viewBox');
    root.setAttribute('width', '100%');
}

function frameAt(event) {
    var e = event.target.closest ? event.target.closest('.frames > g > g') : null;
    return e && e.index !== undefined ? e.index : -1;
}

// The head stays in sight of a picture that is taller than the window.
function onScroll() {
    var top = Math.max(0, -root.getBoundingClientRect().top);
    head.setAttribute('transform', 'translate(0 ' + top + ')');
}

function listen() {
    frames.addEventListener('click', function (event) {
        var i = frameAt(event);
        if (i < 0) return;
        setCurrent(i);
        zoom(i);
    });
    frames.addEventListener('mousemove', function (event) {
        var i = frameAt(event);
        if (i < 0) hideTip();
        else showTip(i, event.clientX, event.clientY);
    });
    frames.addEventListener('mouseleave', hideTip);
    frames.addEventListener('keydown', onFrameKey);
    frames.addEventListener('focusout', hideTip);
    frames.addEventListener('focusin', function (event) {
        var i = frameAt(event);
        if (i >= 0) setCurrent(i);
    });
    box.addEventListener('input', function () { search(box.value); });
    document.addEventListener('keydown', onKey);
    window.addEventListener('resize', function () { layout(); fitNotes(); settle(); });
    window.addEventListener('load', settle);
    ['wheel', 'mousedown', 'touchstart', 'keydown'].forEach(function (kind) {
        window.addEventListener(kind, touch, { passive: true, capture: true });
    });
    window.addEventListener('scroll', onScroll);
    window.addEventListener('hashchange', loadUrl);
    window.addEventListener('popstate', loadUrl);
    if (dark.addEventListener) dark.addEventListener('change', function () { setTheme(theme); });
}

function begin() {
    readRects();
    build();
    measureText();
    adoptElements();
    setCurrent(ROOT);
    loadUrl();
    listen();
    fitNotes();
    settle();
}
