/** Numbers of states, which may have very many digits. */
import type { Level, StateCount } from "../../disk/crash/state-space.ts";

/** Digits of a number of states that are all printed. */
const maxDigits = 15;

/** A number of states: all digits of a small one, the magnitude of a large one. */
export function countText({ count, isExact }: StateCount): string {
    const digits = `${count}`;
    const text =
        digits.length <= maxDigits
            ? digits
            : `${digits[0]}.${digits.slice(1, 3)}e${digits.length - 1}`;
    return isExact ? text : `at most ${text}`;
}

/** The same as a document; the number is a string, for it may be larger than any number. */
export function countDocument(level: Level, { count, isExact }: StateCount): object {
    return { level, stateCount: `${count}`, isExact };
}
