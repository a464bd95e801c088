// The columns of the table, for what a profile has.
import { grouped, percent, quantity, signed } from './quantity.js';
import { percentile } from './timeline.js';

const known = (value, unit) => (value === undefined || value < 0 ? '' : quantity(value, unit));

function shareColumns(unit, total) {
    return [
        { key: 'self', label: 'self', number: (r) => r.self, text: (r) => known(r.self, unit) },
        { key: 'share', label: '%', title: 'Self, of all', number: (r) => r.self, part: (r) => (total > 0 ? r.self / total : 0), text: (r) => percent(r.self, total) },
        { key: 'incl', label: 'incl', title: 'With what it called; recursion counts once', number: (r) => r.incl, text: (r) => known(r.incl, unit) },
    ];
}

const LENGTHS = [['mean', 'mean'], ['min', 'min'], ['p50', 'p50'], ['p95', 'p95'], ['p99', 'p99'], ['max', 'max']];

export function timeColumns(unit, total, hasCalls) {
    const name = { key: 'name', label: 'function', number: (r) => -r.frame, text: (r) => r.name };
    if (!hasCalls) return [name, ...shareColumns(unit, total)];
    const calls = { key: 'calls', label: 'calls', number: (r) => r.calls, text: (r) => grouped(r.calls) };
    const lengths = LENGTHS.map(([key, label]) => ({ key, label, number: (r) => (r[key] === undefined ? -1 : r[key]), text: (r) => known(r[key], unit) }));
    return [name, ...shareColumns(unit, total), calls, ...lengths];
}

export function differenceColumns(unit) {
    const change = (r) => r.incl - r.inclBefore;
    return [
        { key: 'name', label: 'function', number: (r) => -r.frame, text: (r) => r.name },
        { key: 'change', label: 'change', title: 'Of self, by its size', number: (r) => Math.abs(r.self - r.selfBefore), text: (r) => signed(r.self - r.selfBefore, unit) },
        { key: 'before', label: 'self before', number: (r) => r.selfBefore, text: (r) => known(r.selfBefore, unit) },
        { key: 'self', label: 'self after', number: (r) => r.self, text: (r) => known(r.self, unit) },
        { key: 'inclchange', label: 'incl change', number: (r) => Math.abs(change(r)), text: (r) => signed(change(r), unit) },
        { key: 'inclbefore', label: 'incl before', number: (r) => r.inclBefore, text: (r) => known(r.inclBefore, unit) },
        { key: 'incl', label: 'incl after', number: (r) => r.incl, text: (r) => known(r.incl, unit) },
        { key: 'callsbefore', label: 'calls before', number: (r) => r.callsBefore, text: (r) => grouped(r.callsBefore) },
        { key: 'calls', label: 'calls after', number: (r) => r.calls, text: (r) => grouped(r.calls) },
    ];
}

// What the tool worked out for the whole profile: exact, or as `thag-analyze stats` says it.
export function wholeRows(meta) {
    return meta.stats.map(([frame, calls, incl, self, min, mean, p50, p95, p99, max]) =>
        ({ frame, name: meta.names[frame], calls, incl, self, min, mean, p50, p95, p99, max }));
}

// The same for sums that were made here; with the durations of single calls, where they are known.
export function summedRows(meta, sums, histograms) {
    const rows = [];
    for (let frame = 0; frame < meta.names.length; frame++) {
        if (!sums.inclusive[frame] && !sums.calls[frame]) continue;
        const row = { frame, name: meta.names[frame], calls: sums.calls[frame], incl: sums.inclusive[frame], self: sums.self[frame] };
        const h = histograms && histograms[frame];
        if (h) Object.assign(row, { min: h.min, max: h.max, mean: h.sum / h.count, p50: percentile(h, 0.5), p95: percentile(h, 0.95), p99: percentile(h, 0.99) });
        rows.push(row);
    }
    return rows;
}
