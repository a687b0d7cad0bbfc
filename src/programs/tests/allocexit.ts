/**
 * Stress of processes and memory: all fork, take pages, wait for children and end, by chance,
 * until the table is full and memory runs out, and go on. Pages keep what was written to them.
 *
 * The original goes on for ever. Here a process has so many steps, of which a child gets half.
 */
import { ErrorCode } from "../../kernel/interface/error-code.ts";
import { program } from "../library/program.ts";
import { Random } from "../library/random.ts";
import type { Steps } from "../library/steps.ts";
import { pageBytes, type User } from "../library/user.ts";

const { noChild, noMemory, tryAgain } = ErrorCode;

const stepCount = 600;
/** Pages are taken up to here; the stack is far above. */
const mostPages = 256;
/** Of so many steps one is a fork, one an end and one a look for children. */
const stepKinds = 16;

export const allocexit = program("allocexit", function* (user) {
    // Not told by the pid: when the first process has ended, that may be another's.
    let isFirst = true;
    let random = new Random(yield* user.getpid());
    let stepsLeft = stepCount;
    let pageCount = 0;
    while (stepsLeft-- > 0) {
        const kind = random.below(stepKinds);
        if (kind === 0) {
            const child = yield* user.fork();
            const isExpected = child >= 0 || child === noMemory || child === tryAgain;
            yield* user.assert(isExpected, `fork: ${child}`);
            stepsLeft = child < 0 ? stepsLeft : stepsLeft >> 1;
            if (child === 0) {
                yield* checkPages(user, pageCount);
                isFirst = false;
                random = new Random((yield* user.getpid()) * stepCount + stepsLeft);
            }
        } else if (kind === 1 && !isFirst) {
            break;
        } else if (kind === 2) {
            yield* lookForChild(user);
        } else if (pageCount < mostPages) {
            pageCount += yield* takePage(user, pageCount);
        }
        yield* user.yieldCpu();
    }
    yield* checkPages(user, pageCount);
    if (isFirst) {
        while ((yield* user.waitpid(0)).pid !== noChild) {}
        yield* user.printSuccess("allocexit succeeded!");
    }
});

/** Takes a page, if there is one, and writes its number at both of its ends. */
function* takePage(user: User, index: number): Steps<number> {
    const page = user.heap + index * pageBytes;
    const result = yield* user.pageAlloc(page);
    if (result === noMemory) {
        return 0;
    }
    yield* user.check(result, 0, "page_alloc");
    yield* user.check(yield user.load(page), 0, "first word of a fresh page");
    yield user.store(page, index);
    yield user.store(page + pageBytes - 4, index);
    return 1;
}

function* checkPages(user: User, pageCount: number): Steps {
    for (let index = 0; index < pageCount; index++) {
        const page = user.heap + index * pageBytes;
        yield* user.check(yield user.load(page), index, "first word of a page");
        yield* user.check(yield user.load(page + pageBytes - 4), index, "last word of a page");
    }
}

function* lookForChild(user: User): Steps {
    const { pid } = yield* user.waitpidNoHang(0);
    yield* user.assert(pid > 0 || pid === noChild || pid === tryAgain, `waitpid: ${pid}`);
}
