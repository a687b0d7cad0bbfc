/**
 * Futexes between processes, on a shared page: at one address in both, and then at different ones,
 * where only the page makes the words the same.
 */
import { forkChild, reapChild } from "../library/children.ts";
import { program } from "../library/program.ts";
import type { Steps } from "../library/steps.ts";
import type { User } from "../library/user.ts";

/** Where the page is attached. */
const parentAddress = 0x4000_0000;
const childAddress = 0x5000_0000;
/** Turns that parent and child take without sleeping. */
const turnCount = 8;

export const testfutexshm = program("testfutexshm", function* (user) {
    const segment = yield* user.succeed(yield* user.shmget(0), "shmget");
    const address = yield* user.shmat(segment, parentAddress);
    yield* user.check(address, parentAddress, "shmat");
    yield* wakeAfterSleep(user);
    yield* turnsAtDifferentAddresses(user, segment);
    yield* user.check(yield* user.shmdt(parentAddress), 0, "shmdt");
});

/** The parent waits while the word is 1; the child sleeps, makes it 2, and wakes one. */
function* wakeAfterSleep(user: User): Steps {
    const word = parentAddress;
    yield user.store(word, 1);
    const child = yield* forkChild(user);
    if (child === 0) {
        yield* user.print("starting child\n");
        yield* user.check(yield* user.msleep(1000), 0, "msleep of the child");
        yield user.store(word, 2);
        yield* user.check(yield* user.futexWake(word, 1), 1, "count of the woken");
        yield* user.print("child finished\n");
        yield* user.exit(0);
    }
    yield* user.print("starting parent\n");
    while ((yield user.load(word)) === 1) {
        yield* user.futexWait(word, 1);
    }
    yield* user.print("parent waking up!!\n");
    yield* reapChild(user, child);
    yield* user.print("parent finished\n");
}

/** Both take turns; the child has the page at another address, and not at the parent's. */
function* turnsAtDifferentAddresses(user: User, segment: number): Steps {
    yield user.store(parentAddress, 0);
    const child = yield* forkChild(user);
    if (child === 0) {
        yield* user.check(yield* user.shmat(segment, childAddress), childAddress, "second shmat");
        yield* user.check(yield* user.shmdt(parentAddress), 0, "shmdt of the first");
        yield* takeTurns(user, childAddress, 0);
        yield* user.exit(0);
    }
    yield* takeTurns(user, parentAddress, 1);
    yield* reapChild(user, child);
}

/** Takes the odd turns, or the even ones. */
function* takeTurns(user: User, word: number, parity: number): Steps {
    for (let mine = parity; mine < turnCount; mine += 2) {
        let now = yield user.load(word);
        while (now !== mine) {
            yield* user.futexWait(word, now);
            now = yield user.load(word);
        }
        yield user.store(word, mine + 1);
        yield* user.futexWake(word, 1);
    }
}
