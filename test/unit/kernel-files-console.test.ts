/** What the console makes of clearing, of programs that write its page, and of bad memory. */
import { describe, expect, it } from "vitest";
import { SystemCall } from "../../src/kernel/interface/system-call.ts";
import { runFiles } from "../support/kernel-files-rig.ts";

const cursorAddress = 0xb_8ff8;
const eInval = -22;
const eFault = -14;

describe("consoletype", () => {
    it("clears the screen when the type changes, and only then", () => {
        const run = runFiles(function* (user) {
            yield* user.print("gone\n");
            expect(yield user.call(SystemCall.consoletype, 1)).toBe(0);
            expect(yield user.context.load(0xb_8ffc, 4)).toBe(1);
            yield* user.print("kept\n");
            expect(yield user.call(SystemCall.consoletype, 1)).toBe(0);
        });
        // What was cleared away has left the screen as if it had scrolled.
        expect(run.machine.console.textSince(0).lines).toEqual(["gone"]);
        expect(run.machine.console.usedRows()).toEqual(["kept"]);
    });

    it("refuses a type that there is not", () => {
        runFiles(function* (user) {
            expect(yield user.call(SystemCall.consoletype, 2)).toBe(eInval);
            expect(yield user.call(SystemCall.consoletype, -1)).toBe(eInval);
        });
    });
});

describe("the console", () => {
    it("writes where a program has put the cursor", () => {
        const run = runFiles(function* (user) {
            yield user.store(cursorAddress, 80 * 3 + 5);
            yield* user.print("here");
            expect(yield user.load(cursorAddress)).toBe(80 * 3 + 9);
        });
        expect(run.machine.console.usedRows()).toEqual(["", "", "", "     here"]);
        expect(run.machine.console.cursor).toMatchObject({ row: 3, column: 9 });
    });

    it.each([-1, 2000, 2001, 2 ** 31 - 1, -(2 ** 31)])(
        "goes to the end of the screen when a program says that the cursor is at %i",
        (position) => {
            const run = runFiles(function* (user) {
                yield* user.print("first\nsecond");
                yield user.store(cursorAddress, position);
                yield* user.print("third");
            });
            expect(run.machine.console.textSince(0).lines).toEqual(["first"]);
            expect(run.machine.console.usedRows()).toEqual([
                "second",
                ...new Array(23).fill(""),
                "third",
            ]);
        },
    );

    it("keeps a colour from one write to the next, and a sequence that was cut in two", () => {
        const run = runFiles(function* (user) {
            yield* user.print("\x1b[3");
            yield* user.print("1mred");
            yield* user.print("still\x1b[m.");
        });
        const cells = [...run.machine.console.rowCells(0)].slice(0, 9);
        expect(cells.map((cell) => cell >>> 8)).toEqual([4, 4, 4, 4, 4, 4, 4, 4, 7]);
        expect(run.text).toBe("redstill.");
    });

    it("writes nothing of a range that is not all there", () => {
        const run = runFiles(function* (user) {
            expect(yield* user.write(1, 0x30_0000 - 2, 3)).toBe(eFault);
            yield* user.print("only this");
        });
        expect(run.text).toBe("only this");
    });

    it("ends its last row with NULs of no colour when it scrolls", () => {
        const run = runFiles(function* (user) {
            yield* user.print(`${"line\n".repeat(25)}x`);
        });
        const cells = run.machine.console.rowCells(24);
        expect([cells[0], cells[1], cells[79]]).toEqual([0x0778, 0, 0]);
    });

    it("tells of a program that did what cannot be done, and goes on", () => {
        const run = runFiles(function* (user) {
            const child = yield* user.fork();
            if (child === 0) {
                yield user.load(0x5000_0000);
            }
            yield* user.waitpid(child);
        });
        expect(run.text).toBe("Process 3 (main) page fault for 0x50000000 (read missing page)!");
    });
});

describe("the kernel's log", () => {
    it("has whole lines on the parallel port", () => {
        const run = runFiles(function* (user) {
            yield* user.print("not in the log\n");
        });
        const lines = run.machine.parallelPort.textFrom(0).split("\n");
        expect(lines[0]).toMatch(/^Chickadee: 2 CPUs, \d+ pages$/);
        expect(lines.at(-1)).toBe("");
        expect(run.machine.notices).toEqual([]);
    });
});
