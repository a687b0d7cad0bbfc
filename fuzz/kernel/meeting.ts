/**
 * A meeting of two threads at a futex, made so that a wakeup that is lost can be told from one that
 * comes late, whatever the schedule and whoever else is about.
 *
 * The word is in a shared segment, at one address or two, and counts rounds. One thread waits while
 * the word is as it saw it, for three ticks at most; the other changes it, wakes, and then notes
 * what WAKE returned in this round and at which tick. If a wait ended by time, then it began before
 * the change. If WAKE returned 0, and before the three ticks were over, then it should have found
 * the waiter, and lost it.
 *
 * Others can find the segment by its number, and write to it. So what counts is marked with numbers
 * that nobody else writes, and lies where nobody has a futex.
 */
import { ErrorCode } from "../../src/kernel/interface/error-code.ts";
import { SystemCall } from "../../src/kernel/interface/system-call.ts";
import type { Steps } from "../../src/programs/library/steps.ts";
import type { User } from "../../src/programs/library/user.ts";
import { bufferPages, meetingPage, pageBytes, wakerFunction } from "./layout.ts";

/** Offsets in the page; a tick is the first word of a `struct usage`, of 24 bytes. */
const Place = { word: 3072, stepCount: 3080, tick: 3096 } as const;

const roundCount = 8;
/** Steps before a round are fewer than these. */
const maxStepCount = 211;

/** Of a round: the tick at which WAKE had returned, and what it was. */
function wokenAt(page: number, round: number): number {
    return page + 3136 + 32 * round;
}

function wakeResult(page: number, round: number): number {
    return wokenAt(page, round) + 24;
}

const waitMilliseconds = 30;
const waitTicks = 3;

/** In the upper bits of what is marked. */
const mark = 0x6ee7_0000;

export interface Meeting {
    /** Steps of the one who wakes, before it does: in the first round, and a multiple in others. */
    readonly stepCount: number;
    /** It has the word at another address. */
    readonly hasAlias: boolean;
}

/** Has a meeting with a new thread. Returns whether a wakeup was lost. */
export function* meet(user: User, tid: number, { stepCount, hasAlias }: Meeting): Steps<boolean> {
    const segment = yield* user.shmget(0);
    const page = meetingPage(tid, 0);
    const otherPage = hasAlias ? meetingPage(tid, 1) : page;
    if (segment < 0 || (yield* user.shmat(segment, page)) < 0) {
        return false;
    }
    if (hasAlias && (yield* user.shmat(segment, otherPage)) < 0) {
        yield* user.shmdt(page);
        return false;
    }
    yield user.store(page + Place.word, mark);
    yield user.store(page + Place.stepCount, stepCount);
    const stackTop = bufferPages + 3 * pageBytes;
    const other = yield* user.cloneAt(wakerFunction, otherPage, stackTop);
    const isLost = other > 0 && (yield* waitForRounds(user, page));
    yield* detach(user, page, otherPage);
    return isLost;
}

/** Lets go of the segment, if the other thread soon needs it no more. */
function* detach(user: User, page: number, otherPage: number): Steps {
    for (let look = 0; look < 200; look++) {
        if ((yield user.load(wakeResult(page, roundCount - 1))) !== 0) {
            yield* user.shmdt(page);
            if (otherPage !== page) {
                yield* user.shmdt(otherPage);
            }
            return;
        }
    }
}

/** Waits for all rounds, or until a wait is over by time. Returns whether a wakeup was lost. */
function* waitForRounds(user: User, page: number): Steps<boolean> {
    for (;;) {
        yield user.call(SystemCall.getusage, page + Place.tick);
        const beganAt = yield user.load(page + Place.tick);
        const seen = yield user.load(page + Place.word);
        const round = seen - mark;
        if (round < 0 || round >= roundCount) {
            return false;
        }
        const result = yield* user.futexWaitTimeout(page + Place.word, seen, waitMilliseconds);
        if (result === ErrorCode.timeOut) {
            const found = yield user.load(wakeResult(page, round));
            const tick = yield user.load(wokenAt(page, round));
            return found === mark && tick < beganAt + waitTicks;
        }
    }
}

/** The thread that wakes; its argument is the page. */
export function* waker(user: User, page: number): Steps {
    const stepCount = yield user.load(page + Place.stepCount);
    for (let round = 0; round < roundCount; round++) {
        // Another number in each round, so that the threads meet at all points.
        for (let step = (stepCount * (round + 1)) % maxStepCount; step > 0; step--) {
            yield user.context.step();
        }
        yield user.context.fetchAdd(page + Place.word, 4, 1);
        const result = yield* user.futexWake(page + Place.word, 1);
        yield user.call(SystemCall.getusage, wokenAt(page, round));
        yield user.store(wakeResult(page, round), mark + result);
    }
}
