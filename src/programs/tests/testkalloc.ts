/**
 * The kernel's allocator, used by system calls: four processes have it allocate and free pages, in
 * any order. Nobody frees what is not its own, nor twice; and what is left an exit frees.
 *
 * The original goes on for ever; this is bounded.
 */
import { ErrorCode } from "../../kernel/interface/error-code.ts";
import { SystemCall } from "../../kernel/interface/system-call.ts";
import { forkChild, reapAllChildren, reapChild } from "../library/children.ts";
import { program } from "../library/program.ts";
import { Random } from "../library/random.ts";
import type { Steps } from "../library/steps.ts";
import type { User } from "../library/user.ts";

const stepCount = 60;
const mostHeld = 16;

export const testkalloc = program("testkalloc", function* (user) {
    const firstFork = yield* forkChild(user);
    const secondFork = yield* forkChild(user);
    yield* allocateAndFree(user);
    yield* reapAllChildren(user);
    if (firstFork !== 0 && secondFork !== 0) {
        yield* freeOfOthers(user);
        yield* user.printSuccess("testkalloc succeeded!");
    }
});

function* allocateAndFree(user: User): Steps {
    const random = new Random(yield* user.getpid());
    const held: number[] = [];
    for (let step = 0; step < stepCount; step++) {
        if (held.length < mostHeld && random.below(3) > 0) {
            const handle = yield user.call(SystemCall.kalloc);
            yield* user.assert(handle > 0 || handle === ErrorCode.noMemory, `kalloc: ${handle}`);
            yield* user.assert(!held.includes(handle), "kalloc gives nothing twice");
            if (handle > 0) {
                held.push(handle);
            }
        } else if (held.length > 0) {
            const [handle] = held.splice(random.below(held.length), 1);
            yield* user.check(yield user.call(SystemCall.kfree, handle), 0, "kfree");
        }
        yield* user.yieldCpu();
    }
    // What is held here is left to exit.
}

function* freeOfOthers(user: User): Steps {
    const handle = yield* user.succeed(yield user.call(SystemCall.kalloc), "kalloc");
    const child = yield* forkChild(user);
    if (child === 0) {
        const result = yield user.call(SystemCall.kfree, handle);
        yield* user.check(result, ErrorCode.invalid, "kfree of what is the parent's");
        yield* user.exit(0);
    }
    yield* reapChild(user, child);
    yield* user.check(yield user.call(SystemCall.kfree, handle), 0, "kfree");
    yield* user.check(yield user.call(SystemCall.kfree, handle), ErrorCode.invalid, "kfree again");
    for (const other of [0, -1, 1_000_000]) {
        const result = yield user.call(SystemCall.kfree, other);
        yield* user.check(result, ErrorCode.invalid, `kfree of ${other}`);
    }
}
