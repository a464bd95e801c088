// Numbers as people read them: quantity.c says the same in the same words.

function scaled(amount, scales) {
    let k = 0;
    while (k + 1 < scales.length && Math.abs(amount) < scales[k][0]) k++;
    amount /= scales[k][0];
    const size = Math.abs(amount), digits = scales[k][0] <= 1 || size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
    return amount.toFixed(digits) + ' ' + scales[k][1];
}

const TIMES = [[1e9, 's'], [1e6, 'ms'], [1e3, '\u00b5s'], [1, 'ns']];
const SIZES = [[1099511627776, 'TiB'], [1073741824, 'GiB'], [1048576, 'MiB'], [1024, 'KiB'], [1, 'B']];

export function grouped(n) { return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ','); }

export function quantity(n, unit) {
    if (unit === 'ns') return scaled(n, TIMES);
    return unit === 'bytes' ? scaled(n, SIZES) : grouped(n) + ' ' + unit;
}

export function exactly(n, unit) {
    if (unit === 'ns' && Math.abs(n) >= 1e3) return quantity(n, unit) + ' (' + grouped(n) + ' ns)';
    if (unit === 'bytes' && Math.abs(n) >= 1024) return quantity(n, unit) + ' (' + grouped(n) + ' bytes)';
    return quantity(n, unit);
}

export function percent(part, whole) { return (whole > 0 ? 100 * part / whole : 0).toFixed(2) + '%'; }

export function signed(n, unit) { return (n > 0 ? '+' : n < 0 ? '\u2212' : '\u00b1') + quantity(Math.abs(n), unit); }

// A moment on an axis of that step: as many digits as it takes for two marks to differ.
export function moment(ns, step) {
    if (ns === 0) return '0 s';
    const unit = step >= 1e9 || ns >= 1e9 ? TIMES[0] : ns >= 1e6 ? TIMES[1] : ns >= 1e3 ? TIMES[2] : TIMES[3];
    const digits = Math.max(0, Math.ceil(Math.log10(unit[0] / step) - 1e-9));
    return (ns / unit[0]).toFixed(Math.min(digits, 9)) + ' ' + unit[1];
}

// A mark of an axis in bytes: "1.5 MiB", "2 MiB".
export function markBytes(bytes) { return quantity(bytes, 'bytes').replace(/(\.\d*?)0+ /, '$1 ').replace('. ', ' '); }

// A power of two, not less than `least`.
export function roundBytes(least) { return Math.pow(2, Math.max(0, Math.ceil(Math.log2(least)))); }

// 1, 2 or 5 times a power of ten, not less than `least`.
export function roundStep(least) {
    const power = Math.pow(10, Math.floor(Math.log10(least)));
    return power >= least ? power : power * 2 >= least ? power * 2 : power * 5 >= least ? power * 5 : power * 10;
}
