/**
 * Threads: what they share, how they end, that `exit` ends them wherever they are, and what fork,
 * execv and waitpid are to a process that has several.
 *
 * The parts about exits are each a child's, whose status and pipe the parent looks at.
 */
import { UserAddress } from "../../kernel/interface/constants.ts";
import { ErrorCode, isError } from "../../kernel/interface/error-code.ts";
import { expectNoChild, forkChild, reapChild } from "../library/children.ts";
import { advance, awaitCount } from "../library/event-count.ts";
import { program } from "../library/program.ts";
import type { Steps } from "../library/steps.ts";
import { startThread, threadName } from "../library/threads.ts";
import { pageBytes, type User } from "../library/user.ts";

/** Globals, a word each. */
const argumentWord = UserAddress.data;
const threadTid = UserAddress.data + 4;
const readEnd = UserAddress.data + 8;
const writeEnd = UserAddress.data + 12;
const futexWord = UserAddress.data + 16;
/** Event counts: threads that have begun, and that are done. */
const begun = UserAddress.data + 20;
const done = UserAddress.data + 24;
/** What the two threads that wait for children learned. */
const waitedPids = UserAddress.data + 28;

/** Threads that end while others begin. */
const churnRounds = 6;
/** Enough for who is about to wait to be waiting. */
const settleMilliseconds = 20;
const yearMilliseconds = 2 ** 31;

export const testthread = program(
    "testthread",
    function* (user) {
        yield* threadsComeAndGo(user);
        yield* simpleThread(user);
        yield* automaticTexit(user);
        yield* user.print(`${yield* threadName(user)}: checking that exit exits all threads\n`);
        yield* exitEndsAll(user, 0);
        yield* exitEndsAll(user, settleMilliseconds);
        yield* implicitTexitSetsStatus(user);
        yield* forkCopiesOneThread(user);
        yield* execvOfOneOfSeveral(user);
        yield* twoThreadsWait(user);
        yield* cloneOfNothing(user);
        yield* user.printSuccess("testthread succeeded!");
    },
    {
        dataBytes: 64,
        threads: [
            visitor,
            simple,
            returner,
            pipeReader,
            futexWaiter,
            sleeper,
            spinner,
            exiter,
            lateReturner,
            childWaiter,
        ],
    },
);

/** Each thread ends while the next is made and pages are handed out. */
function* threadsComeAndGo(user: User): Steps {
    for (let round = 0; round < churnRounds; round++) {
        yield* startThread(user, visitor, 0, round % 2);
        yield* user.check(yield* user.pageAlloc(user.heap), 0, "page_alloc");
        yield* awaitCount(user, done, round + 1);
    }
}

function* visitor(user: User): Steps {
    yield* advance(user, done);
}

/** A thread has a number of its own, and shares all else: memory, pid, descriptors. */
function* simpleThread(user: User): Steps {
    yield user.store(done, 0);
    yield user.store(argumentWord, 61);
    const tid = yield* startThread(user, simple, argumentWord, 0);
    yield* user.assert(tid > 0, "a thread's number is positive");
    yield* user.assert(tid !== (yield* user.gettid()), "threads have different numbers");
    yield* awaitCount(user, begun, 1);
    yield* user.check(yield user.load(threadTid), tid, "gettid of the thread");
    yield* user.check(yield user.load(argumentWord), 62, "word that the thread has changed");
    // The thread made a pipe, and waits for this.
    const written = yield* user.writeText(yield user.load(writeEnd), "hello");
    yield* user.check(written, 5, "write to a pipe of the thread");
    yield* awaitCount(user, done, 1);
    yield* user.check(yield* user.close(yield user.load(readEnd)), 0, "close of the read end");
    yield* user.check(yield* user.close(yield user.load(writeEnd)), 0, "close of the write end");
    yield* user.print(`${yield* threadName(user)}: simple thread tests succeeded!\n`);
}

function* simple(user: User, argument: number): Steps {
    yield* user.print(`${yield* threadName(user)}: a thread\n`);
    yield* user.check(yield user.load(argument), 61, "word that the argument points to");
    yield user.store(argument, 62);
    yield user.store(threadTid, yield* user.gettid());
    const [thisEnd, otherEnd] = yield* user.pipe();
    yield user.store(readEnd, yield* user.succeed(thisEnd, "pipe"));
    yield user.store(writeEnd, otherEnd);
    yield* advance(user, begun);
    yield* user.check(yield* user.readText(thisEnd, 5), "hello", "read of the thread");
    yield* advance(user, done);
    yield* user.texit(0);
}

/** Functions that return, one after the other, on one stack. */
function* automaticTexit(user: User): Steps {
    yield* user.print(`${yield* threadName(user)}: checking automated texit\n`);
    yield user.store(done, 0);
    for (let round = 1; round <= 3; round++) {
        yield* startThread(user, returner, round, 0);
        yield* awaitCount(user, done, round);
    }
}

function* returner(user: User, round: number): Steps<number> {
    // Something on the stack, which was another thread's.
    const local = yield* user.localWord(round);
    yield* user.check(yield user.load(local), round, "local on a stack that is used again");
    yield* advance(user, done);
    return round;
}

/**
 * A child's threads wait in a pipe, on a futex and for a time, and run; then one calls `exit`: as
 * soon as these have begun, or when those that wait do wait.
 *
 * @param settle milliseconds for them to come to wait; 0 for none.
 */
function* exitEndsAll(user: User, settle: number): Steps {
    const [hangUp, held] = yield* user.pipe();
    yield* user.succeed(hangUp, "pipe");
    const child = yield* forkChild(user);
    if (child === 0) {
        const [thisEnd] = yield* user.pipe();
        yield user.store(readEnd, yield* user.succeed(thisEnd, "pipe of the child"));
        yield user.store(begun, 0);
        for (const [index, thread] of [pipeReader, futexWaiter, sleeper].entries()) {
            yield* startThread(user, thread, 0, index);
        }
        yield* awaitCount(user, begun, 3);
        yield* user.msleep(settle);
        yield* startThread(user, spinner, 0, 3);
        // The next number is another CPU's, so this one need not wait for the spinner's.
        yield* startThread(user, exiter, 0, 4);
        yield* user.futexWait(futexWord, 0);
        yield* user.fail("a thread goes on after another's exit");
    }
    yield* user.check(yield* user.close(held), 0, "close of the write end");
    // The child and all its threads have the other end; it is closed when all are gone.
    yield* user.check(yield* user.readText(hangUp, 1), "", "read after the exit of all threads");
    yield* user.check(yield* user.close(hangUp), 0, "close of the read end");
    yield* reapChild(user, child, 161);
}

function* pipeReader(user: User): Steps {
    yield* advance(user, begun);
    yield* user.readText(yield user.load(readEnd), 1);
    yield* user.fail("a read went on in a process that exited");
}

function* futexWaiter(user: User): Steps {
    yield* advance(user, begun);
    yield* user.futexWait(futexWord, 0);
    yield* user.fail("a futex's WAIT went on in a process that exited");
}

function* sleeper(user: User): Steps {
    yield* advance(user, begun);
    yield* user.msleep(yearMilliseconds);
    yield* user.fail("a sleep went on in a process that exited");
}

/** Never enters the kernel by itself. */
function* spinner(user: User): Steps {
    yield* advance(user, begun);
    for (;;) {
        yield user.context.pause();
    }
}

/** Ends all threads when the others have begun. */
function* exiter(user: User): Steps {
    yield* awaitCount(user, begun, 4);
    yield* user.exit(161);
}

/** `texit` of the first thread leaves the process; the last one's status becomes the process's. */
function* implicitTexitSetsStatus(user: User): Steps {
    const me = yield* threadName(user);
    yield* user.print(`${me}: checking that implicit texit sets status\n`);
    const child = yield* forkChild(user);
    if (child === 0) {
        yield* startThread(user, lateReturner, 0, 0);
        yield* user.texit(5);
    }
    yield* reapChild(user, child, 161);
}

function* lateReturner(user: User): Steps<number> {
    yield* user.msleep(settleMilliseconds);
    return 161;
}

/** A fork has the calling thread only: when that ends, the child does. */
function* forkCopiesOneThread(user: User): Steps {
    const child = yield* forkChild(user);
    if (child === 0) {
        yield user.store(begun, 0);
        yield* startThread(user, futexWaiter, 0, 0);
        yield* awaitCount(user, begun, 1);
        const grandchild = yield* forkChild(user);
        if (grandchild === 0) {
            yield* user.texit(7);
        }
        yield* reapChild(user, grandchild, 7);
        yield* user.exit(0);
    }
    yield* reapChild(user, child);
}

/** execv with several threads fails, and with one it does not. */
function* execvOfOneOfSeveral(user: User): Steps {
    const child = yield* forkChild(user);
    if (child === 0) {
        yield user.store(begun, 0);
        yield* startThread(user, futexWaiter, 0, 0);
        yield* awaitCount(user, begun, 1);
        const result = yield* user.execv("true", ["true"]);
        yield* user.assert(isError(result), "execv with several threads fails");
        yield* user.exit(3);
    }
    yield* reapChild(user, child, 3);
}

/** Two threads wait for any child: each gets one of two. A third would get none. */
function* twoThreadsWait(user: User): Steps {
    yield user.store(done, 0);
    const children: number[] = [];
    for (const status of [0, 0]) {
        const child = yield* forkChild(user);
        if (child === 0) {
            yield* user.msleep(settleMilliseconds);
            yield* user.exit(status);
        }
        children.push(child);
    }
    yield* startThread(user, childWaiter, waitedPids, 0);
    yield* startThread(user, childWaiter, waitedPids + 4, 1);
    yield* awaitCount(user, done, 2);
    const first = yield user.load(waitedPids);
    const second = yield user.load(waitedPids + 4);
    const isEach = children.includes(first) && children.includes(second) && first !== second;
    yield* user.assert(isEach, "each of two threads that wait gets one of two children");
    yield* expectNoChild(user);
}

function* childWaiter(user: User, result: number): Steps {
    const { pid } = yield* user.waitpid(0);
    yield user.store(result, pid);
    yield* advance(user, done);
}

function* cloneOfNothing(user: User): Steps {
    const top = user.heap + pageBytes;
    for (const [address, stackTop, what] of [
        [UserAddress.text + 1, top, "no function's address"],
        [0, top, "the address 0"],
        [UserAddress.text, 0, "no stack"],
        [UserAddress.text, 0x60_0000, "a stack that is not mapped"],
    ] as const) {
        const result = yield* user.cloneAt(address, 0, stackTop);
        yield* user.check(result, ErrorCode.badAddress, `clone with ${what}`);
    }
}
