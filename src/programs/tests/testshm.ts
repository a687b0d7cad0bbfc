/**
 * Shared memory: fork inherits it and exit drops it, a page lives until its last detachment and
 * nobody else gets it meanwhile, segments of more pages, addresses, limits, numbers that are none.
 */
import { maxSegmentPages, maxSegments, UserAddress } from "../../kernel/interface/constants.ts";
import { ErrorCode } from "../../kernel/interface/error-code.ts";
import { forkChild, reapChild } from "../library/children.ts";
import { program } from "../library/program.ts";
import type { Steps } from "../library/steps.ts";
import { pageBytes, type User } from "../library/user.ts";

const { invalid, noSpace } = ErrorCode;

const address = 0x4000_0000;
/** A word that is not shared. */
const unshared = UserAddress.data;
/** Pages that the parent takes after the child's exit, to see whose they were. */
const otherPages = 8;

export const testshm = program(
    "testshm",
    function* (user) {
        yield* childWritesAndExits(user);
        yield* childDetaches(user);
        yield* twoPages(user);
        yield* freeAddresses(user);
        yield* limits(user);
        yield* user.printSuccess("testshm successful");
    },
    { dataBytes: 4 },
);

/** The child's value arrives, its own memory's does not, and its exit frees nothing of ours. */
function* childWritesAndExits(user: User): Steps {
    const segment = yield* user.succeed(yield* user.shmget(0), "shmget");
    yield* user.assert(segment > 0, "a segment's number is positive");
    yield* user.check(yield* user.shmat(segment, address), address, "shmat");
    yield* user.check(yield user.load(address), 0, "word of a new segment");
    yield user.store(unshared, 10);
    const child = yield* forkChild(user);
    if (child === 0) {
        yield user.store(address, 15);
        yield user.store(unshared, 15);
        yield* user.exit(0);
    }
    yield* reapChild(user, child);
    yield* expectShared(user, 15);
    yield* user.check(yield user.load(unshared), 10, "word that is not shared");
    yield* user.print(`Shared value : ${yield user.load(address)}\n`);
    yield* user.check(yield* user.shmdt(address), 0, "shmdt");
    yield* user.check(yield* user.shmdt(address), invalid, "shmdt again");
    yield* user.check(yield* user.shmat(segment, address), invalid, "shmat of what is gone");
}

/** The child detaches while it lives; the parent still has the page, and attaches again. */
function* childDetaches(user: User): Steps {
    const segment = yield* user.succeed(yield* user.shmget(0), "shmget");
    yield* user.check(yield* user.shmat(segment, address), address, "shmat");
    const child = yield* forkChild(user);
    if (child === 0) {
        yield user.store(address, 21);
        yield* user.check(yield* user.shmdt(address), 0, "shmdt by the child");
        const again = yield* user.shmat(segment, address + pageBytes);
        yield* user.check(again, address + pageBytes, "shmat by the child");
        yield* user.check(yield user.load(again), 21, "word after shmdt and shmat");
        yield* user.exit(0);
    }
    yield* reapChild(user, child);
    yield* expectShared(user, 21);
    yield* user.check(yield* user.shmdt(address), 0, "shmdt");
}

/** The shared word is as it was left, and stays when pages of our own are written. */
function* expectShared(user: User, value: number): Steps {
    yield* user.check(yield user.load(address), value, "shared word");
    for (let index = 0; index < otherPages; index++) {
        const page = user.heap + index * pageBytes;
        yield* user.check(yield* user.pageAlloc(page), 0, "page_alloc");
        yield user.store(page, 0xbad);
    }
    yield* user.check(yield user.load(address), value, "shared word after page_alloc");
}

function* twoPages(user: User): Steps {
    const segment = yield* user.succeed(yield* user.shmget(pageBytes + 1), "shmget of two pages");
    yield* user.check(yield* user.shmat(segment, address), address, "shmat of two pages");
    const last = address + 2 * pageBytes - 4;
    yield user.store(last, 33);
    const child = yield* forkChild(user);
    if (child === 0) {
        yield* user.check(yield user.load(last), 33, "last word of two pages, in the child");
        yield user.store(last, 34);
        yield* user.exit(0);
    }
    yield* reapChild(user, child);
    yield* user.check(yield user.load(last), 34, "last word of two pages");
    yield* user.check(yield* user.shmdt(address + pageBytes), invalid, "shmdt within a segment");
    yield* user.check(yield* user.shmdt(address), 0, "shmdt of two pages");
}

/** The kernel finds room, twice for one segment; what is taken or no page's is refused. */
function* freeAddresses(user: User): Steps {
    const segment = yield* user.succeed(yield* user.shmget(0), "shmget");
    const first = yield* user.succeed(yield* user.shmat(segment, 0), "shmat anywhere");
    const second = yield* user.succeed(yield* user.shmat(segment, 0), "shmat anywhere again");
    yield* user.assert(first !== second, "two attachments are at two addresses");
    yield user.store(first, 44);
    yield* user.check(yield user.load(second), 44, "word at the second address");
    for (const [wanted, what] of [
        [first, "where another is"],
        [address + 2 ** 20 + 1, "within a page"],
        [UserAddress.text, "where the text is"],
        [2 ** 47, "beyond user addresses"],
        [-4096, "at the kernel's addresses"],
    ] as const) {
        yield* user.check(yield* user.shmat(segment, wanted), invalid, `shmat ${what}`);
    }
    yield* user.check(yield* user.shmdt(first), 0, "shmdt of the first");
    yield* user.check(yield user.load(second), 44, "word after shmdt of the first");
    yield* user.check(yield* user.shmdt(second), 0, "shmdt of the second");
}

/** There are so many segments and pages, and numbers of segments that are gone are nobody's. */
function* limits(user: User): Steps {
    const tooLong = yield* user.shmget(maxSegmentPages * pageBytes + 1);
    yield* user.check(tooLong, invalid, "shmget of too many pages");
    for (const number of [0, -1, 10_000]) {
        yield* user.check(yield* user.shmat(number, 0), invalid, `shmat of segment ${number}`);
    }
    const attached: number[] = [];
    const numbers: number[] = [];
    for (let index = 0; index < maxSegments; index++) {
        const segment = yield* user.succeed(yield* user.shmget(0), "shmget");
        numbers.push(segment);
        attached.push(yield* user.succeed(yield* user.shmat(segment, 0), "shmat"));
    }
    yield* user.check(yield* user.shmget(0), noSpace, "shmget of one segment more");
    for (const where of attached) {
        yield* user.check(yield* user.shmdt(where), 0, "shmdt");
    }
    for (const number of numbers) {
        yield* user.check(yield* user.shmat(number, 0), invalid, "shmat of a segment that is gone");
    }
}
