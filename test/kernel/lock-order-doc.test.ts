/**
 * The order of locks that docs/SYNCHRONIZATION.md states is the kernel's, and what programs make
 * the kernel do keeps to it.
 */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { KernelRun } from "../../src/crash/kernel-run.ts";
import { testPrograms } from "../../src/crash/test-programs.ts";
import { lockClasses } from "../../src/kernel/sync/lock-class.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";

const text = readFileSync(new URL("../../docs/SYNCHRONIZATION.md", import.meta.url), "utf8");

/** A pair of lock classes: one was held when the other was taken. */
interface Pair {
    readonly held: string;
    readonly taken: string;
}

/** The classes of the table, which must number its rows from 1. */
function statedOrder(document: string): readonly string[] {
    const rows = [...document.matchAll(/^\| (\d+) \| ([a-z ]+) \| /gm)];
    expect(rows.map(([, number]) => Number(number))).toEqual(rows.map((_, index) => index + 1));
    return rows.map(([, , lockClass]) => lockClass);
}

/** Pairs that the order forbids. */
function upward(pairs: readonly Pair[], order: readonly string[]): readonly string[] {
    return pairs
        .filter(({ held, taken }) => order.indexOf(held) >= order.indexOf(taken))
        .map(({ held, taken }) => `${taken} is taken while ${held} is held`);
}

const scripts = ["ls > list ; cat emerson.txt | wc && wc < list ; sleep 1 &"];

/** All pairs that the test programs and the shell bring about. */
function observePairs(): readonly Pair[] {
    const commands = [
        ...testPrograms
            .filter(({ name }) => name !== "testmutex")
            .map(({ name, keys = "" }) => ({ command: [name], keys })),
        ...scripts.map((script) => ({ command: ["sh", "-c", script], keys: "" })),
    ];
    return commands.flatMap(({ command, keys }) => {
        const schedule = parseSchedule("random");
        const run = new KernelRun({ command, keys, seed: 3, cpuCount: 2, schedule });
        expect(run.finish()).toMatchObject({ kind: "passed" });
        return run.kernel.order.edges;
    });
}

describe("the stated order of locks", () => {
    let observed: readonly Pair[] = [];

    beforeAll(() => {
        observed = observePairs();
    });

    it("is the kernel's list of classes", () => {
        expect(statedOrder(text)).toEqual(lockClasses);
    });

    it("is kept by all that programs make the kernel do", () => {
        expect(upward(observed, statedOrder(text))).toEqual([]);
    });

    it("is about pairs that are really there", () => {
        const pairs = new Set(observed.map(({ held, taken }) => `${held}, ${taken}`));
        expect([...pairs]).toEqual(
            expect.arrayContaining([
                "process hierarchy, task table",
                "process hierarchy, wait queue",
                "descriptor table, open file",
                "open file, memory files",
                "pipe, page table",
                "pipe, wait queue",
                "keyboard, console",
                "shared memory, page table",
                "page table, page allocator",
                "futex, wait queue",
                "wait queue, run queue",
            ]),
        );
    });

    it("is broken when two rows that meet change places (canary)", () => {
        const order = statedOrder(text);
        const pairs = new Map(observed.map((pair) => [`${pair.held}, ${pair.taken}`, pair]));
        for (const pair of pairs.values()) {
            const reversed = order.map((lockClass) =>
                lockClass === pair.held
                    ? pair.taken
                    : lockClass === pair.taken
                      ? pair.held
                      : lockClass,
            );
            expect(upward([pair], reversed)).toEqual([
                `${pair.taken} is taken while ${pair.held} is held`,
            ]);
        }
    });

    it("is not what a table with other rows says (canary)", () => {
        const rows = text.replace("| 5 | pipe |", "| 5 | tube |");
        expect(statedOrder(rows)).not.toEqual(lockClasses);
    });
});
