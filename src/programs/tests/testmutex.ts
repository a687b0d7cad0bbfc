/**
 * What a mutex is for: four threads count to 400,000 together, first without one, which loses
 * counts wherever two CPUs meet, and then with one, which loses none.
 */
import { UserAddress } from "../../kernel/interface/constants.ts";
import { advance, awaitCount } from "../library/event-count.ts";
import { Mutex } from "../library/mutex.ts";
import { program } from "../library/program.ts";
import type { Steps } from "../library/steps.ts";
import { startThread } from "../library/threads.ts";
import type { ThreadFunction, User } from "../library/user.ts";

/** Globals, a word each. */
const sum = UserAddress.data;
const mutexWord = UserAddress.data + 4;
const done = UserAddress.data + 8;

const threadCount = 4;
const incrementCount = 100_000;
const fullSum = threadCount * incrementCount;

export const testmutex = program(
    "testmutex",
    function* (user) {
        const without = yield* countTogether(user, countWithoutLock);
        // All of it is possible, on one CPU that is lucky.
        yield* user.assert(without > 0 && without <= fullSum, `0 < ${without} <= ${fullSum}`);
        const withMutex = yield* countTogether(user, countWithMutex);
        yield* user.check(withMutex, fullSum, "sum with the mutex");
        yield* user.print("testmutex done!\n");
    },
    { dataBytes: 12, threads: [countWithoutLock, countWithMutex] },
);

/** Returns the sum that four threads come to. */
function* countTogether(user: User, counter: ThreadFunction): Steps<number> {
    yield user.store(sum, 0);
    yield user.store(done, 0);
    for (let index = 0; index < threadCount; index++) {
        yield* startThread(user, counter, 0, index);
    }
    yield* awaitCount(user, done, threadCount);
    const result = yield user.load(sum);
    yield* user.print(`Sum result! ${result}\n`);
    return result;
}

function* countWithoutLock(user: User): Steps {
    const { context } = user;
    for (let count = 0; count < incrementCount; count++) {
        const old = yield context.load(sum, 4);
        yield context.step();
        yield context.store(sum, 4, old + 1);
    }
    yield* advance(user, done);
}

function* countWithMutex(user: User): Steps {
    const { context } = user;
    const mutex = new Mutex(user, mutexWord);
    for (let count = 0; count < incrementCount; count++) {
        yield* mutex.lock();
        const old = yield context.load(sum, 4);
        yield context.step();
        yield context.store(sum, 4, old + 1);
        yield* mutex.unlock();
    }
    yield* advance(user, done);
}
