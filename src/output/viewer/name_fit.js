// Names where there is little room, in pictures and on the page: name_fit.c does the same.

// As many letters of a name as there is room for; what says no more than a letter is nothing. Qualifiers of C++ go
// first: what is told is at the end. What stands before the name, a sign or a count, stays.
export function shortened(text, room) {
    const letters = Array.from(text);
    if (letters.length <= room) return text;
    if (room < 3) return '';
    const before = /^(?:[+\u2212] |[+-]?\d+% |new |[\d,]+\u00d7 )?/.exec(text)[0], name = text.slice(before.length), plain = name.search(/[(< ]|$/);
    for (let at = name.indexOf('::'); at >= 0 && at < plain; at = name.indexOf('::', at + 2)) {
        const end = before + '\u2026' + name.slice(at + 2);
        if (Array.from(end).length <= room) return end;
    }
    return letters.slice(0, room - 1).join('') + '\u2026';
}
