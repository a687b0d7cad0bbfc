/** System calls on pages, with arguments of all kinds; the kernel looks for leaks after each. */
import { describe, expect, it } from "vitest";
import type { UserContext } from "../../src/kernel/interface/program-image.ts";
import {
    call,
    dataStart,
    type ProgramRunOptions,
    runProgram,
    startThread,
    type ThreadBody,
    type UserSteps,
} from "../support/kernel-memory-programs.ts";

const [noMemory, badAddress, invalid] = [-12, -14, -22];
const place = 0x4000_0000;
const highest = 2 ** 47 - 4096;

/** Runs a program that writes results down, in order. Returns them, and its status. */
function resultsOf(
    body: (user: UserContext, note: (value: number) => void) => UserSteps,
    options: Omit<ProgramRunOptions, "main"> = {},
): number[] {
    const noted: number[] = [];
    runProgram({
        ...options,
        *main(user) {
            yield* body(user, (value) => noted.push(value));
            return 0;
        },
    });
    return noted;
}

/** Free pages, by getusage. */
function* freePages(user: UserContext): UserSteps<number> {
    yield user.systemCall(call.getusage, dataStart + 512);
    return yield user.load(dataStart + 512 + 8, 4);
}

/** Addresses where no program may have a page. */
const hostileAddresses = [
    ...[0, 4096, 0xf_f000, 0x10_0000, place + 1, place + 2048, highest + 8, highest + 4096],
    ...[-4096, -(2 ** 47), 2 ** 48, 2 ** 63, 2 ** 64 - 4096, Number.NaN, place + 0.5],
    ...[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
];

describe("page_alloc", () => {
    it("gives a page of zeros that can be written, up to the highest address", () => {
        const seen = resultsOf(function* (user, note) {
            for (const address of [place, highest]) {
                note(yield user.systemCall(call.pageAlloc, address));
                note(yield user.load(address + 4092, 4));
                yield user.store(address + 4092, 4, 77);
                note(yield user.load(address + 4092, 4));
            }
        });
        expect(seen).toEqual([0, 0, 77, 0, 0, 77]);
    });

    it("replaces a page, the stack's too, and takes no more memory for it", () => {
        const seen = resultsOf(function* (user, note) {
            yield user.systemCall(call.pageAlloc, place);
            const free = yield* freePages(user);
            for (const address of [place, dataStart, 0x2f_f000]) {
                yield user.store(address, 4, 5);
                note(yield user.systemCall(call.pageAlloc, address));
                note(yield user.load(address, 4));
            }
            note((yield* freePages(user)) - free);
        });
        expect(seen).toEqual([0, 0, 0, 0, 0, 0, 0]);
    });

    it("is E_INVAL where no page may be, and takes none", () => {
        const seen = resultsOf(function* (user, note) {
            const free = yield* freePages(user);
            // What is not whole is cut, so a fraction is another address.
            for (const address of hostileAddresses.filter((one) => one !== place + 0.5)) {
                note(yield user.systemCall(call.pageAlloc, address));
            }
            note((yield* freePages(user)) - free);
        });
        expect(seen).toEqual([...new Array(hostileAddresses.length - 1).fill(invalid), 0]);
    });

    it("is E_NOMEM when there is none, for the page or for a table", () => {
        const seen = resultsOf(
            function* (user, note) {
                for (let left = yield* freePages(user); left > 2; left--) {
                    yield user.systemCall(call.kalloc);
                }
                note(yield user.systemCall(call.pageAlloc, place));
                note(yield* freePages(user));
                note(yield user.systemCall(call.pageAlloc, dataStart + 0x3000));
                note(yield* freePages(user));
            },
            { cpuCount: 1 },
        );
        expect(seen).toEqual([noMemory, 2, 0, 2]);
    });
});

describe("threads that replace one page at once", () => {
    const roundCount = 12;
    /** Replaces the page, and writes to it, again and again. */
    const thread: ThreadBody = function* (user) {
        for (let round = 0; round < roundCount; round++) {
            if ((yield user.systemCall(call.pageAlloc, place)) !== 0) {
                return 1;
            }
            for (let count = 0; count < 5; count++) {
                yield user.fetchAdd(place + 4 * count, 4, 0x0101);
            }
        }
        return 0;
    };
    /** Takes pages all the while, and looks whether anybody writes to them. */
    const main: ThreadBody = function* (user) {
        for (let count = 0; count < 3; count++) {
            yield* startThread(user, 0, 0, count);
        }
        let damaged = 0;
        for (let round = 0; round < roundCount; round++) {
            const handle = yield user.systemCall(call.kalloc);
            yield user.systemCall(call.yield);
            const bytes = memory.bytes.subarray(handle * 4096, handle * 4096 + 4096);
            damaged += bytes.every((byte) => byte === 0xcc) ? 0 : 1;
            yield user.systemCall(call.kfree, handle);
        }
        return damaged;
    };
    let memory: { readonly bytes: Uint8Array } = { bytes: new Uint8Array() };

    it.each(["random:30", "pct:3:20000"])("reach no page that was freed, under %s", (schedule) => {
        for (let seed = 0; seed < 10; seed++) {
            for (const cpuCount of [2, 4]) {
                const options = { threads: [thread], schedule, seed, cpuCount };
                const run = runProgram({
                    ...options,
                    main,
                    onMachine: (machine) => {
                        ({ memory } = machine);
                    },
                });
                expect(run.status).toBe(0);
            }
        }
    });
});

describe("map_console", () => {
    it("shows the screen at another address, and where it is already changes nothing", () => {
        const seen = resultsOf(function* (user, note) {
            yield user.store(0xb_8000 + 160, 2, 0x0741);
            note(yield user.systemCall(call.mapConsole, place));
            note(yield user.load(place + 160, 2));
            note(yield user.systemCall(call.mapConsole, 0xb_8000));
            note(yield user.systemCall(call.mapConsole, place));
            note(yield user.systemCall(call.pageAlloc, place));
        });
        expect(seen).toEqual([0, 0x0741, 0, invalid, invalid]);
    });

    it("is E_INVAL where no page may be", () => {
        const seen = resultsOf(function* (user, note) {
            for (const address of hostileAddresses.filter((one) => one !== place + 0.5)) {
                note(yield user.systemCall(call.mapConsole, address));
            }
        });
        expect(seen).toEqual(new Array(hostileAddresses.length - 1).fill(invalid));
    });
});

describe("kalloc and kfree", () => {
    it("take a page and give it back, once, and for its own process only", () => {
        const seen = resultsOf(function* (user, note) {
            const free = yield* freePages(user);
            const handle = yield user.systemCall(call.kalloc);
            note(Number(handle > 0));
            note(free - (yield* freePages(user)));
            const pid = yield user.systemCall(call.fork);
            if (pid === 0) {
                yield user.systemCall(call.exit, yield user.systemCall(call.kfree, handle));
            }
            yield user.systemCall(call.waitpid, pid, dataStart, 0);
            note((yield user.load(dataStart, 4)) - 2 ** 32);
            note(yield user.systemCall(call.kfree, handle));
            note(yield user.systemCall(call.kfree, handle));
            note(free - (yield* freePages(user)));
        });
        expect(seen.slice(-6)).toEqual([1, 1, invalid, 0, invalid, 0]);
    });

    it("are E_INVAL for what is no handle", () => {
        const handles = [0, -1, 1, 0xb8, 2 ** 31, 2 ** 53, 2 ** 63, Number.NaN, 1e300];
        const seen = resultsOf(function* (user, note) {
            yield user.systemCall(call.kalloc);
            for (const handle of handles) {
                note(yield user.systemCall(call.kfree, handle));
            }
        });
        expect(seen).toEqual(new Array(handles.length).fill(invalid));
    });

    it("leave nothing behind when the process ends with pages, or none is free", () => {
        const seen = resultsOf(
            function* (user, note) {
                const free = yield* freePages(user);
                let count = 0;
                while ((yield user.systemCall(call.kalloc)) > 0) {
                    count++;
                }
                note(count - free);
                note(yield user.systemCall(call.kalloc));
                note(yield user.systemCall(call.nastyalloc));
            },
            { cpuCount: 1 },
        );
        expect(seen).toEqual([0, noMemory, noMemory]);
    });
});

describe("nastyalloc", () => {
    it("finds room for its variables, and gives it back", () => {
        const seen = resultsOf(function* (user, note) {
            const free = yield* freePages(user);
            note(yield user.systemCall(call.nastyalloc));
            note((yield* freePages(user)) - free);
        });
        expect(seen).toEqual([0, 0]);
    });
});

describe("getusage", () => {
    it("is E_FAULT where its 24 bytes are not, and has them anywhere else", () => {
        const bad = [0, -4, 0x1000, 0x10_0000, 0x30_0000 - 23, 2 ** 47 - 8, 2 ** 64 - 2048];
        const good = [0x30_0000 - 24, dataStart + 4096 - 12, dataStart + 1];
        const seen = resultsOf(function* (user, note) {
            for (const address of [...bad, ...good]) {
                note(yield user.systemCall(call.getusage, address));
            }
        });
        expect(seen).toEqual([...bad.map(() => badAddress), ...good.map(() => 0)]);
    });

    it("counts ticks, and pages that are always as many together", () => {
        const seen = resultsOf(function* (user, note) {
            yield user.systemCall(call.msleep, 50);
            yield user.systemCall(call.getusage, dataStart);
            const [ticks, free, allocated] = [
                yield user.load(dataStart, 4),
                yield user.load(dataStart + 8, 4),
                yield user.load(dataStart + 16, 4),
            ];
            note(Number(ticks >= 5));
            yield user.systemCall(call.pageAlloc, place);
            yield user.systemCall(call.getusage, dataStart);
            note(free - (yield user.load(dataStart + 8, 4)));
            // The page and two tables.
            note((yield user.load(dataStart + 16, 4)) - allocated);
        });
        expect(seen).toEqual([1, 3, 3]);
    });
});
