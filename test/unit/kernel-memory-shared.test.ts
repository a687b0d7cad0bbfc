/** Shared memory, as programs meet it; the kernel looks for leaks after each. */
import { describe, expect, it } from "vitest";
import type { UserContext } from "../../src/kernel/interface/program-image.ts";
import { KernelPanic } from "../../src/kernel/panic.ts";
import {
    call,
    dataStart,
    type ProgramRunOptions,
    runProgram,
    startThread,
    type ThreadBody,
    type UserSteps,
} from "../support/kernel-memory-programs.ts";

const [noMemory, invalid, tooMany, noSpace] = [-12, -22, -24, -28];
const firstPlace = 0x4000_0000;
const chosen = 0x5000_0000;

/** Runs a program that writes results down by name. */
function results(
    main: (user: UserContext, note: (name: string, value: number) => void) => UserSteps<number>,
    options: Omit<ProgramRunOptions, "main"> = {},
): Record<string, number> {
    const noted: Record<string, number> = {};
    const note = (name: string, value: number) => {
        noted[name] = value;
    };
    const { status } = runProgram({ ...options, main: (user) => main(user, note) });
    return { ...noted, status: status ?? -1 };
}

describe("a shared segment", () => {
    it("is zeros, at a free address or a chosen one, and the same memory at both", () => {
        const seen = results(function* (user, note) {
            const id = yield user.systemCall(call.shmget, 0);
            note("id", id);
            note("free", yield user.systemCall(call.shmat, id, 0));
            note("chosen", yield user.systemCall(call.shmat, id, chosen));
            note("zero", yield user.load(chosen + 4092, 4));
            yield user.store(firstPlace + 4092, 4, 99);
            note("word", yield user.load(chosen + 4092, 4));
            note("detached", yield user.systemCall(call.shmdt, firstPlace));
            note("still", yield user.load(chosen + 4092, 4));
            note("again", yield user.systemCall(call.shmdt, firstPlace));
            return 0;
        });
        expect(seen).toEqual({
            id: 1,
            free: firstPlace,
            chosen,
            zero: 0,
            word: 99,
            detached: 0,
            still: 99,
            again: invalid,
            status: 0,
        });
    });

    it("is reached no more after shmdt: the program ends", () => {
        const seen = results(function* (user) {
            const id = yield user.systemCall(call.shmget, 0);
            const address = yield user.systemCall(call.shmat, id, 0);
            yield user.store(address, 4, 1);
            yield user.systemCall(call.shmdt, address);
            yield user.load(address, 4);
            return 0;
        });
        expect(seen).toEqual({ status: 139 });
    });

    it("has up to 16 pages, and its bytes are rounded up to whole ones", () => {
        const seen = results(function* (user, note) {
            const id = yield user.systemCall(call.shmget, 15 * 4096 + 1);
            const address = yield user.systemCall(call.shmat, id, 0);
            yield user.store(address + 16 * 4096 - 4, 4, 7);
            note("last", yield user.load(address + 16 * 4096 - 4, 4));
            note("inside", yield user.systemCall(call.shmdt, address + 4096));
            for (const byteLength of [16 * 4096 + 1, -1, 2 ** 53, 2 ** 64 - 2048]) {
                note(`${byteLength}`, yield user.systemCall(call.shmget, byteLength));
            }
            // A register that holds no number holds 0: one page.
            note("NaN", yield user.systemCall(call.shmget, Number.NaN));
            note("fraction", yield user.systemCall(call.shmget, 0.5));
            return 0;
        });
        expect(seen).toEqual({
            last: 7,
            inside: invalid,
            [`${16 * 4096 + 1}`]: invalid,
            "-1": invalid,
            [`${2 ** 53}`]: invalid,
            [`${2 ** 64 - 2048}`]: invalid,
            NaN: 2,
            fraction: 3,
            status: 0,
        });
    });

    it("is not put where it cannot be", () => {
        const places = [
            ["unaligned", chosen + 8],
            ["null page", 4096],
            ["screen", 0xb_8000],
            ["text", 0x10_0000],
            ["data", dataStart],
            ["end", 2 ** 47],
            ["half beyond the end", 2 ** 47 - 4096],
            ["kernel", -(2 ** 47)],
            ["negative", -4096],
            ["huge", 2 ** 64 - 4096],
        ] as const;
        const seen = results(function* (user, note) {
            const id = yield user.systemCall(call.shmget, 2 * 4096);
            for (const [name, address] of places) {
                note(name, yield user.systemCall(call.shmat, id, address));
            }
            note("highest", yield user.systemCall(call.shmat, id, 2 ** 47 - 8192));
            for (const other of [0, -1, id + 1, id + 16, 2 ** 31, 2 ** 53]) {
                note(`id ${other}`, yield user.systemCall(call.shmat, other, 0));
            }
            return 0;
        });
        const refused = places.map(([name]) => [name, invalid] as const);
        expect(seen).toEqual({
            ...Object.fromEntries(refused),
            highest: 2 ** 47 - 8192,
            "id 0": invalid,
            "id -1": invalid,
            "id 2": invalid,
            "id 17": invalid,
            [`id ${2 ** 31}`]: invalid,
            [`id ${2 ** 53}`]: invalid,
            status: 0,
        });
    });

    it("is one of 16, and a process has 32 attachments", () => {
        const seen = results(function* (user, note) {
            let id = 0;
            for (let count = 0; count < 16; count++) {
                id = yield user.systemCall(call.shmget, 0);
            }
            note("last id", id);
            note("seventeenth", yield user.systemCall(call.shmget, 0));
            let address = 0;
            for (let count = 0; count < 32; count++) {
                address = yield user.systemCall(call.shmat, id, 0);
            }
            note("last address", address);
            note("thirty-third", yield user.systemCall(call.shmat, id, 0));
            return 0;
        });
        expect(seen).toEqual({
            "last id": 16,
            seventeenth: noSpace,
            "last address": firstPlace + 31 * 4096,
            "thirty-third": tooMany,
            status: 0,
        });
    });

    it("goes with its last attachment, and its number is not another's soon", () => {
        const seen = results(function* (user, note) {
            const id = yield user.systemCall(call.shmget, 0);
            yield user.systemCall(call.shmat, id, chosen);
            yield user.systemCall(call.shmdt, chosen);
            note("gone", yield user.systemCall(call.shmat, id, chosen));
            note("next id", yield user.systemCall(call.shmget, 0));
            note("old id", yield user.systemCall(call.shmat, id, chosen));
            return 0;
        });
        expect(seen).toEqual({ gone: invalid, "next id": 17, "old id": invalid, status: 0 });
    });

    it("is inherited by fork at its addresses, and outlives the parent's attachment", () => {
        const seen = results(function* (user, note) {
            const id = yield user.systemCall(call.shmget, 2 * 4096);
            yield user.systemCall(call.shmat, id, chosen);
            yield user.store(chosen + 4096, 4, 5);
            const pid = yield user.systemCall(call.fork);
            if (pid === 0) {
                const inherited = yield user.load(chosen + 4096, 4);
                yield user.store(chosen, 4, 15);
                return inherited;
            }
            yield user.systemCall(call.waitpid, pid, dataStart, 0);
            note("child read", yield user.load(dataStart, 4));
            note("child wrote", yield user.load(chosen, 4));
            return 0;
        });
        expect(seen).toMatchObject({ "child read": 5, "child wrote": 15 });
    });

    it("that its creator never attached is another's who did", () => {
        const seen = results(function* (user, note) {
            // The child makes it, and tells its id by its status; the parent attaches it meanwhile.
            const pid = yield user.systemCall(call.fork);
            if (pid === 0) {
                return yield user.systemCall(call.shmget, 0);
            }
            yield user.systemCall(call.waitpid, pid, dataStart, 0);
            const id = yield user.load(dataStart, 4);
            note("id", id);
            note("gone with its creator", yield user.systemCall(call.shmat, id, 0));
            return 0;
        });
        expect(seen).toMatchObject({ id: 1, "gone with its creator": invalid });
    });

    it("that fork does not count is freed under its users: the kernel notices", () => {
        const main: ThreadBody = function* (user) {
            const id = yield user.systemCall(call.shmget, 0);
            yield user.systemCall(call.shmat, id, chosen);
            const pid = yield user.systemCall(call.fork);
            if (pid === 0) {
                return 0;
            }
            yield user.systemCall(call.waitpid, pid, 0, 0);
            return 0;
        };
        expect(runProgram({ main }).status).toBe(0);
        expect(() => runProgram({ main, faults: ["fork-forgets-shared-reference"] })).toThrow(
            new KernelPanic(
                "kernel invariant broken: shared segment 1 is let go of as often as it was " +
                    "attached",
            ),
        );
    });
});

describe("threads that attach and detach at once", () => {
    /** Each attaches at a free place, signs the page, looks at it, and detaches. */
    const thread: ThreadBody = function* (user, id) {
        for (let round = 0; round < 6; round++) {
            const address = yield user.systemCall(call.shmat, id, 0);
            if (address < 0) {
                return 1;
            }
            yield user.fetchAdd(address, 4, 1);
            if ((yield user.systemCall(call.shmdt, address)) !== 0) {
                return 2;
            }
        }
        yield user.fetchAdd(dataStart, 4, 1);
        yield user.systemCall(call.futex, dataStart, 2, 99);
        return 0;
    };
    const main: ThreadBody = function* (user) {
        const id = yield user.systemCall(call.shmget, 0);
        yield user.systemCall(call.shmat, id, chosen);
        for (let count = 0; count < 4; count++) {
            yield* startThread(user, 0, id, count);
        }
        for (;;) {
            const finished = yield user.load(dataStart, 4);
            if (finished === 4) {
                return yield user.load(chosen, 4);
            }
            yield user.systemCall(call.futex, dataStart, 1, finished);
        }
    };

    it.each(["random:20", "pct:3:8000"])("lose nothing under %s", (schedule) => {
        for (let seed = 0; seed < 12; seed++) {
            for (const cpuCount of [2, 4]) {
                const run = runProgram({ main, threads: [thread], schedule, seed, cpuCount });
                expect(run.status).toBe(24);
            }
        }
    });
});

describe("when memory runs out", () => {
    /**
     * Leaves the process with so many free pages, then tries in turn: a segment of 16 pages, an
     * attachment of two where two tables are missing, a fork. A result, and how many pages it took.
     */
    const attempt = (freePages: number) =>
        results(
            function* (user, note) {
                const free = function* (): UserSteps<number> {
                    yield user.systemCall(call.getusage, dataStart);
                    return yield user.load(dataStart + 8, 4);
                };
                const id = yield user.systemCall(call.shmget, 2 * 4096);
                for (let toTake = (yield* free()) - freePages; toTake > 0; toTake--) {
                    yield user.systemCall(call.kalloc);
                }
                note("get", Math.min(0, yield user.systemCall(call.shmget, 16 * 4096)));
                note("get took", freePages - (yield* free()));
                if (freePages < 16) {
                    note("attach", yield user.systemCall(call.shmat, id, 0x8000_0000 - 4096));
                    note("attach took", freePages - (yield* free()));
                    const pid = yield user.systemCall(call.fork);
                    if (pid > 0) {
                        yield user.systemCall(call.waitpid, pid, 0, 0);
                    }
                    note("fork", Math.min(0, pid));
                    note("fork took", freePages - (yield* free()));
                }
                return 0;
            },
            { cpuCount: 1 },
        );

    it("what fails takes no page", () => {
        for (let freePages = 0; freePages < 16; freePages++) {
            // Three tables for two pages on both sides of a border that all levels have.
            const canAttach = freePages >= 4;
            expect(attempt(freePages)).toEqual({
                get: noMemory,
                "get took": 0,
                attach: canAttach ? 0x8000_0000 - 4096 : noMemory,
                "attach took": canAttach ? 4 : 0,
                fork: noMemory,
                "fork took": canAttach ? 4 : 0,
                status: 0,
            });
        }
        expect(attempt(16)).toEqual({ get: 0, "get took": 16, status: 0 });
    });
});
