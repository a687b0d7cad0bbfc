/** Files whose bytes, names and buffers other threads change at the same time. */
import { describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.ts";
import { OpenFile } from "../../src/kernel/files/open-file.ts";
import { SystemCall } from "../../src/kernel/interface/system-call.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import type { Steps } from "../../src/kernel/steps.ts";
import { startThread } from "../../src/programs/library/threads.ts";
import type { User } from "../../src/programs/library/user.ts";
import { hardSchedules, runFiles } from "../support/kernel-files-rig.ts";

const [eNoent, eFault] = [-2, -14];

/** Three threads write by one descriptor. Returns what is in the file when all are done. */
function writtenByThree(
    cpuCount: number,
    schedule: string,
    seed: number,
    prepare?: (kernel: Kernel) => void,
): string {
    const doneCount = 0x10_1000;
    let content: unknown;
    function* write(user: User, writer: number): Steps {
        for (let count = 0; count < 8; count++) {
            expect(yield* user.writeText(3, "abc"[writer].repeat(30))).toBe(30);
        }
        if ((yield user.context.fetchAdd(doneCount, 4, 1)) === 2) {
            yield* user.lseek(3, 0, 0);
            content = yield* user.readText(3, 1000);
        }
    }
    runFiles(
        function* (user) {
            yield* user.open("made", 7);
            for (const writer of [0, 1, 2]) {
                yield* startThread(user, write, writer, writer);
            }
            yield* user.texit(0);
        },
        {
            threads: [write],
            cpuCount,
            schedule,
            seed,
            ...(prepare === undefined ? {} : { prepare }),
        },
    );
    return String(content);
}

/** The file's pieces of 30 bytes, in the order of their letters. */
function pieces(content: string): string[] {
    return (content.match(/.{1,30}/g) ?? []).sort();
}

const allPieces = ["a", "b", "c"].flatMap((letter) => new Array(8).fill(letter.repeat(30)));

describe("writes by one open file", () => {
    it.each(hardSchedules)("each have a place of their own (%i CPUs, %s)", (cpuCount, schedule) => {
        for (let seed = 1; seed <= 5; seed++) {
            expect(pieces(writtenByThree(cpuCount, schedule, seed))).toEqual(allPieces);
        }
    });

    it("are told from writes that read the offset before they lock it (canary)", () => {
        const prepare = (kernel: Kernel) => {
            const { make } = kernel.openFiles;
            kernel.openFiles.make = (vnode, mode) => {
                const file = make.call(kernel.openFiles, vnode, mode);
                file.write = function* (task, address, byteLength) {
                    const { context } = task;
                    const before = yield* file.seek(context, 0, 1);
                    const { write, seek } = OpenFile.prototype;
                    yield* seek.call(file, context, before, 0);
                    return yield* write.call(file, task, address, byteLength);
                };
                return file;
            };
        };
        const contents = [1, 2, 3].map((seed) => writtenByThree(2, "random:10", seed, prepare));
        expect(contents.map(pieces)).not.toEqual([allPieces, allPieces, allPieces]);
    });
});

describe("names and sizes that threads change at the same time", () => {
    it.each(hardSchedules)("lose no page (%i CPUs, %s)", (cpuCount, schedule) => {
        function* work(user: User, worker: number): Steps {
            const random = new Random(worker);
            for (let round = 0; round < 12; round++) {
                const name = "xyz"[random.below(3)];
                const file = yield* user.open(name, 7 + 8 * random.below(2));
                expect(file).toBeGreaterThanOrEqual(3);
                yield* user.lseek(file, random.below(9000), 0);
                expect(yield* user.writeText(file, "some bytes")).toBe(10);
                expect([0, eNoent]).toContain(yield* user.unlink("xyz"[random.below(3)]));
                expect(yield user.call(SystemCall.ftruncate, file, random.below(9000))).toBe(0);
                const [from, to] = [yield* user.localString(name), yield* user.localString("x")];
                expect([0, eNoent]).toContain(yield user.call(SystemCall.rename, from, to));
                expect(yield* user.close(file)).toBe(0);
            }
        }
        const run = runFiles(
            function* (user) {
                for (let worker = 0; worker < 3; worker++) {
                    yield* startThread(user, work, worker, worker);
                }
                yield* user.texit(0);
            },
            { threads: [work], cpuCount, schedule },
        );
        expect(run.statuses).toEqual([0]);
    });
});

describe("a buffer that another thread unmaps meanwhile", () => {
    it.each([
        [2, "random:40"],
        [3, "random:5"],
        [4, "random:10"],
    ])("gives a part, or E_FAULT, and harms nobody (%i CPUs, %s)", (cpuCount, schedule) => {
        const [shared, doneFlag] = [0x5000_0000, 0x10_1000];
        const results = new Set<number>();
        /** Attaches and detaches the segment, again and again, until the other is done. */
        function* flicker(user: User): Steps {
            const random = new Random(7);
            const segment = yield* user.shmget(8192);
            // Elsewhere, too, so that the segment is there as long as the thread is.
            yield* user.shmat(segment, 0);
            for (let round = 0; round < 400; round++) {
                if ((yield user.load(doneFlag)) === 1) {
                    return;
                }
                yield* user.shmat(segment, shared);
                for (let count = random.below(300); count > 0; count--) {
                    yield user.context.step();
                }
                yield* user.shmdt(shared);
            }
        }
        function* use(user: User): Steps {
            const file = yield* user.open("made", 7);
            const [readEnd, writeEnd] = yield* user.pipe();
            for (let round = 0; round < 30; round++) {
                const address = shared + 4000;
                const written = yield* user.write(writeEnd, address, 200);
                results.add(written);
                if (written > 0) {
                    // So that what is left is never nothing.
                    yield* user.writeText(writeEnd, "!");
                    results.add(yield* user.read(readEnd, address, written));
                    yield* user.readText(readEnd, 300);
                }
                results.add(yield* user.write(file, address, 200));
                results.add(yield* user.write(1, address, 200));
                yield* user.lseek(file, 0, 0);
                results.add(yield* user.read(file, address, 200));
            }
            yield user.store(doneFlag, 1);
        }
        runFiles(
            function* (user) {
                yield* startThread(user, flicker, 0, 0);
                yield* startThread(user, use, 0, 1);
                yield* user.texit(0);
            },
            { threads: [flicker, use], cpuCount, schedule },
        );
        expect([...results]).toEqual(expect.arrayContaining([eFault, 200]));
        for (const result of results) {
            expect(result === eFault || (result >= 0 && result <= 200)).toBe(true);
        }
    });
});
