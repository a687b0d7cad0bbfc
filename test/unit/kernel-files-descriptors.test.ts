/** Descriptors: in which order a call finds what is wrong; tables shared by threads and forks. */
import { describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import type { Steps } from "../../src/kernel/steps.ts";
import { startThread } from "../../src/programs/library/threads.ts";
import type { User } from "../../src/programs/library/user.ts";
import { hardSchedules, runFiles } from "../support/kernel-files-rig.ts";

const [eBadf, eFault, eMfile, ePipe] = [-9, -14, -24, -32];

/** Sizes and addresses that no program has all of; the stack's page is 0x2ff000 to 0x2fffff. */
const badRanges: readonly (readonly [address: number, byteLength: number])[] = [
    [0x2f_f000, 2 ** 64 - 2 ** 11],
    [0x2f_f000, -1],
    [0x2f_f000, 2 ** 53],
    [0x2f_f000, 4097],
    [0x2f_ffff, 2],
    [10, 1],
    [0, 1],
    [-1, 1],
    [-(2 ** 47), 8],
    [2 ** 47, 1],
    [2 ** 47 - 1, 2],
    [2 ** 63, 1],
    [2 ** 64 - 2 ** 11, 1],
    [2 ** 64 - 2 ** 11, 2 ** 64 - 2 ** 11],
    [Number.NaN, 1],
    [Number.POSITIVE_INFINITY, 1],
];

describe("read and write", () => {
    it("refuse each range that is not all there, of any kind of file", () => {
        runFiles(function* (user) {
            const [readEnd, writeEnd] = yield* user.pipe();
            const file = yield* user.open("main", 3);
            for (const [address, byteLength] of badRanges) {
                for (const descriptor of [0, readEnd, file]) {
                    expect(yield* user.read(descriptor, address, byteLength)).toBe(eFault);
                }
                for (const descriptor of [1, writeEnd, file]) {
                    expect(yield* user.write(descriptor, address, byteLength)).toBe(eFault);
                }
            }
        });
    });

    it("do nothing with no bytes, wherever they are", () => {
        runFiles(function* (user) {
            const [readEnd, writeEnd] = yield* user.pipe();
            const file = yield* user.open("main", 3);
            for (const address of [0, 0x4000_0000, 2 ** 47, -1, 2 ** 63, Number.NaN]) {
                for (const descriptor of [0, readEnd, file]) {
                    expect(yield* user.read(descriptor, address, 0)).toBe(0);
                }
                for (const descriptor of [1, writeEnd, file]) {
                    expect(yield* user.write(descriptor, address, 0)).toBe(0);
                }
            }
        });
    });

    it("find a bad descriptor before bad memory, and before no bytes", () => {
        runFiles(function* (user) {
            for (const descriptor of [-1, 3, 31, 32, 2 ** 31, 2 ** 32 + 3]) {
                expect(yield* user.read(descriptor, 0, 0)).toBe(eBadf);
                expect(yield* user.write(descriptor, 0, 0)).toBe(eBadf);
            }
            expect(yield* user.write(3, 0, 1)).toBe(eBadf);
            const readOnly = yield* user.open("main", 1);
            expect(yield* user.write(readOnly, 0, 1)).toBe(eBadf);
        });
    });

    it("go up to the last byte of user memory", () => {
        runFiles(function* (user) {
            const lastPage = 2 ** 47 - 4096;
            expect(yield* user.pageAlloc(lastPage)).toBe(0);
            const file = yield* user.open("made", 7);
            expect(yield* user.write(file, lastPage, 4096)).toBe(4096);
            yield* user.lseek(file, 0, 0);
            expect(yield* user.read(file, lastPage + 4095, 1)).toBe(1);
            expect(yield* user.read(file, lastPage + 4095, 2)).toBe(eFault);
        });
    });
});

describe("dup2", () => {
    it("returns the new descriptor, which stays what it is when it is the old one", () => {
        const run = runFiles(function* (user) {
            expect(yield* user.dup2(2, 2)).toBe(2);
            expect(yield* user.dup2(2, 0)).toBe(0);
            expect(yield* user.dup2(1, 31)).toBe(31);
            expect(yield* user.writeText(31, "here")).toBe(4);
        });
        expect(run.text).toBe("here");
    });

    it("refuses what is not open, and what no descriptor can be; nothing is closed", () => {
        const run = runFiles(function* (user) {
            expect(yield* user.dup2(4, 3)).toBe(eBadf);
            expect(yield* user.dup2(4, 4)).toBe(eBadf);
            expect(yield* user.dup2(4, 1)).toBe(eBadf);
            expect(yield* user.dup2(1, 32)).toBe(eBadf);
            expect(yield* user.dup2(1, -1)).toBe(eBadf);
            expect(yield* user.writeText(1, "still open")).toBe(10);
        });
        expect(run.text).toBe("still open");
    });

    it("closes what the new descriptor was", () => {
        runFiles(function* (user) {
            const [readEnd, writeEnd] = yield* user.pipe();
            yield* user.dup2(1, writeEnd);
            expect(yield* user.readText(readEnd, 1)).toBe("");
        });
    });
});

describe("a fork", () => {
    it("shares open files, with their offsets, and not the table", () => {
        const run = runFiles(function* (user) {
            const file = yield* user.open("main", 1);
            const child = yield* user.fork();
            if (child === 0) {
                yield* user.check(yield* user.readText(file, 2), "#!", "the child's read");
                yield* user.check(yield* user.close(file), 0, "the child's close");
                return 0;
            }
            const { status } = yield* user.waitpid(child);
            yield* user.check(yield* user.readText(file, 7), "program", "the parent's read");
            return status;
        });
        expect(run.statuses).toEqual([0]);
    });
});

/** Threads that open, close and duplicate the same few descriptors, at the same time. */
function churn(
    cpuCount: number,
    schedule: string,
    seed: number,
    prepare?: (kernel: Kernel) => void,
): readonly number[] {
    /** A descriptor or 0, or an error that another thread's close explains. */
    const isPossible = (result: number) =>
        (result >= 0 && result < 32) || [eBadf, ePipe, eMfile].includes(result);
    function* work(user: User, worker: number): Steps {
        const random = new Random(seed * 16 + worker);
        for (let round = 0; round < 25; round++) {
            const [one, other] = [3 + random.below(6), 3 + random.below(6)];
            const results = [yield* user.open("main", 1)];
            if (round % 3 === 0) {
                results.push(...(yield* user.pipe()));
            }
            results.push(yield* user.dup2(one, other), yield* user.close(one));
            results.push(yield* user.close(3 + random.below(12)));
            const bytes = user.local(8);
            const written = yield* user.write(other, bytes, 1);
            results.push(written === 1 ? 0 : written);
            expect(results.filter((result) => !isPossible(result))).toEqual([]);
            for (let descriptor = 3; descriptor < 15 && round % 4 === 3; descriptor++) {
                yield* user.close(descriptor);
            }
        }
    }
    return runFiles(
        function* (user) {
            for (let worker = 0; worker < 3; worker++) {
                yield* startThread(user, work, worker, worker);
            }
            yield* user.texit(0);
        },
        {
            threads: [work],
            cpuCount,
            schedule,
            seed,
            ...(prepare === undefined ? {} : { prepare }),
        },
    ).statuses;
}

describe("a table that threads change at the same time", () => {
    it.each(hardSchedules)(
        "loses no file and frees none twice (%i CPUs, %s)",
        (cpuCount, schedule) => {
            for (let seed = 1; seed <= 5; seed++) {
                expect(churn(cpuCount, schedule, seed)).toEqual([0]);
            }
        },
    );

    it("is told from one whose files do not count who uses them (canary)", () => {
        const prepare = (kernel: Kernel) => {
            const { make } = kernel.openFiles;
            kernel.openFiles.make = (vnode, mode) => {
                const file = make.call(kernel.openFiles, vnode, mode);
                file.addReference = function* (context) {
                    yield context.step();
                };
                return file;
            };
        };
        expect(() => churn(2, "random", 1, prepare)).toThrow(/kernel invariant broken: /);
    });
});
