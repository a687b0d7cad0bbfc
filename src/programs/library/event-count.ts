/**
 * Event counts (Reed and Kanodia, "Synchronization with Eventcounts and Sequencers", CACM 22(2),
 * 1979): a word that only grows, and threads that sleep until it has come so far.
 */
import type { Steps } from "./steps.ts";
import type { User } from "./user.ts";

/** More than there can be. */
const everyone = 1000;

/** Counts one more at the word `address`, and wakes those who wait for it. */
export function* advance(user: User, address: number): Steps {
    yield user.context.fetchAdd(address, 4, 1);
    yield* user.futexWake(address, everyone);
}

/** Sleeps until the word at `address` is at least `count`. */
export function* awaitCount(user: User, address: number, count: number): Steps {
    for (;;) {
        const seen = yield user.load(address);
        if (seen >= count) {
            return;
        }
        // It sleeps only if the word is as it was seen.
        yield* user.futexWait(address, seen);
    }
}
