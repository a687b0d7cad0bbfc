/**
 * Real time, for what may know it: a live console, which must not run away from the person before
 * it, and a progress bar, which says how long it will take. Nothing that is computed depends on it.
 */

/** Milliseconds since some moment; they never go back. */
export function stopwatchMs(): number {
    return performance.now();
}
