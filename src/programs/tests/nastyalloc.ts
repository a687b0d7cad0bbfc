/**
 * As allocexit's pages, with a system call between that needs more stack than a kernel task has:
 * a kernel that has it anyway overwrites the task. The original goes on for ever.
 */
import { ErrorCode } from "../../kernel/interface/error-code.ts";
import { SystemCall } from "../../kernel/interface/system-call.ts";
import { forkChild, reapAllChildren } from "../library/children.ts";
import { program } from "../library/program.ts";
import { Random } from "../library/random.ts";
import type { Steps } from "../library/steps.ts";
import { pageBytes, type User } from "../library/user.ts";

const stepCount = 40;
const pageCount = 64;

export const nastyalloc = program("nastyalloc", function* (user) {
    const firstFork = yield* forkChild(user);
    const secondFork = yield* forkChild(user);
    yield* allocate(user);
    yield* reapAllChildren(user);
    if (firstFork !== 0 && secondFork !== 0) {
        yield* user.printSuccess("nastyalloc succeeded!");
    }
});

/** Takes pages at random, some again: a fresh page is put in the old one's place. */
function* allocate(user: User): Steps {
    const random = new Random(yield* user.getpid());
    for (let step = 0; step < stepCount; step++) {
        const page = user.heap + random.below(pageCount) * pageBytes;
        const result = yield* user.pageAlloc(page);
        if (result === 0) {
            yield* user.check(yield user.load(page), 0, "word of a fresh page");
            yield user.store(page, step);
        } else {
            yield* user.check(result, ErrorCode.noMemory, "page_alloc");
        }
        if (random.below(4) === 0) {
            const nasty = yield user.call(SystemCall.nastyalloc);
            yield* user.assert(nasty === 0 || nasty === ErrorCode.noMemory, `nasty: ${nasty}`);
        }
        yield* user.yieldCpu();
    }
}
