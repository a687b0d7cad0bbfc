/**
 * Arithmetic of sequence and transaction numbers: 16 bits that wrap around.
 *
 * A number is later than another when their difference, taken as a signed 16-bit number, is
 * positive. That orders any set of numbers that lies within half the circle.
 */

/** a - b modulo 2^16, from -32768 to 32767. */
export function difference16(a: number, b: number): number {
    return ((a - b) << 16) >> 16;
}

/** The number after `a`. */
export function next16(a: number): number {
    return (a + 1) & 0xffff;
}

/**
 * Whether `a` lies before `b`. Of two numbers exactly half a circle apart each lies before the
 * other, as in the reference's arithmetic.
 */
export function isBefore16(a: number, b: number): boolean {
    return difference16(a, b) < 0;
}

/** Whether `tid` is in [`from`, `to`) around the circle. */
export function isWithin16(tid: number, from: number, to: number): boolean {
    return difference16(tid, from) >= 0 && difference16(tid, to) < 0;
}
