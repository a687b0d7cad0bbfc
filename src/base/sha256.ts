/**
 * SHA-256 (FIPS 180-4): digests that are equal exactly when the bytes are, as far as anybody knows.
 *
 * The core may not ask Node or a browser for it, and theirs differ in being asynchronous or not.
 */
import { assert } from "./assert.ts";

/** Bytes that are compressed at a time. */
const chunkSize = 64;

/** Round constants: fractional parts of the cube roots of the first 64 primes (4.2.2). */
const roundConstants = fractionalParts(64, Math.cbrt);
/** Initial hash value: fractional parts of the square roots of the first 8 primes (5.3.3). */
const initialHash = fractionalParts(8, Math.sqrt);

assert(
    roundConstants[0] === 0x428a2f98 &&
        roundConstants[63] === (0xc67178f2 | 0) &&
        initialHash[0] === 0x6a09e667 &&
        initialHash[7] === 0x5be0cd19,
    "the constants of SHA-256 are those of the standard",
);

/** The 32 bytes of the digest of `bytes`. */
export function sha256(bytes: Uint8Array): Uint8Array {
    const hash = initialHash.slice();
    const schedule = new Int32Array(64);
    const wholeBytes = bytes.length - (bytes.length % chunkSize);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < wholeBytes; at += chunkSize) {
        compress(hash, schedule, view, at);
    }
    // The end: what is left, the bit 1, zeros, and the length in bits (5.1.1).
    const rest = bytes.length - wholeBytes;
    const end = new Uint8Array(rest + 9 <= chunkSize ? chunkSize : 2 * chunkSize);
    end.set(bytes.subarray(wholeBytes));
    end[rest] = 0x80;
    const endView = new DataView(end.buffer);
    endView.setUint32(end.length - 8, Math.floor(bytes.length / 2 ** 29));
    endView.setUint32(end.length - 4, (bytes.length << 3) >>> 0);
    for (let at = 0; at < end.length; at += chunkSize) {
        compress(hash, schedule, endView, at);
    }
    const digest = new DataView(new ArrayBuffer(32));
    for (let word = 0; word < 8; word++) {
        digest.setInt32(4 * word, hash[word]);
    }
    return new Uint8Array(digest.buffer);
}

/** The compression function (6.2.2) on 64 bytes. */
function compress(hash: Int32Array, schedule: Int32Array, data: DataView, offset: number): void {
    for (let t = 0; t < 16; t++) {
        schedule[t] = data.getInt32(offset + 4 * t);
    }
    for (let t = 16; t < 64; t++) {
        const w15 = schedule[t - 15];
        const w2 = schedule[t - 2];
        const s0 = rotateRight(w15, 7) ^ rotateRight(w15, 18) ^ (w15 >>> 3);
        const s1 = rotateRight(w2, 17) ^ rotateRight(w2, 19) ^ (w2 >>> 10);
        schedule[t] = (schedule[t - 16] + s0 + schedule[t - 7] + s1) | 0;
    }
    let a = hash[0];
    let b = hash[1];
    let c = hash[2];
    let d = hash[3];
    let e = hash[4];
    let f = hash[5];
    let g = hash[6];
    let h = hash[7];
    for (let t = 0; t < 64; t++) {
        const s1 = rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25);
        const choice = (e & f) ^ (~e & g);
        const t1 = (h + s1 + choice + roundConstants[t] + schedule[t]) | 0;
        const s0 = rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22);
        const majority = (a & b) ^ (a & c) ^ (b & c);
        const t2 = (s0 + majority) | 0;
        h = g;
        g = f;
        f = e;
        e = (d + t1) | 0;
        d = c;
        c = b;
        b = a;
        a = (t1 + t2) | 0;
    }
    hash[0] += a;
    hash[1] += b;
    hash[2] += c;
    hash[3] += d;
    hash[4] += e;
    hash[5] += f;
    hash[6] += g;
    hash[7] += h;
}

function rotateRight(word: number, count: number): number {
    return (word >>> count) | (word << (32 - count));
}

/** The first 32 bits of the fractional parts of `root` of the first primes. */
function fractionalParts(count: number, root: (prime: number) => number): Int32Array {
    const parts = new Int32Array(count);
    let found = 0;
    for (let candidate = 2; found < count; candidate++) {
        let divisor = 2;
        while (candidate % divisor !== 0) {
            divisor++;
        }
        if (divisor === candidate) {
            parts[found++] = Math.floor((root(candidate) % 1) * 2 ** 32) | 0;
        }
    }
    return parts;
}
