/** Threads, each on a page of stack that is its own. */

import type { Steps } from "./steps.ts";
import { pageBytes, type ThreadFunction, type User } from "./user.ts";

/**
 * Starts a thread on the page of stack with number `stackIndex`, counted from the heap's second
 * page on; whatever was there is gone. Returns its tid.
 */
export function* startThread(
    user: User,
    thread: ThreadFunction,
    argument: number,
    stackIndex: number,
): Steps<number> {
    const stack = user.heap + (1 + stackIndex) * pageBytes;
    yield* user.check(yield* user.pageAlloc(stack), 0, "page_alloc for a stack");
    const tid = yield* user.clone(thread, argument, stack + pageBytes);
    return yield* user.succeed(tid, "clone");
}

/** Who speaks: `T4 (P3)`. */
export function* threadName(user: User): Steps<string> {
    return `T${yield* user.gettid()} (P${yield* user.getpid()})`;
}
