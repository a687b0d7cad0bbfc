/**
 * Futexes: a sleeper and its waker who race, counts of WAKE, WAIT of another value, time limits,
 * REQUEUE, words that are none, and a word at the end of the last page.
 */
import { UserAddress } from "../../kernel/interface/constants.ts";
import { ErrorCode } from "../../kernel/interface/error-code.ts";
import { advance, awaitCount } from "../library/event-count.ts";
import { program } from "../library/program.ts";
import type { Steps } from "../library/steps.ts";
import { startThread, threadName } from "../library/threads.ts";
import { pageBytes, type User } from "../library/user.ts";

const { badAddress, invalid, timeOut, tryAgain } = ErrorCode;

/** Globals, a word each. */
const turn = UserAddress.data;
const word = UserAddress.data + 4;
const otherWord = UserAddress.data + 8;
/** Event counts: threads that got to the point of waiting, were woken, and are done. */
const ready = UserAddress.data + 12;
const woken = UserAddress.data + 16;
const done = UserAddress.data + 20;

/** Turns that two threads take, each waiting for the other's. */
const turnCount = 16;
/** Enough for who is about to wait to be waiting. */
const settleMilliseconds = 20;

export const testfutex = program(
    "testfutex",
    function* (user) {
        yield* turnsWithoutSleep(user);
        yield* wakeAfterSleep(user);
        yield* wakeCounts(user);
        yield* requeue(user);
        yield* timeLimits(user);
        yield* wordsThatAreNone(user);
        yield* user.print("Basic test futex finished\n");
    },
    { dataBytes: 24, threads: [turnTaker, waiter, sleepyWaker, countedWaiter] },
);

/** Main and a thread change a word in turn: a wakeup that is lost leaves both waiting. */
function* turnsWithoutSleep(user: User): Steps {
    yield* startThread(user, turnTaker, 0, 0);
    yield* takeTurns(user, 1);
    yield* awaitCount(user, done, 1);
}

/** Takes the odd turns, or the even ones. */
function* takeTurns(user: User, parity: number): Steps {
    for (let mine = parity; mine < turnCount; mine += 2) {
        let now = yield user.load(turn);
        while (now !== mine) {
            yield* user.futexWait(turn, now);
            now = yield user.load(turn);
        }
        yield user.store(turn, mine + 1);
        yield* user.futexWake(turn, 1);
    }
}

function* turnTaker(user: User): Steps {
    yield* takeTurns(user, 0);
    yield* advance(user, done);
}

/** One waits while the word is 1; another sleeps, makes it 2, and wakes one. */
function* wakeAfterSleep(user: User): Steps {
    yield user.store(word, 1);
    yield* startThread(user, waiter, 0, 0);
    yield* startThread(user, sleepyWaker, 0, 1);
    yield* awaitCount(user, done, 3);
}

function* waiter(user: User): Steps {
    yield* user.print(`${yield* threadName(user)}: starting thread1a\n`);
    let value = yield user.load(word);
    while (value === 1) {
        const result = yield* user.futexWait(word, 1);
        yield* user.assert(result === 0 || result === tryAgain, "WAIT was woken or not needed");
        value = yield user.load(word);
    }
    yield* user.check(value, 2, "word after the wakeup");
    yield* user.print("thread1a waking up!!\n");
    yield* advance(user, done);
}

function* sleepyWaker(user: User): Steps {
    const me = yield* threadName(user);
    yield* user.print(`${me}: thread1b, about to start sleeping\n`);
    yield* user.check(yield* user.msleep(1000), 0, "msleep");
    yield* user.print(`${me}: waking from sleep, setting value to 2\n`);
    yield* user.check(yield user.context.compareExchange(word, 4, 1, 2), 1, "word before");
    // Ten million operations later the other waits, under any schedule.
    yield* user.check(yield* user.futexWake(word, 1), 1, "count of the woken");
    yield* advance(user, done);
}

/** Three wait; WAKE of two wakes two, and the next of many wakes the one that is left. */
function* wakeCounts(user: User): Steps {
    yield* user.check(yield* user.futexWait(word, 7), tryAgain, "WAIT of a value that differs");
    yield* user.check(yield* user.futexWake(word, 1), 0, "WAKE that nobody waits for");
    yield* startWaiters(user, 3);
    yield* user.check(yield* user.futexWake(word, 0), 0, "WAKE of none");
    yield* user.check(yield* user.futexWake(word, 2), 2, "WAKE of two out of three");
    yield* awaitCount(user, woken, 2);
    yield* user.check(yield* user.futexWake(otherWord, 100), 0, "WAKE of another word");
    yield* user.check(yield* user.futexWake(word, 100), 1, "WAKE of the last one");
    yield* awaitCount(user, done, 6);
}

/** Two wait; one is woken, and the other moved to another word, where it is woken. */
function* requeue(user: User): Steps {
    yield* startWaiters(user, 2);
    const moved = yield* user.futexRequeue(word, 1, 100, otherWord);
    yield* user.check(moved, 2, "REQUEUE of two");
    yield* awaitCount(user, woken, 1);
    yield* user.check(yield* user.futexWake(word, 100), 0, "WAKE where nobody waits any more");
    yield* user.check(yield* user.futexWake(otherWord, 100), 1, "WAKE of the one that was moved");
    yield* awaitCount(user, done, 8);
}

/** Starts threads that wait for the word to be woken, and sees that they do. */
function* startWaiters(user: User, count: number): Steps {
    yield user.store(word, 5);
    yield user.store(ready, 0);
    yield user.store(woken, 0);
    for (let index = 0; index < count; index++) {
        yield* startThread(user, countedWaiter, 0, index);
    }
    yield* awaitCount(user, ready, count);
    yield* user.check(yield* user.msleep(settleMilliseconds), 0, "msleep");
}

function* countedWaiter(user: User): Steps {
    yield* advance(user, ready);
    yield* user.check(yield* user.futexWait(word, 5), 0, "WAIT until woken");
    yield* advance(user, woken);
    yield* advance(user, done);
}

function* timeLimits(user: User): Steps {
    const before = yield* user.getusage();
    const late = yield* user.futexWaitTimeout(word, 5, 50);
    yield* user.check(late, timeOut, "WAIT with a limit of 50 ms");
    const after = yield* user.getusage();
    yield* user.assert(after.ticks - before.ticks >= 5, "five ticks passed in 50 ms");
    const differs = yield* user.futexWaitTimeout(word, 6, 50);
    yield* user.check(differs, tryAgain, "WAIT with a limit, of a value that differs");
    yield* user.check(yield* user.futexWake(word, 1), 0, "WAKE after the limit");
}

function* wordsThatAreNone(user: User): Steps {
    const page = user.heap;
    yield* user.check(yield* user.futexWait(word + 1, 5), invalid, "WAIT at an odd address");
    yield* user.check(yield* user.futexWake(word + 2, 1), invalid, "WAKE at an even address");
    for (const [address, what] of [
        [0, "no address"],
        [page + 2 ** 30, "an address that is not mapped"],
        [2 ** 47, "an address that is not canonical"],
        [-4096, "an address of the kernel"],
    ] as const) {
        yield* user.check(yield* user.futexWait(address, 0), badAddress, `WAIT at ${what}`);
    }
    const end = 0x50_0000;
    yield* user.check(yield* user.pageAlloc(end - pageBytes), 0, "page_alloc");
    yield* user.check(yield* user.futexWait(end, 0), badAddress, "WAIT after the last page");
    yield* user.check(yield* user.futexWait(end - 4, 1), tryAgain, "WAIT at a page's last word");
    const late = yield* user.futexWaitTimeout(end - 4, 0, 10);
    yield* user.check(late, timeOut, "WAIT at a page's last word, with a limit");
    yield* user.check(yield* user.futexWake(end - 4, 1), 0, "WAKE at a page's last word");
}
