/**
 * Memory that one thread gives up while another, on another CPU, uses it: places that become free,
 * pages that are held, tables that are left.
 */
import { describe, expect, it } from "vitest";
import type { UserContext } from "../../src/kernel/interface/program-image.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import type { AddressSpace } from "../../src/kernel/memory/address-space.ts";
import type { Steps } from "../../src/kernel/steps.ts";
import {
    call,
    dataStart,
    futexOp,
    runProgram,
    startThread,
    type ThreadBody,
    type UserSteps,
} from "../support/kernel-memory-programs.ts";

/** Words by which the threads of a program tell each other how far they are, and what they saw. */
const ready = dataStart;
const leaving = dataStart + 16;
const detached = dataStart + 4;
const done = dataStart + 8;
const loaded = dataStart + 12;

/** The first address that shmat chooses, and another where the segment stays attached. */
const place = 0x4000_0000;
const kept = 0x5000_0000;

const schedules = ["random", "random:20"];

function* awaitWord(user: UserContext, address: number): UserSteps {
    while ((yield user.load(address, 4)) === 0) {
        yield user.systemCall(call.yield);
    }
}

/** Tries once to have something else at `place`, with another segment; says whether it is there. */
type Taking = (user: UserContext, other: number) => UserSteps<boolean>;

const takings: Readonly<Record<string, Taking>> = {
    *"shmat of another segment there"(user, other) {
        return (yield user.systemCall(call.shmat, other, place)) === place;
    },
    *"shmat of another segment wherever there is room"(user, other) {
        const address = yield user.systemCall(call.shmat, other, 0);
        if (address !== place) {
            yield user.systemCall(call.shmdt, address);
        }
        return address === place;
    },
    *"page_alloc there"(user) {
        return (yield user.systemCall(call.pageAlloc, place)) === 0;
    },
};

/** What there is in the end: in the segment that was detached, and at the place. */
interface Words {
    readonly detached: number;
    readonly taken: number;
}

/**
 * A thread that has used `place` takes it again as soon as the main thread has detached what was
 * there, and stores 7. The segment that was there lives on at `kept`.
 */
function takePlace(
    take: Taking,
    schedule: string,
    seed: number,
    prepare: (kernel: Kernel) => void = () => {},
): Words {
    const taker: ThreadBody = function* (user, other) {
        // From here on this CPU has the place in its translation cache.
        yield user.store(place, 4, 0);
        yield user.store(ready, 4, 1);
        yield* awaitWord(user, leaving);
        while (!(yield* take(user, other))) {}
        yield user.store(place, 4, 7);
        yield* awaitWord(user, detached);
        yield user.store(loaded, 4, yield user.load(place, 4));
        yield user.store(done, 4, 1);
        return 0;
    };
    const words = { detached: -1, taken: -1 };
    const main: ThreadBody = function* (user, _argument, kernel) {
        prepare(kernel);
        const id = yield user.systemCall(call.shmget, 0);
        const other = yield user.systemCall(call.shmget, 0);
        yield user.systemCall(call.shmat, id, place);
        yield user.systemCall(call.shmat, id, kept);
        yield user.systemCall(call.shmat, other, kept + 4096);
        yield* startThread(user, 0, other, 0);
        yield* awaitWord(user, ready);
        yield user.store(leaving, 4, 1);
        const result = yield user.systemCall(call.shmdt, place);
        yield user.store(detached, 4, 1);
        yield* awaitWord(user, done);
        words.detached = yield user.load(kept, 4);
        words.taken = yield user.load(loaded, 4);
        return result;
    };
    const { status } = runProgram({ main, threads: [taker], schedule, seed });
    expect(status).toBe(0);
    return words;
}

/** Has the program's places free before the shootdown, as soon as nothing is mapped there. */
function vacateEarly(kernel: Kernel): void {
    const space: AddressSpace | undefined = kernel.processes.get(2)?.addressSpace;
    if (space === undefined) {
        throw new Error("the program is process 2");
    }
    const unmapShared = space.unmapShared.bind(space);
    const vacate = space.vacate.bind(space);
    space.unmapShared = function* (context, address, pageCount): Steps {
        yield* unmapShared(context, address, pageCount);
        yield* vacate(context, address, pageCount);
    };
    space.vacate = function* () {};
}

describe("a place that a segment is detached from", () => {
    for (const [name, take] of Object.entries(takings)) {
        it.each(schedules)(`is free when no CPU goes there any more: ${name}, %s`, (schedule) => {
            for (let seed = 1; seed <= 40; seed++) {
                const words = takePlace(take, schedule, seed);
                expect({ seed, ...words }).toEqual({ seed, detached: 0, taken: 7 });
            }
        });

        it(`is free too early in a kernel that vacates it first (canary): ${name}`, () => {
            const words = Array.from({ length: 40 }, (_, seed) =>
                schedules.map((schedule) => takePlace(take, schedule, seed + 1, vacateEarly)),
            );
            expect(words.flat()).toContainEqual({ detached: 7, taken: 0 });
        });
    }
});

describe("a futex's page that is replaced", () => {
    const rounds = 12;
    const word = kept;

    /** Wakes nobody, again and again, at a word whose page comes and goes. */
    const waker: ThreadBody = function* (user) {
        yield user.store(ready, 4, 1);
        while ((yield user.load(done, 4)) === 0) {
            if ((yield user.systemCall(call.futex, word, futexOp.wake, 1)) !== 0) {
                return 1;
            }
        }
        return 0;
    };
    const main: ThreadBody = function* (user) {
        yield user.systemCall(call.pageAlloc, word);
        yield* startThread(user, 0, 0, 0);
        yield* awaitWord(user, ready);
        for (let round = 0; round < rounds; round++) {
            if ((yield user.systemCall(call.pageAlloc, word)) !== 0) {
                return 1;
            }
        }
        yield user.store(done, 4, 1);
        return 0;
    };

    it.each(schedules)("is held from the moment it is found, under %s", (schedule) => {
        for (let seed = 1; seed <= 20; seed++) {
            expect(runProgram({ main, threads: [waker], schedule, seed }).status).toBe(0);
        }
    });
});

describe("threads that end at once", () => {
    const ends: ThreadBody = function* (user) {
        yield user.load(dataStart, 4);
        return 0;
    };
    const main: ThreadBody = function* (user) {
        for (let count = 0; count < 4; count++) {
            yield* startThread(user, 0, 0, count);
        }
        yield user.systemCall(call.texit, 0);
        return 1;
    };

    it.each(schedules)(
        "have all left the table when the last one frees it, under %s",
        (schedule) => {
            for (let seed = 1; seed <= 20; seed++) {
                for (const cpuCount of [1, 2, 4]) {
                    const { status } = runProgram({
                        main,
                        threads: [ends],
                        schedule,
                        seed,
                        cpuCount,
                    });
                    expect(status).toBe(0);
                }
            }
        },
    );
});
