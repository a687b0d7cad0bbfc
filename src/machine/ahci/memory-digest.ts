/**
 * A digest of pieces of memory, by which one sees whether they changed.
 *
 * 32 bits, mixed word by word. Each step is a permutation of the state for a given word, and of
 * the word for a given state, so a change of one word alone always shows. Long ranges are mixed in
 * four lanes, word by word in turn, which a processor works on at the same time, and the lanes are
 * then mixed into one.
 */
import type { GuestMemory } from "../guest-memory.ts";

/** What the digest of nothing is. */
export const emptyDigest = 0x811c_9dc5;

/** Bytes that a step of all four lanes takes. */
const laneBytes = 16;

/** The digest after a word more. */
export function digestWord(digest: number, word: number): number {
    return mix(digest | 0, word | 0) >>> 0;
}

/** The digest after the bytes of a range, as far as they are in memory. */
export function digestRange(
    digest: number,
    { view, sizeBytes }: GuestMemory,
    address: number,
    byteLength: number,
): number {
    if (address < 0 || address >= sizeBytes) {
        return digestWord(digest, byteLength);
    }
    const end = Math.min(address + byteLength, sizeBytes);
    // Signed words all the way: they stay in machine registers.
    let mixed = digest | 0;
    let at = address;
    if (at + laneBytes <= end) {
        let second = mixed;
        let third = mixed;
        let fourth = mixed;
        for (; at + laneBytes <= end; at += laneBytes) {
            mixed = mix(mixed, view.getInt32(at, true));
            second = mix(second, view.getInt32(at + 4, true));
            third = mix(third, view.getInt32(at + 8, true));
            fourth = mix(fourth, view.getInt32(at + 12, true));
        }
        mixed = mix(mix(mix(mixed, second), third), fourth);
    }
    for (; at + 4 <= end; at += 4) {
        mixed = mix(mixed, view.getInt32(at, true));
    }
    for (; at < end; at++) {
        mixed = mix(mixed, view.getUint8(at));
    }
    return mixed >>> 0;
}

/** One step, from and to a signed word. */
function mix(state: number, word: number): number {
    return Math.imul(((state << 5) | (state >>> 27)) ^ word, 0x9e37_79b1) ^ 0x2545_f491;
}
