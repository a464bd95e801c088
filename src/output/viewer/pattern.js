// Regular expressions that cannot run away. The browser's own take time exponential in a name for
// patterns such as (a+)+$, and cannot be stopped; a link to this page may carry such a pattern. These
// keep the set of all places in the pattern where the match may be (Thompson's way), so that time is
// at most the length of the name times that of the pattern.
//
// Known: . [] [^] \d \w \s and their capitals, \b, ^ $, | () (?:), and * + ? {n,m} with n, m <= 50.
// What cannot be read as such a pattern is looked for letter by letter.

const LENGTH_MAX = 200, STATES_MAX = 5000, REPEATS_MAX = 50;
const CHAR = 0, SPLIT = 1, START = 2, END = 3, EDGE = 4, MATCH = 5;

function isWord(c) { return c >= 48 && c <= 57 || c >= 65 && c <= 90 || c === 95 || c >= 97 && c <= 122; }
function isDigit(c) { return c >= 48 && c <= 57; }
function isSpace(c) { return c === 32 || c >= 9 && c <= 13 || c === 160; }

const CLASSES = { d: isDigit, w: isWord, s: isSpace };

function classOf(letter) {
    const is = CLASSES[letter.toLowerCase()];
    if (!is) return null;
    return letter === letter.toLowerCase() ? is : (c) => !is(c);
}

const ESCAPES = { n: 10, t: 9, r: 13, f: 12, v: 11 };

// Reads a pattern into a tree: {kind, ...}.
class Parser {
    constructor(text, mindsCase) {
        this.text = text;
        this.at = 0;
        this.mindsCase = mindsCase;
    }

    fail(what) { throw new SyntaxError(what); }
    peek() { return this.text[this.at]; }
    get isDone() { return this.at >= this.text.length; }

    one(code) {
        if (this.mindsCase) return { is: (c) => c === code };
        const low = String.fromCodePoint(code).toLowerCase(), high = String.fromCodePoint(code).toUpperCase();
        const a = low.codePointAt(0), b = high.codePointAt(0);
        return { is: (c) => c === a || c === b };
    }

    letter() {
        const code = this.text.codePointAt(this.at);
        this.at += code > 0xFFFF ? 2 : 1;
        return code;
    }

    escape() {
        if (this.isDone) this.fail('ends with a \\');
        const letter = String.fromCodePoint(this.letter());
        if (letter === 'b') return { kind: EDGE };
        const is = classOf(letter);
        if (is) return { is };
        if (/[1-9]/.test(letter)) this.fail('references are not known here');
        return this.one(ESCAPES[letter] || letter.codePointAt(0));
    }

    set() {
        const tests = [], isNot = this.peek() === '^';
        if (isNot) this.at++;
        for (let first = true; first || this.peek() !== ']'; first = false) {
            if (this.isDone) this.fail('[ without ]');
            tests.push(this.setItem());
        }
        this.at++;
        return { is: (c) => tests.some((t) => t(c)) !== isNot };
    }

    setItem() {
        if (this.peek() === '\\') {
            this.at++;
            const node = this.escape();
            if (!node.is) this.fail('\\b in [ ]');
            return node.is;
        }
        const low = this.letter();
        if (this.peek() !== '-' || this.text[this.at + 1] === ']' || this.at + 1 >= this.text.length) return this.one(low).is;
        this.at++;
        const high = this.letter();
        if (high < low) this.fail('a range that runs backwards');
        const within = (c) => c >= low && c <= high;
        if (this.mindsCase) return within;
        return (c) => within(c) || within(String.fromCodePoint(c).toLowerCase().codePointAt(0)) ||
            within(String.fromCodePoint(c).toUpperCase().codePointAt(0));
    }

    group() {
        if (this.text.startsWith('?:', this.at)) this.at += 2;
        else if (this.peek() === '?') this.fail('(? is not known here');
        const node = this.choice();
        if (this.peek() !== ')') this.fail('( without )');
        this.at++;
        return node;
    }

    atom() {
        const letter = this.peek();
        if ('*+?'.includes(letter)) this.fail('nothing to repeat');
        if (letter === '\\') return this.at++, this.escape();
        if (letter === '[') return this.at++, this.set();
        if (letter === '(') return this.at++, this.group();
        if (letter === '^') return this.at++, { kind: START };
        if (letter === '$') return this.at++, { kind: END };
        if (letter === '.') return this.at++, { is: (c) => c !== 10 };
        return this.one(this.letter());
    }

    bounds() {
        const found = /^(?:[*+?]|\{(\d{1,3})(,(\d{0,3}))?\})/.exec(this.text.slice(this.at));
        if (!found) return null;
        this.at += found[0].length;
        if (this.peek() === '?') this.at++;
        if (found[0] === '*') return [0, Infinity];
        if (found[0] === '+') return [1, Infinity];
        if (found[0] === '?') return [0, 1];
        const least = Number(found[1]), most = !found[2] ? least : found[3] ? Number(found[3]) : Infinity;
        if (least > REPEATS_MAX || most !== Infinity && most > REPEATS_MAX || most < least) this.fail('repeats too often');
        return [least, most];
    }

    sequence() {
        const items = [];
        while (!this.isDone && this.peek() !== '|' && this.peek() !== ')') {
            let node = this.atom();
            for (let b = this.bounds(); b; b = this.bounds()) node = { repeat: node, least: b[0], most: b[1] };
            items.push(node);
        }
        return { items };
    }

    choice() {
        const options = [this.sequence()];
        while (this.peek() === '|') {
            this.at++;
            options.push(this.sequence());
        }
        return options.length > 1 ? { options } : options[0];
    }

    whole() {
        const node = this.choice();
        if (!this.isDone) this.fail(') without (');
        return node;
    }
}

// A tree as states. Each is built in front of the one that follows it, so built from the end.
class Machine {
    constructor(tree) {
        this.kind = [];
        this.test = [];
        this.next = [];
        this.other = [];
        this.start = this.build(tree, this.add(MATCH));
        this.seen = new Uint32Array(this.kind.length);
        this.round = 0;
    }

    add(kind, next = -1, other = -1, test = null) {
        if (this.kind.length >= STATES_MAX) throw new SyntaxError('too long');
        this.test.push(test);
        this.next.push(next);
        this.other.push(other);
        return this.kind.push(kind) - 1;
    }

    build(node, then) {
        if (node.is) return this.add(CHAR, then, -1, node.is);
        if (node.kind !== undefined) return this.add(node.kind, then);
        if (node.items) return node.items.reduceRight((after, item) => this.build(item, after), then);
        if (node.options) return node.options.map((o) => this.build(o, then)).reduce((a, b) => this.add(SPLIT, a, b));
        return this.buildRepeat(node, then);
    }

    buildRepeat({ repeat, least, most }, then) {
        let at = then;
        if (most === Infinity) {
            at = this.add(SPLIT, -1, then);
            this.next[at] = this.build(repeat, at);
        } else {
            for (let i = least; i < most; i++) at = this.add(SPLIT, this.build(repeat, at), then);
        }
        for (let i = 0; i < least; i++) at = this.build(repeat, at);
        return at;
    }

    // All states that can be reached without a letter, between the letters `before` and `after`.
    reach(list, from, before, after) {
        const stack = [from];
        while (stack.length) {
            const s = stack.pop();
            if (s < 0 || this.seen[s] === this.round) continue;
            this.seen[s] = this.round;
            switch (this.kind[s]) {
            case SPLIT: stack.push(this.other[s], this.next[s]); break;
            case START: if (before < 0) stack.push(this.next[s]); break;
            case END: if (after < 0) stack.push(this.next[s]); break;
            case EDGE: if (isWord(before) !== isWord(after)) stack.push(this.next[s]); break;
            default: list.push(s);
            }
        }
    }

    run(text) {
        let here = [], there = [], before = -1;
        for (let at = 0; ; ) {
            const code = at < text.length ? text.codePointAt(at) : -1;
            this.round++;
            const list = [];
            for (const s of here) this.reach(list, s, before, code);
            this.reach(list, this.start, before, code);
            there = [];
            for (const s of list) {
                if (this.kind[s] === MATCH) return true;
                if (code >= 0 && this.test[s](code)) there.push(this.next[s]);
            }
            if (code < 0) return false;
            here = there;
            before = code;
            at += code > 0xFFFF ? 2 : 1;
        }
    }
}

function literal(text, mindsCase) {
    const wanted = mindsCase ? text : text.toLowerCase();
    return (name) => (mindsCase ? name : name.toLowerCase()).includes(wanted);
}

/** {test, problem}: test(name) tells whether there is a match; problem why it is taken literally. */
export function compilePattern(text) {
    const mindsCase = /[A-Z]/.test(text.replace(/\\./g, ''));
    text = text.slice(0, LENGTH_MAX);
    if (!/[\\^$.*+?()[\]{}|]/.test(text)) return { test: literal(text, mindsCase), problem: '' };
    try {
        const machine = new Machine(new Parser(text, mindsCase).whole());
        return { test: (name) => machine.run(name), problem: '' };
    } catch (e) {
        return { test: literal(text, mindsCase), problem: 'Taken letter by letter: ' + e.message };
    }
}
