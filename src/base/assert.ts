/**
 * Invariants: what must be true of this program, whatever bytes it is given.
 *
 * A broken invariant is our defect, never the user's: it throws, and only the edge of a process
 * catches it. Hostile input must not reach an assertion; it is reported as a finding or a
 * `UserError` before.
 */

/** An invariant of ours that does not hold. The message names it. */
export class InvariantError extends Error {
    override readonly name = "InvariantError";
}

/** Throws `InvariantError` unless `condition` holds. */
export function assert(condition: boolean, invariant: string): asserts condition {
    if (!condition) {
        throw new InvariantError(invariant);
    }
}
