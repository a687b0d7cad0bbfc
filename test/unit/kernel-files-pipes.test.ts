/** What a pipe does when an end is closed, full, or waited at; and when there is none to be had. */
import { describe, expect, it } from "vitest";
import { KernelDeadlock } from "../../src/kernel/panic.ts";
import type { Steps } from "../../src/kernel/steps.ts";
import { startThread } from "../../src/programs/library/threads.ts";
import type { User } from "../../src/programs/library/user.ts";
import { hardSchedules, runFiles } from "../support/kernel-files-rig.ts";

const [eBadf, eNomem, eFault, eMfile, eNfile, ePipe] = [-9, -12, -14, -24, -23, -32];

/** What a run of a program threw. */
function errorOf(run: () => unknown): unknown {
    try {
        run();
    } catch (error) {
        return error;
    }
    return undefined;
}

describe("a pipe", () => {
    it("gives what there is, up to what was asked for", () => {
        runFiles(function* (user) {
            const [readEnd, writeEnd] = yield* user.pipe();
            expect([readEnd, writeEnd]).toEqual([3, 4]);
            expect(yield* user.writeText(writeEnd, "hello")).toBe(5);
            expect(yield* user.writeText(writeEnd, " you")).toBe(4);
            expect(yield* user.readText(readEnd, 3)).toBe("hel");
            expect(yield* user.readText(readEnd, 100)).toBe("lo you");
        });
    });

    it("ends for its reader when the last descriptor that writes is closed", () => {
        runFiles(function* (user) {
            const [readEnd, writeEnd] = yield* user.pipe();
            expect(yield* user.dup2(writeEnd, 9)).toBe(9);
            yield* user.writeText(writeEnd, "last");
            expect(yield* user.close(writeEnd)).toBe(0);
            yield* user.writeText(9, " words");
            expect(yield* user.close(9)).toBe(0);
            expect(yield* user.readText(readEnd, 100)).toBe("last words");
            expect(yield* user.readText(readEnd, 100)).toBe("");
        });
    });

    it("is broken for its writer when the last descriptor that reads is closed", () => {
        runFiles(function* (user) {
            const [readEnd, writeEnd] = yield* user.pipe();
            yield* user.close(readEnd);
            expect(yield* user.writeText(writeEnd, "x")).toBe(ePipe);
            expect(yield* user.write(writeEnd, 0, 0)).toBe(0);
        });
    });

    it("has ends that do one thing each", () => {
        runFiles(function* (user) {
            const [readEnd, writeEnd] = yield* user.pipe();
            expect(yield* user.writeText(readEnd, "x")).toBe(eBadf);
            expect(yield* user.readText(writeEnd, 1)).toBe(eBadf);
        });
    });

    it("holds 512 bytes, and has a writer of more wait", () => {
        runFiles(function* (user) {
            const [, writeEnd] = yield* user.pipe();
            expect(yield* user.writeText(writeEnd, "x".repeat(512))).toBe(512);
        });
        const error = errorOf(() =>
            runFiles(function* (user) {
                yield* user.pipe();
                const [, writeEnd] = yield* user.pipe();
                yield* user.writeText(writeEnd, "x".repeat(513));
            }),
        );
        expect(error).toBeInstanceOf(KernelDeadlock);
        expect((error as KernelDeadlock).message).toBe(
            "deadlock: every task waits\n" +
                "  T1 (P1, init) waits for a child\n" +
                "  T2 (P2, main) waits for pipe 2 to be read",
        );
    });

    it("has a reader wait that has a descriptor to write, too", () => {
        const error = errorOf(() =>
            runFiles(function* (user) {
                const [readEnd] = yield* user.pipe();
                yield* user.readText(readEnd, 1);
            }),
        );
        expect((error as KernelDeadlock).message).toBe(
            "deadlock: every task waits\n" +
                "  T1 (P1, init) waits for a child\n" +
                "  T2 (P2, main) waits for pipe 1 to be written",
        );
    });

    it("stays open for a read that waits when another thread closes the descriptor", () => {
        const seen: unknown[] = [];
        function* read(user: User): Steps {
            seen.push(yield* user.readText(3, 10));
        }
        runFiles(
            function* (user) {
                yield* user.pipe();
                yield* startThread(user, read, 0, 0);
                yield* user.msleep(20);
                seen.push(yield* user.close(3), yield* user.writeText(4, "late"));
                yield* user.msleep(20);
                seen.push(yield* user.writeText(4, "too late"));
            },
            { threads: [read] },
        );
        expect(seen).toEqual([0, 4, "late", ePipe]);
    });

    it("gives a writer that is woken by the reader's end what it had written", () => {
        const seen: unknown[] = [];
        function* write(user: User): Steps {
            seen.push(yield* user.writeText(4, "x".repeat(600)));
            seen.push(yield* user.writeText(4, "x"));
        }
        runFiles(
            function* (user) {
                yield* user.pipe();
                yield* startThread(user, write, 0, 0);
                yield* user.msleep(20);
                seen.push(yield* user.readText(3, 40));
                yield* user.msleep(20);
                yield* user.close(3);
                yield* user.msleep(20);
                yield* user.texit(0);
            },
            { threads: [write] },
        );
        expect(seen).toEqual(["x".repeat(40), 552, ePipe]);
    });

    it("takes nothing from a reader whose memory ends too soon", () => {
        runFiles(function* (user) {
            const [readEnd, writeEnd] = yield* user.pipe();
            yield* user.writeText(writeEnd, "abc");
            expect(yield* user.read(readEnd, 0x30_0000 - 2, 3)).toBe(eFault);
            expect(yield* user.read(readEnd, 0x10_0000, 3)).toBe(eFault);
            expect(yield* user.readText(readEnd, 3)).toBe("abc");
            expect(yield* user.write(writeEnd, 0x30_0000 - 2, 3)).toBe(eFault);
            yield* user.close(writeEnd);
            expect(yield* user.readText(readEnd, 3)).toBe("");
        });
    });

    it.each(hardSchedules)(
        "lets go of threads that wait at both ends when their process exits (%i CPUs, %s)",
        (cpuCount, schedule) => {
            for (let seed = 1; seed <= 10; seed++) {
                function* read(user: User): Steps {
                    yield* user.readText(3, 10);
                }
                function* write(user: User): Steps {
                    yield* user.writeText(6, "x".repeat(600));
                }
                const run = runFiles(
                    function* (user) {
                        yield* user.pipe();
                        yield* user.pipe();
                        yield* startThread(user, read, 0, 0);
                        yield* startThread(user, write, 0, 1);
                        return 7;
                    },
                    { threads: [read, write], cpuCount, schedule, seed },
                );
                expect(run.statuses).toEqual([7]);
            }
        },
    );

    it("is not made when there is a descriptor for one end only, and none is taken", () => {
        runFiles(function* (user) {
            for (let descriptor = 3; descriptor < 31; descriptor++) {
                yield* user.dup2(1, descriptor);
            }
            expect(yield* user.pipe()).toEqual([eMfile, eMfile]);
            expect(yield* user.open("main", 1)).toBe(31);
            expect(yield* user.open("main", 1)).toBe(eMfile);
            expect(yield* user.open("made", 6)).toBe(eMfile);
            yield* user.close(31);
            yield* user.close(30);
            expect(yield* user.open("made", 1)).toBe(-2);
            expect(yield* user.pipe()).toEqual([30, 31]);
        });
    });

    it("is not made when no page is left, and goes when its last end does", () => {
        runFiles(function* (user) {
            let address = 0x40_0000;
            while ((yield* user.pageAlloc(address)) === 0) {
                address += 4096;
            }
            expect(yield* user.pipe()).toEqual([eNomem, eNomem]);
            expect((yield* user.getusage()).freePages).toBe(0);
        });
        runFiles(function* (user) {
            const { freePages } = yield* user.getusage();
            const [readEnd, writeEnd] = yield* user.pipe();
            expect((yield* user.getusage()).freePages).toBe(freePages - 1);
            yield* user.close(writeEnd);
            expect((yield* user.getusage()).freePages).toBe(freePages - 1);
            yield* user.close(readEnd);
            expect((yield* user.getusage()).freePages).toBe(freePages);
        });
    });

    it("is not made when the system has 127 open files or more", () => {
        const run = runFiles(function* (user) {
            // Each process makes 14 pipes, and forks the next one: 3 + 28 * 4 + 13 = 128.
            for (let generation = 0; generation < 4; generation++) {
                for (let count = 0; count < 14; count++) {
                    yield* user.check((yield* user.pipe())[0], 3 + 2 * count, "pipe");
                }
                const child = yield* user.fork();
                if (child !== 0) {
                    const { status } = yield* user.waitpid(child);
                    return status;
                }
                for (let descriptor = 3; descriptor < 31; descriptor++) {
                    yield* user.check(yield* user.close(descriptor), 0, "close");
                }
            }
            for (let count = 0; count < 6; count++) {
                yield* user.check((yield* user.pipe())[0], 3 + 2 * count, "pipe");
            }
            yield* user.check(yield* user.open("main", 1), 15, "open of the 128th");
            yield* user.check(yield* user.open("main", 1), eNfile, "open of the 129th");
            yield* user.check((yield* user.pipe())[0], eNfile, "pipe with no open file left");
            yield* user.check(yield* user.close(15), 0, "close");
            yield* user.check((yield* user.pipe())[0], eNfile, "pipe with one open file left");
            return 44;
        });
        expect(run.statuses).toEqual([44]);
    });
});
