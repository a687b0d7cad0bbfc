/** Reading the keyboard: lines, their editing and their echo; and keys that are no characters. */
import { describe, expect, it } from "vitest";
import { KeyDecoder } from "../../src/kernel/files/key-codes.ts";
import type { KernelDeadlock } from "../../src/kernel/panic.ts";
import type { Steps } from "../../src/kernel/steps.ts";
import { startThread } from "../../src/programs/library/threads.ts";
import type { User } from "../../src/programs/library/user.ts";
import { type FilesRun, hardSchedules, runFiles } from "../support/kernel-files-rig.ts";

const eFault = -14;

/** What a program reads, call after call, from keys that were typed. */
function readings(keys: string, byteLengths: readonly number[]): [unknown[], FilesRun] {
    const read: unknown[] = [];
    const run = runFiles(
        function* (user) {
            for (const byteLength of byteLengths) {
                read.push(yield* user.readText(0, byteLength));
            }
        },
        { keys },
    );
    return [read, run];
}

/** What the decoder makes of bytes, each as a character or `-`. */
function decode(...bytes: readonly number[]): string {
    const decoder = new KeyDecoder();
    return bytes
        .map((byte) => decoder.take(byte))
        .map((code) => (code === undefined ? "-" : String.fromCharCode(code)))
        .join("");
}

describe("a read of the keyboard", () => {
    it("waits for a line, and gives no more than that", () => {
        expect(readings("one\ntwo\n", [100, 100])[0]).toEqual(["one\n", "two\n"]);
    });

    it("gives a line in parts when less is asked for", () => {
        expect(readings("abcdef\n", [4, 2, 10])[0]).toEqual(["abcd", "ef", "\n"]);
    });

    it("takes back what was typed, but not what has ended", () => {
        expect(readings("ax\by\bb\n\b\bc\n", [100, 100])[0]).toEqual(["ab\n", "c\n"]);
    });

    it("ends at Ctrl-D: the line without it, and alone nothing", () => {
        expect(readings("abc\x04\x04de\n", [100, 100, 100])[0]).toEqual(["abc", "", "de\n"]);
    });

    it("takes the Ctrl-D with the last of its line, also when that was read in parts", () => {
        expect(readings("abc\x04de\n", [3, 100])[0]).toEqual(["abc", "de\n"]);
    });

    it("has room for a line of 255 characters, and always for its end", () => {
        const [read] = readings(`${"x".repeat(300)}\nnext\n`, [400, 100]);
        expect(read).toEqual([`${"x".repeat(255)}\n`, "next\n"]);
    });

    it("leaves the line when its memory is not there", () => {
        const read: unknown[] = [];
        runFiles(
            function* (user) {
                read.push(yield* user.read(0, 0x30_0000 - 2, 3));
                read.push(yield* user.readText(0, 100));
            },
            { keys: "ab\n" },
        );
        expect(read).toEqual([eFault, "ab\n"]);
    });

    it("is a deadlock when nobody types any more, and says what for it waits", () => {
        let message = "";
        try {
            readings("no end", [100]);
        } catch (error) {
            ({ message } = error as KernelDeadlock);
        }
        expect(message).toBe(
            "deadlock: every task waits\n" +
                "  T1 (P1, init) waits for a child\n" +
                "  T2 (P2, main) waits for a line from the keyboard",
        );
    });

    it.each(hardSchedules)(
        "gives each line to one of two threads that wait (%i CPUs, %s)",
        (cpuCount, schedule) => {
            const read: unknown[] = [];
            function* readTwo(user: User): Steps {
                read.push(yield* user.readText(0, 100), yield* user.readText(0, 100));
            }
            runFiles(
                function* (user) {
                    yield* startThread(user, readTwo, 0, 0);
                    yield* startThread(user, readTwo, 0, 1);
                    yield* user.texit(0);
                },
                { threads: [readTwo], keys: "a\nb\nc\nd\n", cpuCount, schedule },
            );
            expect(read.sort()).toEqual(["a\n", "b\n", "c\n", "d\n"]);
        },
    );

    it("ends when another thread exits", () => {
        function* read(user: User): Steps {
            yield* user.readText(0, 100);
        }
        const run = runFiles(
            function* (user) {
                yield* startThread(user, read, 0, 0);
                yield* user.msleep(10);
                return 5;
            },
            { threads: [read], keys: "half" },
        );
        expect(run.statuses).toEqual([5]);
    });
});

describe("the echo", () => {
    it("shows what is typed in cyan, and takes it back from the screen", () => {
        const [, run] = readings("ls -x\bl\n", [100]);
        const cells = [...run.machine.console.rowCells(0)].slice(0, 7);
        expect(run.text).toBe("ls -l");
        expect(cells.map((cell) => cell >>> 8)).toEqual([3, 3, 3, 3, 3, 3, 3]);
    });

    it("shows nothing of Ctrl-D and tabs, and takes nothing back for them", () => {
        expect(readings("a\tb\b\b\bc\n\x04", [100, 100])[1].text).toBe("c");
    });
});

describe("the decoder of keys", () => {
    it("knows Shift, on both sides, until it goes up", () => {
        expect(decode(0x2a, 0x1e, 0x9e, 0xaa, 0x1e, 0x36, 0x02, 0xb6, 0x02)).toBe("-A--a-!-1");
    });

    it("knows Caps Lock, which Shift undoes, and which is for letters only", () => {
        expect(decode(0x3a, 0xba, 0x1e, 0x02, 0x2a, 0x1e, 0xaa, 0x3a, 0x1e)).toBe("--A1-a--a");
    });

    it("knows Ctrl, on both sides, with letters and nothing else", () => {
        expect(decode(0x1d, 0x20, 0x02, 0x1c, 0x9d, 0x20)).toBe("-\x04-\n-d");
        expect(decode(0xe0, 0x1d, 0x2e, 0xe0, 0x9d, 0x2e)).toBe("--\x03--c");
    });

    it("knows keys behind the prefix: the keypad's, and arrows from 0xc0 on", () => {
        expect(decode(0xe0, 0x1c, 0xe0, 0x35)).toBe("-\n-/");
        expect(decode(0xe0, 0x48, 0xe0, 0x4d, 0xe0, 0x50, 0xe0, 0x4b)).toBe("-\xc0-\xc1-\xc2-\xc3");
        expect(decode(0x47, 0x4f, 0x49, 0x51, 0x52, 0x53)).toBe("\xc4\xc5\xc6\xc7\xc8\xc9");
    });

    it("passes over the Shifts that some keyboards put around arrows", () => {
        expect(decode(0xe0, 0x2a, 0xe0, 0x48, 0x1e)).toBe("---\xc0a");
    });
});
