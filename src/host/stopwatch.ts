/**
 * Real time, for the one thing that may know it: a live console, which must not run away from the
 * person before it. Nothing that is computed depends on it.
 */

/** Milliseconds since some moment; they never go back. */
export function stopwatchMs(): number {
    return performance.now();
}
