/**
 * The pace of a live console: virtual time does not run faster than real time, so that a clock on
 * the screen goes right; it may be slower, when there is much to compute, and does not catch up.
 */

/** Real time that a slice may stand for, at most; a process that was stopped makes no leap. */
const maxSliceMs = 100;

export class Pacer {
    #lastMs: number;

    /** @param nowMs real time */
    constructor(nowMs: number) {
        this.#lastMs = nowMs;
    }

    /** Up to where virtual time may go now, given how late it is in both times. */
    limitNs(nowMs: number, virtualNs: number): number {
        const passedMs = Math.max(0, Math.min(maxSliceMs, nowMs - this.#lastMs));
        this.#lastMs = nowMs;
        return virtualNs + Math.floor(passedMs * 1e6);
    }
}
