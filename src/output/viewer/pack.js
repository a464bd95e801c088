// The parts of the page (packed_part.h): base64, deflate, numbers of 7 bits a byte.

function fromBase64(text) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    const raw = atob(text), bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    return bytes;
}

async function collect(stream) {
    const reader = stream.getReader(), pieces = [];
    let length = 0;
    for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        pieces.push(value);
        length += value.length;
    }
    const all = new Uint8Array(length);
    let at = 0;
    for (const piece of pieces) {
        all.set(piece, at);
        at += piece.length;
    }
    return all;
}

// The bytes of a part. Its elements are given up one by one, for they hold much.
export async function readPart(name) {
    const unpacking = new DecompressionStream('deflate');
    const writer = unpacking.writable.getWriter();
    const bytes = collect(unpacking.readable);
    for (const element of document.querySelectorAll('script[data-part="' + name + '"]')) {
        const piece = fromBase64(element.textContent);
        element.remove();
        await writer.write(piece);
    }
    await writer.close();
    return bytes;
}

export class Numbers {
    constructor(bytes) {
        this.bytes = bytes;
        this.at = 0;
    }

    next() {
        const bytes = this.bytes;
        let b = bytes[this.at++];
        if (b < 128) return b;
        let value = b & 127, scale = 128;
        do {
            b = bytes[this.at++];
            value += (b & 127) * scale;
            scale *= 128;
        } while (b >= 128);
        return value;
    }

    signed() {
        const n = this.next();
        return n % 2 ? -(n + 1) / 2 : n / 2;
    }

    // Into a column, from its index `first` on.
    fill(column, first, count) {
        const bytes = this.bytes;
        let at = this.at;
        for (let i = first, end = first + count; i < end; i++) {
            let b = bytes[at++], value = b & 127, scale = 128;
            while (b >= 128) {
                b = bytes[at++];
                value += (b & 127) * scale;
                scale *= 128;
            }
            column[i] = value;
        }
        this.at = at;
        return column;
    }

    get isAtEnd() { return this.at >= this.bytes.length; }
}
