/** What the programs of the kernel's tests share: globals, children in which something happens. */
import { UserAddress } from "../../src/kernel/interface/constants.ts";
import { forkChild, reapChild } from "../../src/programs/library/children.ts";
import type { Steps } from "../../src/programs/library/steps.ts";
import type { User } from "../../src/programs/library/user.ts";

/** Bytes of a test program's globals: 64 words. */
export const dataBytes = 256;

/** The address of global number `index`. */
export function word(index: number): number {
    return UserAddress.data + 4 * index;
}

/** Milliseconds after which who is about to wait does wait. */
export const settleMilliseconds = 20;
/** Longer than any of these tests takes. */
export const forEver = 2 ** 31;

/**
 * Has a child do something, which must end it with `status`; and waits until all of its threads
 * have let go of their descriptors, by the end of a pipe that nobody else has.
 */
export function* inChild(user: User, status: number, body: (user: User) => Steps<unknown>): Steps {
    const [readEnd, writeEnd] = yield* user.pipe();
    yield* user.succeed(readEnd, "pipe");
    const child = yield* forkChild(user);
    if (child === 0) {
        yield* body(user);
        yield* user.fail("the child went on");
    }
    yield* user.check(yield* user.close(writeEnd), 0, "close");
    yield* user.check(yield* user.readText(readEnd, 1), "", "read when the child has ended");
    yield* user.check(yield* user.close(readEnd), 0, "close");
    yield* reapChild(user, child, status);
}
