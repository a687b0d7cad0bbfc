/** Waiting on descriptors that do not block, from code that does. */
import { systemErrorCode } from "./system-error.ts";

/**
 * Runs a system call again and again while it says EAGAIN, as a pipe does that is full or has
 * nothing yet; other errors pass through. It sleeps a millisecond in between.
 */
export function untilReady<T>(call: () => T): T {
    for (;;) {
        try {
            return call();
        } catch (error) {
            if (systemErrorCode(error) !== "EAGAIN") {
                throw error;
            }
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
        }
    }
}
