/** Numbers of states, which may have very many digits. */
import type { StateCount } from "../../disk/crash/state-count.ts";
import type { Level } from "../../disk/crash/state-space.ts";

/** Digits of a number of states that are all printed. */
const maxDigits = 15;

/** A number of states: all digits of a small one, the magnitude of a large one. */
export function countText({ count, log10, isExact }: StateCount): string {
    const text = count !== undefined && log10 < maxDigits ? `${count}` : magnitude(log10);
    return isExact ? text : `at most ${text}`;
}

/**
 * The same as a document; the number is a string, for it may be larger than any number. Where it
 * is too long to write down, the string is its magnitude.
 */
export function countDocument(level: Level, { count, log10, isExact }: StateCount): object {
    return { level, stateCount: `${count ?? magnitude(log10)}`, isExact };
}

/** A number by its logarithm, such as 1.84e19; further digits are left out. */
function magnitude(log10: number): string {
    const exponent = Math.floor(log10);
    const hundredths = Math.floor(100 * 10 ** (log10 - exponent));
    return `${(hundredths / 100).toFixed(2)}e${exponent}`;
}
