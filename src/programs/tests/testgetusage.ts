/**
 * getusage: what it counts, and where it may write. The original then runs for ever; this ends.
 */
import { ErrorCode } from "../../kernel/interface/error-code.ts";
import { SystemCall } from "../../kernel/interface/system-call.ts";
import { program } from "../library/program.ts";
import type { Steps } from "../library/steps.ts";
import { usageBytes } from "../library/system-calls.ts";
import { pageBytes, type User } from "../library/user.ts";

export const testgetusage = program("testgetusage", function* (user) {
    yield* countsPages(user);
    yield* checksAddresses(user);
    yield* user.printSuccess("testgetusage succeeded!");
});

/** A page that we get is one less that is free; the sum stays, and time goes on. */
function* countsPages(user: User): Steps {
    const before = yield* user.getusage();
    const total = before.freePages + before.allocatedPages;
    yield* user.assert(before.freePages > 0, "there are free pages");
    yield* user.assert(before.allocatedPages > 0, "there are allocated pages");
    yield* user.assert(total <= 0x10_0000, "there are at most 4 GiB of pages");
    yield* user.check(yield* user.pageAlloc(user.heap), 0, "page_alloc");
    yield* user.check(yield* user.pageAlloc(user.heap + pageBytes), 0, "page_alloc");
    yield* user.msleep(20);
    const after = yield* user.getusage();
    yield* user.assert(after.freePages <= before.freePages - 2, "two pages are no longer free");
    const newTotal = after.freePages + after.allocatedPages;
    yield* user.check(newTotal, total, "sum of free and allocated pages");
    yield* user.assert(after.ticks >= before.ticks + 2, "two ticks pass in 20 ms");
}

function* checksAddresses(user: User): Steps {
    const end = user.heap + 2 * pageBytes;
    for (const address of [0, -4, 0x1000, end - usageBytes + 1, end - 1, end, 2 ** 47 - 8]) {
        const result = yield user.call(SystemCall.getusage, address);
        const what = `getusage at 0x${address.toString(16)}`;
        yield* user.check(result, ErrorCode.badAddress, what);
    }
    const straddling = user.heap + pageBytes - 8;
    for (const address of [user.heap, end - usageBytes, straddling]) {
        const what = `getusage at 0x${address.toString(16)}`;
        yield* user.check(yield user.call(SystemCall.getusage, address), 0, what);
    }
    const { freePages } = yield* user.getusage();
    const straddled = yield* user.loadLong(straddling + 8);
    yield* user.check(straddled, freePages, "free pages, across two of them");
}
