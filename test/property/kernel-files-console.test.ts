/** The console against a model of its cells: texts, colours, scrolls; one writer and several. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Console } from "../../src/kernel/files/console.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import type { Steps } from "../../src/kernel/steps.ts";
import { startThread } from "../../src/programs/library/threads.ts";
import type { User } from "../../src/programs/library/user.ts";
import { type FilesRun, hardSchedules, runFiles } from "../support/kernel-files-rig.ts";
import { expectedScreen } from "../support/kernel-files-screen.ts";

const word = fc.string({ minLength: 1, maxLength: 30 });
const sequence = fc
    .array(fc.constantFrom("0", "1", "2", "7", "31", "36", "44", "92", "107", "", "38", "5"), {
        minLength: 1,
        maxLength: 4,
    })
    .map((parameters) => `\x1b[${parameters.join(";")}m`);
/** What begins as a sequence and is none, or ends late. */
const oddity = fc.constantFrom(
    "\x1b",
    "\x1b[",
    "\x1b[3",
    "\x1b\x1b[31m",
    "\x1bm",
    "\x1b[1;1;1;1;1;1m",
);
const text = fc
    .array(
        fc.oneof(
            { weight: 6, arbitrary: word },
            { weight: 4, arbitrary: fc.constant("\n") },
            { weight: 1, arbitrary: fc.constantFrom("x".repeat(80), "y".repeat(200)) },
            { weight: 2, arbitrary: sequence },
            { weight: 1, arbitrary: oddity },
        ),
        { minLength: 1, maxLength: 90 },
    )
    // A letter ends whatever sequence has begun, so that the screen shows all of it.
    .map((pieces) => `${pieces.join("")}.`);

/** All rows that ever were, from those that scrolled away to the last one on the screen. */
function rowsOf({ machine }: FilesRun): number[][] {
    const { console } = machine;
    const scrolled = Array.from({ length: console.scrolledLineCount }, (_, line) => [
        ...console.lineCells(line),
    ]);
    return [...scrolled, ...Array.from({ length: 25 }, (_, row) => [...console.rowCells(row)])];
}

function cursorOf({ machine }: FilesRun): number {
    return machine.memory.view.getInt32(0xb8ff8, true);
}

/** Writes a text in calls of some length. */
function write(content: string, callBytes: number, prepare?: (kernel: Kernel) => void): FilesRun {
    return runFiles(
        function* (user) {
            for (let at = 0; at < content.length; at += callBytes) {
                const piece = content.slice(at, at + callBytes);
                expect(yield* user.writeText(1, piece)).toBe(piece.length);
            }
        },
        prepare === undefined ? {} : { prepare },
    );
}

describe("the console", () => {
    it("shows what a text's cells are, keeps what scrolled away, and knows where it is", () => {
        fc.assert(
            fc.property(text, fc.constantFrom(1, 13, 512, 2000), (content, callBytes) => {
                const run = write(content, callBytes);
                const expected = expectedScreen(content);
                expect(rowsOf(run)).toEqual(expected.rows);
                expect(cursorOf(run)).toBe(expected.cursor);
            }),
            { seed: 4304, numRuns: 80 },
        );
    });

    it("is told from one that knows no colours (canary)", () => {
        const prepare = (kernel: Kernel) => {
            kernel.console.writeFromUser = function* (task, _address, byteLength) {
                yield* kernel.console.line(task.context, "xxxxx");
                return byteLength;
            };
        };
        const rows = rowsOf(write("\x1b[44mxxxxx\n", 512, prepare));
        expect(rows).toEqual(expectedScreen("xxxxx\n").rows);
        expect(rows).not.toEqual(expectedScreen("\x1b[44mxxxxx\n").rows);
    });

    it.each([1, 24, 25, 26, 100])("keeps %i lines that are all alike", (lineCount) => {
        const content = "the same\n".repeat(lineCount);
        expect(rowsOf(write(content, 9))).toEqual(expectedScreen(content).rows);
    });
});

const lineCount = 30;

/** Two threads write lines at the same time. Returns the lines of each, in the screen's order. */
function linesOfTwo(cpuCount: number, schedule: string, prepare?: (kernel: Kernel) => void) {
    const lineOf = (writer: number, number: number) =>
        `${"ab"[writer]}${`${number} `.repeat(3 + ((number * 5 + writer) % 20))}`;
    function* writeLines(user: User, writer: number): Steps {
        for (let number = 0; number < lineCount; number++) {
            yield* user.writeText(1, `${lineOf(writer, number)}\n`);
        }
    }
    const { text: shown } = runFiles(
        function* (user) {
            yield* startThread(user, writeLines, 0, 0);
            yield* startThread(user, writeLines, 1, 1);
            yield* user.texit(0);
        },
        {
            threads: [writeLines],
            cpuCount,
            schedule,
            ...(prepare === undefined ? {} : { prepare }),
        },
    );
    const lines = shown.split("\n");
    expect(lines).toHaveLength(2 * lineCount);
    for (const writer of [0, 1]) {
        expect(lines.filter((line) => line.startsWith("ab"[writer]))).toEqual(
            Array.from({ length: lineCount }, (_, number) => lineOf(writer, number).trimEnd()),
        );
    }
}

describe("the console with two writers", () => {
    it.each(hardSchedules)("keeps each call's bytes together (%i CPUs, %s)", (cpuCount, schedule) =>
        linesOfTwo(cpuCount, schedule),
    );

    it("is told from one that lets others in after each byte (canary)", () => {
        const prepare = (kernel: Kernel) => {
            const { writeFromUser } = Console.prototype;
            kernel.console.writeFromUser = function* (task, address, byteLength) {
                for (let at = 0; at < byteLength; at++) {
                    yield* writeFromUser.call(kernel.console, task, address + at, 1);
                }
                return byteLength;
            };
        };
        expect(() => linesOfTwo(2, "random", prepare)).toThrow(/to (deeply equal|have a length)/);
    });
});
